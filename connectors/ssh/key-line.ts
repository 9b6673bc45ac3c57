import { createHash } from "node:crypto";

// Files of public keys as sshd reads them (sshd(8), AUTHORIZED_KEYS FILE FORMAT). Bytes are text in latin1 here: each
// character is one byte, so that nothing is lost whatever the file holds.

/** One line of a file of keys. `bytes` is the whole line with its end, so that all lines together are the file. */
export interface Line {
  readonly bytes: string;
  readonly content: Content;
}

/** What sshd makes of a line. */
export type Content =
  | { readonly kind: "blank" }
  /** A key that opens a login; with `authority` it is one that signs certificates which do. */
  | {
      readonly kind: "key";
      readonly fingerprint: string;
      readonly type: string;
      readonly authority: boolean;
      readonly comment: string;
    }
  /** It is neither empty nor a comment, and no key can be read in it. */
  | { readonly kind: "unread" };

const BOM = "\xef\xbb\xbf";
/**
 * Other names than the one inside the blob. OpenSSH's short names of types, which not every version takes in a file; and
 * the names of signatures, which sshd does take in front of a key (sshkey.c, `sshkey_type_from_name`).
 */
const OTHER_NAMES: ReadonlyMap<string, RegExp> = new Map([
  ["rsa-sha2-256", /^ssh-rsa$/],
  ["rsa-sha2-512", /^ssh-rsa$/],
  ["webauthn-sk-ecdsa-sha2-nistp256@openssh.com", /^sk-ecdsa-/],
  ["rsa", /^ssh-rsa$/],
  ["dsa", /^ssh-dss$/],
  ["ecdsa", /^ecdsa-sha2-/],
  ["ed25519", /^ssh-ed25519$/],
  ["ecdsa-sk", /^sk-ecdsa-/],
  ["ed25519-sk", /^sk-ssh-ed25519/],
]);

/** All lines of a file, in order; joined they are its bytes. */
export function parseKeyFile(bytes: string): Line[] {
  const lines = bytes.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.map((line, index) => ({ bytes: line, content: parseLine(index === 0 ? withoutBom(line) : line) }));
}

/** `SHA256:…` of a key's blob, as ssh-keygen prints it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The fingerprint that somebody vouches for, given as `SHA256:…` or as a line with the public key itself. */
export function findFingerprint(vouched: string): string | undefined {
  const [fingerprint] = /^SHA256:[A-Za-z0-9+/]{43}(?==?$)/.exec(vouched.trim()) ?? [];
  if (fingerprint) return fingerprint;
  const content = parseLine(Buffer.from(vouched).toString("latin1"));
  return content.kind === "key" && !content.authority ? content.fingerprint : undefined;
}

// An editor's byte order mark goes with its line: left behind, it would break the next one.
function withoutBom(line: string): string {
  return line.startsWith(BOM) ? line.slice(BOM.length) : line;
}

function parseLine(bytes: string): Content {
  // sshd reads C strings: what follows a NUL is not there for it.
  const [text = ""] = bytes.split(/\r?\n$|\0/, 1);
  const start = text.replace(/^[ \t]+/, "");
  if (start === "" || start === "\r" || start.startsWith("#")) return { kind: "blank" };
  const bare = readKey(start);
  if (bare) return { kind: "key", authority: false, ...bare };
  const length = optionsLength(start);
  const key = length === undefined ? undefined : readKey(start.slice(length).replace(/^[ \t]+/, ""));
  if (!key) return { kind: "unread" };
  return { kind: "key", authority: hasAuthority(start.slice(0, length)), ...key };
}

function readKey(text: string): { fingerprint: string; type: string; comment: string } | undefined {
  const [, named, base64, comment = ""] = /^([^ \t]+)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/s.exec(text) ?? [];
  if (!named || !base64) return undefined;
  const plain = base64.replace(/[\r\v\f]/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) return undefined;
  const blob = Buffer.from(plain, "base64");
  const type = innerType(blob);
  // Whatever the type is called: a list of known ones would overlook the next.
  if (type === undefined || (named !== type && !OTHER_NAMES.get(named.toLowerCase())?.test(type))) return undefined;
  // A certificate in such a file opens nothing by itself; it is left to a human.
  if (type.includes("-cert-v0")) return undefined;
  return { fingerprint: fingerprintOf(blob), type, comment: comment.replace(/\r+$/, "") };
}

/** The type that a blob begins with (RFC 4253, section 6.6). */
function innerType(blob: Buffer): string | undefined {
  if (blob.length < 5) return undefined;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || blob.length <= 4 + length) return undefined;
  const type = blob.toString("latin1", 4, 4 + length);
  return /^[\x21-\x7e]+$/.test(type) ? type : undefined;
}

/** Length of the options in front of a key: up to the first blank outside quotes, in which `\"` is no end. */
function optionsLength(text: string): number | undefined {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === "\\" && text[at + 1] === '"') at++;
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && (sign === " " || sign === "\t")) return at;
  }
  return undefined;
}

function hasAuthority(options: string): boolean {
  const unquoted = options.replace(/\\"/g, "").replace(/"[^"]*"/g, "");
  return unquoted.split(",").some((option) => option.trim().toLowerCase() === "cert-authority");
}
