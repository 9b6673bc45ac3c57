import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plans } from "../../src/store/schema.ts";
import { closeCase } from "../../src/workflow/close-case.ts";
import { retryRead } from "../../src/workflow/name-account.ts";
import { proposePlan } from "../../src/workflow/propose-plan.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { takeInventory } from "../../src/workflow/take-inventory.ts";
import { type MemorySystem, memoryGrant } from "../peers/memory-system.ts";
import type { TestWorkflow } from "../peers/workflow.ts";
import { type Forgery, forgery } from "./forgery.ts";

// Somebody writes into what a system showed, or puts back what it showed once.

let f: Forgery;
let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

beforeEach(async () => {
  f = await forgery();
  ({ test, git, caseId } = f);
});
afterEach(() => test.drop());
const approve = () => f.approve();
const settle = () => f.settle();
const state = () => f.state();

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
    await proposePlan(test.w, { caseId });
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
    await closeCase(test.w, { caseId });
    expect(await state()).not.toBe("closed");
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

  it("closes no case whose newest one shows access", async () => {
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
    await proposePlan(test.w, { caseId });
    const made = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
    expect(made.filter(({ state }) => state === "proposed").every(({ body }) => body.includes('"gaps":[{'))).toBe(true);
  });

  async function retryAsked() {
    await test.database.store.sql`update reads set state = 'failed' where case_id = ${caseId}`;
    await retryRead(test.w, test.request("sam"), { caseId, system: "git" });
    test.waiting.splice(0);
  }
});
