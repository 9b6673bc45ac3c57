import { eq } from "drizzle-orm";
import { cases, entries, plans, type steps } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import type { QueueName } from "../../src/workflow/queues.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

/** A case of Alice's with a plan that waits, and what somebody who reaches its database does. */
export interface Forgery {
  readonly test: TestWorkflow;
  readonly git: MemorySystem;
  readonly caseId: string;
  plan(): Promise<typeof plans.$inferSelect>;
  state(): Promise<string | undefined>;
  /** Both approvers approve. */
  approve(): Promise<void>;
  /** A step as the workflow would have written it, of Alice's grant unless told. */
  stepRow(more?: Partial<typeof steps.$inferInsert>): typeof steps.$inferInsert;
  /** Sweeps and works until it is quiet. */
  settle(): Promise<void>;
  /** The due instant comes, and everything is done; stops before a queue's job if told. */
  cut(until?: QueueName): Promise<void>;
  heldEntries(): Promise<string[]>;
}

const LATER = { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } as const;

/** Alice has one grant and one pull request; Hana asked, Sam and Ivo approve, Mia is the manager, Bob a stranger to it. */
export async function forgery(more: readonly MemorySystem[] = []): Promise<Forgery> {
  const git = memorySystem("git");
  git.add("1", { email: "alice@acme.test", grants: [{ id: "org", privileged: true }], work: ["Fix rounding"] });
  git.add("2", { email: "bob@acme.test", grants: [{ id: "bobs" }] });
  git.add("3", { email: "mia@acme.test" });
  const test = await testWorkflow({
    systems: [git, ...more],
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
  const { caseId } = opened;
  await test.runJobs();
  const { db } = test.database.store;
  const f: Forgery = {
    test,
    git,
    caseId,
    async plan() {
      const [row] = await db.select().from(plans).where(eq(plans.caseId, caseId));
      if (!row) throw new Error("there is no plan");
      return row;
    },
    async state() {
      const [row] = await db.select({ state: cases.state }).from(cases).where(eq(cases.id, caseId));
      return row?.state;
    },
    async approve() {
      const { hash } = await f.plan();
      for (const who of ["sam", "ivo"])
        await decidePlan(test.w, test.request(who), { caseId, planHash: hash, verdict: "approved" });
      await test.runJobs();
    },
    stepRow: (more = {}) => ({
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
    }),
    async settle() {
      for (let at = 0; at < 3; at++) {
        await sweep(test.w);
        await test.runJobs();
      }
    },
    async cut(until) {
      test.clock.now = new Date("2026-12-01T00:00:00Z");
      await sweep(test.w);
      await test.runJobs(until === undefined ? {} : { until });
    },
    async heldEntries() {
      const rows = await db.select({ action: entries.action }).from(entries);
      return rows.map(({ action }) => action).filter((action) => action.endsWith(".held"));
    },
  };
  return f;
}
