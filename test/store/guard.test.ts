import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.drop());

const TABLES =
  "select relname as name from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')";

describe("the log's guard", () => {
  it("stands on every table of the schema, whatever the session's replication role", async () => {
    const bare = `${TABLES} and not exists (select from pg_trigger where tgrelid = pg_class.oid and tgname = 'only_grows' and tgenabled = 'A')`;
    expect((await runAs(database.superUrl, TABLES)).length).toBeGreaterThan(3);
    expect(await runAs(database.superUrl, bare)).toEqual([]);
  });

  for (const who of ["url", "ownerUrl", "superUrl"] as const)
    it(`refuses UPDATE, DELETE and TRUNCATE to ${{ url: "the runtime role", ownerUrl: "the owner", superUrl: "a superuser" }[who]}`, async () => {
      for (const { name } of await runAs(database.superUrl, TABLES)) {
        const column = `select attname from pg_attribute where attrelid = 'audit.${name}'::regclass and attnum = 1`;
        const [row] = await runAs(database.superUrl, column);
        for (const act of [
          `update audit.${name} set ${row?.["attname"]} = default`,
          `delete from audit.${name}`,
          `truncate audit.${name} cascade`,
          `merge into audit.${name} using (select 1) one on true when matched then delete`,
        ])
          await expect(runAs(database[who], act), act).rejects.toMatchObject({ code: "42501" });
      }
    });

  it("refuses an insert that would overwrite", async () => {
    const insert = "insert into audit.nodes (level, position, hash) values (0, 0, 'a')";
    await runAs(database.ownerUrl, insert);
    const over = `${insert} on conflict (level, position) do update set hash = 'b'`;
    await expect(runAs(database.ownerUrl, over)).rejects.toMatchObject({ code: "42501" });
    expect(await runAs(database.url, `${insert} on conflict do nothing`)).toEqual([]);
  });

  it("refuses a superuser who has switched triggers off for the session", async () => {
    const act = "set session_replication_role = replica; delete from audit.nodes";
    await expect(runAs(database.superUrl, act)).rejects.toMatchObject({ code: "42501" });
  });
});
