import { sql, type WithSubquery } from "drizzle-orm";
import { readLogHead } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import * as table from "../store/schema.ts";
import { canonicalBytes } from "./canonical.ts";
import { BadNote, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { columnsOf } from "./columns.ts";
import { commitment, type Kept, keep } from "./commitment.ts";
import { type Entry, NewEntry } from "./entry.ts";
import type { LogSigner, LogVerifier } from "./key.ts";
import { EMPTY_FRONTIER, extend, type Frontier, hashLeaf, type Node, peakIds, rootOf, sameBytes } from "./merkle.ts";

/** The log we write to: whoever has its key. */
export interface LogKey {
  readonly signer: LogSigner;
}

/** An entry as it was written. */
export interface Appended {
  readonly seq: number;
  readonly entry: Entry;
}

export type LogRefusedCode =
  /** Entries without a note, or a last note that our key did not sign. */
  | "bad-note"
  /** The last note and the entries disagree on how many there are. */
  | "wrong-size"
  /** The stored hashes do not give the root that the last note says. */
  | "wrong-root";

/** Thrown when what is in the database is not the log we signed: writing on would bury the fault. */
export class LogRefused extends Error {
  readonly code: LogRefusedCode;

  constructor(code: LogRefusedCode, why: string, options?: ErrorOptions) {
    super(`the log is not as we left it: ${why}`, options);
    this.name = "LogRefused";
    this.code = code;
  }
}

/**
 * Writes entries at the end of the log, within the caller's transaction: they are numbered, hashed and signed, one
 * note for each new size. It takes the lock on the head of the log, which is held until the transaction ends: append
 * last, and keep what follows short.
 *
 * Throws `LogRefused` if the log is not as our key left it, a ZodError or `Uncanonical` for an entry that may not be
 * written; in each case nothing was written and the transaction should be given up.
 */
export async function append(tx: Tx, log: LogKey, fresh: readonly NewEntry[]): Promise<readonly Appended[]> {
  // Parsed before the lock, so that a bad entry costs nobody any waiting.
  const parsed = fresh.map((entry) => NewEntry.parse(entry));
  if (parsed.length === 0) return [];
  // A statement of its own: the next one must see what the lock's last holder committed.
  await tx.execute(LOCK);
  let frontier = await readHead(tx, log.signer.verifier);
  const lines = parsed.map((entry) => {
    const line = writeLine(entry, frontier, log.signer);
    frontier = line.frontier;
    return line;
  });
  for (let at = 0; at < lines.length; at += MOST_ROWS) await insertLines(tx, lines.slice(at, at + MOST_ROWS));
  return lines.map(({ entry }) => ({ seq: entry.seq, entry }));
}

// Any fixed number, as long as nothing else in the database uses it.
const LOCK = sql`select pg_advisory_xact_lock(7346563302)`;
// A statement takes 65,535 parameters; a line has up to 23.
const MOST_ROWS = 1000;

interface Line {
  readonly entry: Entry;
  readonly body: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly kept: Kept | undefined;
  readonly nodes: readonly Node[];
  readonly frontier: Frontier;
  readonly root: Uint8Array;
  readonly note: string;
}

async function readHead(tx: Tx, verifier: LogVerifier): Promise<Frontier> {
  const { last, count, peaks } = await readLogHead(tx);
  if (last === undefined) {
    if (count > 0) throw new LogRefused("bad-note", "it has entries and no signed note");
    return EMPTY_FRONTIER;
  }
  const head = openLast(last.note, verifier);
  if (head.size !== count || head.size !== last.size) {
    throw new LogRefused("wrong-size", `the last note is for ${head.size} entries, and there are ${count}`);
  }
  const frontier = { size: head.size, peaks };
  if (peaks.length !== peakIds(head.size).length || !sameBytes(rootOf(frontier), head.root)) {
    throw new LogRefused("wrong-root", "the stored hashes do not give the root of the last note");
  }
  return frontier;
}

function openLast(note: string, verifier: LogVerifier) {
  try {
    return openCheckpoint(note, verifier);
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    throw new LogRefused("bad-note", `its last note is not ours (${cause.message})`, { cause });
  }
}

function writeLine({ personal, ...given }: NewEntry, before: Frontier, signer: LogSigner): Line {
  const kept = personal === undefined ? undefined : keep(personal);
  const entry: Entry = {
    ...given,
    v: 1,
    seq: before.size,
    personal: kept === undefined ? null : (commitment(kept) ?? null),
  };
  const body = canonicalBytes(entry);
  const leafHash = hashLeaf(body);
  const { frontier, nodes } = extend(before, leafHash);
  const root = rootOf(frontier);
  return { entry, body, leafHash, kept, nodes, frontier, root, note: signCheckpoint(signer, frontier.size, root) };
}

/** One statement for all four tables. */
async function insertLines(tx: Tx, lines: readonly Line[]): Promise<void> {
  const kept = lines.flatMap(({ entry, kept }) => (kept === undefined ? [] : [{ seq: entry.seq, ...kept }]));
  const closed = lines.flatMap((line) => line.nodes);
  const parts: WithSubquery[] = [
    tx.$with("new_entries").as(
      tx
        .insert(table.entries)
        .values(lines.map(({ entry, body, leafHash }) => ({ seq: entry.seq, body, leafHash, ...columnsOf(entry) })))
        .returning({ seq: table.entries.seq }),
    ),
  ];
  if (kept.length > 0) {
    parts.push(
      tx.$with("new_personal").as(tx.insert(table.personal).values(kept).returning({ seq: table.personal.seq })),
    );
  }
  if (closed.length > 0) {
    parts.push(
      tx.$with("new_nodes").as(
        tx
          .insert(table.nodes)
          .values([...closed])
          .returning({ seq: table.nodes.position }),
      ),
    );
  }
  await tx
    .with(...parts)
    .insert(table.notes)
    .values(lines.map(({ frontier, root, note }) => ({ size: frontier.size, root, note })));
}
