import { and, eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cases, decisions, entries, offers, plans, reads, steps } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { hashOf } from "../../src/workflow/vouched.ts";
import { memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type Forgery, forgery } from "./forgery.ts";

// Somebody writes that it is done. A case closes on what the log says, and on nothing else.

let f: Forgery;

beforeEach(async () => {
  const wiki = memorySystem("wiki");
  wiki.add("w1", { email: "alice@acme.test" });
  f = await forgery([wiki]);
});
afterEach(() => f.test.drop());

const db = () => f.test.database.store.db;

async function saidOf(action: string) {
  const rows = await db()
    .select({ outcome: entries.outcome, target: entries.targetId })
    .from(entries)
    .where(and(eq(entries.caseId, f.caseId), eq(entries.action, action)));
  return rows;
}

async function stepStates() {
  const rows = await db().select({ state: steps.state }).from(steps).where(eq(steps.caseId, f.caseId));
  return rows.map(({ state }) => state);
}

describe("a step's row", () => {
  it.each(["proven", "attested", "skipped"])("that says %s ends no case, though the access is there", async (state) => {
    await f.approve();
    await f.cut("revoke-grant");
    await db().update(steps).set({ state, rung: "gone", decidedBy: "sam", provenAt: f.test.clock.now });
    f.test.waiting.splice(0);
    await f.settle();
    expect(await f.state()).toBe("revoking");
    expect(await stepStates()).toEqual(["attention"]);
    expect(await saidOf("case.closed")).toEqual([]);
  });

  it("that says proven ends no case, though the access is gone by other means", async () => {
    await f.approve();
    await f.cut("revoke-grant");
    await db().update(steps).set({ state: "proven", rung: "gone", provenAt: f.test.clock.now });
    f.git.held.get("1")?.grants.splice(0);
    f.test.waiting.splice(0);
    await f.settle();
    expect(await stepStates()).toEqual(["attention"]);
    expect(f.test.logged.join()).toMatch(/step's end that the log does not hold/);
  });

  it("that is taken away is made again, and its grant is taken", async () => {
    await f.approve();
    await f.cut("revoke-grant");
    await db().delete(steps);
    f.test.waiting.splice(0);
    await f.settle();
    expect(f.git.revoked).toEqual(["org"]);
    expect(await stepStates()).toEqual(["proven"]);
  });
});

describe("a case's row", () => {
  it("that says approved is held at the due instant, though nobody approved", async () => {
    await db().update(cases).set({ state: "approved" }).where(eq(cases.id, f.caseId));
    await f.cut();
    await f.settle();
    expect(await f.state()).toBe("held");
    expect(await saidOf("case.cutStarted")).toEqual([]);
  });

  it.each([
    ["revoking", "closing"],
    ["closing", "closing"],
    ["rechecking", "before-cut"],
  ])("that says %s is held, though nobody approved", async (state, round) => {
    await db().update(cases).set({ state, round }).where(eq(cases.id, f.caseId));
    const line = { caseId: f.caseId, round, state: "pending" };
    await db()
      .insert(reads)
      .values(["git", "wiki"].map((system) => ({ ...line, system })));
    await f.settle();
    expect(await f.state()).toBe("held");
    expect(f.git.revoked).toEqual([]);
    expect(await saidOf("case.closed")).toEqual([]);
  });
});

describe("a plan's row", () => {
  it("that holds what appeared hides nothing from the closing inventory", async () => {
    await f.approve();
    await f.cut("close-case");
    const real = await f.plan();
    const body = real.body.replaceAll('"org"', '"late"');
    await db()
      .insert(plans)
      .values({ ...real, revision: 9, scope: "addition", state: "approved", body, hash: hashOf(body) });
    f.git.held.get("1")?.grants.push(memoryGrant("git", "1", { id: "late" }));
    await db().update(reads).set({ state: "pending" }).where(eq(reads.round, "closing"));
    f.test.waiting.splice(0);
    await f.settle();
    expect(f.git.revoked).toEqual(["org", "late"]);
    expect(f.test.logged.join()).toMatch(/plan's row that the log does not hold/);
  });

  it("that was rejected, and looks as if it waited, is not approved after all", async () => {
    const { hash } = await f.plan();
    const decide = (who: string, verdict: "approved" | "rejected") =>
      decidePlan(f.test.w, f.test.request(who), { caseId: f.caseId, planHash: hash, verdict });
    await decide("sam", "rejected");
    await db().delete(decisions);
    await db().update(plans).set({ state: "proposed" });
    await db().update(cases).set({ state: "planned" }).where(eq(cases.id, f.caseId));
    expect(await decide("ivo", "approved")).toMatchObject({ kind: "already", what: "rejected", by: ["sam"] });
    expect(await decide("sam", "approved")).toMatchObject({ kind: "already", what: "rejected" });
  });
});

describe("a decision's row", () => {
  const row = async (verdict: string) =>
    db()
      .insert(decisions)
      .values({
        caseId: f.caseId,
        planHash: (await f.plan()).hash,
        personId: "ivo",
        verdict,
        at: f.test.clock.now,
        seq: 4,
      });

  it("rejects nothing, and gives who leaves no rights back", async () => {
    await row("rejected");
    await f.settle();
    expect(await f.state()).toBe("planned");
    expect(await saidOf("plan.rejected")).toEqual([]);
  });

  it("of somebody who says otherwise gives way to their own word", async () => {
    await row("rejected");
    await f.approve();
    expect(await f.state()).toBe("approved");
  });

  it("that is taken away is still counted once, and no more", async () => {
    const { hash } = await f.plan();
    const decide = () =>
      decidePlan(f.test.w, f.test.request("sam"), { caseId: f.caseId, planHash: hash, verdict: "approved" });
    await decide();
    await db().delete(decisions);
    expect(await decide()).toMatchObject({ kind: "already", what: "approved", by: ["sam"] });
    expect(await f.state()).toBe("planned");
  });
});

describe("the closing inventory", () => {
  it("is not complete without a system whose line was taken away", async () => {
    await f.approve();
    await db().update(offers).set({ state: "unclaimed" });
    await f.cut("close-case");
    await db()
      .delete(reads)
      .where(and(eq(reads.round, "closing"), eq(reads.system, "git")));
    await f.test.runJobs();
    expect(await f.state()).toBe("closing");
    f.test.clock.now = new Date(f.test.clock.now.getTime() + 3_600_000);
    await f.settle();
    expect(await f.state()).toBe("closed");
  });

  it.each(["moved", "void"])("puts work to somebody again that only a row calls %s", async (state) => {
    await f.approve();
    await db().update(offers).set({ state, toId: "mia" });
    await f.cut();
    await f.settle();
    const [offer] = await db().select().from(offers);
    expect(offer).toMatchObject({ state: "offered", toId: "mia" });
    expect(await f.state()).toBe("handing-over");
  });
});
