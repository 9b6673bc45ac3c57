import { createHash, randomBytes } from "node:crypto";
import { canonicalBytes } from "./canonical.ts";
import type { Personal } from "./entry.ts";

/** Personal data as it is kept beside its entry. */
export interface Kept {
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
}

/** A fresh salt and the canonical bytes. Without the salt nobody can find out a name by trying names. */
export function keep(personal: Personal): Kept {
  return { salt: randomBytes(SALT_LENGTH), body: canonicalBytes(personal) };
}

/**
 * What the entry says of it: SHA-256(salt || body) in hex. Nothing if the salt has another length than ours, since a
 * byte moved from one to the other would go unseen.
 */
export function commitment(kept: Kept): string | undefined {
  if (kept.salt.length !== SALT_LENGTH) return undefined;
  return createHash("sha256").update(kept.salt).update(kept.body).digest("hex");
}

const SALT_LENGTH = 32;
