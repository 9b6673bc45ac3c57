import { afterEach, expect, it } from "vitest";
import { listCasesBetween, listUndecidedPlans } from "../../src/store/due.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { type Leaving, openCase } from "../../src/workflow/open-case.ts";
import { memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

let test: TestWorkflow;
afterEach(() => test.drop());

/** Ids of what a sweep would lock now. */
function locked(): Promise<string[]> {
  return test.w.store.db.transaction(async (tx) => [
    ...(await listCasesBetween(tx, test.clock.now)).map(({ id }) => id),
    ...(await listUndecidedPlans(tx)).map(({ caseId }) => caseId),
  ]);
}

async function open(mode: Leaving["mode"]): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), {
    when: { kind: "now" },
    kind: "involuntary",
    mode,
    announced: false,
    reason: "security",
  });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  return opened.caseId;
}

async function start() {
  const git = memorySystem("git");
  git.add("1", { email: "alice@acme.test", grants: [{}] });
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam"] },
    people: ["alice", "hana", "sam"].map((id) => ({ id })),
    policy: { readBacks: 1 },
  });
  return git;
}

it("a sweep locks no case that waits for a system or a person, and each whose next job was lost", async () => {
  const git = await start();
  const caseId = await open("orderly");
  expect(await locked()).toEqual([]);
  await test.runJobs({ until: "propose-plan" });
  // Every system has answered, and only the job is missing.
  expect(await locked()).toEqual([caseId]);
  await test.runJobs();
  expect(await locked()).toEqual([]);
  git.mood.lies = true;
  const [plan] = await test.database.store.sql`select hash from plans`;
  await decidePlan(test.w, test.request("sam"), { caseId, planHash: String(plan?.["hash"]), verdict: "approved" });
  await test.runJobs({ until: "revoke-grant" });
  expect(await locked()).toEqual([caseId]);
  await test.runJobs();
  expect(await test.database.store.sql`select state from steps`).toEqual([{ state: "attention" }]);
  expect(await locked()).toEqual([]);
  await test.database.store.sql`update steps set state = 'skipped'`;
  expect(await locked()).toEqual([caseId]);
});

it("a sweep asks for a containment whose first job was lost, and then leaves it to people", async () => {
  await start();
  const caseId = await open("contain");
  expect(await locked()).toEqual([caseId]);
  await test.runJobs();
  expect(await locked()).toEqual([]);
});

it("a sweep leaves a case alone whose steps have ended while what appeared since waits for people", async () => {
  const git = await start();
  const caseId = await open("orderly");
  await test.runJobs();
  const [plan] = await test.database.store.sql`select hash from plans`;
  git.held.get("1")?.grants.push(memoryGrant("git", "1", { id: "new", privileged: true }));
  await decidePlan(test.w, test.request("sam"), { caseId, planHash: String(plan?.["hash"]), verdict: "approved" });
  await test.runJobs();
  expect(await test.database.store.sql`select state from cases`).toEqual([{ state: "revoking" }]);
  expect(await test.database.store.sql`select scope, state from plans where state = 'proposed'`).toHaveLength(1);
  expect(await locked()).toEqual([]);
});
