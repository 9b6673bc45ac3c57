import { asc, eq, like } from "drizzle-orm";
import { afterEach, expect, it } from "vitest";
import { type Member, type System, SystemError } from "../../connectors/connector.ts";
import { entries, plans, posts } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { noteRoles } from "../../src/workflow/note-roles.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { peopleWith, rolesOf } from "../../src/workflow/who.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const HOUR = 3_600_000;
const GROUP = "group:dir:g1";

let test: TestWorkflow;
afterEach(() => test.drop());

/** Hana asks, Sam and Ivo approve by name, who is in the directory's group as well; Audrey audits. */
async function start(members: string[] = ["olga"], approver: readonly string[] = ["sam", "ivo", GROUP]) {
  const dir = directory(members);
  const repo = memorySystem("repo");
  repo.add("1", { email: "alice@acme.test", grants: [{ id: "g" }] });
  test = await testWorkflow({
    systems: [dir.system, repo],
    roles: { requester: ["hana"], approver, auditor: ["audrey@acme.test"] },
    people: ["alice", "hana", "sam", "ivo", "olga", "mia", "audrey"].map((id) => ({ id })),
  });
  await noteRoles(test.w);
  return dir;
}

/** A directory with one group, which fails when told to. Logins are e-mails, as Okta's are. */
function directory(members: string[]) {
  const state = { members, down: false };
  const listMembers = async (group: string): Promise<Member[]> => {
    if (state.down) throw new SystemError({ code: "unreachable" });
    if (group !== "g1") throw new SystemError({ code: "refused", reason: "no such group" });
    return state.members.map((id) => ({ id: `0${id}`, login: `${id}@acme.test` }));
  };
  const empty = async function* () {};
  const system: System = { ...memorySystem("dir"), directory: { listPeople: empty, listMembers } };
  return Object.assign(state, { system });
}

async function openNow(): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), {
    when: { kind: "now" },
    kind: "voluntary",
    mode: "orderly",
    announced: false,
    reason: "resignation",
  });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  await test.runJobs();
  return opened.caseId;
}

async function approve(who: string, caseId: string) {
  const hash = await planHash(caseId);
  return decidePlan(test.w, test.request(who), { caseId, planHash: hash, verdict: "approved", gaps: "known" });
}

async function planHash(caseId: string): Promise<string> {
  const [row] = await test.w.store.db.select().from(plans).where(eq(plans.caseId, caseId));
  return row?.hash ?? "";
}

const approvers = () => test.w.store.db.transaction((tx) => peopleWith(tx, test.w, "approver"));
const changes = () =>
  test.w.store.db
    .select({ seq: entries.seq })
    .from(entries)
    .where(eq(entries.action, "roles.changed"))
    .orderBy(asc(entries.seq));

it("takes roles from a directory's group by its immutable id, and keeps its members while it cannot be read", async () => {
  const dir = await start();
  expect(await approvers()).toEqual(["sam", "ivo", "olga"]);
  dir.down = true;
  await noteRoles(test.w);
  expect(await approvers()).toEqual(["sam", "ivo", "olga"]);
  expect(test.logged.join()).toContain("its members stay as they were");
  expect(await changes()).toHaveLength(1);
});

it("makes a change of a group an entry and a direct message to each auditor, of before and of now, once", async () => {
  const dir = await start();
  dir.members = ["mia"];
  const found = await Promise.allSettled([noteRoles(test.w), noteRoles(test.w), noteRoles(test.w)]);
  expect(found.every(({ status }) => status === "fulfilled")).toBe(true);
  expect(await changes()).toHaveLength(2);
  expect(await approvers()).toEqual(["sam", "ivo", "mia"]);
  const told = await test.w.store.db.select().from(posts).where(like(posts.key, "roles:%"));
  expect(told.map(({ audience }) => audience)).toEqual([{ kind: "person", personId: "audrey" }]);
  const [, last] = await changes();
  const [row] = await test.w.store.db
    .select()
    .from(entries)
    .where(eq(entries.seq, last?.seq ?? -1));
  // Names stand beside the entry, never in it.
  expect(new TextDecoder().decode(row?.body)).not.toMatch(/mia|olga|sam/);
});

it("changes nothing in cases opened in the 24 hours before, in both directions, and counts in later ones", async () => {
  const dir = await start();
  const caseId = await openNow();
  test.clock.now = new Date(test.clock.now.getTime() + HOUR);
  dir.members = ["mia"];
  await noteRoles(test.w);
  // Put into the group after the case was opened: no say in it. Put out of the group: still one.
  expect(await approve("mia", caseId)).toMatchObject({ kind: "forbidden" });
  expect(await approve("olga", caseId)).toMatchObject({ kind: "decided", missing: 0 });
  const roles = (id: string) => test.w.store.db.transaction((tx) => rolesOf(tx, test.w, id));
  expect([...(await roles("mia"))]).toEqual(["approver"]);
  expect([...(await roles("olga"))]).toEqual([]);
});

it("counts a change that comes later than a day after a case was opened", async () => {
  const dir = await start();
  const caseId = await openNow();
  test.clock.now = new Date(test.clock.now.getTime() + 25 * HOUR);
  dir.members = ["mia"];
  await noteRoles(test.w);
  expect(await approve("olga", caseId)).toMatchObject({ kind: "forbidden" });
  expect(await approve("mia", caseId)).toMatchObject({ kind: "decided" });
});

it("goes by what was signed: another configuration gives nobody a role before it is an entry", async () => {
  await start();
  const other = { ...test.w, roles: { ...test.w.roles, approver: ["mia"] } };
  // A replica that has not noted its configuration yet goes by the entry as well.
  expect(await test.w.store.db.transaction((tx) => peopleWith(tx, other, "approver"))).toEqual(["sam", "ivo", "olga"]);
  await noteRoles(other);
  expect(await test.w.store.db.transaction((tx) => peopleWith(tx, test.w, "approver"))).toEqual(["mia"]);
});
