import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { helpMessage } from "../../src/chat/messages/help.ts";
import { readCommand } from "../../src/chat/slack/read.ts";
import { readCommand as readTeams } from "../../src/chat/teams/command.ts";
import { askOfVerb, VERBS } from "../../src/chat/verbs.ts";
import { textOf } from "../peers/chat.ts";
import { bench } from "./bench.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** Every `/offboard word` of a text. */
function wordsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\/offboard ([a-z]+)/g)].map(([, word = ""]) => word))].toSorted();
}

const slack = (text: string) =>
  readCommand({ command: "/offboard", text, user_id: "U1", trigger_id: "1", response_url: "" }).ask;

describe("the words after /offboard", () => {
  it("are the same in help, in the README and in what is read", () => {
    expect(wordsIn(textOf(helpMessage("/offboard")))).toEqual(VERBS.toSorted());
    expect(wordsIn(README)).toEqual(VERBS.toSorted());
    for (const verb of VERBS) expect(slack(verb)?.kind, verb).not.toBe("start-case");
  });

  it("mean the same on every surface", () => {
    for (const verb of VERBS.filter((one) => one !== "help")) {
      const text = `${verb}${["status", "cancel", "reschedule", "undo"].includes(verb) ? " alice@acme.test" : ""}`;
      expect(readTeams(`offboard ${text}`, [], "28:bot"), verb).toEqual(slack(text));
      expect(readTeams(text, [], "28:bot"), verb).toEqual(slack(text));
    }
  });

  it("leave a person who is called like one of them a person", () => {
    const who = (text: string) => ({ who: { kind: "unclear", text } as const, rest: "" });
    expect(askOfVerb("list", " of people", who)).toBeUndefined();
    expect(askOfVerb("resume", " <@U1>", who)).toBeUndefined();
    for (const verb of VERBS) {
      const person = { kind: "start-case", who: { kind: "email", email: `${verb}@acme.test` } };
      expect(slack(`${verb}@acme.test Friday 6pm`), verb).toMatchObject(person);
      expect(readTeams(`offboard ${verb}@acme.test Friday 6pm`, [], "28:bot"), verb).toMatchObject(person);
    }
  });
});

it("/offboard undo asks for the newest closed case by two people, and says nothing of a case to others", async () => {
  await using b = await bench();
  const undo = async (who: string) =>
    (await b.ask(who, { kind: "undo-of", who: { kind: "member", id: "Ualice" } })).said[0]?.summary;
  const before = await undo("olga");
  expect(await undo("ann")).toMatch(/This closed case does not exist/);
  await b.open();
  expect(await undo("olga")).toBe(before);
  expect(before).toMatch(/You cannot do this/);
});
