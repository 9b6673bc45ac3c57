import { type Blocker, SystemError } from "../connector.ts";

// SQLSTATE codes we act on, with the reason. https://www.postgresql.org/docs/current/errcodes-appendix.html
/** Password or method refused, or no line of pg_hba.conf lets us in. */
const INVALID_LOGIN = ["28000", "28P01"];
/** The role lacks a right. */
const INSUFFICIENT_PRIVILEGE = "42501";
/** All connection slots, of the server, the database or the role, are taken: they come back. */
const TOO_MANY_CONNECTIONS = "53300";
/** Somebody holds a lock longer than our lock_timeout. */
const LOCK_NOT_AVAILABLE = "55P03";
/** Two transactions changed the same row or waited for each other: trying again helps. `XX000` is how GRANT says it. */
const TRY_AGAIN = ["40001", "40P01", "XX000"];
/** Other rights were given by the one whose right should go. */
export const DEPENDENT_OBJECTS = "2BP01";
/** Starting up, shutting down, crashed, statement or idle timeout: the server is there, the answer is not. */
const NO_ANSWER = ["57014", "57P01", "57P02", "57P03", "57P05"];
/** A standby refuses every change. */
const READ_ONLY = "25006";
/** `datallowconn` is off. */
const NOT_ACCEPTING = "55000";
/** The database is gone. */
const NO_SUCH_DATABASE = "3D000";

const RETRY_MS = 30_000;

/** Thrown inside a transaction to roll it back, when something must be cleared away by a human first. */
export class Blocked extends Error {
  readonly by: readonly Blocker[];

  constructor(...what: string[]) {
    super(what.join("; "));
    this.by = what.map((text) => ({ what: text }));
  }
}

/** The SQLSTATE, or the code of a connection error such as `ECONNREFUSED`; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Says whether one database refused to let us in, so that it is a blind part and not an outage. */
export function isShutOutError(error: unknown): boolean {
  const code = error instanceof SystemError ? codeOf(error.cause) : undefined;
  return (
    code !== undefined && [...INVALID_LOGIN, INSUFFICIENT_PRIVILEGE, NOT_ACCEPTING, NO_SUCH_DATABASE].includes(code)
  );
}

/** Translates what the driver threw. Errors that are not the server's or the connection's stay what they are. */
export function toSystemError(error: unknown, now: () => Date): unknown {
  const code = codeOf(error);
  if (error instanceof SystemError || error instanceof Blocked || code === undefined) return error;
  const cause = { cause: error };
  const detail = error instanceof Error && "detail" in error ? `: ${String(error.detail)}` : "";
  const said = error instanceof Error ? error.message + detail : String(error);
  const later = { code: "rate-limited", retryAt: new Date(now().getTime() + RETRY_MS) } as const;
  if (INVALID_LOGIN.includes(code))
    return new SystemError({ code: "forbidden", scope: `a valid login (${said})` }, cause);
  if (code === INSUFFICIENT_PRIVILEGE) return new SystemError({ code: "forbidden", scope: `a right (${said})` }, cause);
  if (code === TOO_MANY_CONNECTIONS || code === LOCK_NOT_AVAILABLE) return new SystemError(later, cause);
  if (TRY_AGAIN.includes(code)) return new SystemError(later, cause);
  if (code === DEPENDENT_OBJECTS) return new SystemError({ code: "conflict", blockers: [said] }, cause);
  if (code === READ_ONLY)
    return new SystemError(
      { code: "refused", reason: "this server is a standby: the URL must lead to the primary" },
      cause,
    );
  const sqlState = /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("EPIPE");
  if (!sqlState || NO_ANSWER.includes(code) || /^(08|53|58)/.test(code))
    return new SystemError({ code: "unreachable" }, cause);
  return new SystemError({ code: "refused", reason: `${said} (${code})` }, cause);
}
