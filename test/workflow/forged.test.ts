import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import type { WorkItem } from "../../src/core/access.ts";
import { cases, entries, offers, plans, steps } from "../../src/store/schema.ts";
import { acceptOffer } from "../../src/workflow/decide-offer.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { handOver } from "../../src/workflow/hand-over.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { revokeGrant } from "../../src/workflow/revoke-grant.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { takeInventory } from "../../src/workflow/take-inventory.ts";
import { hashOf } from "../../src/workflow/vouched.ts";
import { type MemorySystem, memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

// Somebody who reaches the database writes rows and jobs as the workflow would have. None of it may move anything.

const LATER = { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } as const;

let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

beforeEach(async () => {
  git = memorySystem("git");
  git.add("1", { email: "alice@acme.test", grants: [{ id: "org", privileged: true }], work: ["Fix rounding"] });
  git.add("2", { email: "bob@acme.test", grants: [{ id: "bobs" }] });
  git.add("3", { email: "mia@acme.test" });
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    people: [
      { id: "alice", manager: "mia" },
      { id: "hana" },
      { id: "sam" },
      { id: "ivo" },
      { id: "bob" },
      { id: "mia" },
    ],
  });
  const leaving = { when: LATER, kind: "voluntary", mode: "orderly", announced: true, reason: "resignation" } as const;
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), leaving);
  if (opened.kind !== "opened") throw new Error(opened.kind);
  caseId = opened.caseId;
  await test.runJobs();
});
afterEach(() => test.drop());

async function plan() {
  const [row] = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
  if (!row) throw new Error("there is no plan");
  return row;
}

async function approve() {
  const { hash } = await plan();
  for (const who of ["sam", "ivo"])
    await decidePlan(test.w, test.request(who), { caseId, planHash: hash, verdict: "approved" });
  await test.runJobs();
}

function stepRow(more: Partial<typeof steps.$inferInsert> = {}): typeof steps.$inferInsert {
  return {
    id: `${caseId}-forged`,
    caseId,
    system: "git",
    grantKey: JSON.stringify(["git", "1", "org"]),
    revision: 1,
    planHash: "",
    position: 0,
    state: "waiting",
    deadlineAt: new Date("2027-01-01T00:00:00Z"),
    ...more,
  };
}

async function settle() {
  for (let at = 0; at < 3; at++) {
    await sweep(test.w);
    await test.runJobs();
  }
}

async function heldEntries() {
  const rows = await test.database.store.db.select({ action: entries.action }).from(entries);
  return rows.map(({ action }) => action).filter((action) => action.endsWith(".held"));
}

describe("a forged row", () => {
  it("that says the plan was approved revokes nothing", async () => {
    const { hash } = await plan();
    const db = test.database.store.db;
    await db.update(plans).set({ state: "approved", approvedSeq: 0 }).where(eq(plans.caseId, caseId));
    await db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await db.insert(steps).values(stepRow({ planHash: hash }));
    await settle();
    expect(git.revoked).toEqual([]);
    expect(await heldEntries()).toEqual(["grant.held"]);
  });

  it("of a decision does not stand in for an approver", async () => {
    const { hash } = await plan();
    await test.database.store.db.insert((await import("../../src/store/schema.ts")).decisions).values({
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
    expect(await heldEntries()).toEqual(["grant.held"]);
  });

  it("of a step for a grant the approved plan does not hold hits nobody", async () => {
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    const { hash } = await plan();
    await test.database.store.db.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    await test.database.store.db
      .insert(steps)
      .values(stepRow({ planHash: hash, grantKey: JSON.stringify(["git", "2", "bobs"]) }));
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
    await test.database.store.db.insert(steps).values(stepRow({ planHash: hash }));
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
    const { cancelCase } = await import("../../src/workflow/cancel-case.ts");
    await cancelCase(test.w, test.request("hana"), caseId);
    await test.database.store.db
      .update(cases)
      .set({ state: "approved", wakeAt: test.clock.now })
      .where(eq(cases.id, caseId));
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    expect(git.revoked).toEqual([]);
  });

  it("of an acceptance moves no work", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    await test.database.store.db
      .update(offers)
      .set({ state: "accepted", toId: "bob", acceptedSeq: 3 })
      .where(eq(offers.id, offer?.id ?? ""));
    await handOver(test.w, { offerId: offer?.id ?? "" });
    expect(git.held.get("1")?.work).toHaveLength(1);
    expect(await heldEntries()).toEqual(["offer.held"]);
  });
});

describe("a forged reading", () => {
  const BOBS = [
    {
      system: "git",
      account: "2",
      id: "bobs",
      kind: "membership",
      resource: "bobs",
      stage: "memberships",
      outlivesSignOn: false,
      reversible: "always",
      privileged: false,
    },
  ];
  const BOB = [{ system: "git", id: "2", login: "2-login", kind: "human" }];

  it.each(["zzz", "git"])("before the cut, in a line of %s, takes nothing from a stranger", async (system) => {
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await sweep(test.w);
    await test.runJobs({ until: "revise-plan" });
    await test.database.store.sql`
      insert into reads (case_id, system, round, state, accounts, grants, work, seq)
      values (${caseId}, ${system}, 'before-cut', 'read', ${JSON.stringify(BOB)}::text::jsonb, ${JSON.stringify(BOBS)}::text::jsonb, '[]', 2)
      on conflict (case_id, system, round) do update set accounts = excluded.accounts, grants = excluded.grants`;
    await settle();
    expect(git.held.get("2")?.grants.map(({ id }) => id)).toEqual(["bobs"]);
    expect(git.revoked).toEqual(["org"]);
  });

  it("of a first round makes no plan against a stranger", async () => {
    await test.database.store
      .sql`update reads set accounts = ${JSON.stringify(BOB)}::text::jsonb, grants = ${JSON.stringify(BOBS)}::text::jsonb where case_id = ${caseId}`;
    await (await import("../../src/workflow/propose-plan.ts")).proposePlan(test.w, { caseId });
    const made = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
    expect(made.some(({ body }) => body.includes("bobs"))).toBe(false);
  });

  it("of a clean end closes nothing", async () => {
    git.mood.lies = true;
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await settle();
    await test.database.store.sql`update steps set state = 'proven' where case_id = ${caseId}`;
    await test.database.store.sql`update cases set state = 'closing', round = 'closing' where id = ${caseId}`;
    await test.database.store.sql`
      insert into reads (case_id, system, round, state, accounts, grants, work, seq)
      values (${caseId}, 'git', 'closing', 'read', '[]', '[]', '[]', 2)`;
    await (await import("../../src/workflow/close-case.ts")).closeCase(test.w, { caseId });
    const [row] = await test.database.store.db.select().from(cases).where(eq(cases.id, caseId));
    expect(row?.state).not.toBe("closed");
  });
});

describe("an older reading put back", () => {
  async function lines(round: string) {
    return [
      ...(await test.database.store.sql`
        select state, accounts, grants, work, seq from reads where case_id = ${caseId} and round = ${round}`),
    ];
  }

  /** Writes a line as it was once, and says that nothing is to be read any more. */
  async function putBack(round: string, line: Record<string, unknown> | undefined) {
    await test.database.store.sql`
      update reads set state = ${String(line?.["state"])}, grants = ${JSON.stringify(line?.["grants"])}::text::jsonb,
        accounts = ${JSON.stringify(line?.["accounts"])}::text::jsonb, work = ${JSON.stringify(line?.["work"])}::text::jsonb,
        seq = ${String(line?.["seq"])}, next_at = null, lease = null
      where case_id = ${caseId} and round = ${round}`;
  }

  async function state() {
    const [row] = await test.database.store.db.select().from(cases).where(eq(cases.id, caseId));
    return row?.state;
  }

  it("closes no case whose newest one shows access", async () => {
    const { closeCase } = await import("../../src/workflow/close-case.ts");
    await approve();
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await sweep(test.w);
    await test.runJobs({ until: "close-case" });
    expect(await state()).toBe("closing");
    const [clean] = await lines("closing");
    // What was taken comes back, and a fresh look sees it.
    git.held.get("1")?.grants.push({ ...memoryGrant("git", "1", { id: "again" }) });
    await test.database.store.sql`update reads set state = 'pending' where case_id = ${caseId} and round = 'closing'`;
    await takeInventory(test.w, { caseId, system: "git", round: "closing" });
    test.waiting.splice(0);
    await putBack("closing", clean);
    await closeCase(test.w, { caseId });
    expect(await state()).toBe("closing");
    expect(test.logged.join()).toMatch(/reading that the log does not hold/);
  });

  it("of the end stands for no later end", async () => {
    const { closeCase } = await import("../../src/workflow/close-case.ts");
    await approve();
    await test.database.store.sql`update offers set deadline_at = '2027-01-01', next_at = '2027-01-01'`;
    test.clock.now = new Date("2026-12-01T00:00:00Z");
    await sweep(test.w);
    await test.runJobs({ until: "close-case" });
    const [clean] = await lines("closing");
    await test.runJobs();
    expect(await state()).toBe("handing-over");
    // The offers end, and everything is to be read once more: before it is, the earlier line is put back.
    await test.database.store.sql`update cases set state = 'closing' where id = ${caseId}`;
    await test.database.store.sql`update offers set state = 'void' where case_id = ${caseId}`;
    await putBack("closing", clean);
    await closeCase(test.w, { caseId });
    expect(await state()).toBe("closing");
  });

  it("of before the person named an account makes no plan", async () => {
    const [before] = await lines("first");
    await retryAsked();
    await putBack("first", before);
    await (await import("../../src/workflow/propose-plan.ts")).proposePlan(test.w, { caseId });
    const made = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
    expect(made.filter(({ state }) => state === "proposed").every(({ body }) => body.includes('"gaps":[{'))).toBe(true);
  });

  async function retryAsked() {
    await test.database.store.sql`update reads set state = 'failed' where case_id = ${caseId}`;
    const { retryRead } = await import("../../src/workflow/name-account.ts");
    await retryRead(test.w, test.request("sam"), { caseId, system: "git" });
    test.waiting.splice(0);
  }
});

describe("an acceptance", () => {
  it("by somebody whom only a row asks is refused, and they are put nothing", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await test.database.store.db.update(offers).set({ toId: "bob" }).where(eq(offers.id, offer.id));
    expect(await acceptOffer(test.w, test.request("bob"), offer.id)).toMatchObject({ kind: "forbidden" });
    expect(git.held.get("1")?.work).toHaveLength(1);
  });

  it("whose item was changed to a stranger's moves nothing", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await acceptOffer(test.w, test.request("mia"), offer.id);
    git.held.get("2")?.work.push({ ...(offer.item as WorkItem), account: "2", id: "bobs-work" });
    await test.database.store.db
      .update(offers)
      .set({ item: { ...(offer.item as WorkItem), account: "2", id: "bobs-work" } })
      .where(eq(offers.id, offer.id));
    await handOver(test.w, { offerId: offer.id });
    expect(await heldEntries()).toEqual(["offer.held"]);
  });

  it("moves its work once, also when the row is set back", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await acceptOffer(test.w, test.request("mia"), offer.id);
    await handOver(test.w, { offerId: offer.id });
    const [moved] = await test.database.store.db.select().from(offers).where(eq(offers.id, offer.id));
    expect(moved?.state).toBe("moved");
    await test.database.store.db.update(offers).set({ state: "accepted" }).where(eq(offers.id, offer.id));
    await handOver(test.w, { offerId: offer.id });
    expect(await heldEntries()).toEqual(["offer.held"]);
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
    await test.database.store.db.insert(steps).values(stepRow({ planHash: row.hash }));
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
