import { entryBody, latestCheckpoint, subtreeHashes } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { BadNote, type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { Entry } from "./entry.ts";
import type { LogVerifier } from "./key.ts";
import { inclusionProof } from "./merkle.ts";
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

function open(note: string, verifier: LogVerifier): Checkpoint {
  try {
    return openCheckpoint(note, verifier);
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    throw new Unproven("bad-note", `the newest note is not ours (${cause.message})`, { cause });
  }
}
