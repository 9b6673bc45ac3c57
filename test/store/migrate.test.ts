import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { getRollbackPlans } from "pg-boss";
import bossPackage from "pg-boss/package.json" with { type: "json" };
import { afterEach, describe, expect, it } from "vitest";
import { roleOf } from "../../src/store/fault.ts";
import { migrate } from "../../src/store/migrate.ts";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";
import { startTcpProxy } from "../peers/tcp-proxy.ts";

const exec = promisify(execFile);
const MIGRATIONS = new URL("../../migrations", import.meta.url).pathname;
const CHILD = new URL("../peers/migrate-child.ts", import.meta.url).pathname;

const open: TestDatabase[] = [];
async function empty(): Promise<TestDatabase> {
  const database = await freshDatabase({ migrated: false });
  open.push(database);
  return database;
}
afterEach(async () => {
  for (const database of open.splice(0)) await database.drop();
});

/** What a complete database shows: each migration once, pg-boss's version once, the guard on every table. */
async function shape(database: TestDatabase): Promise<object> {
  const [row] = await runAs(
    database.superUrl,
    `select (select count(*)::int from drizzle.__drizzle_migrations) as migrations,
      (select json_agg(version) from pgboss.version) as boss,
      (select count(*)::int from pg_class c where relnamespace = 'audit'::regnamespace and relkind = 'r'
        and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'only_grows')) as unguarded`,
  );
  return { ...row };
}

async function journal(): Promise<{ when: number; tag: string }[]> {
  return JSON.parse(await readFile(join(MIGRATIONS, "meta", "_journal.json"), "utf8")).entries;
}
const complete = async () => ({
  migrations: (await journal()).length,
  boss: [bossPackage.pgboss.schema],
  unguarded: 0,
});

const INDEXES = "select indexdef from pg_indexes where schemaname = 'pgboss' order by indexdef";

describe("migrate", () => {
  it("lets ten processes start at once on an empty database, where one works and nine find it done", async () => {
    for (let round = 0; round < 2; round++) {
      const database = await empty();
      const all = await Promise.all(
        Array.from({ length: 10 }, () => exec(process.execPath, [CHILD, database.ownerUrl, roleOf(database.url)])),
      );
      expect(all.map(({ stdout }) => Number(stdout)).filter((applied) => applied > 0)).toEqual([
        (await journal()).length,
      ]);
      expect(await shape(database)).toEqual(await complete());
    }
  });

  it("lets ten callers start at once, round after round", async () => {
    for (let round = 0; round < 5; round++) {
      const database = await empty();
      const options = { ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) };
      await Promise.all(Array.from({ length: 10 }, () => migrate(options)));
      expect(await shape(database)).toEqual(await complete());
    }
  });

  for (const kind of ["cut", "lose-answer"] as const)
    it(`is finished by the next call after its connection ${kind === "cut" ? "was cut before a statement" : "was cut before the answer to one"}`, async () => {
      const database = await empty();
      const runtimeRole = roleOf(database.url);
      const url = new URL(database.ownerUrl);
      const proxy = await startTcpProxy(Number(url.port));
      url.port = String(proxy.port);
      for (const text of [
        "pg_advisory_lock",
        "create schema if not exists",
        'CREATE TABLE "audit"."entries"',
        "CREATE TRIGGER only_grows",
        "insert into drizzle",
        "commit",
        "select to_regclass",
        "CREATE TABLE pgboss.version",
        "current_user",
        "GRANT USAGE",
      ]) {
        proxy.behave(kind === "cut" ? { kind, text } : { kind, texts: [text] });
        await expect(migrate({ ownerUrl: url.href, runtimeRole }), text).rejects.toThrow();
      }
      proxy.behave({ kind: "pass" });
      await migrate({ ownerUrl: url.href, runtimeRole });
      await proxy.stop();
      expect(await shape(database)).toEqual(await complete());
      expect(await runAs(database.url, "select count(*)::int as n from audit.entries")).toEqual([{ n: 0 }]);
    });

  it("changes nothing on a database that is up to date", async () => {
    const database = await freshDatabase();
    open.push(database);
    expect(await migrate({ ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) })).toEqual({ applied: 0 });
  });

  it("brings an older job queue up to date", async () => {
    const database = await empty();
    const options = { ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) };
    await migrate(options);
    const before = await runAs(database.ownerUrl, INDEXES);
    const now = bossPackage.pgboss.schema;
    for (let version = now; version > now - 6; version--)
      await runAs(database.ownerUrl, getRollbackPlans("pgboss", version));
    expect(await runAs(database.url, "select version from pgboss.version")).toEqual([{ version: now - 6 }]);
    expect(await runAs(database.ownerUrl, INDEXES)).not.toEqual(before);
    await migrate(options);
    expect(await shape(database)).toEqual(await complete());
    expect(await runAs(database.ownerUrl, INDEXES)).toEqual(before);
  });

  it("refuses a database that a later version has migrated", async () => {
    const database = await empty();
    const options = { ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) };
    await migrate(options);
    const later = "insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 99999999999999)";
    await runAs(database.ownerUrl, later);
    await expect(migrate(options)).rejects.toMatchObject({ name: "StoreError", fault: "newer" });
  });

  it("refuses a job queue that a later version has made", async () => {
    const database = await empty();
    const options = { ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) };
    await migrate(options);
    await runAs(database.ownerUrl, "update pgboss.version set version = version + 1");
    await expect(migrate(options)).rejects.toMatchObject({ name: "StoreError", fault: "newer" });
  });

  it("leaves nothing behind when a migration fails", async () => {
    const database = await empty();
    const folder = await mkdtemp(join(tmpdir(), "signoff-migrations-"));
    await cp(MIGRATIONS, folder, { recursive: true });
    const last = (await journal()).at(-1);
    await writeFile(
      join(folder, `${last?.tag}.sql`),
      "CREATE TABLE half (a int);--> statement-breakpoint\nSELECT 1/0;",
    );
    const options = { ownerUrl: database.ownerUrl, runtimeRole: roleOf(database.url) };
    await expect(migrate({ ...options, folder })).rejects.toMatchObject({ code: "22012" });
    await migrate(options);
    expect(await shape(database)).toEqual(await complete());
    expect(await runAs(database.superUrl, "select to_regclass('half') as name")).toEqual([{ name: null }]);
    await rm(folder, { recursive: true });
  });

  it("says which role is missing and how to make it", async () => {
    const database = await empty();
    const error = await migrate({ ownerUrl: database.ownerUrl, runtimeRole: 'no"body' }).catch((cause) => cause);
    expect(error).toMatchObject({ fault: "no-role" });
    expect(error.message).toContain('CREATE ROLE "no""body"');
  });

  it("says what an owner without rights needs", async () => {
    const database = await empty();
    await expect(migrate({ ownerUrl: database.url, runtimeRole: roleOf(database.url) })).rejects.toMatchObject({
      fault: "no-right",
      message: expect.stringContaining("OWNER TO"),
    });
  });
});

describe("the migrations folder", () => {
  it("says what the schema says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "signoff-migrations-"));
    await cp(MIGRATIONS, folder, { recursive: true });
    const before = await readdir(folder);
    const bin = new URL("../../node_modules/drizzle-kit/bin.cjs", import.meta.url).pathname;
    const cwd = new URL("../..", import.meta.url).pathname;
    // drizzle-kit takes the folder as a path from where it runs.
    const out = relative(cwd, folder);
    const args = [bin, "generate", "--dialect", "postgresql", "--schema", "./src/store/schema.ts", "--out", out];
    const { stdout } = await exec(process.execPath, args, { cwd });
    expect(stdout).toContain("No schema changes");
    expect(await readdir(folder)).toEqual(before);
    await rm(folder, { recursive: true });
  });

  it("is in order of time, which drizzle-kit relies on", async () => {
    const times = (await journal()).map((entry) => entry.when);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });
});
