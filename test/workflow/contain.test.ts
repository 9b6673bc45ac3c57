import { asc, eq } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { SystemError } from "../../connectors/connector.ts";
import { cases, entries, plans, posts, steps } from "../../src/store/schema.ts";
import { cancelCase } from "../../src/workflow/cancel-case.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { retryRead } from "../../src/workflow/name-account.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const PEOPLE = ["alice", "hana", "sam", "ivo", "olga"].map((id) => ({ id }));
// Hana asks, and is an approver as well; Alice is one too.
const ROLES = { approver: ["sam", "ivo", "hana", "alice"], operator: ["olga"] };

let test: TestWorkflow;
afterEach(() => test.drop());

/** Two systems with one session and one final membership each. */
async function start(policy: Parameters<typeof testWorkflow>[0]["policy"] = {}) {
  const [idp, slow] = [memorySystem("idp"), memorySystem("slow")];
  for (const system of [idp, slow])
    system.add("1", {
      email: "alice@acme.test",
      grants: [
        { id: `${system.id}-session`, privileged: true },
        { id: `${system.id}-org`, reversible: "never" },
      ],
    });
  test = await testWorkflow({
    systems: [idp, slow],
    roles: ROLES,
    people: PEOPLE,
    policy: { readTries: 1, ...policy },
  });
  return { idp, slow };
}

async function openContainment(): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), {
    when: { kind: "now" },
    kind: "involuntary",
    mode: "contain",
    announced: false,
    reason: "security",
  });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  return opened.caseId;
}

async function allPlans(caseId: string) {
  return test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId)).orderBy(asc(plans.revision));
}

async function approve(who: string, caseId: string, gaps?: string) {
  const hash = (await allPlans(caseId)).findLast(({ state }) => state === "proposed")?.hash ?? "";
  return decidePlan(test.w, test.request(who), {
    caseId,
    planHash: hash,
    verdict: "approved",
    ...(gaps === undefined ? {} : { gaps }),
  });
}

async function stateOf(caseId: string) {
  const [row] = await test.database.store.db.select().from(cases).where(eq(cases.id, caseId));
  return row?.state;
}

async function pages(): Promise<string[]> {
  const rows = await test.database.store.db.select({ key: posts.key }).from(posts);
  return rows.flatMap(({ key }) => (key.startsWith("page:") ? [key.split(":").slice(2).join(":")] : [])).sort();
}

/** Does only the jobs of one system's answer, as if the other had not answered yet. */
async function answerOf(system: MemorySystem, other: MemorySystem): Promise<void> {
  const held = test.waiting.filter(({ payload }) => JSON.stringify(payload).includes(`"${other.id}"`));
  test.waiting.splice(0, test.waiting.length, ...test.waiting.filter((job) => !held.includes(job)));
  await test.runJobs();
  test.waiting.push(...held);
  expect(system.held.size).toBe(1);
}

describe("a containment", () => {
  it("is asked for before any system has answered, and one word cuts each as it answers", async () => {
    const { idp, slow } = await start();
    const caseId = await openContainment();
    await test.runJobs({ until: "take-inventory" });
    expect(await allPlans(caseId)).toMatchObject([{ scope: "contain", state: "proposed" }]);
    expect(await approve("sam", caseId)).toMatchObject({ kind: "decided", missing: 0 });
    await test.runJobs({ until: "take-inventory" });
    await answerOf(idp, slow);
    // The slow one has not answered, and delays nobody.
    expect(idp.revoked).toEqual(["idp-session"]);
    expect(await stateOf(caseId)).toBe("containing");
    expect(await test.database.store.db.select({ state: steps.state }).from(steps)).toEqual([{ state: "proven" }]);
    await test.runJobs();
    expect(slow.revoked).toEqual(["slow-session"]);
    expect(await allPlans(caseId)).toMatchObject([
      { scope: "contain", state: "approved" },
      { scope: "addition", state: "approved" },
      { scope: "addition", state: "approved" },
      { scope: "full", state: "proposed" },
    ]);
    // Everything else is for two.
    expect(await approve("sam", caseId)).toMatchObject({ kind: "decided", missing: 1 });
    await approve("ivo", caseId);
    await test.runJobs();
    expect(await stateOf(caseId)).toBe("closed");
    expect([idp.revoked, slow.revoked]).toEqual([
      ["idp-session", "idp-org"],
      ["slow-session", "slow-org"],
    ]);
  });

  it("is for the plan that was shown, whatever answered meanwhile: no answer makes the word void", async () => {
    const { idp, slow } = await start();
    const caseId = await openContainment();
    await answerOf(idp, slow);
    const [shown] = await allPlans(caseId);
    await test.runJobs();
    expect(await allPlans(caseId)).toHaveLength(1);
    expect([idp.revoked, slow.revoked]).toEqual([[], []]);
    const decided = { caseId, planHash: shown?.hash ?? "", verdict: "approved" } as const;
    expect(await decidePlan(test.w, test.request("ivo"), decided)).toMatchObject({ kind: "decided", missing: 0 });
    await test.runJobs();
    expect([idp.revoked, slow.revoked]).toEqual([["idp-session"], ["slow-session"]]);
  });

  it("cuts a dead system when it answers at last, while the full plan already waits", async () => {
    const { idp, slow } = await start();
    slow.mood.down = true;
    const caseId = await openContainment();
    await test.runJobs({ until: "take-inventory" });
    await approve("sam", caseId);
    await test.runJobs();
    expect(idp.revoked).toEqual(["idp-session"]);
    expect(await stateOf(caseId)).toBe("planned");
    slow.mood.down = false;
    await retryRead(test.w, test.request("ivo"), { caseId, system: "slow" });
    await test.runJobs();
    expect(slow.revoked).toEqual(["slow-session"]);
    const full = (await allPlans(caseId)).at(-1);
    expect(full).toMatchObject({ scope: "full", state: "proposed" });
    expect(full?.body).not.toContain("slow-session");
  });

  it("takes nothing on its word alone that is final, and nothing at all once its plan was rewritten", async () => {
    const { idp, slow } = await start();
    const caseId = await openContainment();
    await test.runJobs();
    await approve("sam", caseId);
    await test.runJobs({ until: "revoke-grant" });
    const planned = (await allPlans(caseId)).filter(({ scope }) => scope === "addition").map(({ body }) => body);
    expect(planned.join()).toContain("idp-session");
    expect(planned.join()).not.toContain("-org");
    const [order] = await allPlans(caseId);
    await test.database.store.db
      .update(plans)
      .set({ body: order?.body.replace('"title":"idp"', '"title":"all"') ?? "" })
      .where(eq(plans.revision, 1));
    await test.runJobs();
    expect([idp.revoked, slow.revoked]).toEqual([[], []]);
    expect(await test.database.store.db.select({ state: steps.state }).from(steps)).toEqual([
      { state: "held" },
      { state: "held" },
    ]);
  });

  it("goes on after a stop between the word and the cut", async () => {
    const { idp, slow } = await start();
    const caseId = await openContainment();
    await test.runJobs();
    await approve("sam", caseId);
    test.waiting.length = 0;
    await sweep(test.w);
    await test.runJobs();
    expect([idp.revoked, slow.revoked]).toEqual([["idp-session"], ["slow-session"]]);
    expect(await stateOf(caseId)).toBe("planned");
  });

  it("tries again what did not work at first, while the full plan waits for its approval", async () => {
    const { idp } = await start();
    const caseId = await openContainment();
    await test.runJobs();
    idp.mood.answers = [new SystemError({ code: "unreachable" })];
    await approve("sam", caseId);
    await test.runJobs();
    expect(await stateOf(caseId)).toBe("planned");
    expect(idp.held.get("1")?.grants).toHaveLength(2);
    test.clock.now = new Date(test.clock.now.getTime() + 60_000);
    await sweep(test.w);
    await test.runJobs();
    expect(idp.held.get("1")?.grants.map(({ id }) => id)).toEqual(["idp-org"]);
  });

  it("cannot be cancelled once something was taken, and keeps what it took when the rest is rejected", async () => {
    const { idp } = await start();
    const caseId = await openContainment();
    await test.runJobs();
    await approve("sam", caseId);
    await test.runJobs();
    expect(await cancelCase(test.w, test.request("ivo"), caseId)).toEqual({ kind: "too-late", state: "planned" });
    const planHash = (await allPlans(caseId)).at(-1)?.hash ?? "";
    await decidePlan(test.w, test.request("ivo"), { caseId, planHash, verdict: "rejected" });
    await test.runJobs();
    expect(await stateOf(caseId)).toBe("closed");
    expect(idp.revoked).toEqual(["idp-session"]);
  });

  it("ends the case when it is rejected, and nothing is taken", async () => {
    const { idp, slow } = await start();
    const caseId = await openContainment();
    await test.runJobs();
    const planHash = (await allPlans(caseId)).at(-1)?.hash ?? "";
    await decidePlan(test.w, test.request("ivo"), { caseId, planHash, verdict: "rejected" });
    await test.runJobs();
    expect(await stateOf(caseId)).toBe("rejected");
    expect([idp.revoked, slow.revoked]).toEqual([[], []]);
  });
});

describe("a containment that waits", () => {
  it("calls every approver who may decide, and again with the operators until somebody does", async () => {
    await start({ containEscalateMinutes: 5, containEscalations: 2 });
    const caseId = await openContainment();
    await test.runJobs();
    expect(await pages()).toEqual(["0:ivo", "0:sam"]);
    const wait = async (minutes: number) => {
      test.clock.now = new Date(test.clock.now.getTime() + minutes * 60_000);
      await sweep(test.w);
    };
    await wait(4);
    expect(await pages()).toEqual(["0:ivo", "0:sam"]);
    await wait(1);
    expect(await pages()).toEqual(["0:ivo", "0:sam", "1:ivo", "1:olga", "1:sam"]);
    await wait(5);
    // Twice is the policy's end of it.
    await wait(5);
    expect((await pages()).filter((page) => page.endsWith("sam"))).toEqual(["0:sam", "1:sam", "2:sam"]);
    const said = await test.database.store.db
      .select({ action: entries.action })
      .from(entries)
      .where(eq(entries.caseId, caseId));
    expect(said.filter(({ action }) => action === "case.escalated")).toHaveLength(2);
  });

  it("is called out no more once it is decided", async () => {
    await start();
    const caseId = await openContainment();
    await test.runJobs();
    await approve("sam", caseId);
    await test.runJobs();
    test.clock.now = new Date(test.clock.now.getTime() + 3_600_000);
    await sweep(test.w);
    expect(await pages()).toEqual(["0:ivo", "0:sam"]);
  });
});
