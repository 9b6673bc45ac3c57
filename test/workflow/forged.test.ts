import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import { cases, decisions, plans, steps } from "../../src/store/schema.ts";
import { cancelCase } from "../../src/workflow/cancel-case.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { revokeGrant } from "../../src/workflow/revoke-grant.ts";
import { hashOf } from "../../src/workflow/vouched.ts";
import type { MemorySystem } from "../peers/memory-system.ts";
import type { TestWorkflow } from "../peers/workflow.ts";
import { type Forgery, forgery } from "./forgery.ts";

// Somebody who reaches the database writes rows as the workflow would have. None of it may move anything.

let f: Forgery;
let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

beforeEach(async () => {
  f = await forgery();
  ({ test, git, caseId } = f);
});
afterEach(() => test.drop());
const plan = () => f.plan();
const approve = () => f.approve();
const settle = () => f.settle();
const heldEntries = () => f.heldEntries();

describe("a forged row", () => {
  it("that says the plan was approved revokes nothing", async () => {
    const { hash } = await plan();
    const db = test.database.store.db;
    await db.update(plans).set({ state: "approved", approvedSeq: 0 }).where(eq(plans.caseId, caseId));
    await db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await db.insert(steps).values(f.stepRow({ planHash: hash }));
    await settle();
    expect(git.revoked).toEqual([]);
    expect(await heldEntries()).toEqual(["grant.held", "case.held"]);
  });

  it("of a decision does not stand in for an approver", async () => {
    const { hash } = await plan();
    await test.database.store.db.insert(decisions).values({
      caseId,
      planHash: hash,
      personId: "ivo",
      verdict: "approved",
      at: test.clock.now,
      seq: 4,
    });
    await decidePlan(test.w, test.request("sam"), { caseId, planHash: hash, verdict: "approved" });
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    expect(git.revoked).toEqual([]);
    expect(await f.state()).toBe("planned");
    expect(await heldEntries()).toEqual([]);
  });

  it("of a step for a grant the approved plan does not hold hits nobody", async () => {
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    const { hash } = await plan();
    await test.database.store.db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await test.database.store.db
      .insert(steps)
      .values(f.stepRow({ planHash: hash, grantKey: JSON.stringify(["git", "2", "bobs"]) }));
    await revokeGrant(test.w, { stepId: `${caseId}-forged` });
    expect(git.revoked).toEqual(["org"]);
    expect(git.held.get("2")?.grants.map(({ id }) => id)).toEqual(["bobs"]);
    expect(await heldEntries()).toEqual(["grant.held"]);
  });

  it("with an earlier due instant does not cut early", async () => {
    await approve();
    await test.database.store.db
      .update(cases)
      .set({ dueAt: test.clock.now, wakeAt: test.clock.now })
      .where(eq(cases.id, caseId));
    await settle();
    expect(git.revoked).toEqual([]);
    expect(await heldEntries()).toEqual(["case.held"]);
  });

  it("that starts an approved case before its time revokes nothing", async () => {
    await approve();
    const { hash } = await plan();
    await test.database.store.db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await test.database.store.db.insert(steps).values(f.stepRow({ planHash: hash }));
    await settle();
    expect(git.revoked).toEqual([]);
  });

  it("of a changed plan cannot be approved, nor revoked from", async () => {
    const row = await plan();
    const body = row.body.replaceAll('"1"', '"2"').replaceAll('"org"', '"bobs"');
    const hash = hashOf(body);
    await test.database.store.db.update(plans).set({ body, hash }).where(eq(plans.caseId, caseId));
    const decided = await decidePlan(test.w, test.request("sam"), { caseId, planHash: hash, verdict: "approved" });
    expect(decided).toEqual({ kind: "not-vouched" });
  });

  it("of a case that nobody opened is held at its first step", async () => {
    const db = test.database.store.db;
    const [row] = await db.select().from(cases).where(eq(cases.id, caseId));
    if (!row) throw new Error("no case");
    await db.insert(cases).values({ ...row, id: "FORGED00", leaverId: "bob", state: "opened" });
    await test.database.store
      .sql`insert into reads (case_id, system, round, state) values ('FORGED00', 'git', 'first', 'pending')`;
    await settle();
    expect(git.revoked).toEqual([]);
    expect(await heldEntries()).toEqual(["case.held"]);
    const made = await db.select().from(plans).where(eq(plans.caseId, "FORGED00"));
    expect(made).toEqual([]);
  });

  it("of another leaver in a case that was opened for somebody else is held", async () => {
    await approve();
    await test.database.store.db.update(cases).set({ leaverId: "bob" }).where(eq(cases.id, caseId));
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    expect(git.revoked).toEqual([]);
    expect(git.held.get("2")?.grants).toHaveLength(1);
  });

  it("that revives a cancelled case revokes nothing", async () => {
    await approve();
    await cancelCase(test.w, test.request("hana"), caseId);
    await test.database.store.db
      .update(cases)
      .set({ state: "approved", wakeAt: test.clock.now })
      .where(eq(cases.id, caseId));
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    expect(git.revoked).toEqual([]);
  });
});

describe("a forged log", () => {
  it("signed by another key is not believed", async () => {
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    const other = readLogKey(newLogKey("signoff.test/log").key);
    const w = { ...test.w, verifier: other.verifier };
    const row = await plan();
    await test.database.store.db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await test.database.store.db.insert(steps).values(f.stepRow({ planHash: row.hash }));
    await revokeGrant({ ...w, signer: test.w.signer }, { stepId: `${caseId}-forged` });
    expect(git.revoked).toEqual([]);
  });

  it("with an entry the runtime role inserted by hand stops every append rather than sign over it", async () => {
    await test.database.store.sql`
      insert into audit.entries (seq, body, leaf_hash, at, action, outcome, case_id, actor_id, target_kind, target_id)
      select seq + 1, body, leaf_hash, at, 'plan.approved', outcome, case_id, actor_id, target_kind, target_id
      from audit.entries order by seq desc limit 1`;
    const { hash } = await plan();
    await expect(
      decidePlan(test.w, test.request("sam"), { caseId, planHash: hash, verdict: "approved" }),
    ).rejects.toThrow();
    expect(git.revoked).toEqual([]);
    // This log is spoilt on purpose: nobody should verify it later.
    await test.database.drop();
  });
});
