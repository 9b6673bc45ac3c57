/** What is wrong with the database, as far as a caller may decide on it. */
export type StoreFault =
  | "unreachable"
  | "refused"
  | "no-database"
  | "no-role"
  | "no-right"
  | "newer"
  | "not-migrated"
  | "machine";

/** A database that cannot be used. The message says what to do and never holds a password. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly fault: StoreFault;

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** The role a URL logs in as; empty if it names none. Reads the text itself, since a URL may name several hosts. */
export function roleOf(url: string): string {
  const user = /^postgres(?:ql)?:\/\/([^:@/?#]*)[^/?#]*@/.exec(url)?.[1] ?? "";
  return decodeURIComponent(user);
}

/** The URL as it may be shown: no password. */
export function shown(url: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^:@/?#]*):.*@/, "$1@").replace(/([?&]password=)[^&]*/g, "$1…");
}

/** An identifier as PostgreSQL takes it in SQL text. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What Node and the driver say when nobody answers. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
]);

/** The code of an error: PostgreSQL's SQLSTATE or the system's; drizzle hides it inside an error of its own. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}

/** Says what to do about an error at connecting; SQLSTATE codes of PostgreSQL's appendix A. */
export function connectFault(cause: unknown, url: string): unknown {
  const code = codeOf(cause);
  const where = shown(url);
  const fault = (kind: StoreFault, message: string) => new StoreError(kind, message, { cause });
  switch (code) {
    case "28P01":
    case "28000":
      return fault("refused", `The database at ${where} refuses this role or its password. Correct either.`);
    case "3D000":
      return fault("no-database", `There is no such database: ${where}. Create it: CREATE DATABASE … OWNER ….`);
    case "53300":
      return fault(
        "unreachable",
        `The database at ${where} has no connection left. Raise max_connections or use fewer.`,
      );
    case "57P01":
    case "57P03":
      return fault("unreachable", `The database at ${where} is starting or stopping. Try again in a moment.`);
    default:
      if (code !== undefined && UNREACHABLE.has(code))
        return fault("unreachable", `No database answers at ${where} (${code}). Start it, or correct the address.`);
      return cause;
  }
}
