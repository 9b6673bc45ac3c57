import { and, asc, desc, eq, gt, inArray, max, or, sql } from "drizzle-orm";
import type { Tx } from "./open.ts";
import { entries, nodes, notes, personal } from "./schema.ts";

// The log's rows as they are. Nothing read here is believed before src/audit has proven it.

/** A row of `notes`. */
export interface NoteRow {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** The note of the largest size; none if the log is empty. */
export async function latestCheckpoint(tx: Tx): Promise<NoteRow | undefined> {
  const [row] = await tx.select().from(notes).orderBy(desc(notes.size)).limit(1);
  return row;
}

/** One more than the largest number of an entry. */
export async function countEntries(tx: Tx): Promise<number> {
  const [row] = await tx.select({ last: max(entries.seq) }).from(entries);
  return row?.last === null || row === undefined ? 0 : row.last + 1;
}

/** The hashed bytes of an entry. */
export async function entryBody(tx: Tx, seq: number): Promise<Uint8Array | undefined> {
  const [row] = await tx.select({ body: entries.body }).from(entries).where(eq(entries.seq, seq));
  return row?.body;
}

/**
 * The stored hashes of complete subtrees, in the order asked for, in one query; level 0 stands beside the entries.
 * Throws if one is missing.
 */
export async function subtreeHashes(
  tx: Tx,
  wanted: readonly { readonly level: number; readonly position: number }[],
): Promise<readonly Uint8Array[]> {
  if (wanted.length === 0) return [];
  const leaves = wanted.filter((id) => id.level === 0).map((id) => id.position);
  const inner = wanted.filter((id) => id.level > 0);
  const rows = await tx
    .select({ level: sql<number>`0`.as("level"), position: entries.seq, hash: entries.leafHash })
    .from(entries)
    .where(inArray(entries.seq, leaves))
    .unionAll(
      tx
        .select({ level: nodes.level, position: nodes.position, hash: nodes.hash })
        .from(nodes)
        .where(or(sql`false`, ...inner.map((id) => and(eq(nodes.level, id.level), eq(nodes.position, id.position))))),
    );
  const found = new Map(rows.map((row) => [`${row.level}/${row.position}`, row.hash]));
  return wanted.map(({ level, position }) => {
    const hash = found.get(`${level}/${position}`);
    if (hash === undefined) throw new RangeError(`the log lacks the hash of subtree ${level}/${position}`);
    return hash;
  });
}

/**
 * The whole log in the shape that `verifyLog` takes, read in pages. Read it within one REPEATABLE READ transaction, so
 * that entries written meanwhile do not look like faults.
 */
export function readLog(tx: Tx) {
  return {
    entries: pages(
      (after: number | undefined) =>
        tx
          .select()
          .from(entries)
          .where(after === undefined ? undefined : gt(entries.seq, after))
          .orderBy(asc(entries.seq))
          .limit(PAGE),
      (row) => row.seq,
    ),
    personal: pages(
      (after: number | undefined) =>
        tx
          .select()
          .from(personal)
          .where(after === undefined ? undefined : gt(personal.seq, after))
          .orderBy(asc(personal.seq))
          .limit(PAGE),
      (row) => row.seq,
    ),
    notes: pages(
      (after: number | undefined) =>
        tx
          .select()
          .from(notes)
          .where(after === undefined ? undefined : gt(notes.size, after))
          .orderBy(asc(notes.size))
          .limit(PAGE),
      (row) => row.size,
    ),
    nodes: (level: number) =>
      pages(
        (after: number | undefined) =>
          tx
            .select()
            .from(nodes)
            .where(and(eq(nodes.level, level), after === undefined ? undefined : gt(nodes.position, after)))
            .orderBy(asc(nodes.position))
            .limit(PAGE),
        (row) => row.position,
      ),
  };
}

const PAGE = 1000;

async function* pages<Row>(
  page: (after: number | undefined) => PromiseLike<readonly Row[]>,
  keyOf: (row: Row) => number,
): AsyncGenerator<Row> {
  let after: number | undefined;
  for (;;) {
    const rows = await page(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = keyOf(last);
  }
}
