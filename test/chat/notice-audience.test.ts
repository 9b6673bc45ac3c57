import { eq } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cases, offers, posts, steps } from "../../src/store/schema.ts";
import type { Notice, NoticeFor } from "../../src/workflow/notices.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { type Bench, bench } from "./bench.ts";

// Somebody writes into the queue of messages: a real case's news, to somebody it is not for. Nothing is sent, and the
// operator's log has a line.

let b: Bench;
let caseId: string;
let stepId: string;
let offerId: string;

beforeEach(async () => {
  const badge = memorySystem("badge", { title: "Badges", manual: { owner: "olga@acme.test", dueHours: 24 } });
  badge.add("b1", { email: "alice@acme.test", grants: [{ id: "badge" }] });
  b = await bench({ more: [badge] });
  b.repo.mood.lies = true;
  caseId = await b.open({ announced: true });
  await b.settle();
  for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
  await b.settle();
  const db = b.t.w.store.db;
  stepId = (await db.select().from(steps).where(eq(steps.system, "badge")))[0]?.id ?? "";
  offerId = (await db.select().from(offers))[0]?.id ?? "";
  expect([stepId, offerId]).not.toContain("");
  b.chat.channels.set("C9", { private: true, members: ["Uolga"] });
});
afterEach(() => b[Symbol.asyncDispose]());

const person = (personId: string): NoticeFor => ({ kind: "person", personId });
const APPROVERS = { kind: "approvers" } as const satisfies NoticeFor;

/** Writes messages into the queue as the workflow would, and says which of them anybody got. */
async function forge(wanted: Readonly<Record<string, readonly [Notice, NoticeFor]>>): Promise<string[]> {
  const rows = Object.entries(wanted).map(([key, [notice, audience]]) => ({ key, notice, audience }));
  await b.t.w.store.db.insert(posts).values(rows);
  await b.settle();
  // A message for all approvers that cannot stand in their channel goes to each, under a key of their own.
  return Object.keys(wanted).filter((key) => b.chat.posts.some((post) => post.key.startsWith(key)));
}

it("that somebody wrote into the queue goes to nobody it is not for, and the operator reads of it", async () => {
  const thread = { kind: "case-thread", caseId } as const;
  const underMirror = { kind: "under", key: `mirror:${caseId}`, personId: "ann" } as const;
  const sent = await forge({
    "a case to an engineer": [{ kind: "case", caseId }, person("olga")],
    "a case to the requester": [{ kind: "case", caseId }, person("hr")],
    "a case to who leaves": [{ kind: "case", caseId }, person("alice")],
    "a case under another message": [{ kind: "case", caseId }, underMirror],
    "a case that is not there": [{ kind: "case", caseId: "OTHER000" }, APPROVERS],
    "a mirror to somebody else": [{ kind: "mirror", caseId }, person("olga")],
    "a mirror to the approvers' channel": [{ kind: "mirror", caseId }, APPROVERS],
    "a mirror into the thread": [{ kind: "mirror", caseId }, thread],
    "a mirror to its requester": [{ kind: "mirror", caseId }, person("hr")],
    "a step to an engineer": [{ kind: "step", caseId, stepId }, person("mia")],
    "a step under the requester's mirror": [{ kind: "step", caseId, stepId }, underMirror],
    "a step into another case's thread": [
      { kind: "step", caseId, stepId },
      { kind: "case-thread", caseId: "OTHER000" },
    ],
    "a step that is not there": [{ kind: "step", caseId, stepId: "none" }, thread],
    "a manual step to somebody else": [{ kind: "manual", caseId, stepId }, person("mia")],
    "a manual step into the thread": [{ kind: "manual", caseId, stepId }, thread],
    "a manual step to its owner": [{ kind: "manual", caseId, stepId }, person("olga")],
    "an addition to an engineer": [{ kind: "addition", caseId, revision: 1 }, person("olga")],
    "that it was missed, to the requester": [{ kind: "missed", caseId }, person("hr")],
    "a page to an engineer": [{ kind: "page", caseId, time: 1 }, person("olga")],
    "a summary to an engineer": [{ kind: "summary", caseId }, person("olga")],
    "a summary to the channel itself": [{ kind: "summary", caseId }, APPROVERS],
    "who was not reached": [{ kind: "unreached", caseId, personId: "mia", why: "leaving" }, person("olga")],
    "what was looked at again": [{ kind: "looked-again", caseId, system: "repo" }, person("olga")],
    "work to somebody nobody named": [{ kind: "work", caseId, personId: "olga" }, person("olga")],
    "another's work": [{ kind: "work", caseId, personId: "mia" }, person("olga")],
    "a reminder to somebody nobody named": [{ kind: "work-reminder", caseId, personId: "olga" }, person("olga")],
    "what somebody cannot receive, to them": [{ kind: "obstacle", caseId, personId: "mia" }, person("mia")],
    "work to the approvers": [{ kind: "work", caseId, personId: "mia" }, APPROVERS],
    "work to who leaves": [{ kind: "work", caseId, personId: "alice" }, person("alice")],
    "work of a case that is not there": [{ kind: "work", caseId: "none", personId: "mia" }, person("mia")],
    "what nobody took, to somebody else": [{ kind: "unclaimed", caseId }, person("olga")],
    "a digest to an engineer": [{ kind: "digest", day: "2026-11-25", zone: "Etc/UTC" }, person("olga")],
  });
  expect(sent).toEqual(["a mirror to its requester", "a manual step to its owner"]);
  expect(b.t.logged.join()).toMatch(/message .*not for/);
});

it("about an offer whose row, or whose case's row, names somebody else tells them nothing", async () => {
  await b.t.w.store.db.update(offers).set({ toId: "olga" }).where(eq(offers.id, offerId));
  expect(
    await forge({ "to whom the offer's row names": [{ kind: "work", caseId, personId: "olga" }, person("olga")] }),
  ).toEqual([]);
  await b.t.w.store.db.update(cases).set({ heirId: "olga" }).where(eq(cases.id, caseId));
  expect(
    await forge({ "to whom the case's row names": [{ kind: "work", caseId, personId: "olga" }, person("olga")] }),
  ).toEqual([]);
});

it("stands in no channel that only its row names, and neither does its thread", async () => {
  await b.t.w.store.db
    .update(posts)
    .set({ channel: "C9", ts: "1.0", wanted: 99, shown: null })
    .where(eq(posts.key, `case:${caseId}`));
  await forge({
    "a step": [
      { kind: "step", caseId, stepId },
      { kind: "case-thread", caseId },
    ],
  });
  expect(b.chat.posts.filter(({ channel }) => channel === "C9")).toEqual([]);
});
