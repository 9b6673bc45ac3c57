import { BadNote, type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { type Columns, columnsOf } from "./columns.ts";
import { commitment, type Kept } from "./commitment.ts";
import { type Cursor, cursorOf } from "./cursor.ts";
import type { LogVerifier } from "./key.ts";
import { EMPTY_FRONTIER, extend, type Frontier, hashLeaf, type Node, rootOf, sameBytes } from "./merkle.ts";
import { readEntry } from "./read-proven.ts";

/** A row of `entries`. */
export interface EntryRow extends Columns {
  readonly seq: number;
  readonly body: Uint8Array;
  readonly leafHash: Uint8Array;
}

/** A row of `personal`. */
export interface PersonalRow extends Kept {
  readonly seq: number;
}

/** A row of `notes`. */
export interface NoteRow {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** A log as bytes, each stream in the order of its number. */
export interface LogRows {
  readonly entries: AsyncIterable<EntryRow>;
  readonly personal: AsyncIterable<PersonalRow>;
  readonly notes: AsyncIterable<NoteRow>;
  /** The stored hashes of one level, from 1 up. A copy of a log may do without: they only make proofs quick. */
  readonly nodes?: (level: number) => AsyncIterable<Node>;
}

/** The first entry that is not as it was signed. */
export interface Bad {
  readonly seq: number;
  /** What is wrong, in words for people. */
  readonly what: string;
  /** The witness that says so, if the log itself does not. */
  readonly against?: string;
}

/** How far the log is good, and what ended it. */
export interface Walked {
  /** The tree over all good entries. */
  readonly frontier: Frontier;
  readonly bad?: Bad;
}

/**
 * Walks the log entry by entry with its notes, hashes and personal data, and stops at the first that is not as
 * `verifier` signed it. After each good entry `witness` may object to the tree so far.
 */
export async function walkLog(
  rows: LogRows,
  verifier: LogVerifier,
  witness: (tree: Frontier) => Bad | undefined,
): Promise<Walked> {
  const cursors = open(rows);
  try {
    let frontier = EMPTY_FRONTIER;
    for (;;) {
      const seq = frontier.size;
      if ((await cursors.entries.peek()) === undefined) break;
      const row = await cursors.entries.take(seq);
      if (row === undefined) return { frontier, bad: { seq, what: "the entry is missing" } };
      const grown = extend(frontier, hashLeaf(row.body));
      const what =
        faultOfEntry(row, await cursors.personal.take(seq)) ??
        faultOfNote(await cursors.notes.take(seq + 1), grown.frontier, verifier) ??
        (await faultOfNodes(grown.nodes, cursors.nodes));
      if (what !== undefined) return { frontier, bad: { seq, what } };
      frontier = grown.frontier;
      const bad = witness(frontier);
      if (bad !== undefined) return { frontier, bad };
    }
    const bad = await faultOfRest(frontier.size, cursors);
    return bad === undefined ? { frontier } : { frontier, bad };
  } finally {
    await cursors.close();
  }
}

interface Cursors {
  readonly entries: Cursor<EntryRow>;
  readonly personal: Cursor<PersonalRow>;
  readonly notes: Cursor<NoteRow>;
  readonly nodes: ((level: number) => Cursor<Node>) | undefined;
  close(): Promise<void>;
}

// A level of 53 would hold more entries than a number can count.
const LEVELS = 53;

function open(rows: LogRows): Cursors {
  const entries = cursorOf(rows.entries, (row) => row.seq, 0);
  const personal = cursorOf(rows.personal, (row) => row.seq, 0);
  const notes = cursorOf(rows.notes, (row) => row.size, 1);
  const levels = new Map<number, Cursor<Node>>();
  const read = rows.nodes;
  const nodes =
    read &&
    ((level: number) => {
      const cursor = levels.get(level) ?? cursorOf(read(level), (row) => row.position, 0);
      levels.set(level, cursor);
      return cursor;
    });
  return {
    entries,
    personal,
    notes,
    nodes,
    async close() {
      for (const cursor of [entries, personal, notes, ...levels.values()]) await cursor.close();
    },
  };
}

function faultOfEntry(row: EntryRow, kept: PersonalRow | undefined): string | undefined {
  if (!sameBytes(row.leafHash, hashLeaf(row.body))) return "its hash is not the hash of its bytes";
  const entry = readEntry(row.body);
  if (entry === undefined) return "its bytes are not an entry";
  if (entry.seq !== row.seq) return `its bytes are those of entry ${entry.seq}`;
  for (const [name, value] of Object.entries(columnsOf(entry))) {
    if (row[name as keyof Columns] !== value) return `its column ${name} does not repeat its bytes`;
  }
  if (entry.personal === null)
    return kept === undefined ? undefined : "personal data stands beside it that it does not name";
  if (kept === undefined) return "its personal data is missing";
  return commitment(kept) === entry.personal ? undefined : "its personal data was changed";
}

function faultOfNote(row: NoteRow | undefined, tree: Frontier, verifier: LogVerifier): string | undefined {
  if (row === undefined) return `the signed note for size ${tree.size} is missing`;
  let head: Checkpoint;
  try {
    head = openCheckpoint(row.note, verifier);
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    return `the signed note for size ${tree.size} does not hold: ${cause.message}`;
  }
  if (head.size !== row.size || !sameBytes(head.root, row.root) || !isPlainNote(row.note)) {
    return `the signed note for size ${tree.size} is not the one that was written`;
  }
  return sameBytes(head.root, rootOf(tree)) ? undefined : "it is not the entry that was signed";
}

/** Three lines, a blank one and one signature: what an append writes. Others may add theirs only to copies. */
function isPlainNote(note: string): boolean {
  return note.split("\n").length === 6;
}

async function faultOfNodes(nodes: readonly Node[], cursors: Cursors["nodes"]): Promise<string | undefined> {
  if (cursors === undefined) return undefined;
  for (const { level, position, hash } of nodes) {
    const stored = await cursors(level).take(position);
    const over = `the stored hash over entries ${position * 2 ** level} to ${(position + 1) * 2 ** level - 1}`;
    if (stored === undefined) return `${over} is missing`;
    if (!sameBytes(stored.hash, hash)) return `${over} was changed`;
  }
  return undefined;
}

/** What is there beyond the last entry, or where no append writes. */
async function faultOfRest(size: number, cursors: Cursors): Promise<Bad | undefined> {
  const note = await cursors.notes.peek();
  if (note !== undefined) return { seq: size, what: `the entry is missing: there is a note for size ${note.size}` };
  const kept = await cursors.personal.peek();
  if (kept !== undefined) return { seq: kept.seq, what: "its personal data is there without it" };
  for (let level = 1; cursors.nodes !== undefined && level <= LEVELS; level++) {
    const nodes = cursors.nodes(level);
    if ((await nodes.peek()) !== undefined)
      return { seq: size, what: "the entry is missing: a hash over it is stored" };
    if (nodes.stray() !== undefined) return { seq: 0, what: "there is a stored hash that no entry made" };
  }
  const stray = cursors.entries.stray()?.seq ?? cursors.personal.stray()?.seq ?? cursors.notes.stray()?.size;
  return stray === undefined ? undefined : { seq: 0, what: `there is a row numbered ${stray} that no entry made` };
}
