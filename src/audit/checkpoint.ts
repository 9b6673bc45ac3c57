import { exactBase64, type LogSigner, type LogVerifier } from "./key.ts";
import type { Hash } from "./merkle.ts";

// Signed notes and checkpoints, https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint. A note's bytes may
// come from anybody: whatever is wrong with them becomes a `BadNote`.

/** What the log says of itself: the first `size` entries have this root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

export type BadNoteCode =
  /** Not a note, or not a checkpoint within one. */
  | "malformed"
  /** No signature by this key: nothing it says may be believed. */
  | "not-signed"
  /** It claims to be signed by this key and is not. */
  | "bad-signature"
  /** Signed by this key for another log. */
  | "other-log";

export class BadNote extends Error {
  readonly code: BadNoteCode;

  constructor(code: BadNoteCode, why: string) {
    super(why);
    this.name = "BadNote";
    this.code = code;
  }
}

/** The signed note for a size and root. The same input gives the same text (RFC 8032 signatures are deterministic). */
export function signCheckpoint(signer: LogSigner, size: number, root: Hash): string {
  return signNote(signer, checkpointText({ origin: signer.verifier.name, size, root }));
}

/** A note over `text`, which ends in a line break, with one signature. */
export function signNote(signer: LogSigner, text: string): string {
  if (!isNoteText(text))
    throw new BadNote("malformed", "a note's text ends in a line break and has no control characters");
  const signature = Buffer.concat([signer.verifier.keyId, signer.sign(text)]).toString("base64");
  return `${text}\n— ${signer.verifier.name} ${signature}\n`;
}

/**
 * The text of a note that `verifier` signed. Signatures by other keys are passed over, as the format demands.
 * Throws `BadNote`.
 */
export function openNote(note: string, verifier: LogVerifier): string {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2).split("\n");
  if (cut < 0 || !isNoteText(text) || lines.pop() !== "" || lines.length === 0 || lines.length > MOST_SIGNATURES) {
    throw new BadNote("malformed", "not a signed note");
  }
  let signed = false;
  for (const line of lines) {
    const [, name, base64] = /^— ([^\s\p{Z}+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
    const bytes = base64 === undefined ? undefined : exactBase64(base64);
    if (name === undefined || bytes === undefined || bytes.length < 5) {
      throw new BadNote("malformed", "a signature line that cannot be read");
    }
    if (name !== verifier.name || Buffer.compare(bytes.subarray(0, 4), verifier.keyId) !== 0) continue;
    if (!verifier.verify(text, bytes.subarray(4))) throw new BadNote("bad-signature", "the signature does not hold");
    signed = true;
  }
  if (!signed) throw new BadNote("not-signed", "not signed by this key");
  return text;
}

/** The checkpoint in a note signed by `verifier` for its own log. Throws `BadNote`. */
export function openCheckpoint(note: string, verifier: LogVerifier): Checkpoint {
  const [, origin, size, base64] =
    /^(.+)\n(0|[1-9][0-9]{0,15})\n(.+)\n(?:.+\n)*$/u.exec(openNote(note, verifier)) ?? [];
  const root = base64 === undefined ? undefined : exactBase64(base64);
  if (origin === undefined || root?.length !== 32 || !Number.isSafeInteger(Number(size))) {
    throw new BadNote("malformed", "not a checkpoint");
  }
  if (origin !== verifier.name) throw new BadNote("other-log", "a checkpoint of another log");
  return { origin, size: Number(size), root };
}

/**
 * The checkpoint notes within a text that went through chat or mail: quoting, bullets, indentation, code fences, carriage
 * returns and lost blank lines are undone. What is found is still to be opened; what was altered will not verify.
 */
export function findNotes(text: string): readonly string[] {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/^[\s>`|•]+|[\s`|]+$/gu, ""))
    .filter((line) => line !== "");
  const notes: string[] = [];
  for (let at = 0; at + 3 < lines.length; at++) {
    const [origin, size, root] = lines.slice(at, at + 3);
    if (!/^[0-9]{1,16}$/.test(size ?? "") || !/^[A-Za-z0-9+/]{43}=$/.test(root ?? "")) continue;
    const signatures: string[] = [];
    for (let next = at + 3; lines[next]?.startsWith("— ") ?? false; next++) signatures.push(`${lines[next]}\n`);
    if (signatures.length > 0) notes.push(`${origin}\n${size}\n${root}\n\n${signatures.join("")}`);
  }
  return notes;
}

/** The text that is signed: three lines. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

const MOST_SIGNATURES = 100;

function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these.
  return text.endsWith("\n") && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
