import { SystemError } from "../connector.ts";

/** What a Unix account holds. */
export type HeldKind = "sudo-rule" | "admin-group" | "job" | "processes" | "unix-account";

/** What a grant's id says. Paths are bytes in latin1. */
export type Target =
  | { readonly kind: "key" | "authority"; readonly host: string; readonly path: string; readonly fingerprint: string }
  | { readonly kind: HeldKind; readonly host: string; readonly user: string; readonly key: string }
  | { readonly kind: "session"; readonly host: string; readonly fingerprint: string; readonly session: Session };

/** A login that sshd's log tells of, known by where it comes from. */
export interface Session {
  readonly user: string;
  readonly from: string;
  readonly port: string;
  /** The process that served it, where the log says so. */
  readonly pid: string;
}

/** The grant's id: stable as long as the file keeps its name. */
export function grantIdOf(target: Target): string {
  return [target.kind, target.host, ...partsOf(target)].map(encodeURIComponent).join(":");
}

function partsOf(target: Target): string[] {
  switch (target.kind) {
    case "session":
      return [target.fingerprint, target.session.user, target.session.from, target.session.port, target.session.pid];
    case "key":
    case "authority":
      return [target.fingerprint, target.path];
    default:
      return [target.user, target.key];
  }
}

/** Reads a grant's id. @throws SystemError `refused` if it is none of ours. */
export function parseTarget(id: string): Target {
  const [kind, host = "", fingerprint = "", one = "", from = "", port = "", pid = ""] = id
    .split(":")
    .map(decodeURIComponent);
  switch (kind) {
    case "key":
    case "authority":
      return { kind, host, fingerprint, path: one };
    case "session":
      return { kind, host, fingerprint, session: { user: one, from, port, pid } };
    case "sudo-rule":
    case "admin-group":
    case "job":
    case "processes":
    case "unix-account":
      return { kind, host, user: fingerprint, key: one };
    default:
      throw new SystemError({ code: "refused", reason: "this is no grant of this system" });
  }
}
