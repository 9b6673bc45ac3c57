import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../peers/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.drop());

describe("the log's guard", () => {
  it("stands on every table of the schema", async () => {
    const rows = await database.store.sql`
      select relname from pg_class c where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')
        and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'only_grows' and t.tgenabled = 'A')`;
    expect(rows).toEqual([]);
  });

  for (const who of ["url", "ownerUrl", "superUrl"] as const)
    it(`refuses every change to ${who}`, async () => {
      const sql = postgres(database[who], { max: 1, onnotice: () => {} });
      const tables =
        await sql`select relname as name from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')`;
      expect(tables.length).toBeGreaterThan(3);
      for (const { name } of tables)
        for (const change of [
          `update audit.${name} set ${await column(sql, name)} = default`,
          `delete from audit.${name}`,
          `truncate audit.${name} cascade`,
        ])
          await expect(sql.unsafe(change), change).rejects.toMatchObject({ code: "42501" });
      await sql.end();
    });
});

async function column(sql: postgres.Sql, table: string): Promise<string> {
  const [row] =
    await sql`select attname as name from pg_attribute where attrelid = ${`audit.${table}`}::regclass and attnum = 1`;
  return row?.["name"];
}
