import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { append, LogRefused } from "../../src/audit/append.ts";
import { Uncanonical } from "../../src/audit/canonical.ts";
import { openCheckpoint } from "../../src/audit/checkpoint.ts";
import type { NewEntry } from "../../src/audit/entry.ts";
import { proveEntry } from "../../src/audit/prove.ts";
import { latestCheckpoint } from "../../src/store/log.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";
import { appendSome, asIntruder, entryNumber, testKey, verifyStore } from "./log.ts";

let database: TestDatabase;
let store: Store;
const others: Store[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  store = database.store;
});
afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
  await database?.drop();
});

function another(url: string): Store {
  const other = openStore({ url });
  others.push(other);
  return other;
}

const log = testKey();

describe("append", () => {
  it("numbers entries from 0 and leaves a signed note for each size", async () => {
    const first = await appendSome(store, log, 3);
    const second = await appendSome(store, log, 2, 3);
    expect([...first, ...second].map(({ seq, entry }) => [seq, entry.seq])).toEqual([0, 1, 2, 3, 4].map((n) => [n, n]));
    const notes = await store.sql<{ size: string; note: string }[]>`select size, note from audit.notes order by size`;
    expect(notes.map(({ note }) => openCheckpoint(note, log.signer.verifier).size)).toEqual([1, 2, 3, 4, 5]);
    expect(await verifyStore(store, log)).toMatchObject({ ok: true, size: 5 });
  });

  it("gives back what it wrote, which is what is proven later", async () => {
    const [written] = await appendSome(store, log, 1);
    const proven = await store.db.transaction((tx) => proveEntry(tx, log.signer.verifier, 0));
    expect(proven).toEqual(written?.entry);
    const { personal, ...rest } = entryNumber(0);
    expect(proven).toMatchObject({ ...rest, v: 1, seq: 0 });
    expect(proven.personal).toMatch(/^[0-9a-f]{64}$/);
    expect(personal).toBeDefined();
  });

  it("keeps personal data out of the hashed bytes, and salts the same data differently each time", async () => {
    const alice = { ...entryNumber(0), personal: { name: "Alice Archer" } };
    const both = await store.db.transaction((tx) => append(tx, log, [alice, alice]));
    expect(both[0]?.entry.personal).not.toBe(both[1]?.entry.personal);
    const rows = await store.sql<{ body: Uint8Array }[]>`select body from audit.entries`;
    for (const { body } of rows) expect(new TextDecoder().decode(body)).not.toContain("Archer");
  });

  it("writes nothing when the transaction does not commit, and the numbers have no gap", async () => {
    await appendSome(store, log, 1);
    await expect(
      store.db.transaction(async (tx) => {
        await append(tx, log, [entryNumber(1)]);
        throw new Error("the case could not be written");
      }),
    ).rejects.toThrow("the case could not be written");
    expect((await appendSome(store, log, 1, 1))[0]?.seq).toBe(1);
    expect(await verifyStore(store, log)).toMatchObject({ ok: true, size: 2 });
  });

  it("appends twice in one transaction", async () => {
    const seqs = await store.db.transaction(async (tx) => [
      ...(await append(tx, log, [entryNumber(0)])),
      ...(await append(tx, log, [entryNumber(1), entryNumber(2)])),
    ]);
    expect(seqs.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect((await verifyStore(store, log)).ok).toBe(true);
  });

  it("makes one chain of 50 appends at once from two pools on an empty log", async () => {
    const pools = [store, another(database.url)];
    const written = await Promise.all(
      Array.from({ length: 50 }, (_, at) => appendSome(pools[at % 2] ?? store, log, 1 + (at % 3), at)),
    );
    const seqs = written.flat().map(({ seq }) => seq);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seqs.length }, (_, at) => at));
    expect(await verifyStore(store, log)).toMatchObject({ ok: true, size: seqs.length });
  });

  it("takes a batch larger than one statement can carry", async () => {
    await appendSome(store, log, 2500);
    expect(await verifyStore(store, log)).toMatchObject({ ok: true, size: 2500 });
  });

  it("does nothing for no entries", async () => {
    expect(await appendSome(store, log, 0)).toEqual([]);
    expect(await store.db.transaction((tx) => latestCheckpoint(tx))).toBeUndefined();
  });

  it("keeps NUL, lone surrogates, bidi and controls as they came", async () => {
    const strange = "a\0b\ud83dc\ude00 \u202egnp.exe\u2069 \u241b0000 \u0007\u2028";
    const entry: NewEntry = {
      ...entryNumber(1),
      actor: { kind: "account", system: strange, id: strange },
      target: { kind: "grant", id: strange, system: strange, account: strange },
      case: strange,
      detail: { [strange]: [strange] },
      personal: { [strange]: strange },
    };
    await store.db.transaction((tx) => append(tx, log, [entry]));
    const proven = await store.db.transaction((tx) => proveEntry(tx, log.signer.verifier, 0));
    const { personal: _, ...rest } = entry;
    expect(proven).toMatchObject(rest);
    expect((await verifyStore(store, log)).ok).toBe(true);
  });
});

describe("append refuses", () => {
  const good = entryNumber(1);
  it.each([
    ["an action that is no noun.pastVerb", { ...good, action: "Revoke" }],
    ["an unknown field", { ...good, note: "hello" }],
    ["an unknown field within", { ...good, target: { kind: "grant", id: "1", colour: "red" } }],
    ["a number of its own", { ...good, seq: 7 }],
    ["a time without zone", { ...good, at: "2026-11-25T09:00:00" }],
    ["an outcome of its own", { ...good, outcome: "maybe" }],
    ["a case left out", { ...good, case: undefined }],
    ["a number that is none", { ...good, detail: { n: Number.NaN } }],
    ["a date in the detail", { ...good, detail: { at: new Date(0) } }],
  ])("%s, and writes nothing", async (_, entry) => {
    // What a caller without types could pass.
    const bad: NewEntry = Object.assign({ ...good }, entry);
    const attempt = store.db.transaction((tx) => append(tx, log, [good, bad]));
    const error = await attempt.catch((cause: unknown) => cause);
    expect(error instanceof z.ZodError || error instanceof Uncanonical).toBe(true);
    expect(await verifyStore(store, log)).toMatchObject({ ok: true, size: 0 });
  });

  it("a log that another key signed", async () => {
    await appendSome(store, log, 2);
    await expect(appendSome(store, testKey(), 1)).rejects.toMatchObject({ name: "LogRefused", code: "bad-note" });
    await expect(appendSome(store, testKey("another.test/log"), 1)).rejects.toBeInstanceOf(LogRefused);
  });

  it.each([
    ["the last entry is gone", "delete from audit.entries where seq = 4", "wrong-size"],
    ["the last note is gone", "delete from audit.notes where size = 5", "wrong-size"],
    ["all notes are gone", "delete from audit.notes", "bad-note"],
    ["all entries are gone", "delete from audit.entries", "wrong-size"],
    [
      "an entry was slipped in",
      "insert into audit.entries select 5, body, leaf_hash, at, action, outcome, case_id, actor_id, target_kind, target_id, system from audit.entries where seq = 4",
      "wrong-size",
    ],
    [
      "a note was slipped in",
      "insert into audit.notes select 6, root, note from audit.notes where size = 5",
      "wrong-size",
    ],
    [
      "the last note was changed",
      "update audit.notes set note = replace(note, e'\\n5\\n', e'\\n6\\n') where size = 5",
      "bad-note",
    ],
    ["a stored hash was changed", "update audit.nodes set hash = sha256(hash) where level = 2", "wrong-root"],
    ["a stored hash is gone", "delete from audit.nodes where level = 2", "wrong-root"],
    [
      "the last leaf's hash was changed",
      "update audit.entries set leaf_hash = sha256(leaf_hash) where seq = 4",
      "wrong-root",
    ],
  ])("to go on when %s", async (_, change, code) => {
    await appendSome(store, log, 5);
    const intruder = another(database.superUrl);
    const error = await asIntruder(intruder, async (tx) => {
      await tx.execute(change);
      return append(tx, log, [good]).catch((cause: unknown) => cause);
    });
    expect(error).toMatchObject({ name: "LogRefused", code });
    expect((await appendSome(store, log, 1))[0]?.seq).toBe(5);
  });
});

describe("the tables", () => {
  it.each(["url", "ownerUrl", "superUrl"] as const)(
    "refuse UPDATE, DELETE, TRUNCATE and upserts to %s",
    async (who) => {
      await appendSome(store, log, 2);
      for (const change of [
        "update audit.entries set outcome = 'failure'",
        "update audit.personal set body = ''",
        "update audit.nodes set hash = ''",
        "update audit.notes set note = ''",
        ...["entries", "personal", "nodes", "notes"].flatMap((table) => [
          `delete from audit.${table}`,
          `truncate audit.${table} cascade`,
        ]),
        "insert into audit.notes values (1, '', '') on conflict (size) do update set note = ''",
      ]) {
        await expect(runAs(database[who], change), change).rejects.toMatchObject({ code: "42501" });
      }
      expect((await verifyStore(store, log)).ok).toBe(true);
    },
  );

  it("do not let the runtime role switch the guard off", async () => {
    for (const change of [
      "alter table audit.entries disable trigger only_grows",
      "drop trigger only_grows on audit.entries",
      "set session_replication_role = replica",
      "create table audit.more (a int)",
      "drop table audit.notes",
    ]) {
      await expect(runAs(database.url, change), change).rejects.toMatchObject({ code: "42501" });
    }
  });
});
