import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalBytes, readCanonical } from "../../src/audit/canonical.ts";
import { commitment } from "../../src/audit/commitment.ts";
import { fingerprint } from "../../src/audit/key.ts";
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from "../../src/audit/merkle.ts";
import { latestCheckpoint } from "../../src/store/log.ts";
import { openStore, type Store, type Tx } from "../../src/store/open.ts";
import { entries, nodes, notes, personal } from "../../src/store/schema.ts";
import { freshDatabase, type TestDatabase } from "../peers/database.ts";
import { appendSome, asIntruder, testKey, verifyIn, verifyStore } from "./log.ts";

const SIZE = 13;
const log = testKey();
let database: TestDatabase;
let intruder: Store;
/** The newest note, as a file or a chat thread keeps it. */
let kept: string;

beforeAll(async () => {
  database = await freshDatabase();
  intruder = openStore({ url: database.superUrl });
  await appendSome(database.store, log, SIZE);
  kept = (await database.store.db.transaction((tx) => latestCheckpoint(tx)))?.note ?? "";
});
afterAll(async () => {
  await intruder?.close();
  await database?.drop();
});

const outside = () => ({
  fingerprint: fingerprint(log.signer.verifier),
  witnesses: [{ name: "the checkpoint file", text: kept }],
});

describe("verifying an honest log", () => {
  it("finds it good and says what each input proves", async () => {
    const report = await verifyStore(database.store, log, outside());
    expect(report).toMatchObject({ ok: true, size: SIZE });
    expect(report).not.toHaveProperty("firstBad");
    expect(report.proofs.map((proof) => proof.says)).toEqual([
      `The key is ${fingerprint(log.signer.verifier)}, as named from outside.`,
      "The first 13 entries, their columns, hashes and personal data are what signoff.test/log signed, each with a note of its own.",
      "The first 13 entries are still those of the checkpoint file: it is a prefix of this log.",
    ]);
  });

  it("says what is not proven when nothing comes from outside", async () => {
    const report = await verifyStore(database.store, log);
    expect(report.ok).toBe(true);
    const says = report.proofs.map((proof) => proof.says).join("\n");
    expect(says).toContain("could have signed all of this anew with a key of their own");
    expect(says).toContain("entries cut off the end together with their notes would not be missed");
  });

  it("takes older checkpoints, several at once, as a chat copy has them", async () => {
    const rows = await database.store.sql<{ note: string }[]>`select note from audit.notes where size in (3, 8)`;
    const text = rows.map(({ note }) => `> Case closed.\n${note.replaceAll(/^/gm, "> ")}`).join("\n");
    const report = await verifyStore(database.store, log, { witnesses: [{ name: "the chat copy", text }] });
    expect(report.ok).toBe(true);
    expect(report.proofs.filter((proof) => proof.of === "witness").map((proof) => proof.says)).toEqual([
      "The first 3 entries are still those of the chat copy: it is a prefix of this log.",
      "The first 8 entries are still those of the chat copy: it is a prefix of this log.",
    ]);
  });

  it("finds an empty log good", async () => {
    const empty = await freshDatabase();
    try {
      expect(await verifyStore(empty.store, log)).toMatchObject({ ok: true, size: 0 });
    } finally {
      await empty.drop();
    }
  });

  it("does not call a wrong file a proof", async () => {
    const witnesses = [{ name: "the checkpoint file", text: "something else" }];
    const report = await verifyStore(database.store, log, { witnesses });
    expect(report).toMatchObject({ ok: false, size: SIZE });
    expect(report.proofs.at(-1)).toMatchObject({
      holds: false,
      says: "In the checkpoint file there is no checkpoint.",
    });
  });
});

// Each column of each table, as the database has them: a column that is added later is covered, or fails here.
describe("verifying after a change", () => {
  const ROWS: Record<string, readonly { readonly where: string; readonly bad: number }[]> = {
    entries: [0, 6, 7, 12].map((seq) => ({ where: `seq = ${seq}`, bad: seq })),
    personal: [0, 6, 12].map((seq) => ({ where: `seq = ${seq}`, bad: seq })),
    notes: [1, 7, 13].map((size) => ({ where: `size = ${size}`, bad: size - 1 })),
    nodes: [
      { where: "level = 1 and position = 0", bad: 1 },
      { where: "level = 1 and position = 5", bad: 11 },
      { where: "level = 2 and position = 1", bad: 7 },
      { where: "level = 3 and position = 0", bad: 7 },
    ],
  };
  const CHANGES: Record<string, readonly string[]> = {
    bigint: ["$ + 1000", "-1 - $"],
    integer: ["$ + 40", "-1 - $"],
    text: ["coalesce($, '') || 'x'", "''", "nullif($, $)"],
    bytea: [
      "set_byte($, 0, get_byte($, 0) # 1)",
      "set_byte($, length($) - 1, get_byte($, length($) - 1) # 128)",
      "''::bytea",
      "$ || '\\x00'::bytea",
    ],
  };

  it("names the first bad entry, whichever column of whichever table was changed", async () => {
    const columns = await columnsOf(intruder);
    expect(new Set(columns.map(({ table }) => table))).toEqual(new Set(Object.keys(ROWS)));
    let changes = 0;
    for (const { table, column, type, nullable } of columns) {
      for (const { where, bad } of ROWS[table] ?? []) {
        for (const change of CHANGES[type] ?? [`a change for ${type}`]) {
          if (change.startsWith("nullif") && !nullable) continue;
          const set = `update audit.${table} set ${column} = ${change.replaceAll("$", column)} where ${where}`;
          const changed = await asIntruder(intruder, async (tx) => {
            const before = await contentOf(tx, table);
            await tx.execute(set);
            if (before === (await contentOf(tx, table))) return undefined;
            return await verifyIn(tx, log);
          });
          if (changed === undefined) continue;
          expect(changed, set).toMatchObject({ ok: false, firstBad: { seq: bad } });
          changes++;
        }
      }
    }
    expect(changes).toBeGreaterThan(100);
    expect((await verifyStore(database.store, log)).ok).toBe(true);
  });

  it.each(Object.entries(ROWS).flatMap(([table, rows]) => rows.map((row) => ({ table, ...row }))))(
    "names entry $bad when $table where $where is gone",
    async ({ table, where, bad }) => {
      const report = await asIntruder(intruder, async (tx) => {
        await tx.execute(`delete from audit.${table} where ${where}`);
        return await verifyIn(tx, log);
      });
      expect(report).toMatchObject({ ok: false, firstBad: { seq: bad } });
    },
  );

  it.each([
    [
      "an entry",
      "insert into audit.entries select 13, body, leaf_hash, at, action, outcome, case_id, actor_id, target_kind, target_id, system from audit.entries where seq = 12",
      13,
    ],
    [
      "an entry before the first",
      "insert into audit.entries select -5, body, leaf_hash, at, action, outcome, case_id, actor_id, target_kind, target_id, system from audit.entries where seq = 12",
      0,
    ],
    ["a note", "insert into audit.notes select 14, root, note from audit.notes where size = 13", 13],
    [
      "personal data beside an entry that names none",
      "insert into audit.personal select 4, salt, body from audit.personal where seq = 3",
      4,
    ],
    [
      "personal data beside nothing",
      "insert into audit.personal select 99, salt, body from audit.personal where seq = 3",
      99,
    ],
    [
      "a stored hash",
      "insert into audit.nodes select level, 6, hash from audit.nodes where level = 1 and position = 0",
      13,
    ],
    [
      "a stored hash on a level of its own",
      "insert into audit.nodes select 30, 6, hash from audit.nodes where level = 1 and position = 0",
      13,
    ],
  ])("sees that %s was added", async (_, change, seq) => {
    const report = await asIntruder(intruder, async (tx) => {
      await tx.execute(change);
      return await verifyIn(tx, log);
    });
    expect(report).toMatchObject({ ok: false, firstBad: { seq } });
  });

  it("sees a byte of personal data moved into the salt, although the hash stays the same", async () => {
    const report = await asIntruder(intruder, async (tx) => {
      await tx.execute(
        "update audit.personal set salt = salt || substr(body, 1, 1), body = substr(body, 2) where seq = 6",
      );
      return await verifyIn(tx, log);
    });
    expect(report.firstBad).toEqual({ seq: 6, what: "its personal data was changed" });
    expect(commitment({ salt: new Uint8Array(33), body: new Uint8Array() })).toBeUndefined();
  });

  it("sees a signature line added to a stored note", async () => {
    const report = await asIntruder(intruder, async (tx) => {
      await tx.execute("update audit.notes set note = note || e'\u2014 other.test AAAAAAAAAAA=\\n' where size = 5");
      return await verifyIn(tx, log);
    });
    expect(report.firstBad?.seq).toBe(4);
  });
});

describe("verifying after an attack", () => {
  it("misses entries cut off the end, by their notes", async () => {
    const report = await asIntruder(intruder, async (tx) => {
      await tx.execute("delete from audit.entries where seq >= 10");
      await tx.execute("delete from audit.personal where seq >= 10");
      return await verifyIn(tx, log);
    });
    expect(report).toMatchObject({ ok: false, size: 10, firstBad: { seq: 10 } });
    expect(report.firstBad?.what).toBe("the entry is missing: there is a note for size 11");
  });

  async function cutTail(tx: Tx) {
    for (const change of [
      "delete from audit.entries where seq >= 10",
      "delete from audit.personal where seq >= 10",
      "delete from audit.notes where size > 10",
      "delete from audit.nodes where (position + 1) * (2 ^ level)::int > 10",
    ]) {
      await tx.execute(change);
    }
  }

  it("misses a tail cut off together with its notes and hashes by a checkpoint from outside, and only by that", async () => {
    await asIntruder(intruder, async (tx) => {
      await cutTail(tx);
      expect(await verifyIn(tx, log)).toMatchObject({ ok: true, size: 10 });
      const chat = `Alice's case is closed.\n${kept.replaceAll("\n", "\r\n")}`;
      for (const [name, text] of [
        ["the checkpoint file", kept],
        ["the chat copy", chat],
      ] as const) {
        const report = await verifyIn(tx, log, { witnesses: [{ name, text }] });
        expect(report).toMatchObject({ ok: false, size: 10 });
        expect(report.firstBad).toMatchObject({ seq: 10, what: `the entry is missing: by ${name} there were 13` });
        expect(report.proofs.at(-1)?.holds).toBe(false);
      }
    });
  });

  it("names the first of three entries rewritten with new hashes, subtrees and roots", async () => {
    await asIntruder(intruder, async (tx) => {
      await rewrite(tx, [5, 6, 7]);
      const report = await verifyIn(tx, log);
      expect(report).toMatchObject({ ok: false, size: 5, firstBad: { seq: 5 } });
    });
    await asIntruder(intruder, async (tx) => {
      const signed = await tx.select().from(notes);
      await rewrite(tx, [5, 6, 7]);
      // The notes as they were signed, so that only the tree itself speaks against it.
      await tx.execute("delete from audit.notes");
      await tx.insert(notes).values(signed);
      const report = await verifyIn(tx, log);
      expect(report).toMatchObject({ ok: false, size: 5 });
      expect(report.firstBad).toEqual({ seq: 5, what: "it is not the entry that was signed" });
    });
  });

  it("sees a tail cut and written anew by whoever holds the key, by a checkpoint from outside", async () => {
    const other = await freshDatabase();
    try {
      await appendSome(other.store, log, 5);
      await appendSome(other.store, log, 10, 100);
      expect((await verifyStore(other.store, log)).ok).toBe(true);
      const report = await verifyStore(other.store, log, outside());
      expect(report).toMatchObject({ ok: false });
      expect(report.firstBad?.what).toBe("one of the entries 0 to 12 is not what the checkpoint file saw");
    } finally {
      await other.drop();
    }
  });

  it("does not take a whole log signed with another key, by its fingerprint or an older checkpoint", async () => {
    const forger = testKey();
    const forged = await freshDatabase();
    try {
      await appendSome(forged.store, forger, SIZE);
      // With the forger's key in the place of ours and nothing from outside, nobody could tell.
      expect((await verifyStore(forged.store, forger)).ok).toBe(true);
      const { fingerprint: ours, witnesses } = outside();
      expect(await verifyStore(forged.store, forger, { fingerprint: ours })).toMatchObject({
        ok: false,
        firstBad: { seq: 0 },
      });
      expect(await verifyStore(forged.store, forger, { witnesses })).toMatchObject({ ok: false, firstBad: { seq: 0 } });
      expect(await verifyStore(forged.store, log)).toMatchObject({ ok: false, firstBad: { seq: 0 } });
    } finally {
      await forged.drop();
    }
  });

  it("takes a fingerprint however it was copied", async () => {
    const printed = fingerprint(log.signer.verifier);
    for (const copied of [printed, ` ${printed}\n`, `${printed}=`, printed.slice(7)]) {
      expect((await verifyStore(database.store, log, { fingerprint: copied })).ok).toBe(true);
    }
    for (const wrong of ["", "SHA256:", printed.slice(0, -1), printed.toLowerCase()]) {
      expect((await verifyStore(database.store, log, { fingerprint: wrong })).ok).toBe(false);
    }
  });
});

/** What somebody with the whole database, but not the key, can do: entries changed and every hash made to fit. */
async function rewrite(tx: Tx, seqs: readonly number[]): Promise<void> {
  const rows = await tx.select().from(entries).orderBy(entries.seq);
  await tx.execute("delete from audit.nodes");
  let frontier = EMPTY_FRONTIER;
  for (const row of rows) {
    const changed = seqs.includes(row.seq);
    const value = readCanonical(row.body);
    const body = changed && typeof value === "object" ? canonicalBytes({ ...value, outcome: "failure" }) : row.body;
    const grown = extend(frontier, hashLeaf(body));
    frontier = grown.frontier;
    await tx.execute(`delete from audit.entries where seq = ${row.seq}`);
    await tx
      .insert(entries)
      .values({ ...row, body, leafHash: hashLeaf(body), outcome: changed ? "failure" : row.outcome });
    if (grown.nodes.length > 0) await tx.insert(nodes).values([...grown.nodes]);
    const [note] = await tx.select().from(notes).where(eq(notes.size, frontier.size));
    await tx.execute(`delete from audit.notes where size = ${frontier.size}`);
    await tx.insert(notes).values({ size: frontier.size, root: rootOf(frontier), note: note?.note ?? "" });
  }
  expect((await tx.select().from(personal)).length).toBeGreaterThan(0);
}

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
}

function columnsOf(store: Store): Promise<readonly Column[]> {
  return store.sql<Column[]>`
    select table_name as table, column_name as column, data_type as type, is_nullable = 'YES' as nullable
    from information_schema.columns where table_schema = 'audit' order by table_name, ordinal_position`;
}

/** All of a table in one text, to see whether a change changed anything. */
async function contentOf(tx: Tx, table: string): Promise<string> {
  return JSON.stringify(await tx.execute(`select t::text from audit.${table} t order by 1`));
}
