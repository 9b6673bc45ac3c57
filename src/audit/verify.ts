import { BadNote, type Checkpoint, findNotes, openCheckpoint } from "./checkpoint.ts";
import { fingerprint, type LogVerifier } from "./key.ts";
import { type Frontier, rootOf, sameBytes } from "./merkle.ts";
import { type Bad, type LogRows, walkLog } from "./walk.ts";

// Verifying needs bytes and a public key: no database, no network. Every byte may be a forger's, and the key too,
// unless its fingerprint comes from outside.

/** A copy of one or more checkpoints kept where the log's owner cannot reach: a file, a chat thread, a mail. */
export interface Witness {
  /** What to call it in the report: `the checkpoint file`. */
  readonly name: string;
  readonly text: string;
}

/** What the verifying person brings along. */
export interface Trust {
  readonly key: LogVerifier;
  /** The key's fingerprint, as kept outside. */
  readonly fingerprint?: string;
  readonly witnesses?: readonly Witness[];
}

/** What one input proves, or why it does not. */
export interface Proof {
  readonly of: "key" | "log" | "witness";
  /** False where it contradicts the log. What merely proves nothing holds. */
  readonly holds: boolean;
  /** A sentence for people. */
  readonly says: string;
}

export interface Report {
  readonly ok: boolean;
  /** How many entries, from the first, are as they were signed. */
  readonly size: number;
  /** Their root. */
  readonly root: Uint8Array;
  readonly firstBad?: Bad;
  readonly proofs: readonly Proof[];
}

/** Verifies a whole log against a key and whatever witnesses there are. Never throws for what the bytes say. */
export async function verifyLog(rows: LogRows, trust: Trust): Promise<Report> {
  const key = proveKey(trust);
  if (!key.holds) return badFromTheStart([key], "the log is signed by another key than the one named");
  const claims = (trust.witnesses ?? []).flatMap((witness) => readWitness(witness, trust.key));
  const foreign = claims.find((claim) => claim.kind === "foreign");
  const walked =
    foreign === undefined
      ? await walkLog(rows, trust.key, (tree) => faultOfWitness(tree, claims))
      : { frontier: { size: 0, peaks: [] }, bad: { seq: 0, what: `${foreign.name} was signed by another key` } };
  const { frontier } = walked;
  const proofs = [key, proveNotes(frontier, trust.key), ...proveWitnesses(claims, frontier, walked.bad)];
  const bad = walked.bad ?? faultOfSize(frontier, claims);
  return {
    ok: bad === undefined && proofs.every((proof) => proof.holds),
    size: frontier.size,
    root: rootOf(frontier),
    proofs,
    ...(bad === undefined ? {} : { firstBad: bad }),
  };
}

/** What a witness's text says. */
type Claim =
  | { readonly kind: "checkpoint"; readonly name: string; readonly checkpoint: Checkpoint }
  | { readonly kind: "foreign"; readonly name: string }
  | { readonly kind: "empty"; readonly name: string };

function readWitness({ name, text }: Witness, key: LogVerifier): readonly Claim[] {
  const notes = findNotes(text);
  return notes.length === 0 ? [{ kind: "empty", name }] : notes.map((note) => readClaim(name, note, key));
}

function readClaim(name: string, note: string, key: LogVerifier): Claim {
  try {
    return { kind: "checkpoint", name, checkpoint: openCheckpoint(note, key) };
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    return { kind: "foreign", name };
  }
}

function proveKey({ key, fingerprint: wanted }: Trust): Proof {
  const found = fingerprint(key);
  if (wanted === undefined) {
    const says = `The key is ${found}. No fingerprint from outside was given: whoever can write the database could have signed all of this anew with a key of their own.`;
    return { of: "key", holds: true, says };
  }
  return found.slice("SHA256:".length) ===
    wanted
      .trim()
      .replace(/^SHA256:/, "")
      .replace(/=+$/, "")
    ? { of: "key", holds: true, says: `The key is ${found}, as named from outside.` }
    : { of: "key", holds: false, says: `The key is ${found}, and not ${wanted.trim()} as named from outside.` };
}

function proveNotes({ size }: Frontier, key: LogVerifier): Proof {
  return {
    of: "log",
    holds: true,
    says: `The first ${size} entries, their columns, hashes and personal data are what ${key.name} signed, each with a note of its own.`,
  };
}

function proveWitnesses(claims: readonly Claim[], { size }: Frontier, bad: Bad | undefined): readonly Proof[] {
  if (claims.length === 0) {
    const says =
      "No checkpoint from outside was given: entries cut off the end together with their notes would not be missed.";
    return [{ of: "witness", holds: true, says }];
  }
  return claims.map((claim) => {
    if (claim.kind === "empty")
      return { of: "witness", holds: false, says: `In ${claim.name} there is no checkpoint.` };
    if (claim.kind === "foreign") {
      return {
        of: "witness",
        holds: false,
        says: `In ${claim.name} there is a checkpoint that this key did not sign.`,
      };
    }
    const first = claim.checkpoint.size;
    if (bad?.against === claim.name && first === size) {
      return { of: "witness", holds: false, says: `The first ${first} entries are not those of ${claim.name}.` };
    }
    if (first <= size) {
      const says = `The first ${first} entries are still those of ${claim.name}: it is a prefix of this log.`;
      return { of: "witness", holds: true, says };
    }
    const says = `By ${claim.name} the log had ${first} entries; ${size} of them are there and good.`;
    return { of: "witness", holds: false, says };
  });
}

/** Whether a witness of just this size saw another tree. */
function faultOfWitness(tree: Frontier, claims: readonly Claim[]): Bad | undefined {
  let good = 0;
  for (const claim of claims) {
    if (claim.kind !== "checkpoint") continue;
    const { size, root } = claim.checkpoint;
    if (size < tree.size) good = Math.max(good, size);
    if (size !== tree.size || sameBytes(root, rootOf(tree))) continue;
    const between = good === size - 1 ? "it is" : `one of the entries ${good} to ${size - 1} is`;
    return { seq: good, what: `${between} not what ${claim.name} saw`, against: claim.name };
  }
  return undefined;
}

/** Whether a witness saw more entries than there are. */
function faultOfSize({ size }: Frontier, claims: readonly Claim[]): Bad | undefined {
  for (const claim of claims) {
    if (claim.kind !== "checkpoint" || claim.checkpoint.size <= size) continue;
    return {
      seq: size,
      what: `the entry is missing: by ${claim.name} there were ${claim.checkpoint.size}`,
      against: claim.name,
    };
  }
  return undefined;
}

function badFromTheStart(proofs: readonly Proof[], what: string): Report {
  return { ok: false, size: 0, root: rootOf({ size: 0, peaks: [] }), firstBad: { seq: 0, what }, proofs };
}
