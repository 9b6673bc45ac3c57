import { asc, eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { entries, steps } from "../../src/store/schema.ts";
import { pauseActsHere } from "../../src/workflow/pause.ts";
import { revokeGrant } from "../../src/workflow/revoke-grant.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

/** Ann and Bob approve; what is taken waits in the queue. */
async function approved(b: Bench): Promise<string> {
  const caseId = await b.open();
  await b.settle();
  for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
  await b.t.runJobs({ until: "revoke-grant" });
  return caseId;
}

function actsEntries(b: Bench) {
  return b.t.w.store.db
    .select({ action: entries.action, actor: entries.actorId })
    .from(entries)
    .where(eq(entries.targetId, "acts"))
    .orderBy(asc(entries.seq));
}

it("stops every act of every replica at once, over a restart, until somebody else lifts it", async () => {
  await using b = await bench();
  const caseId = await approved(b);
  expect((await b.ask("ann", { kind: "pause", note: "the directory is being moved" })).said[0]?.summary).toMatch(
    /^Paused/,
  );
  await b.settle();
  // Another replica, and one that was started since: nothing of the switch is in memory.
  for (const row of await b.t.w.store.db.select().from(steps)) await revokeGrant({ ...b.t.w }, { stepId: row.id });
  await sweep({ ...b.t.w });
  await b.settle();
  expect(b.repo.revoked).toEqual([]);
  expect(textOf(b.shown(`case:${caseId}`))).toContain("Paused by Ann, 25 Nov 2026");
  const told = b.chat.posts.find(({ key }) => key.startsWith("acts:"));
  expect(told?.channel).toBe("C1");
  expect(textOf(told?.message)).toContain("Paused by Ann");
  // Still open to everybody: reading, deciding, telling.
  expect((await b.ask("bob", { kind: "list-cases" })).said[0]?.summary).toBe("1 open case");
  expect((await b.ask("bob", { kind: "pause" })).said[0]?.summary).toContain("already paused by Ann");
  expect((await b.ask("ann", { kind: "resume" })).said[0]?.summary).toContain("somebody else has to resume it");
  await b.settle();
  expect(b.repo.revoked).toEqual([]);
  await b.press("bob", told?.message, "Resume");
  await sweep(b.t.w);
  await b.settle();
  expect(b.repo.revoked.toSorted()).toEqual(["g1", "g2"]);
  expect(textOf(b.shown(`case:${caseId}`))).not.toContain("Paused");
  expect(textOf(told?.message)).toContain("Resumed by Bob");
  expect(await actsEntries(b)).toEqual([
    { action: "acts.paused", actor: "ann" },
    { action: "acts.resumed", actor: "bob" },
  ]);
});

it("lets no act's entry come after the pause, whichever transaction is quicker", async () => {
  await using b = await bench();
  await approved(b);
  const rows = await b.t.w.store.db.select().from(steps);
  await Promise.all([...rows.map((row) => revokeGrant(b.t.w, { stepId: row.id })), b.ask("ann", { kind: "pause" })]);
  const told = await b.t.w.store.db.select({ seq: entries.seq, action: entries.action }).from(entries);
  const paused = told.find(({ action }) => action === "acts.paused")?.seq ?? -1;
  expect(paused).toBeGreaterThan(0);
  expect(told.filter(({ action, seq }) => action === "grant.revokeStarted" && seq > paused)).toEqual([]);
});

it("does not let the same person lift it by a second account, nor whoever only runs the machine lift their own", async () => {
  await using b = await bench();
  b.chat.add({ ...b.t.chat("ann"), id: "Uann2" });
  await b.ask("ann", { kind: "pause" });
  const second = { ...b.member("ann"), id: "Uann2" };
  b.chat.add(second);
  const heard = await b.askAs(second, { kind: "resume" });
  expect(heard.said[0]?.summary).toContain("somebody else has to resume it");
  await b.ask("bob", { kind: "resume" });
  expect(await pauseActsHere(b.t.w, "root")).toEqual({ kind: "paused" });
  expect(await pauseActsHere(b.t.w, "root")).toMatchObject({ kind: "already-paused" });
  expect((await b.ask("ann", { kind: "resume" })).said[0]?.summary).toContain("Resumed");
});

it("moves deadlines by as long as nothing could be done", async () => {
  await using b = await bench({ policy: { stepDeadlineHours: 1 } });
  await approved(b);
  await b.ask("ann", { kind: "pause" });
  b.t.clock.now = new Date(b.t.clock.now.getTime() + 5 * 3_600_000);
  await sweep(b.t.w);
  expect((await b.t.w.store.db.select().from(steps)).map(({ state }) => state)).toEqual(["waiting", "waiting"]);
  await b.ask("bob", { kind: "resume" });
  await sweep(b.t.w);
  expect((await b.t.w.store.db.select().from(steps)).map(({ state }) => state)).toEqual(["waiting", "waiting"]);
});

it("tells operators who are no approvers, and refuses people without a role", async () => {
  await using b = await bench();
  Object.assign(b.t.w.roles, { operator: ["olga"] });
  for (const who of ["mia", "hr", "audrey", "alice"])
    expect((await b.ask(who, { kind: "pause" })).said[0]?.summary).toContain("You cannot do this");
  expect((await b.ask("olga", { kind: "pause" })).said[0]?.summary).toMatch(/^Paused/);
  await b.settle();
  expect(b.chat.dm("Uolga").map(({ message }) => message.summary)).toEqual([expect.stringContaining("Paused by Olga")]);
});
