import { beforeEach, describe, expect, it } from "vitest";
import { verifyLog } from "../../src/audit/verify.ts";
import { importPeople } from "../../src/people/import-people.ts";
import { readPeople } from "../../src/people/triggers/csv.ts";
import { readLog } from "../../src/store/log.ts";
import { cases } from "../../src/store/schema.ts";
import { findPerson } from "../../src/workflow/known-people.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";
import { freshDatabase, type TestDatabase } from "../peers/database.ts";
import { note } from "../peers/note.ts";
import { quietWorkflow } from "./bench.ts";

const HEAD = "id,emails,name,manager,zone,slack,github";
const ALICE = "E1,alice@x.example,Alice,E2,Europe/Berlin,U1,alice";
const MIRA = "E2,mira@x.example,Mira,,,U2,mira";

describe("importing people", () => {
  let database: TestDatabase;
  let w: Workflow;

  beforeEach(async () => {
    database = await freshDatabase();
    w = quietWorkflow(database.store);
    return () => database.drop();
  });

  it("adds people with managers by id or e-mail, logins, chat accounts and a default zone", async () => {
    expect(
      await bring(HEAD, ALICE, "E2,mira@x.example,Mira,,,U2,mira", "E3,c@x.example,Cy,mira@x.example,,,"),
    ).toMatchObject({
      kind: "compared",
      notInFile: 0,
    });
    expect(await person("E1")).toEqual({
      id: "E1",
      name: "Alice",
      emails: ["alice@x.example"],
      logins: { github: ["alice"], slack: ["id:U1"] },
      managerId: "E2",
      zone: "Europe/Berlin",
      active: true,
    });
    expect(await person("E3")).toMatchObject({ managerId: "E2", zone: "Europe/Paris" });
  });

  it("writes one entry for the file and one a person, names beside the hashed body, and the log verifies", async () => {
    await bring(HEAD, ALICE, MIRA);
    const actions = await w.store.sql<{ action: string; body: string }[]>`
      select action, convert_from(body, 'UTF8') as body from audit.entries order by seq`;
    expect(actions.map(({ action }) => action)).toEqual(["people.imported", "person.added", "person.added"]);
    expect(actions.map(({ body }) => body).join()).not.toMatch(/alice/i);
    const report = await w.store.db.transaction((tx) => verifyLog(readLog(tx), { key: w.verifier }));
    expect(report).toMatchObject({ ok: true, size: 3 });
  });

  it("changes what differs and says nothing about the rest", async () => {
    await bring(HEAD, ALICE, MIRA);
    const again = await bring(HEAD, "E1,alice@x.example a.n@x.example,Alice Nguyen,E2,Europe/Berlin,U9,alice-n", MIRA);
    expect(again).toMatchObject({
      people: [{ id: "E1", kind: "changed", fields: ["name", "emails", "github", "slack"] }],
    });
    expect(await person("E1")).toMatchObject({
      name: "Alice Nguyen",
      emails: ["a.n@x.example", "alice@x.example"],
      logins: { github: ["alice-n"], slack: ["id:U9"] },
    });
    expect(
      await bring(HEAD, "E1,alice@x.example a.n@x.example,Alice Nguyen,E2,Europe/Berlin,U9,alice-n", MIRA),
    ).toMatchObject({ people: [] });
  });

  it("leaves people who are not in the file, and logins whose column is not", async () => {
    await bring(HEAD, ALICE, MIRA);
    expect(await bring("id,emails,name", "E1,alice@x.example,Alice B")).toMatchObject({ notInFile: 1 });
    expect(await person("E2")).toMatchObject({ name: "Mira", active: true });
    expect(await person("E1")).toMatchObject({ name: "Alice B", logins: { github: ["alice"], slack: ["id:U1"] } });
  });

  it("moves an e-mail between two people of the file, and refuses to take it from one who is not in it", async () => {
    await bring(HEAD, ALICE, MIRA);
    await bring(HEAD, "E1,,Alice,E2,,U1,", "E2,mira@x.example alice@x.example,Mira,,,U2,mira;alice");
    expect(await person("E2")).toMatchObject({
      emails: ["alice@x.example", "mira@x.example"],
      logins: { github: ["alice", "mira"] },
    });
    expect(await bring(HEAD, "E3,mira@x.example,Eve,,,U2,mira")).toEqual({
      kind: "refused",
      faults: [
        "Line 2: the e-mail “mira@x.example” belongs to E2, who is not in this file.",
        "Line 2: the github account “mira” belongs to E2, who is not in this file.",
        "Line 2: the slack account “U2” belongs to E2, who is not in this file.",
      ],
    });
  });

  it("keeps an account that was not learned from a file", async () => {
    await bring(HEAD, ALICE, MIRA);
    await note(w, { system: "slack", id: "U7", login: "alice" }, "E1");
    await bring(HEAD, ALICE, MIRA);
    expect(await person("E1")).toMatchObject({ logins: { slack: ["id:U1", "id:U7"] } });
  });

  it("takes nothing away from somebody whose case is open", async () => {
    await bring(HEAD, ALICE, MIRA);
    await w.store.db.insert(cases).values({
      id: "C1",
      leaverId: "E1",
      requesterId: "E2",
      state: "planned",
      kind: "voluntary",
      mode: "orderly",
      announced: false,
      dueAt: new Date(),
      dueLocal: "",
      dueZone: "UTC",
      reason: "other",
      openedAt: new Date(),
      openedSeq: 0,
    });
    expect(await bring(HEAD, "E1,,Alice,E2,Europe/Berlin,,alice-new", MIRA)).toMatchObject({ kept: 3 });
    expect(await person("E1")).toMatchObject({
      emails: ["alice@x.example"],
      logins: { github: ["alice", "alice-new"], slack: ["id:U1"] },
    });
  });

  it.each([
    ["an unknown manager", "E1,a@x.example,A,E9,,,", "Line 2: nobody is known as the manager “E9”."],
    [
      "an unknown manager's e-mail",
      "E1,a@x.example,A,boss@x.example,,,",
      "Line 2: nobody is known as the manager “boss@x.example”.",
    ],
    ["one's own manager", "E1,a@x.example,A,E1,,,", "Line 2: nobody is their own manager."],
  ])("refuses %s and writes nothing", async (_, line, fault) => {
    expect(await bring(HEAD, line, MIRA)).toEqual({ kind: "refused", faults: [fault] });
    await expectNothing();
  });

  it("writes nothing when only asked what it would do", async () => {
    expect(await bringAs({ dryRun: true }, HEAD, ALICE, MIRA)).toMatchObject({
      people: [{ kind: "added" }, { kind: "added" }],
    });
    await expectNothing();
  });

  it("imports the same people once from two commands at once", async () => {
    const both = await Promise.all([bring(HEAD, ALICE, MIRA), bring(HEAD, ALICE, MIRA)]);
    expect(both.map((one) => one.kind === "compared" && one.people.length).sort()).toEqual([0, 2]);
  });

  function bring(...lines: string[]) {
    return bringAs({ dryRun: false }, ...lines);
  }

  function bringAs(how: { dryRun: boolean }, ...lines: string[]) {
    const read = readPeople(Buffer.from(lines.join("\n")), { encoding: "utf-8", systems: ["github"] });
    if (read.kind === "refused") throw new Error(read.faults.join("\n"));
    return importPeople(w, read.file, { by: { kind: "operator", user: "root" }, zone: "Europe/Paris", ...how });
  }

  function person(id: string) {
    return w.store.db.transaction((tx) => findPerson(tx, w, id));
  }

  async function expectNothing() {
    expect(await w.store.sql`select id from persons`).toEqual([]);
    expect(await w.store.sql`select seq from audit.entries`).toEqual([]);
  }
});
