import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Store } from "../../src/store/open.ts";
import { persons } from "../../src/store/schema.ts";
import { freePort } from "../../src/store/server/port.ts";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await freshDatabase();
  store = openStore({ url: database.url, max: 2 });
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

/** Ends every connection of the store, as a restart of the server does. */
async function cut(): Promise<void> {
  const others =
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
  await runAs(database.superUrl, others);
}
const people = async () => (await store.db.select({ id: persons.id }).from(persons)).map(({ id }) => id);
const add = (id: string) => ({ id, name: id });
/** More often than there are connections, so that one that was lost for good would be missed. */
const TIMES = 5;

describe("a store whose connections are cut", () => {
  beforeEach(async () => {
    await runAs(database.superUrl, "delete from persons");
  });

  it("answers again after they were idle", async () => {
    for (let n = 0; n < TIMES; n++) {
      await Promise.all([store.pool.query("select pg_sleep(0.05)"), store.pool.query("select pg_sleep(0.05)")]);
      await cut();
      await expect.poll(people, { timeout: 20_000 }).toEqual([]);
    }
  });

  it("fails the running query and answers again", async () => {
    for (let n = 0; n < TIMES; n++) {
      const running = store.pool.query("select pg_sleep(60)").catch((cause) => cause);
      const seen = "select from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'";
      await expect.poll(async () => (await runAs(database.superUrl, seen)).length).toBe(1);
      await cut();
      expect(await running).toBeInstanceOf(Error);
      await expect.poll(people, { timeout: 20_000 }).toEqual([]);
    }
  });

  it("fails the transaction and keeps nothing of it, though its body goes on", async () => {
    for (let n = 0; n < TIMES; n++) {
      const running = store.db.transaction(async (tx) => {
        await tx.insert(persons).values(add("first"));
        await cut();
        // Others take the free connections while the body thinks; what it writes next must not land in one of theirs.
        await Promise.all([people(), people()]).catch(() => {});
        await expect(tx.insert(persons).values(add("second"))).rejects.toThrow();
        await tx.insert(persons).values(add("third"));
      });
      await expect(running).rejects.toThrow();
      await expect.poll(people, { timeout: 20_000 }).toEqual([]);
    }
  });

  it("fails a transaction that had nothing more to do but commit", async () => {
    for (let n = 0; n < TIMES; n++) {
      const running = store.db.transaction(async (tx) => {
        await tx.insert(persons).values(add("first"));
        await cut();
      });
      await expect(running).rejects.toThrow();
      await expect.poll(people, { timeout: 20_000 }).toEqual([]);
    }
  });
});

describe("a transaction", () => {
  it("reports what its body threw", async () => {
    const running = store.db.transaction(async (tx) => {
      await tx.insert(persons).values(add("first"));
      throw new RangeError("no");
    });
    await expect(running).rejects.toBeInstanceOf(RangeError);
    expect(await people()).toEqual([]);
  });

  it("reports what its body threw, also when the connection was cut", async () => {
    const running = store.db.transaction(async (tx) => {
      await tx.insert(persons).values(add("first"));
      await cut();
      throw new RangeError("no");
    });
    await expect(running).rejects.toBeInstanceOf(RangeError);
    await expect.poll(people, { timeout: 20_000 }).toEqual([]);
  });

  it("does not pass for committed when an error in it was swallowed", async () => {
    const running = store.db.transaction(async (tx) => {
      await tx.insert(persons).values(add("first"));
      await tx
        .insert(persons)
        .values(add("first"))
        .catch(() => {});
    });
    await expect(running).rejects.toThrow("swallowed");
    expect(await people()).toEqual([]);
  });

  it("goes on after a part of it was undone", async () => {
    await store.db.transaction(async (tx) => {
      await tx.insert(persons).values(add("kept"));
      await tx
        .transaction(async (part) => {
          await part.insert(persons).values(add("undone"));
          await part.insert(persons).values(add("kept"));
        })
        .catch(() => {});
    });
    expect(await people()).toEqual(["kept"]);
    await runAs(database.superUrl, "delete from persons");
  });

  it("takes its isolation level", async () => {
    const level = await store.db.transaction(async (tx) => (await tx.execute("show transaction_isolation")).rows, {
      isolationLevel: "serializable",
    });
    expect(level).toEqual([{ transaction_isolation: "serializable" }]);
  });
});

describe("an error at connecting", () => {
  async function faultOf(change: (url: URL) => void): Promise<Error> {
    const url = new URL(database.url);
    change(url);
    const other = openStore({ url: url.href, max: 1 });
    const fault = await other.ready().catch((cause) => cause);
    await other.close();
    return fault;
  }

  it("says what to do and never the password", async () => {
    const nobody = String(await freePort());
    const secret = new URL(database.url).password;
    const faults = {
      unreachable: await faultOf((url) => Object.assign(url, { port: nobody })),
      refused: await faultOf((url) => Object.assign(url, { username: "nobody" })),
      "no-database": await faultOf((url) => Object.assign(url, { pathname: "/nowhere" })),
    };
    for (const [fault, error] of Object.entries(faults)) {
      expect(error).toMatchObject({ name: "StoreError", fault });
      expect(error.message).toContain("127.0.0.1");
      expect(inspect(error, { depth: 10 })).not.toContain(secret);
    }
  });

  it("names a wrong password without showing it", async () => {
    const error = await faultOf((url) => Object.assign(url, { password: "wrong:the@word" }));
    expect(error).toMatchObject({ fault: "refused" });
    expect(inspect(error, { depth: 10 })).not.toMatch(/wrong|word@|%40/);
  });
});

it("does not show the password when it is printed", async () => {
  const secret = new URL(database.url).password;
  await store.ready();
  expect(Object.keys(store)).not.toContain("url");
  expect(store.url).toContain(secret);
});

it("binds what plain SQL is given, dates as well", async () => {
  const at = new Date("2026-11-25T00:00:00Z");
  const rows = await store.sql<{ text: string; at: Date }[]>`select ${"it's"}::text as text, ${at}::timestamptz as at`;
  expect(rows).toEqual([{ text: "it's", at }]);
});

it("works without settings at the start, as a transaction pooler wants it", async () => {
  const pooled = openStore({ url: database.url, pooler: true, max: 1 });
  for (let n = 0; n < 3; n++) expect(await pooled.db.select().from(persons)).toEqual([]);
  expect((await pooled.pool.query("select name from pg_prepared_statements")).rows).toEqual([]);
  expect((await pooled.pool.query("show idle_in_transaction_session_timeout")).rows).toEqual([
    { idle_in_transaction_session_timeout: "0" },
  ]);
  await pooled.close();
});
