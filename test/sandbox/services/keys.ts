import { findFingerprint } from "../../../connectors/ssh/key-line.ts";
import { type Key, makeKey } from "../../peers/ssh.ts";
import { KEYS } from "../company-hosts.ts";

/** Everybody's SSH keys, made when first asked for. */
export interface KeyRing {
  /** Somebody's key by its name. */
  get(of: string, name: string): Key;
  /** Fingerprints that Acme's directory vouches for, by handle. */
  fingerprints(): Readonly<Record<string, readonly string[]>>;
}

export function openKeyRing(): KeyRing {
  const keys = new Map<string, Key>();
  const get: KeyRing["get"] = (of, name) => {
    const key = keys.get(`${of} ${name}`) ?? makeKey();
    keys.set(`${of} ${name}`, key);
    return key;
  };
  return {
    get,
    fingerprints: () =>
      Object.fromEntries(
        Object.entries(KEYS).map(([of, names]) => [of, names.map((name) => findFingerprint(get(of, name).line) ?? "")]),
      ),
  };
}
