import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { Secret } from "../core/secret.ts";

// The keys of C2SP signed-note (https://c2sp.org/signed-note), Ed25519 only, in the text form of Go's
// golang.org/x/mod/sumdb/note, which the tools of that world read.

/** The public half of a log's key: enough to verify everything the log ever signed. */
export interface LogVerifier {
  /** The key's name, which is the log's origin as well. */
  readonly name: string;
  /** Four bytes that say which key signed; not a proof of anything. */
  readonly keyId: Uint8Array;
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
  /** Whether this key signed this text. */
  verify(text: string, signature: Uint8Array): boolean;
}

/** The log's key, with which a note is signed. The private half never leaves it. */
export interface LogSigner {
  readonly verifier: LogVerifier;
  /** 64 bytes. */
  sign(text: string): Uint8Array;
}

/** What `newLogKey` makes: `key` goes into SIGNOFF_LOG_KEY, the other two are public. */
export interface NewLogKey {
  readonly key: Secret;
  /** `name+hash+keydata`, for verifying elsewhere. */
  readonly verifierKey: string;
  readonly fingerprint: string;
}

/** Thrown for a key's text that is not one; its message never shows the text. */
export class BadKey extends Error {
  constructor(why: string) {
    super(why);
    this.name = "BadKey";
  }
}

/** A fresh key for the log `origin`, such as `signoff.example.com/main`: the name it signs with for ever. */
export function newLogKey(origin: string): NewLogKey {
  checkName(origin);
  const seed = generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const verifier = verifierOf(origin, publicKeyOf(seed));
  const data = Buffer.concat([ED25519, seed]).toString("base64");
  return {
    key: new Secret(`${PRIVATE}${origin}+${Buffer.from(verifier.keyId).toString("hex")}+${data}`),
    verifierKey: verifierKeyText(verifier),
    fingerprint: fingerprint(verifier),
  };
}

/** Reads what `newLogKey` gave as `key`: `PRIVATE+KEY+name+hash+keydata`. Throws `BadKey`. */
export function readLogKey(key: Secret): LogSigner {
  const text = key.reveal().trim();
  if (!text.startsWith(PRIVATE)) throw new BadKey("a log key starts with PRIVATE+KEY+");
  const { name, hash, data } = readParts(text.slice(PRIVATE.length));
  const verifier = verifierOf(name, publicKeyOf(data));
  if (hash !== Buffer.from(verifier.keyId).toString("hex"))
    throw new BadKey("the log key's hash is not that of its key");
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, data]), format: "der", type: "pkcs8" });
  return { verifier, sign: (signed) => sign(null, Buffer.from(signed, "utf8"), privateKey) };
}

/** Reads a verifier key, `name+hash+keydata`. Throws `BadKey`. */
export function readVerifierKey(text: string): LogVerifier {
  const { name, hash, data } = readParts(text.trim());
  const verifier = verifierOf(name, data);
  if (hash !== Buffer.from(verifier.keyId).toString("hex")) throw new BadKey("the key's hash is not that of its key");
  return verifier;
}

/** The text form of a verifier, `name+hash+keydata`. */
export function verifierKeyText(verifier: LogVerifier): string {
  const data = Buffer.concat([ED25519, verifier.publicKey]).toString("base64");
  return `${verifier.name}+${Buffer.from(verifier.keyId).toString("hex")}+${data}`;
}

/**
 * What people compare and keep outside: `SHA256:` and the base64 of the whole hash whose first four bytes are the key
 * id, without padding, as ssh writes it. It stands for the log's name and its key together.
 */
export function fingerprint(verifier: LogVerifier): string {
  return `SHA256:${keyHash(verifier.name, verifier.publicKey).toString("base64").replaceAll("=", "")}`;
}

/** Base64 (RFC 4648 section 4) in its one exact form, or nothing: two texts must never stand for the same bytes. */
export function exactBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

const PRIVATE = "PRIVATE+KEY+";
const ED25519 = Uint8Array.of(1);
// DER before the 32 bytes (RFC 8410 sections 4 and 7).
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function verifierOf(name: string, publicKey: Uint8Array): LogVerifier {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
  return {
    name,
    keyId: keyHash(name, publicKey).subarray(0, 4),
    publicKey,
    verify: (text, signature) => signature.length === 64 && verify(null, Buffer.from(text, "utf8"), key, signature),
  };
}

function publicKeyOf(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

function keyHash(name: string, publicKey: Uint8Array): Buffer {
  return createHash("sha256").update(`${name}\n`, "utf8").update(ED25519).update(publicKey).digest();
}

function readParts(text: string): { name: string; hash: string; data: Uint8Array } {
  // The name holds no plus; base64 may.
  const [, name, hash, base64] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/su.exec(text) ?? [];
  if (name === undefined || hash === undefined || base64 === undefined) {
    throw new BadKey("a key reads name+hash+keydata");
  }
  checkName(name);
  const data = exactBase64(base64);
  if (data?.length !== 33 || data[0] !== 1) throw new BadKey("the key's data is not an Ed25519 key");
  return { name, hash, data: data.subarray(1) };
}

function checkName(name: string): void {
  if (!/^[^\s\p{Z}\p{Cc}+]+$/u.test(name) || !name.isWellFormed()) {
    throw new BadKey("a key's name has neither spaces nor a plus sign, as in signoff.example.com/main");
  }
}
