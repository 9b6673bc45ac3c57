import { eq, sql as raw } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importPeople } from "../../src/people/import-people.ts";
import { readPeople } from "../../src/people/triggers/csv.ts";
import { cases, offers, plans } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { findPerson, findPersonOfEmail } from "../../src/workflow/known-people.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { askerOf, peopleWith } from "../../src/workflow/who.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { note } from "../peers/note.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

// Somebody who reaches the database writes into the directory: that an account or an e-mail is an approver's, or that a
// stranger's account is the leaver's. No row gives rights or picks a target without the entry that says so.

const LEAVING = {
  when: { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" },
  kind: "voluntary",
  mode: "orderly",
  announced: true,
  reason: "resignation",
} as const;

let test: TestWorkflow;
let git: MemorySystem;

beforeEach(async () => {
  git = memorySystem("git");
  git.add("1", { email: "alice@acme.test", grants: [{ id: "org" }], work: ["Fix rounding"] });
  git.add("2", { email: "bob@acme.test", grants: [{ id: "bobs" }] });
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam@acme.test", "ivo"] },
    people: ["alice", "hana", "sam", "ivo", "bob", "mia"].map((id) => ({
      id,
      ...(id === "alice" ? { manager: "mia" } : {}),
    })),
  });
});
afterEach(() => test.drop());

async function open(): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), LEAVING);
  if (opened.kind !== "opened") throw new Error(opened.kind);
  await test.runJobs();
  return opened.caseId;
}

async function planOf(caseId: string) {
  const [row] = await test.database.store.db.select().from(plans).where(eq(plans.caseId, caseId));
  if (!row) throw new Error("there is no plan");
  return row;
}

/** What an account gets when it approves. */
async function approveAs(caseId: string, account: string, email?: string): Promise<string> {
  const by = test.chat(account, email === undefined ? {} : { email });
  const { hash } = await planOf(caseId);
  const said = await decidePlan(
    test.w,
    { by, requestId: `${account}-approves` },
    { caseId, planHash: hash, verdict: "approved" },
  );
  return said.kind;
}

function sql(strings: TemplateStringsArray, ...values: string[]) {
  return test.database.store.sql(strings, ...values);
}

describe("a forged row gives no rights", () => {
  it("of a chat account that is an approver's", async () => {
    const caseId = await open();
    await sql`insert into accounts (system, id, person_id, login, source) values ('slack', 'Ueve', 'sam', 'Eve', 'chat e-mail')`;
    expect(await approveAs(caseId, "eve")).toBe("stranger");
    expect(test.logged.join()).toMatch(/account's row that the log does not hold/);
  });

  it("of a chat account from a file that never was", async () => {
    const caseId = await open();
    await sql`insert into accounts (system, id, person_id, login, source) values ('slack', 'Ueve', 'sam', 'Ueve', 'people file')`;
    expect(await approveAs(caseId, "eve")).toBe("stranger");
  });

  it("of an account that was somebody else's before", async () => {
    const caseId = await open();
    await note(test.w, { system: "slack", id: "Ubob", login: "Bob" }, "bob");
    await sql`update accounts set person_id = 'sam' where system = 'slack' and id = 'Ubob'`;
    expect(await approveAs(caseId, "bob")).toBe("forbidden");
  });

  it("of an e-mail that is an approver's", async () => {
    const caseId = await open();
    await sql`insert into emails (email, person_id) values ('eve@acme.test', 'sam')`;
    expect(await approveAs(caseId, "eve")).toBe("stranger");
    expect(test.logged.join()).toMatch(/e-mail's row that the log does not hold/);
  });

  it("of somebody's own e-mail, given to an approver", async () => {
    const caseId = await open();
    await sql`update emails set person_id = 'ivo' where email = 'bob@acme.test'`;
    expect(await approveAs(caseId, "bob")).toBe("stranger");
  });

  it("of an approver's e-mail, given to somebody: neither has the role by it", async () => {
    await sql`update emails set person_id = 'bob' where email = 'sam@acme.test'`;
    const found = await test.w.store.db.transaction(async (tx) => ({
      bob: await askerOf(tx, test.w, "bob"),
      all: await peopleWith(tx, test.w, "approver"),
    }));
    expect([...found.bob.roles]).toEqual([]);
    expect(found.all).toEqual(["ivo"]);
  });

  it("of a person nobody brought, with an approver's e-mail", async () => {
    const caseId = await open();
    await sql`insert into persons (id, name) values ('eve', 'Sam')`;
    await sql`update emails set person_id = 'eve' where email = 'sam@acme.test'`;
    expect(await approveAs(caseId, "eve", "sam@acme.test")).toBe("stranger");
  });

  it("of an e-mail that an approver had once", async () => {
    const file = (email: string) => {
      const bytes = Buffer.from(`id,emails,name\nsam,${email},Sam`);
      const read = readPeople(bytes, { encoding: "utf-8", systems: [] });
      if (read.kind === "refused") throw new Error(read.faults.join());
      return importPeople(test.w, read.file, { by: { kind: "operator", user: "t" }, dryRun: false });
    };
    await file("old@acme.test sam@acme.test");
    await file("sam@acme.test");
    const caseId = await open();
    await sql`insert into emails (email, person_id) values ('old@acme.test', 'sam')`;
    expect(await approveAs(caseId, "eve", "old@acme.test")).toBe("stranger");
  });

  it("of a cancelled case gives who leaves no rights back, and one that was made up takes none away", async () => {
    const caseId = await open();
    await sql`update cases set state = 'cancelled' where id = ${caseId}`;
    const [row] = await test.database.store.db.select().from(cases);
    if (!row) throw new Error("no case");
    await test.database.store.db.insert(cases).values({ ...row, id: "FORGED00", leaverId: "sam", state: "planned" });
    const who = await test.w.store.db.transaction(async (tx) => [
      (await askerOf(tx, test.w, "alice")).leaving,
      (await askerOf(tx, test.w, "sam")).leaving,
    ]);
    expect(who).toEqual([true, false]);
  });
});

describe("a forged row picks no target", () => {
  it.each([
    [
      "account",
      "insert into accounts (system, id, person_id, login, source) values ('git', '2', 'alice', '2-login', 'inventory')",
    ],
    ["login", "insert into logins (system, login, person_id) values ('git', '2-login', 'alice')"],
    ["e-mail", "update emails set person_id = 'alice' where email = 'bob@acme.test'"],
  ])("of a stranger's %s that is the leaver's", async (_, forged) => {
    await test.database.store.db.transaction((tx) => tx.execute(raw.raw(forged)));
    const { body } = await planOf(await open());
    expect(body).toContain("org");
    expect(body).not.toContain("bobs");
  });

  it("of a chat account whose person would be offboarded in its stead", async () => {
    await sql`insert into accounts (system, id, person_id, login, source) values ('slack', 'Ualice', 'bob', 'Alice', 'chat e-mail')`;
    await open();
    const [row] = await test.database.store.db.select().from(cases);
    expect(row?.leaverId).toBe("alice");
  });

  it("of another manager puts no work and no word to them", async () => {
    await sql`update persons set manager_id = 'bob' where id = 'alice'`;
    const caseId = await open();
    for (const who of ["sam", "ivo"]) await approveAs(caseId, who);
    await test.runJobs();
    const [offer] = await test.database.store.db.select().from(offers);
    expect(offer?.toId).toBe("mia");
  });

  it("of another name or state is not shown or believed", async () => {
    await sql`update persons set name = 'Bob', active = false where id = 'alice'`;
    const alice = await test.w.store.db.transaction((tx) => findPerson(tx, test.w, "alice"));
    expect(alice).toMatchObject({ name: "Alice", active: true });
  });

  it("of an account nobody else has an entry for gives way to what the inventory finds", async () => {
    await sql`insert into accounts (system, id, person_id, login, source) values ('git', '1', 'bob', '1-login', 'inventory')`;
    const { body } = await planOf(await open());
    expect(body).toContain("org");
  });
});

describe("an import", () => {
  const bring = async (...lines: string[]) => {
    const bytes = Buffer.from(["id,emails,name,slack", ...lines].join("\n"));
    const read = readPeople(bytes, { encoding: "utf-8", systems: [] });
    if (read.kind === "refused") throw new Error(read.faults.join());
    return importPeople(test.w, read.file, { by: { kind: "operator", user: "t" }, dryRun: false });
  };
  const ownerOf = (email: string) => test.w.store.db.transaction((tx) => findPersonOfEmail(tx, test.w, email));

  it("vouches for people whose rows were there before", async () => {
    await sql`insert into persons (id, name) values ('zoe', 'Zoe')`;
    await sql`insert into emails (email, person_id) values ('zoe@acme.test', 'zoe')`;
    expect(await ownerOf("zoe@acme.test")).toBeUndefined();
    expect(await bring("zoe,zoe@acme.test,Zoe,")).toMatchObject({ people: [{ id: "zoe", kind: "added" }] });
    expect(await ownerOf("zoe@acme.test")).toBe("zoe");
  });

  it("signs nothing that only a row says, and takes such rows away", async () => {
    await sql`insert into emails (email, person_id) values ('eve@acme.test', 'sam')`;
    await sql`insert into accounts (system, id, person_id, login, source) values ('slack', 'Ueve', 'sam', 'Ueve', 'people file')`;
    await bring("sam,sam@acme.test,Samuel,Usam");
    const sam = await test.w.store.db.transaction((tx) => findPerson(tx, test.w, "sam"));
    expect(sam).toMatchObject({ name: "Samuel", emails: ["sam@acme.test"], logins: { slack: ["id:Usam"] } });
    expect(await sql`select email from emails where email = 'eve@acme.test'`).toHaveLength(0);
    expect(await sql`select id from accounts where id = 'Ueve'`).toHaveLength(0);
  });

  it("puts rows right that somebody turned, without an entry for what did not change", async () => {
    await sql`update emails set person_id = 'bob' where email = 'sam@acme.test'`;
    expect(await bring("sam,sam@acme.test,Sam,")).toMatchObject({ people: [] });
    expect(await ownerOf("sam@acme.test")).toBe("sam");
  });
});
