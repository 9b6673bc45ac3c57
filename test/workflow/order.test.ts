import { afterEach, expect, it } from "vitest";
import { type Grant, ofOurAccount, SystemError } from "../../connectors/connector.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { type MemorySystem, memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { openNow } from "./open-now.ts";

let test: TestWorkflow;
afterEach(() => test.drop());

const FIRST = { place: { at: "first", why: "sign-in makes new sessions" } } as const;

/** A company in which Alice's case is approved and stands right before its first revoke; `acts` is what was called, in order. */
async function approved(held: Readonly<Record<string, readonly Partial<Grant>[]>>) {
  const acts: string[] = [];
  const systems = Object.entries(held).map(([id, grants]): MemorySystem => {
    const system = memorySystem(id);
    system.add("alice", { email: "alice@acme.test", grants });
    const { revoke, readBack } = system;
    return Object.assign(system, {
      revoke: (...of: Parameters<typeof revoke>) => {
        acts.push(`revoke ${of[0].id}`);
        return revoke(...of);
      },
      readBack: (...of: Parameters<typeof readBack>) => {
        acts.push(`read ${of[0].id}`);
        return readBack(...of);
      },
    });
  });
  test = await testWorkflow({
    systems,
    roles: { requester: ["hana"], approver: ["sam"] },
    people: ["alice", "hana", "sam"].map((id) => ({ id })),
  });
  const caseId = await openNow(test);
  await test.runJobs();
  const [plan] = await test.database.store.sql`select hash from plans`;
  const said = { caseId, planHash: String(plan?.["hash"]), verdict: "approved" } as const;
  await decidePlan(test.w, test.request("sam"), said);
  await test.runJobs({ until: "revoke-grant" });
  return { acts, system: (id: string) => systems.find((one) => one.id === id) as MemorySystem };
}

it("takes sign-in away before anything in another system, and waits for no proof of it there", async () => {
  const { acts } = await approved({ git: [{ id: "team" }], idp: [{ id: "sign-in", stage: "account", ...FIRST }] });
  await test.runJobs({ until: "verify-grant" });
  expect(acts).toEqual(["revoke sign-in", "revoke team"]);
});

it("does not let the others wait for an identity provider that fails, which is tried again beside them", async () => {
  const { acts, system } = await approved({
    git: [{ id: "team" }],
    idp: [
      { id: "factor", ...FIRST },
      { id: "sign-in", after: ["factor"], stage: "account", ...FIRST },
    ],
  });
  system("idp").mood.answers = [new SystemError({ code: "unreachable" })];
  await test.runJobs();
  expect(acts).toEqual(["revoke factor", "revoke team", "read team"]);
});

it("leaves the account of our own credential to the end, when everything else has been read back", async () => {
  const own = ofOurAccount(memoryGrant("admin", "alice", { id: "own", stage: "sessions" }));
  const { acts } = await approved({ admin: [own], git: [{ id: "team" }], idp: [{ id: "sign-in", ...FIRST }] });
  await test.runJobs();
  expect(acts.filter((act) => act.startsWith("revoke"))).toEqual(["revoke sign-in", "revoke team", "revoke own"]);
  expect(acts.indexOf("revoke own")).toBeGreaterThan(acts.indexOf("read team"));
});
