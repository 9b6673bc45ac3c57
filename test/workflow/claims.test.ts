import { eq, sql as raw } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import type { SeenAccount, System } from "../../connectors/connector.ts";
import { Plan } from "../../src/core/plan.ts";
import { importPeople } from "../../src/people/import-people.ts";
import { entries, plans, steps } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { openNow } from "./open-now.ts";

// The fingerprint of this key, as ssh-keygen -l prints it.
const LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
const KEY = "SHA256:mKqU+0K8OhKmA8bBQi9Rz0Q5l7/g160hIP+rJYSTNj4";
const STRAY = `SHA256:${"b".repeat(43)}`;

let test: TestWorkflow;
afterEach(() => test.drop());

/** A system that shows a key on Alice's profile. */
function profiles(grants: readonly { id: string }[] = []): MemorySystem {
  const git = memorySystem("github:acme");
  git.add("1", { email: "alice@acme.test", grants });
  return {
    ...git,
    findAccounts: async (person, call) =>
      (await git.findAccounts(person, call)).map((match) => ({
        ...match,
        account: { ...match.account, publicKeys: [KEY] },
      })),
  };
}

/** Hosts whose accounts are keys. */
function hosts(seen: readonly SeenAccount[] = []): MemorySystem {
  const ssh = memorySystem("ssh:production", { sight: { kind: "partial", blind: ["what nobody sees"] } });
  ssh.add(KEY, { grants: [{ id: "key:web1" }] });
  return {
    ...ssh,
    keyed: true,
    seenAccounts: () => seen,
    findAccounts: async (person) =>
      (person.keys ?? []).flatMap(({ fingerprint, system }) => {
        const account = ssh.held.get(fingerprint)?.account;
        return account ? [{ account, rule: "account-id" as const, why: `${system} shows it` }] : [];
      }),
  };
}

async function start(systems: readonly System[]) {
  test = await testWorkflow({
    systems,
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    people: [{ id: "alice" }, { id: "hana" }, { id: "sam" }, { id: "ivo" }, { id: "bob" }],
  });
}

async function open(): Promise<{ caseId: string; plan: Plan; hash: string }> {
  const caseId = await openNow(test);
  await test.runJobs();
  const [row] = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
  if (!row) throw new Error("there is no plan");
  return { caseId, plan: Plan.parse(JSON.parse(row.body)), hash: row.hash };
}

async function approve({ caseId, hash }: { caseId: string; hash: string }) {
  for (const who of ["sam", "ivo"]) {
    await decidePlan(test.w, test.request(who), { caseId, planHash: hash, verdict: "approved" });
    await test.runJobs();
  }
  return test.database.store.db.select().from(steps).where(eq(steps.caseId, caseId));
}

const contestedIn = (plan: Plan) => plan.steps.flatMap(({ grant }) => grant.contested ?? []);
/** A people file says whose a login is. */
async function vouch(system: string, login: string, personId: string) {
  const file = {
    people: [
      {
        line: 2,
        id: personId,
        name: personId,
        emails: [`${personId}@acme.test`],
        chats: {},
        logins: { [system]: [login] },
      },
    ],
    ignored: [],
    sha256: "0".repeat(64),
  };
  await importPeople(test.w, file, { by: { kind: "operator", user: "test" }, dryRun: false });
}

describe("a public key that another system shows on the leaver's account", () => {
  it.each(["before", "after"])("is looked for on the hosts, when they are read %s that system", async (order) => {
    const [git, ssh] = [profiles(), hosts()];
    // Jobs run in the order of the systems.
    await start(order === "before" ? [ssh, git] : [git, ssh]);
    const opened = await open();
    expect(opened.plan.gaps).toEqual([]);
    expect(opened.plan.steps.map(({ grant }) => grant.id)).toEqual(["key:web1"]);
    expect(contestedIn(opened.plan)).toEqual([]);
    expect((await approve(opened)).map(({ state }) => state)).toEqual(["proven"]);
    expect(ssh.held.get(KEY)?.grants).toEqual([]);
  });

  it("is not believed from a reading that the log does not hold", async () => {
    const [git, ssh] = [profiles(), hosts()];
    await start([git, ssh]);
    await openNow(test);
    // Git alone is read; then somebody writes another key into its line.
    const job = test.waiting.findIndex(({ payload }) => JSON.stringify(payload).includes("ssh:production"));
    const [later] = test.waiting.splice(job, 1);
    await test.runJobs({ until: "propose-plan" });
    await test.database.store.sql`
      update reads set accounts = jsonb_set(accounts, '{0,publicKeys}', ${JSON.stringify([STRAY])}::jsonb)
      where system = 'github:acme'`;
    if (later) test.waiting.push(later);
    await test.runJobs();
    const read = await test.database.store.sql`select state from reads where system = 'ssh:production'`;
    expect(read.map((row) => row["state"])).toEqual(["unmatched"]);
  });
});

describe("a public key whose owner is in doubt", () => {
  it("is for a human when a directory vouches for it as another person's", async () => {
    const ssh = hosts();
    await start([profiles(), ssh]);
    await vouch("ssh", `${LINE} bob@laptop`, "bob");
    const opened = await open();
    expect(contestedIn(opened.plan)).toEqual(["person bob is known for it as well"]);
    expect(opened.plan.steps[0]?.reason).toContain("a human decides whose it is: person bob");
    expect(await approve(opened)).toMatchObject([
      { state: "attention", failure: "person bob is known for it as well" },
    ]);
    expect(ssh.revoked).toEqual([]);
  });

  it.each([
    ["that a directory names as another person's", true],
    ["that is called as another person's address begins", false],
  ])("is for a human when it was used for an account %s", async (_, named) => {
    const ssh = hosts([{ id: KEY, where: "bob on web1", usedAs: ["user:bob"] }]);
    await start([profiles(), ssh]);
    if (named) await vouch("ssh", "user:bob", "bob");
    const opened = await open();
    expect(contestedIn(opened.plan)).toEqual([expect.stringMatching(/^it was used as user:bob, .*person bob’s/)]);
    expect((await approve(opened)).map(({ state }) => state)).toEqual(["attention"]);
    expect(ssh.revoked).toEqual([]);
  });

  it.each([
    ["login", "insert into logins (system, login, person_id) values ('ssh:production', 'user:bob', 'alice')"],
    ["account", "insert into accounts values ('ssh:production', 'user:bob', 'alice', 'bob', 'inventory')"],
    ["e-mail", "insert into emails (email, person_id) values ('bob@other.test', 'alice')"],
  ])("stays in doubt, whatever %s of the leaver's somebody writes", async (what, forged) => {
    await start([profiles(), hosts([{ id: KEY, where: "bob on web1", usedAs: ["user:bob"] }])]);
    if (what !== "e-mail") await vouch("ssh", "user:bob", "bob");
    await test.database.store.db.transaction((tx) => tx.execute(raw.raw(forged)));
    expect(contestedIn((await open()).plan)).toEqual([expect.stringMatching(/person bob’s/)]);
  });

  it("is not in doubt for being used as the leaver, or for an account that is nobody's own", async () => {
    await start([profiles(), hosts([{ id: KEY, where: "web1", usedAs: ["user:alice", "user:deploy", "user:root"] }])]);
    expect(contestedIn((await open()).plan)).toEqual([]);
  });

  it("is taken by no containment", async () => {
    const ssh = hosts();
    await start([profiles([{ id: "org" }]), ssh]);
    await vouch("ssh:production", KEY, "bob");
    const leaving = { kind: "involuntary", mode: "contain", announced: false, reason: "security" } as const;
    const caseId = await openNow(test, "alice", leaving);
    await test.runJobs();
    const [contain] = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
    const request = { caseId, planHash: contain?.hash ?? "", verdict: "approved" } as const;
    await decidePlan(test.w, test.request("sam"), request);
    await test.runJobs();
    const taken = await test.database.store.db.select().from(steps).where(eq(steps.caseId, caseId));
    expect(taken.map(({ system, state }) => `${system} ${state}`)).toEqual(["github:acme proven"]);
    expect(ssh.revoked).toEqual([]);
  });
});

describe("a public key that nobody is known to own", () => {
  it("is a finding of the plan and of the entry, and no step", async () => {
    const seen = [KEY, STRAY].map((id) => ({ id, where: "deploy on web1: keys", usedAs: [] }));
    await start([profiles(), hosts(seen)]);
    const { plan, caseId } = await open();
    const finding = `nobody is known to own ${STRAY}: deploy on web1: keys`;
    expect(plan.findings?.map(({ what }) => what)).toEqual([finding]);
    expect(plan.steps).toHaveLength(1);
    const rows = await test.database.store.db
      .select({ body: entries.body })
      .from(entries)
      .where(eq(entries.caseId, caseId));
    expect(rows.some(({ body }) => Buffer.from(body).includes(finding))).toBe(true);
  });

  it("is one no more when a directory vouches for it", async () => {
    await start([profiles(), hosts([{ id: STRAY, where: "web1", usedAs: [] }])]);
    await vouch("ssh", STRAY, "bob");
    expect((await open()).plan.findings).toEqual([]);
  });
});
