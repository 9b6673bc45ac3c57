import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Store, type Tx } from "../../src/store/open.ts";
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
      await Promise.all([store.sql`select pg_sleep(0.05)`, store.sql`select pg_sleep(0.05)`]);
      await cut();
      await expect.poll(people, { timeout: 20_000 }).toEqual([]);
    }
  });

  it("fails the running query and answers again", async () => {
    for (let n = 0; n < TIMES; n++) {
      const running = store.sql`select pg_sleep(60)`.catch((cause) => cause);
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

  it("sends nothing of a lost transaction into another one", async () => {
    const lost = store.db.transaction(async (tx) => {
      await tx.insert(persons).values(add("first"));
      await cut();
      await store.db.transaction(async (other) => {
        await other.insert(persons).values(add("other"));
        await expect(tx.insert(persons).values(add("stray"))).rejects.toThrow();
      });
    });
    await expect(lost).rejects.toThrow();
    expect(await people()).toEqual(["other"]);
  });

  it("fails what is queued or answers it, whether for a read or in a transaction, and goes on", async () => {
    for (let n = 0; n < TIMES; n++) {
      const reads = Array.from({ length: 10 }, () => store.sql`select pg_sleep(0.02)`);
      const writes = store.db.transaction((tx) =>
        Promise.allSettled(Array.from({ length: 10 }, (_, i) => tx.insert(persons).values(add(`queued ${i}`)))).then(
          (all) => {
            const [failed] = all.filter((one) => one.status === "rejected");
            if (failed) throw failed.reason;
          },
        ),
      );
      const all = Promise.allSettled([...reads, writes]);
      await cut();
      await all;
      await expect.poll(async () => [0, 10].includes((await people()).length), { timeout: 20_000 }).toBe(true);
      await runAs(database.superUrl, "delete from persons");
    }
  });

  it("keeps all or nothing of each transaction, and all that was reported, through a storm of cuts", async () => {
    const busy = openStore({ url: database.url, max: 5 });
    const reported: string[] = [];
    let over = false;
    let last = 0;
    async function write(): Promise<void> {
      while (!over) {
        last += 1;
        const name = `n${last}`;
        const three = ["a", "b", "c"].map((part) => ({ id: name + part, name }));
        const written = busy.db.transaction((tx) => Promise.all(three.map((row) => tx.insert(persons).values(row))));
        await written.then(
          () => reported.push(name),
          () => {},
        );
      }
    }
    async function read(): Promise<void> {
      while (!over) await busy.sql`select ${1}::int`.catch(() => {});
    }
    // More than there are connections, so that some wait for one.
    const all = Promise.all([write, read, write, read, write, read, write, read].map((act) => act()));
    for (let n = 0; n < 40; n++) await cut();
    over = true;
    await all;
    const kept = "select name, count(*)::int as parts from persons group by name";
    const found = new Map((await runAs(database.superUrl, kept)).map((row) => [row["name"], row["parts"]]));
    expect([...found.values()].filter((parts) => parts !== 3)).toEqual([]);
    expect(reported.filter((name) => !found.has(name))).toEqual([]);
    expect(found.size).toBeGreaterThan(0);
    await busy.close();
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

  it("sends nothing any more when it is over", async () => {
    let kept: Tx | undefined;
    await store.db.transaction(async (tx) => {
      kept = tx;
    });
    await expect(kept?.insert(persons).values(add("late"))).rejects.toMatchObject({
      cause: { message: "The transaction is over" },
    });
    expect(await people()).toEqual([]);
  });

  it("is the only way to write", async () => {
    const refused = { code: "25006" };
    await expect(store.db.insert(persons).values(add("first"))).rejects.toMatchObject({ cause: refused });
    await expect(store.sql`insert into persons (id, name) values ('first', 'first')`).rejects.toMatchObject(refused);
    const reader = store.db.transaction((tx) => tx.insert(persons).values(add("first")), { accessMode: "read only" });
    await expect(reader).rejects.toMatchObject({ cause: refused });
    expect(await people()).toEqual([]);
  });

  it("is waited for when the store is closed, as is what waits for a connection", async () => {
    const other = openStore({ url: database.url, max: 1 });
    const done: string[] = [];
    const write = async (id: string) => {
      await other.db.transaction((tx) => tx.insert(persons).values(add(id)));
      done.push(id);
    };
    const all = [write("one"), write("two")];
    await other.close();
    expect(done).toEqual(["one", "two"]);
    await Promise.all(all);
    await expect(other.sql`select 1`).rejects.toMatchObject({ code: "CONNECTION_ENDED" });
    await runAs(database.superUrl, "delete from persons");
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
    const level = await store.db.transaction(async (tx) => [...(await tx.execute("show transaction_isolation"))], {
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
  expect(await pooled.sql`select name from pg_prepared_statements`).toEqual([]);
  expect(await pooled.sql`show idle_in_transaction_session_timeout`).toEqual([
    { idle_in_transaction_session_timeout: "0" },
  ]);
  await pooled.db.transaction((tx) => tx.insert(persons).values(add("pooled")));
  expect(await pooled.db.select({ id: persons.id }).from(persons)).toEqual([{ id: "pooled" }]);
  await pooled.close();
});
