import { and, desc, eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cases, entries, plans } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { rescheduleCase } from "../../src/workflow/reschedule-case.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const ZONE = "Europe/Berlin";
const on = (date: string, time = "18:00") => ({ kind: "at", date, time, zone: ZONE }) as const;
const DUE = new Date("2026-11-30T17:00:00.000Z");
const days = (more: number) => new Date(DUE.getTime() + more * 86_400_000);

let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

beforeEach(async () => {
  git = memorySystem("git");
  git.add("1", { email: "alice@acme.test", grants: [{ id: "org" }] });
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    people: ["alice", "hana", "sam", "ivo"].map((id) => ({ id })),
  });
  await open("orderly");
});
afterEach(() => test.drop());

async function open(mode: "orderly" | "contain") {
  const leaving = { when: on("2026-11-30"), kind: "voluntary", mode, announced: true, reason: "resignation" } as const;
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), leaving);
  if (opened.kind !== "opened") throw new Error(opened.kind);
  caseId = opened.caseId;
  await test.runJobs();
}

const db = () => test.database.store.db;
async function row() {
  const [found] = await db().select().from(cases).where(eq(cases.id, caseId));
  if (!found) throw new Error("there is no case");
  return found;
}

/** The newest plan. */
async function plan() {
  const of = eq(plans.caseId, caseId);
  const [found] = await db().select().from(plans).where(of).orderBy(desc(plans.revision)).limit(1);
  if (!found) throw new Error("there is no plan");
  return found;
}

async function approve(who = "sam", hash?: string) {
  const planHash = hash ?? (await plan()).hash;
  const decided = await decidePlan(test.w, test.request(who), { caseId, planHash, verdict: "approved" });
  await test.runJobs();
  return decided.kind;
}

async function move(date: string, who = "hana", time?: string) {
  const done = await rescheduleCase(test.w, test.request(who), caseId, on(date, time));
  await test.runJobs();
  return done;
}

/** The clock goes to an instant, and everything that is due then happens. */
async function goTo(at: Date) {
  test.clock.now = at;
  await sweep(test.w);
  await test.runJobs();
}

/** What was taken by then. */
async function takenBy(at: Date) {
  await goTo(at);
  return git.revoked;
}

async function actions() {
  const found = await db().select().from(entries).where(eq(entries.caseId, caseId)).orderBy(entries.seq);
  return found.map(({ action }) => action);
}

describe("a case whose time is moved", () => {
  it("later keeps its approval, cuts at the new instant and not at the old one, and says who moved it from when", async () => {
    await approve();
    expect(await move("2026-12-04")).toEqual({
      kind: "rescheduled",
      from: DUE,
      to: days(4),
      zone: ZONE,
      approvals: "kept",
    });
    expect(await takenBy(days(0))).toEqual([]);
    expect((await row()).state).toBe("approved");
    expect(await takenBy(days(4))).toEqual(["org"]);
    const of = and(eq(entries.caseId, caseId), eq(entries.action, "case.rescheduled"));
    const [entry] = await db().select().from(entries).where(of);
    expect(JSON.parse(new TextDecoder().decode(entry?.body))).toMatchObject({
      actor: { kind: "person", id: "hana" },
      departure: { effective: { local: "2026-12-04T18:00", zone: ZONE, instant: days(4).toISOString() } },
      detail: { from: DUE.toISOString(), fromZone: ZONE, approvals: "kept" },
    });
    expect((await row()).missedAt).toBeNull();
  });

  it("earlier asks for the approval of a new plan, and the old approval counts for nothing", async () => {
    await approve();
    const old = await plan();
    expect(await move("2026-11-27")).toMatchObject({ kind: "rescheduled", approvals: "void" });
    const fresh = await plan();
    expect([(await row()).state, fresh.state, fresh.revision]).toEqual(["planned", "proposed", old.revision + 1]);
    expect(JSON.parse(fresh.body).dueAt).toBe(days(-3).toISOString());
    expect(await takenBy(days(-3))).toEqual([]);
    expect(await actions()).toContain("case.missed");
    expect(await approve("ivo", old.hash)).toBe("already");
    expect(await approve("ivo")).toBe("decided");
    expect(git.revoked).toEqual(["org"]);
  });

  it("later than the policy lets an approval count asks again, however small the steps it is moved in", async () => {
    await approve();
    expect(await move("2026-12-09")).toMatchObject({ approvals: "kept" });
    expect(await move("2026-12-14")).toMatchObject({ approvals: "kept" });
    expect(await move("2026-12-15")).toMatchObject({ approvals: "void" });
    expect(await takenBy(days(15))).toEqual([]);
    expect(await approve()).toBe("decided");
    expect(git.revoked).toEqual(["org"]);
  });

  it("before it is approved shows the new time on the plan, whichever way it is moved", async () => {
    const old = await plan();
    expect(await move("2026-12-01")).toMatchObject({ approvals: "none" });
    expect(await approve("sam", old.hash)).toBe("already");
    expect(await approve()).toBe("decided");
    expect(await takenBy(days(0))).toEqual([]);
    expect(await takenBy(days(1))).toEqual(["org"]);
  });

  it("after it was missed may be missed again", async () => {
    await goTo(days(0));
    expect((await row()).missedAt).toEqual(DUE);
    expect(await move("2026-12-02", "sam")).toMatchObject({ kind: "rescheduled" });
    expect((await row()).missedAt).toBeNull();
    await goTo(days(2));
    expect((await actions()).filter((action) => action === "case.missed")).toHaveLength(2);
  });

  it("to now is cut as soon as it is approved for that", async () => {
    await approve();
    const done = await rescheduleCase(test.w, test.request("sam"), caseId, { kind: "now" });
    expect(done).toMatchObject({ kind: "rescheduled", to: test.clock.now, approvals: "void" });
    await test.runJobs();
    expect(git.revoked).toEqual([]);
    await approve("ivo");
    expect(git.revoked).toEqual(["org"]);
  });
});

describe("moving a case's time is refused", () => {
  it("to who has no right, and to who leaves", async () => {
    await test.addPeople({ id: "mia" });
    for (const who of ["mia", "alice"]) expect(await move("2026-12-01", who)).toMatchObject({ kind: "forbidden" });
    expect((await row()).dueAt).toEqual(DUE);
  });

  it("for a time that is past, far, skipped or repeated by a clock change, or the same", async () => {
    for (const [date, time] of [
      ["2026-11-01", "18:00"],
      ["2029-01-01", "18:00"],
      ["2027-03-28", "02:30"],
      ["2027-10-31", "02:30"],
      ["2026-11-30", "18:00"],
    ] as const)
      expect(await move(date, "hana", time), date).toMatchObject({ kind: "bad-time" });
    expect((await actions()).filter((action) => action === "case.rescheduled")).toEqual([]);
  });

  it("once the cut started, and of a case that is over", async () => {
    await approve();
    test.clock.now = days(0);
    await sweep(test.w);
    await test.runJobs({ until: "take-inventory" });
    expect((await row()).state).toBe("rechecking");
    expect(await move("2026-12-24")).toEqual({ kind: "too-late", state: "rechecking" });
    expect(git.revoked).toEqual(["org"]);
    expect(await move("2026-12-24")).toMatchObject({ kind: "too-late" });
  });

  it("of a containment, which has no time of its own", async () => {
    await db().update(cases).set({ state: "closed" }).where(eq(cases.id, caseId));
    await open("contain");
    expect(await move("2026-12-24")).toEqual({ kind: "at-once" });
  });
});

describe("a time that the log does not say moves nothing", () => {
  it("neither an earlier one in the row, nor the one before the newest move", async () => {
    await approve();
    await move("2026-12-04");
    await db().update(cases).set({ dueAt: DUE, wakeAt: DUE }).where(eq(cases.id, caseId));
    expect(await takenBy(days(1))).toEqual([]);
    expect((await row()).state).toBe("held");
  });

  it("nor is such a case moved on", async () => {
    await db()
      .update(cases)
      .set({ dueAt: days(-2) })
      .where(eq(cases.id, caseId));
    expect(await move("2026-12-24")).toEqual({ kind: "not-vouched" });
  });

  it("nor does a move that was written into the log's table and never signed", async () => {
    await approve();
    const of = and(eq(entries.caseId, caseId), eq(entries.action, "case.opened"));
    const [opened] = await db().select().from(entries).where(of);
    if (!opened) throw new Error("the case was never opened");
    const entry = JSON.parse(new TextDecoder().decode(opened.body));
    entry.departure.effective.instant = test.clock.now.toISOString();
    const body = new TextEncoder().encode(
      JSON.stringify({ ...entry, seq: 1_000_000, action: "case.rescheduled", detail: { approvals: "kept" } }),
    );
    // The runtime role may do this; it cannot sign a tree that has it.
    await db()
      .insert(entries)
      .values({ ...opened, seq: 1_000_000, action: "case.rescheduled", body });
    await db().update(cases).set({ dueAt: test.clock.now, wakeAt: test.clock.now }).where(eq(cases.id, caseId));
    await expect(takenBy(test.clock.now)).rejects.toThrow("the log is not as we left it");
    expect(git.revoked).toEqual([]);
    // Such a log is not kept to be verified.
    await test.database.drop();
  });

  it("nor an approval that a move made void, when its rows are put back as they were", async () => {
    await approve();
    const old = await plan();
    await move("2026-11-27");
    // And back to a time that it was approved for: it does not come to life again.
    await move("2026-11-30");
    await db()
      .update(plans)
      .set({ state: "superseded" })
      .where(and(eq(plans.caseId, caseId), eq(plans.state, "proposed")));
    await db()
      .update(plans)
      .set({ state: "approved" })
      .where(and(eq(plans.caseId, caseId), eq(plans.hash, old.hash)));
    await db().update(cases).set({ state: "approved", wakeAt: DUE }).where(eq(cases.id, caseId));
    expect(await takenBy(days(0))).toEqual([]);
    expect(await actions()).toContain("grant.held");
  });
});
