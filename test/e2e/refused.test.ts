import type { Page } from "playwright-core";
import { expect, it, type TestContext } from "vitest";
import { needs } from "../peers/needs.ts";
import { jiraIdOf } from "../sandbox/company.ts";
import { JIRA_SITE } from "../sandbox/company-jira.ts";
import { command, openCase, playForAll } from "./play.ts";
import { waitUntil } from "./wait.ts";
import { findButton, idOf, listSaid, nameAccount, wordsOf } from "./wire.ts";

const find = playForAll();

it("answers on the page, to the one who asked, whom nobody can offboard or look up", {
  timeout: 240_000,
}, async (test) => {
  const play = find();
  needs(test as TestContext, play !== undefined, "Chromium");
  if (!play) return;
  const { box } = play;
  const cases = async () => (await listSaid(box, "sam", { channel: "offboarding-approvals" })).length;
  const hana = await play.as("hana", "general");
  expect(await answered(hana, "/offboard @hana")).toMatch(/This is you.*No case was opened/);
  expect(await answered(hana, "/offboard @buildbot")).toMatch(/This is a bot, not a person.*No case was opened/);
  expect(await answered(hana, "/offboard @erin")).toMatch(/another organization.*No case was opened/);
  expect(await answered(hana, "/offboard @alice and @bob")).toMatch(/several people.*exactly one/);
  expect(await answered(hana, "/offboard #payments")).toMatch(/This is a channel/);
  expect(await answered(hana, "/offboard @here")).toMatch(/This is a group/);
  expect(await answered(hana, "/audit @alice")).toMatch(/You cannot do this/);
  await pickerFor(hana, "/offboard nobody-at-all", /does not name one account/);
  await pickerFor(hana, "/offboard nobody@elsewhere.example", /No account here has this e-mail/);
  await pickerFor(hana, "/offboard", /Whom is it about/);
  // What else was said is not dropped without a word.
  await pickerFor(hana, "/offboard @bob pretty please", /pretty please/);

  const noor = await play.as("noor", "general");
  expect(await answered(noor, "/audit @buildbot")).toMatch(/This is a bot, not a person/);
  expect(await answered(noor, "/audit @erin")).toMatch(/another organization/);
  expect(await answered(noor, "/audit @noor")).toMatch(/You cannot do this/);
  expect(await answered(noor, "/audit @gus please")).toMatch(/History of Gus Frey.*please/s);
  expect(await answered(noor, "/audit")).toMatch(/\/audit @alice/);
  expect(await answered(noor, "/offboard @alice")).toMatch(/You cannot do this/);

  const gus = await play.as("gus", "payments");
  expect(await answered(gus, "/offboard @alice")).toMatch(/You are a guest here/);
  expect(await cases()).toBe(0);

  await openCase(play);
  await waitUntil(async () => (await cases()) > 0);
  const again = await play.as("hana", "general");
  expect(await answered(again, "/offboard @alice")).toMatch(/open case for this person already/);
  // Nobody else saw a word of it.
  for (const who of ["bob", "sam"]) expect(box.gate.changes.ephemeralsOf(idOf(box, who))).toEqual([]);
  expect(play.complaints).toEqual([]);
});

it("counts one of two presses within the same instant, and tells the other who and when", {
  timeout: 240_000,
}, async (test) => {
  const play = find();
  needs(test as TestContext, play !== undefined, "Chromium");
  if (!play) return;
  const { box } = play;
  const place = { channel: "offboarding-approvals" };
  const pressed = async (who: string) => {
    const [card] = await listSaid(box, "sam", place);
    const button = card && findButton(card, "Approve");
    if (!button) return false;
    const source = { kind: "message", channel: box.slack.channels[place.channel] ?? "", ts: card.ts } as const;
    await box.gate.interactions.press({ userId: idOf(box, who), source, ...button, chosen: {}, values: {} });
    return true;
  };
  const told = (who: string) =>
    box.gate.changes.ephemeralsOf(idOf(box, who)).map(({ message }) => JSON.stringify(message["blocks"]));
  const shows = (words: string) =>
    waitUntil(async () => {
      const [card] = await listSaid(box, "sam", place);
      return card !== undefined && wordsOf(card).includes(words) && findButton(card, "Approve") !== undefined;
    });
  await shows("Plan");
  // A plan with a gap asks for a reason first: with Jira's account there is none.
  await nameAccount(box, "sam", place, `Jira ${JIRA_SITE}`, jiraIdOf("alice"));
  await shows("Plan 2");
  const before = told("sam").length;
  await Promise.all([pressed("sam"), pressed("sam")]);
  await waitUntil(async () => told("sam").length === before + 2);
  expect(told("sam").slice(before).sort()).toEqual([
    expect.stringMatching(/This plan was already approved by Sam Okafor.*Nothing was changed/),
    expect.stringMatching(/You approved the plan. It needs 1 more approver/),
  ]);
  await Promise.all([pressed("ivo"), pressed("ivo"), pressed("sam")]);
  await waitUntil(async () => told("ivo").length === 2 && told("sam").length === before + 3);
  expect(told("ivo").filter((one) => one.includes("You approved the plan. Access is taken"))).toHaveLength(1);
  expect(told("ivo").filter((one) => /already approved by .*Ivo Petrović/.test(one))).toHaveLength(1);
  expect(told("sam")[before + 2]).toMatch(/already approved by/);
});

/** Sends a command and reads the answer that only this person sees. */
async function answered(tab: Page, text: string): Promise<string> {
  const shown = tab.getByRole("log").first().locator("[data-ephemeral=true]");
  const before = await shown.count();
  await command(tab, text);
  await waitUntil(async () => (await shown.count()) > before, 20_000);
  return (await shown.last().textContent()) ?? "";
}

/** Sends a command that cannot be sure of whom it means: the person picker opens and says why. */
async function pickerFor(tab: Page, text: string, why: RegExp): Promise<void> {
  await command(tab, text);
  const dialog = tab.getByRole("dialog");
  await dialog.waitFor();
  expect(await dialog.textContent()).toMatch(why);
  await dialog.getByRole("combobox").first().waitFor();
  await tab.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
}
