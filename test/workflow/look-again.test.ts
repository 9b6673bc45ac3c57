import { asc, eq } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { entries, plans } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { openNow } from "./open-now.ts";

const DOWN = "all of host db1, since it did not answer";

let test: TestWorkflow;
afterEach(() => test.drop());

/** Hosts of which one is down until it is not. */
function hosts(): { ssh: MemorySystem; down: Set<string> } {
  const down = new Set([DOWN]);
  const memory = memorySystem("ssh:production");
  memory.add("1", { email: "alice@acme.test", grants: [{ id: "key:web1" }] });
  const sightOf = () => ({ kind: "partial" as const, blind: [...down], unanswered: [...down] });
  return { ssh: { ...memory, sightOf }, down };
}

async function closed(system: MemorySystem): Promise<string> {
  test = await testWorkflow({
    systems: [system],
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    people: [{ id: "alice" }, { id: "hana" }, { id: "sam" }, { id: "ivo" }],
  });
  const caseId = await openNow(test);
  await later(0);
  await later(600);
  await later(600);
  const [plan] = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
  await decidePlan(test.w, test.request("sam"), {
    caseId,
    planHash: plan?.hash ?? "",
    verdict: "approved",
    gaps: "it comes later",
  });
  for (let turn = 0; turn < 6; turn++) await later(600);
  const [row] = await test.database.store.sql`select state from cases where id = ${caseId}`;
  expect(row?.["state"]).toBe("closed");
  test.notices.splice(0);
  return caseId;
}

async function later(seconds: number): Promise<void> {
  test.clock.now = new Date(test.clock.now.getTime() + seconds * 1000);
  await sweep(test.w);
  await test.runJobs();
}

const nextDay = () => later(24 * 3600);

async function said(caseId: string): Promise<string[]> {
  const rows = await test.database.store.db
    .select({ action: entries.action, outcome: entries.outcome })
    .from(entries)
    .where(eq(entries.caseId, caseId))
    .orderBy(asc(entries.seq));
  const all = rows.map(({ action, outcome }) => `${action} ${outcome}`);
  return all.slice(all.findIndex((one) => one.startsWith("case.closed")) + 1);
}

describe("a host that was down when the case was closed", () => {
  it("is looked at every day until it answers; what it shows then is a finding, told to the approvers, and not taken", async () => {
    const { ssh, down } = hosts();
    const caseId = await closed(ssh);
    await later(3600);
    expect(await said(caseId), "not before a day has passed").toEqual([]);
    await nextDay();
    expect(await said(caseId)).toEqual(["system.lookStarted success", "system.lookedAgain failure"]);
    expect(test.notices).toEqual([]);
    down.clear();
    ssh.held.get("1")?.grants.push(memoryGrant("ssh:production", "1", { id: "key:db1" }));
    const revoked = ssh.revoked.length;
    await nextDay();
    expect((await said(caseId)).slice(2)).toEqual([
      "system.lookStarted success",
      "system.lookedAgain success",
      "finding.raised failure",
    ]);
    expect(test.notices).toEqual([`looked-again:${caseId}:ssh:production`]);
    expect(ssh.revoked).toHaveLength(revoked);
    await nextDay();
    expect(await said(caseId), "it has answered").toHaveLength(5);
  });

  it("tells a grant of another host once, though it is looked at again", async () => {
    const { ssh } = hosts();
    const caseId = await closed(ssh);
    ssh.held.get("1")?.grants.push(memoryGrant("ssh:production", "1", { id: "key:web1" }));
    await nextDay();
    await nextDay();
    expect((await said(caseId)).filter((one) => one.startsWith("finding.raised"))).toHaveLength(1);
    expect(test.notices).toHaveLength(1);
  });

  it("is asked by nobody for a case that the log does not vouch for", async () => {
    const { ssh } = hosts();
    const caseId = await closed(ssh);
    await test.database.store.sql`update cases set requester_id = 'sam' where id = ${caseId}`;
    await nextDay();
    expect(await said(caseId)).toEqual([]);
  });
});

describe("a whole system that was down when the case was closed", () => {
  it("is said to show nothing when it answers and nothing is there", async () => {
    const memory = memorySystem("git");
    memory.add("1", { email: "alice@acme.test" });
    memory.mood.down = true;
    const caseId = await closed(memory);
    await nextDay();
    expect((await said(caseId)).at(-1)).toBe("system.lookedAgain failure");
    memory.mood.down = false;
    await nextDay();
    expect((await said(caseId)).at(-1)).toBe("system.lookedAgain success");
    expect(test.notices).toEqual([`looked-again:${caseId}:git`]);
  });
});
