import { asc, eq } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { cases, entries, steps } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { undoCase } from "../../src/workflow/undo-case.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { openNow } from "./open-now.ts";

let test: TestWorkflow;
afterEach(() => test.drop());

/** A closed case of Alice's: a session that is given back, a team that came through the org, a final key. */
async function closedCase(): Promise<{ git: MemorySystem; caseId: string }> {
  const git = memorySystem("git");
  git.add("1", {
    email: "alice@acme.test",
    grants: [
      { id: "org", before: { role: "member" } },
      { id: "team", via: "org" },
      { id: "login", stage: "account", after: ["org"] },
      { id: "key", reversible: "never" },
    ],
  });
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    people: ["alice", "hana", "sam", "ivo"].map((id) => ({ id })),
  });
  const caseId = await openNow(test);
  await test.runJobs();
  const [plan] = await test.database.store.sql`select hash from plans where case_id = ${caseId}`;
  for (const who of ["sam", "ivo"])
    await decidePlan(test.w, test.request(who), { caseId, planHash: String(plan?.["hash"]), verdict: "approved" });
  await test.runJobs();
  const [row] = await test.database.store.db.select().from(cases).where(eq(cases.id, caseId));
  expect(row?.state).toBe("closed");
  return { git, caseId };
}

async function undo(who: string, caseId: string) {
  return undoCase(test.w, test.request(who), caseId);
}

async function settle(): Promise<void> {
  for (let at = 0; at < 6; at += 1) {
    await test.runJobs();
    test.clock.now = new Date(test.clock.now.getTime() + 400_000);
    await sweep(test.w);
  }
  await test.runJobs();
}

async function states(caseId: string): Promise<Record<string, string>> {
  const rows = await test.database.store.db.select().from(steps).where(eq(steps.caseId, caseId));
  return Object.fromEntries(rows.map(({ grantKey, state }) => [JSON.parse(grantKey)[2], state]));
}

describe("an undo", () => {
  it("gives back, to two people's word, what can be given back, in the opposite order, and reads it again", async () => {
    const { git, caseId } = await closedCase();
    expect(await undo("sam", caseId)).toEqual({ kind: "asked", grants: 3 });
    await settle();
    expect(git.restored).toEqual([]);
    expect(await undo("ivo", caseId)).toEqual({ kind: "giving-back", grants: 3 });
    await settle();
    expect(git.restored).toEqual(["login", "org", "team"]);
    expect(await states(caseId)).toEqual({ org: "given-back", team: "given-back", login: "given-back", key: "proven" });
    expect(git.held.get("1")?.grants.find(({ id }) => id === "org")?.before).toEqual({ role: "member" });
    const said = await test.database.store.db
      .select()
      .from(entries)
      .where(eq(entries.caseId, caseId))
      .orderBy(asc(entries.seq));
    expect(said.slice(-8).map(({ action, outcome }) => `${action}:${outcome}`)).toEqual([
      "undo.asked:success",
      "undo.confirmed:success",
      ...["login", "org", "team"].flatMap(() => ["grant.restoreStarted:success", "grant.restored:success"]),
    ]);
    expect(await undo("sam", caseId)).toEqual({ kind: "nothing", why: "none" });
  });

  it("is no one person's, and nobody's without the role", async () => {
    const { git, caseId } = await closedCase();
    expect(await undo("hana", caseId)).toMatchObject({ kind: "forbidden" });
    expect(await undo("alice", caseId)).toMatchObject({ kind: "forbidden" });
    await undo("sam", caseId);
    expect(await undo("sam", caseId)).toEqual({ kind: "second-needed" });
    await settle();
    expect(git.restored).toEqual([]);
  });

  it("gives nothing to another account that is found by the same e-mail", async () => {
    const { git, caseId } = await closedCase();
    git.held.clear();
    git.add("99", { email: "alice@acme.test" });
    await undo("sam", caseId);
    await undo("ivo", caseId);
    await settle();
    expect(git.restored).toEqual([]);
    expect(new Set(Object.values(await states(caseId)))).toEqual(new Set(["not-given-back", "proven"]));
  });

  it("says so when the system said yes and does not show it", async () => {
    const { git, caseId } = await closedCase();
    git.mood.lies = true;
    await undo("sam", caseId);
    await undo("ivo", caseId);
    for (let at = 0; at < 6; at += 1) await settle();
    expect(Object.values(await states(caseId)).sort()).toEqual([
      "not-given-back",
      "not-given-back",
      "not-given-back",
      "proven",
    ]);
  });

  it("is over after the policy's time", async () => {
    const { caseId } = await closedCase();
    test.clock.now = new Date(test.clock.now.getTime() + 31 * 86_400_000);
    expect(await undo("sam", caseId)).toEqual({ kind: "nothing", why: "none" });
  });

  it("moves nothing when it was only written into the database, or differs from what was taken", async () => {
    const { git, caseId } = await closedCase();
    const { sql } = test.database.store;
    await sql`update steps set state = 'giving-back' where grant_key like '%org%'`;
    await settle();
    expect((await states(caseId))["org"]).toBe("held");
    await undo("sam", caseId);
    await sql`update undos set confirmed_seq = asked_seq`;
    await sql`update steps set state = 'giving-back' where grant_key like '%login%'`;
    await settle();
    expect((await states(caseId))["login"]).toBe("held");
    expect(git.restored).toEqual([]);
  });
});
