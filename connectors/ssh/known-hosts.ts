import { createHmac } from "node:crypto";
import type { HostAddress } from "./hosts.ts";

/** One line of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
interface KnownHost {
  readonly revoked: boolean;
  readonly names: string;
  readonly type: string;
  /** The key's blob in base64. */
  readonly key: string;
}

/** The keys by which a host is known, and those it must not show. */
export interface Pinned {
  readonly types: readonly string[];
  /** Says whether the host may show this key. */
  accepts(blob: Buffer): boolean;
}

/** Lines that name a host and a key. Keys that sign host certificates are left out: certificates are not verified here. */
function parseKnownHosts(text: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, marker, names, type, key] =
      /^\s*(?:(@\S+)\s+)?([^\s#@]\S*)\s+([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/i.exec(line) ?? [];
    if (!names || !type || !key || (marker && marker !== "@revoked")) return [];
    return [{ revoked: marker === "@revoked", names, type, key }];
  });
}

/** Says whether a text holds at least one host with its key. */
export function isKnownHosts(text: string): boolean {
  return parseKnownHosts(text).some(({ revoked }) => !revoked);
}

/** What known_hosts says of a host, `undefined` if it does not know it. */
export function findPinned(text: string, host: HostAddress): Pinned | undefined {
  const lines = parseKnownHosts(text).filter((line) => isNamed(line.names, nameOf(host)));
  const kept = lines.filter(({ revoked }) => !revoked);
  if (kept.length === 0) return undefined;
  return {
    types: [...new Set(kept.map(({ type }) => type))],
    accepts(blob) {
      const key = blob.toString("base64");
      return kept.some((line) => line.key === key) && !lines.some((line) => line.revoked && line.key === key);
    },
  };
}

function nameOf({ host, port }: HostAddress): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

function isNamed(names: string, name: string): boolean {
  if (names.startsWith("|1|")) {
    const [, , salt = "", hash] = names.split("|");
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  const patterns = names.toLowerCase().split(",");
  if (patterns.some((pattern) => pattern.startsWith("!") && isLike(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && isLike(pattern, name));
}

function isLike(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
}
