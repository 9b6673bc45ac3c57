import { readCanonical, Uncanonical } from "./canonical.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Entry } from "./entry.ts";
import { type Hash, hashLeaf, verifyInclusion } from "./merkle.ts";

export type UnprovenCode =
  /** The log has no signed note, or its newest is not signed by this key. */
  | "bad-note"
  /** No such entry under the newest note. */
  | "no-entry"
  /** The entry's bytes are not what was signed. */
  | "not-included"
  /** Included, yet not an entry with this number. */
  | "unreadable";

/** Thrown when the log does not prove an entry: whatever rests on it must not be done. */
export class Unproven extends Error {
  readonly code: UnprovenCode;

  constructor(code: UnprovenCode, why: string, options?: ErrorOptions) {
    super(why, options);
    this.name = "Unproven";
    this.code = code;
  }
}

/** The entry in `body`, if `proof` shows these bytes to be number `seq` under `head`. Throws `Unproven`. */
export function readProven(body: Uint8Array, seq: number, proof: readonly Hash[], head: Checkpoint): Entry {
  if (!verifyInclusion(hashLeaf(body), seq, head.size, proof, head.root)) {
    throw new Unproven("not-included", `entry ${seq} is not what was signed`);
  }
  const entry = readEntry(body);
  if (entry?.seq !== seq) throw new Unproven("unreadable", `what stands as entry ${seq} is not one`);
  return entry;
}

/** The entry in these bytes, or nothing. Proves nothing by itself. */
export function readEntry(body: Uint8Array): Entry | undefined {
  try {
    return Entry.safeParse(readCanonical(body)).data;
  } catch (cause) {
    if (cause instanceof Uncanonical) return undefined;
    throw cause;
  }
}
