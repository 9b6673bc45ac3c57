import { sql as text } from "drizzle-orm";
import { fromDrizzle, PgBoss } from "pg-boss";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleOf } from "../../src/store/fault.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openStore } from "../../src/store/open.ts";
import { rolesAreSeparate } from "../../src/store/privileges.ts";
import { cases, entries, persons } from "../../src/store/schema.ts";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.drop());

describe("the runtime role", () => {
  it("reads, writes and deletes our tables", async () => {
    const { db } = database.store;
    await db.insert(persons).values({ id: "p1", name: "Ada" });
    await db.update(persons).set({ name: "Ada L." });
    expect(await db.select({ name: persons.name }).from(persons)).toEqual([{ name: "Ada L." }]);
    expect(await db.select().from(cases)).toEqual([]);
    await db.delete(persons);
  });

  it("adds to the log and reads it, and can do nothing else there", async () => {
    const { db } = database.store;
    const bytes = new Uint8Array([1]);
    const row = { seq: 0, body: bytes, leafHash: bytes, at: "", action: "a.b", outcome: "success", actorId: "p" };
    await db.insert(entries).values({ ...row, targetKind: "t", targetId: "t" });
    expect(await db.select({ seq: entries.seq }).from(entries)).toEqual([{ seq: 0 }]);
    for (const act of [
      "update audit.entries set action = 'c.d'",
      "delete from audit.entries",
      "truncate audit.entries cascade",
      "drop table audit.entries",
      "alter table audit.entries disable trigger all",
      "create table audit.other (a int)",
      "create or replace function audit.refuse() returns trigger language plpgsql as 'begin return new; end'",
      "set session_replication_role = replica",
      "create table public.other (a int)",
    ])
      await expect(runAs(database.url, act), act).rejects.toMatchObject({ code: "42501" });
  });

  it("runs pg-boss without owning its schema", async () => {
    const faults: unknown[] = [];
    const boss = new PgBoss({
      connectionString: database.url,
      migrate: false,
      createSchema: false,
      superviseIntervalSeconds: 1,
      maintenanceIntervalSeconds: 1,
      queueCacheIntervalSeconds: 1,
    });
    boss.on("error", (fault) => faults.push(fault));
    boss.on("warning", (fault) => faults.push(fault));
    await boss.start();
    await boss.createQueue("dead");
    await boss.createQueue("work", { policy: "short", deadLetter: "dead" });
    await boss.send("work", { n: 1 });
    const [job] = await boss.fetch("work");
    expect(job?.data).toEqual({ n: 1 });
    await boss.complete("work", job?.id ?? "");
    await boss.schedule("work", "* * * * *");
    await boss.unschedule("work");
    await boss.supervise();
    const rolledBack = database.store.db.transaction(async (tx) => {
      await boss.send("work", { n: 2 }, { startAfter: new Date(), db: fromDrizzle(tx, text) });
      throw new Error("undo");
    });
    await expect(rolledBack).rejects.toThrow("undo");
    expect(await boss.fetch("work")).toEqual([]);
    await database.store.db.transaction(async (tx) => {
      await boss.send("work", { n: 3 }, { startAfter: new Date(0), db: fromDrizzle(tx, text) });
    });
    expect((await boss.fetch("work"))[0]?.data).toEqual({ n: 3 });
    await boss.deleteQueue("work");
    await boss.stop({ graceful: false });
    expect(faults).toEqual([]);
  });

  it("may have any name", async () => {
    const name = `Sign"off. run 'time' ü ${Date.now()}`;
    const quoted = `"${name.replaceAll('"', '""')}"`;
    await runAs(database.superUrl, `create role ${quoted} login password 'p:w/@#?'`);
    const url = new URL(database.url);
    url.username = encodeURIComponent(name);
    url.password = encodeURIComponent("p:w/@#?");
    expect(roleOf(url.href)).toBe(name);
    await migrate({ ownerUrl: database.ownerUrl, runtimeRole: roleOf(url.href) });
    const store = openStore({ url: url.href, max: 1 });
    await store.ready();
    expect(await store.db.select().from(persons)).toEqual([]);
    expect(await rolesAreSeparate(store)).toBe(true);
    await store.close();
    await runAs(database.superUrl, `drop owned by ${quoted}; drop role ${quoted}`);
  });
});

describe("rolesAreSeparate", () => {
  it("is true for the runtime role, false for the owner and a superuser", async () => {
    expect(await rolesAreSeparate(database.store)).toBe(true);
    for (const url of [database.ownerUrl, database.superUrl]) {
      const store = openStore({ url, max: 1 });
      expect(await rolesAreSeparate(store)).toBe(false);
      await store.close();
    }
  });

  it("is false for a member of the owner's role, and for a role with one right too many", async () => {
    await runAs(database.superUrl, "grant update on audit.notes to signoff");
    expect(await rolesAreSeparate(database.store)).toBe(false);
    await migrate({ ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) });
    expect(await rolesAreSeparate(database.store)).toBe(true);

    await runAs(database.superUrl, "create role signoff_member login password 'x' in role signoff_owner");
    const url = new URL(database.url);
    url.username = "signoff_member";
    url.password = "x";
    const member = openStore({ url: url.href, max: 1 });
    expect(await rolesAreSeparate(member)).toBe(false);
    await member.close();
    await runAs(database.superUrl, "drop role signoff_member");
  });

  it("is false where one role does both, which still works", async () => {
    const other = await freshDatabase({ migrated: false });
    await migrate({ ownerUrl: other.ownerUrl, runtimeRole: roleOf(other.ownerUrl) });
    const store = openStore({ url: other.ownerUrl, max: 1 });
    expect(await store.db.select().from(persons)).toEqual([]);
    expect(await rolesAreSeparate(store)).toBe(false);
    await expect(runAs(other.ownerUrl, "delete from audit.entries")).rejects.toMatchObject({ code: "42501" });
    await store.close();
    await other.drop();
  });
});
