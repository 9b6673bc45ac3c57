import { and, asc, desc, eq, gt, inArray, ne, or, sql } from "drizzle-orm";
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

/** What an append starts from. */
export interface LogHead {
  readonly last: NoteRow | undefined;
  /** One more than the largest number of an entry. */
  readonly count: number;
  /** The stored hashes of the complete subtrees a tree of `last.size` leaves is made of, largest first; those missing are. */
  readonly peaks: readonly Uint8Array[];
}

/** The end of the log, in one query that touches few rows however long the log is. */
export async function readLogHead(tx: Tx): Promise<LogHead> {
  // A tree of n leaves has a complete subtree of level l for each bit l of n: number n / 2^l - 1.
  const rows = await tx
    .select({
      size: sql<string | null>`n.size`,
      root: sql<Uint8Array | null>`n.root`,
      note: sql<string | null>`n.note`,
      // As text: 64 bits do not fit into one of our numbers.
      count: sql<string>`e.count`,
      peak: sql<Uint8Array | null>`case l.level
        when 0 then (select leaf_hash from audit.entries where seq = n.size - 1)
        else (select hash from audit.nodes where level = l.level and position = (n.size >> l.level) - 1)
      end`,
    })
    .from(
      sql`(select coalesce(max(seq) + 1, 0) as count from audit.entries) e
        left join (select * from audit.notes order by size desc limit 1) n on true
        left join generate_series(0, 52) l (level) on (n.size >> l.level) & 1 = 1`,
    )
    .orderBy(sql`l.level desc`);
  const [row] = rows;
  if (row === undefined) throw new Error("a count has one row at least");
  const { size, root, note } = row;
  return {
    last: size === null || root === null || note === null ? undefined : { size: Number(size), root, note },
    count: Number(row.count),
    peaks: rows.flatMap(({ peak }) => (peak === null ? [] : [peak])),
  };
}

/** The hashed bytes of an entry. */
export async function entryBody(tx: Tx, seq: number): Promise<Uint8Array | undefined> {
  const [row] = await tx.select({ body: entries.body }).from(entries).where(eq(entries.seq, seq));
  return row?.body;
}

/**
 * Number of a case's newest entry with one of these actions, about one system if it is given; unproven. What settled
 * nothing (`unknown`: somebody else had taken over) does not count.
 */
export async function newestEntryOf(
  tx: Tx,
  caseId: string,
  actions: readonly string[],
  system?: string,
): Promise<number | undefined> {
  const [row] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.caseId, caseId),
        inArray(entries.action, [...actions]),
        ne(entries.outcome, "unknown"),
        system === undefined ? undefined : eq(entries.system, system),
      ),
    )
    .orderBy(desc(entries.seq))
    .limit(1);
  return row?.seq;
}

/** Numbers of a case's entries with one of these actions, oldest first; unproven. */
export async function listEntriesOf(tx: Tx, caseId: string, actions: readonly string[]): Promise<readonly number[]> {
  const rows = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), inArray(entries.action, [...actions])))
    .orderBy(asc(entries.seq));
  return rows.map(({ seq }) => seq);
}

/** The hashed bytes of many entries, by number; those there are not are left out. */
export async function entryBodies(tx: Tx, seqs: readonly number[]): Promise<ReadonlyMap<number, Uint8Array>> {
  if (seqs.length === 0) return new Map();
  const rows = await tx
    .select({ seq: entries.seq, body: entries.body })
    .from(entries)
    .where(inArray(entries.seq, [...seqs]));
  return new Map(rows.map(({ seq, body }) => [seq, body]));
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
