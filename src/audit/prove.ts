import { entryBodies, entryBody, latestCheckpoint, subtreeHashes } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { BadNote, type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { Entry } from "./entry.ts";
import type { LogVerifier } from "./key.ts";
import { type Hash, inclusionProof, type NodeId } from "./merkle.ts";
import { readProven, Unproven } from "./read-proven.ts";

/**
 * Entry `seq`, proven: its stored bytes lie under the root of the newest note, which `verifier` signed. Only those
 * bytes are read, never the columns that repeat them. A few rows, whatever the log's size. Throws `Unproven`.
 */
export async function proveEntry(tx: Tx, verifier: LogVerifier, seq: number): Promise<Entry> {
  const last = await latestCheckpoint(tx);
  if (last === undefined) throw new Unproven("bad-note", "the log has no signed note");
  const head = open(last.note, verifier);
  const body = Number.isSafeInteger(seq) && seq >= 0 && seq < head.size ? await entryBody(tx, seq) : undefined;
  if (body === undefined) throw new Unproven("no-entry", `the log has no entry ${seq}`);
  const proof = await inclusionProof(seq, head.size, (wanted) => subtreeHashes(tx, wanted)).catch((cause: unknown) => {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Unproven("not-included", cause.message, { cause });
  });
  return readProven(body, seq, proof, head);
}

/**
 * Many entries at once, in a few queries. Those that the signed log does not hold are left out. Throws `Unproven` if the
 * newest note is not signed by `verifier`.
 */
export async function proveEntries(
  tx: Tx,
  verifier: LogVerifier,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, Entry>> {
  const found = new Map<number, Entry>();
  const last = await latestCheckpoint(tx);
  if (last === undefined) return found;
  const head = open(last.note, verifier);
  const known = seqs.filter((seq) => Number.isSafeInteger(seq) && seq >= 0 && seq < head.size);
  for (let at = 0; at < known.length; at += AT_ONCE) {
    const page = known.slice(at, at + AT_ONCE);
    const bodies = await entryBodies(tx, page);
    // What all of them need first, so that one query brings it.
    const wanted = new Map<string, NodeId>();
    const note = async (ids: readonly NodeId[]): Promise<readonly Hash[]> => {
      for (const id of ids) wanted.set(keyOf(id), id);
      return ids.map(() => NOTHING);
    };
    for (const seq of page) await inclusionProof(seq, head.size, note);
    const ids = [...wanted.values()];
    const hashes = new Map<string, Hash>();
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const part = ids.slice(from, from + AT_ONCE);
      for (const [index, hash] of (await subtreeHashes(tx, part)).entries()) {
        const id = part[index];
        if (id) hashes.set(keyOf(id), hash);
      }
    }
    const read = async (ids: readonly NodeId[]) => ids.map((id) => hashes.get(keyOf(id)) ?? NOTHING);
    for (const seq of page) {
      const body = bodies.get(seq);
      if (body === undefined) continue;
      try {
        found.set(seq, readProven(body, seq, await inclusionProof(seq, head.size, read), head));
      } catch (error) {
        if (!(error instanceof Unproven)) throw error;
      }
    }
  }
  return found;
}

const AT_ONCE = 500;
const NOTHING = new Uint8Array(32);

function keyOf({ level, position }: NodeId): string {
  return `${level}/${position}`;
}

function open(note: string, verifier: LogVerifier): Checkpoint {
  try {
    return openCheckpoint(note, verifier);
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    throw new Unproven("bad-note", `the newest note is not ours (${cause.message})`, { cause });
  }
}
