import { expect, it } from "vitest";
import { readAnswers } from "../../src/chat/forms.ts";
import type { Ask } from "../../src/chat/message.ts";
import { posts } from "../../src/store/schema.ts";
import { labels, textOf } from "../peers/chat.ts";
import { bench } from "./bench.ts";

const LATER = { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } as const;

/** What the dialog means when it is sent with these answers. */
function answered(carried: Readonly<Record<string, string>>, answers: Readonly<Record<string, string>>): Ask {
  const read = readAnswers("reschedule", carried, answers);
  if (read.kind !== "ask") throw new Error(JSON.stringify(read));
  return read.ask;
}

it("is moved by a button and its dialog, which tells the thread and the requester what it means for the approvals", async () => {
  await using b = await bench();
  const caseId = await b.open({ when: LATER });
  await b.settle();
  const shown = () => b.shown(`case:${caseId}`);
  for (const who of ["ann", "bob"]) await b.press(who, shown(), "Approve");
  await b.settle();
  expect(labels(shown())).toContain("Reschedule");
  const { asked } = await b.press("ann", shown(), "Reschedule");
  const [form] = asked;
  expect(form?.fields.map((field) => ("initial" in field ? field.initial : undefined))).toEqual([
    "at",
    "2026-11-30",
    "18:00",
  ]);
  const carried = form?.carried ?? {};
  const past = answered(carried, { when: "at", date: "2026-11-01", time: "18:00" });
  expect((await b.ask("ann", past)).faults).toEqual([{ time: expect.stringContaining("in the past") }]);
  const earlier = answered(carried, { when: "at", date: "2026-11-27", time: "12:00" });
  const heard = await b.ask("ann", earlier);
  expect(textOf(heard.said[0])).toContain("has to be approved for this time");
  await b.settle();
  expect(labels(shown())).toContain("Approve");
  const told = b.chat.posts.map(({ message }) => textOf(message)).filter((text) => text.includes("Rescheduled by Ann"));
  expect(told, "in the thread and to the requester").toHaveLength(2);
  expect(textOf((await b.ask("olga", earlier)).said[0])).toContain("You cannot do this.");
});

it("has what the words say already chosen, and shows the dialog to nobody else", async () => {
  await using b = await bench();
  const caseId = await b.open({ when: LATER });
  const asking = { kind: "ask-reschedule", caseId, words: "Monday 7 Dec 9am" } as const;
  const [form] = (await b.ask("hr", asking)).asked;
  expect(form?.fields.map((field) => ("initial" in field ? field.initial : undefined))).toEqual([
    "at",
    "2026-12-07",
    "09:00",
  ]);
  for (const who of ["olga", "audrey", "alice"]) expect((await b.ask(who, asking)).asked).toEqual([]);
});

it("does not believe a message that was queued for a move that never was", async () => {
  await using b = await bench();
  const caseId = await b.open({ when: LATER });
  await b.settle();
  const notice = {
    kind: "rescheduled",
    caseId,
    by: "ann",
    from: "2026-11-30T17:00:00.000Z",
    to: "2026-11-26T17:00:00.000Z",
  };
  const audience = { kind: "case-thread", caseId };
  await b.t.database.store.db.insert(posts).values({ key: "rescheduled:x", notice, audience });
  await b.settle();
  expect(b.chat.posts.map(({ message }) => textOf(message)).join()).not.toContain("Rescheduled");
});
