import { createHash } from "node:crypto";
import { CsvError } from "csv-parse";
import { parse } from "csv-parse/sync";
import { safeText, shownText } from "../../core/text.ts";
import { isZone } from "../../core/zone.ts";

/** One person as a line of the file says. */
export interface PersonLine {
  readonly line: number;
  readonly id: string;
  /** In stored form (`safeText`). */
  readonly name: string;
  /** Lower case. */
  readonly emails: readonly string[];
  /** An id or an e-mail. */
  readonly manager?: string;
  readonly zone?: string;
  /** Chat account ids by surface, for each such column. */
  readonly chats: Readonly<Record<string, readonly string[]>>;
  /** Logins that the file vouches for by system id or connector kind, for each such column. */
  readonly logins: Readonly<Record<string, readonly string[]>>;
}

/** A people file without a fault. */
export interface PeopleFile {
  readonly people: readonly PersonLine[];
  /** Columns that nobody reads. */
  readonly ignored: readonly string[];
  /** Of the bytes as they came, in hexadecimal. */
  readonly sha256: string;
}

export type ReadFile =
  | { readonly kind: "read"; readonly file: PeopleFile }
  /** Each fault is a sentence that names its line. */
  | { readonly kind: "refused"; readonly faults: readonly string[] };

export const ENCODINGS = ["utf-8", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface ReadOptions {
  readonly encoding: Encoding;
  /** Ids and kinds of the systems that have accounts: columns of these names hold logins. */
  readonly systems: readonly string[];
}

const CHATS = ["slack", "teams"];
const OURS = ["id", "emails", "name", "manager", "zone"];
const REQUIRED = ["id", "emails", "name"];

/**
 * Reads a people file: comma or semicolon separated, with a header. It is taken whole or not at all, since half a list of
 * people would be trusted like a whole one.
 */
export function readPeople(bytes: Uint8Array, options: ReadOptions): ReadFile {
  const text = decode(bytes, options.encoding);
  if (text === undefined) {
    return refused([
      "The file is not UTF-8. Save it as “CSV UTF-8”, or add --encoding windows-1252 if it comes from an older Excel.",
    ]);
  }
  const rows = split(text);
  if (typeof rows === "string") return refused([rows]);
  const [header, ...rest] = rows;
  if (!header) return refused(["The file is empty."]);
  const columns = header.cells.map((cell) => cell.toLowerCase());
  const faults = faultsOfHeader(columns, header.cells);
  if (faults.length > 0) return refused(faults);
  const people = rest.map((row) => readLine(row, columns, options.systems, faults));
  faults.push(...twice(people));
  if (people.length === 0) faults.push("The file names nobody.");
  if (faults.length > 0) return refused(faults);
  const known = [...OURS, ...CHATS, ...options.systems];
  return {
    kind: "read",
    file: {
      people,
      ignored: columns.filter((name) => name !== "" && !known.includes(name)),
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  };
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

function decode(bytes: Uint8Array, encoding: Encoding): string | undefined {
  try {
    // A byte order mark at the start is left out.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The rows, or what is wrong with the file. */
function split(text: string): readonly Row[] | string {
  const head = text.split(/\r?\n/, 1)[0] ?? "";
  // Excel writes semicolons where the comma is the decimal sign.
  const delimiter = head.split(";").length > head.split(",").length ? ";" : ",";
  try {
    const rows = parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as readonly { record: string[]; info: { lines: number } }[];
    return rows
      .map(({ record, info }) => ({ line: info.lines, cells: record }))
      .filter(({ cells }) => cells.some((cell) => cell !== ""));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = "lines" in cause ? ` near line ${String(cause["lines"])}` : "";
    return `The file is not CSV${line}: ${cause.code === "CSV_QUOTE_NOT_CLOSED" ? "a quote is not closed" : cause.code}.`;
  }
}

function faultsOfHeader(columns: readonly string[], asWritten: readonly string[]): string[] {
  const faults = REQUIRED.filter((name) => !columns.includes(name)).map(
    (name) => `The column “${name}” is missing. The first line reads: ${shownText(asWritten.join(", "))}`,
  );
  const doubled = columns.filter((name, at) => name !== "" && columns.indexOf(name) !== at);
  return [...faults, ...doubled.map((name) => `The column “${shownText(name)}” is there twice.`)];
}

function readLine(row: Row, columns: readonly string[], systems: readonly string[], faults: string[]): PersonLine {
  const cell = (name: string) => row.cells[columns.indexOf(name)] ?? "";
  const fault = (what: string) => void faults.push(`Line ${row.line}: ${what}`);
  const many = (name: string) => [
    ...new Set(
      cell(name)
        .split(/[;\s]+/)
        .filter((item) => item !== ""),
    ),
  ];
  const unseen = (value: string) => /[\p{Cc}\p{Cf}\p{Zs}]/u.test(value);
  const all = (names: readonly string[]) =>
    Object.fromEntries(names.filter((name) => columns.includes(name)).map((name) => [name, many(name)]));
  if (row.cells.length !== columns.length) {
    fault(`it has ${row.cells.length} cells and the first line has ${columns.length}.`);
  }
  const id = cell("id");
  if (id === "") fault("the id is empty.");
  if (unseen(id)) fault(`the id “${shownText(id)}” has spaces or signs that cannot be seen.`);
  if (cell("name") === "") fault("the name is empty.");
  const emails = [...new Set(many("emails").map((email) => email.toLowerCase()))];
  for (const email of emails) {
    if (!/^[^@]+@[^@]+$/.test(email) || unseen(email)) fault(`“${shownText(email)}” is no e-mail address.`);
  }
  const zone = cell("zone");
  if (zone !== "" && !isZone(zone)) fault(`“${shownText(zone)}” is no time zone. Use one such as Europe/Berlin.`);
  const chats = all(CHATS);
  const logins = all(systems);
  for (const [name, values] of Object.entries({ ...chats, ...logins })) {
    for (const value of values)
      if (unseen(value)) fault(`${name}: “${shownText(value)}” has signs that cannot be seen.`);
  }
  const manager = cell("manager");
  return {
    line: row.line,
    id,
    name: safeText(cell("name")),
    emails,
    ...(manager === "" ? {} : { manager: manager.includes("@") ? manager.toLowerCase() : manager }),
    ...(zone === "" ? {} : { zone }),
    chats,
    logins,
  };
}

/** Whatever two lines claim: who has it would be a guess, and a guess here locks out a stranger. */
function twice(people: readonly PersonLine[]): string[] {
  const first = new Map<string, number>();
  const faults: string[] = [];
  const claim = (what: string, value: string, line: number) => {
    const key = `${what} ${value}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, line);
    else faults.push(`Lines ${before} and ${line}: both have the ${what} “${shownText(value)}”.`);
  };
  for (const { line, id, emails, chats, logins } of people) {
    if (id !== "") claim("id", id, line);
    for (const email of emails) claim("e-mail", email, line);
    for (const [name, values] of Object.entries({ ...chats, ...logins })) {
      for (const value of values) claim(`${name} account`, value, line);
    }
  }
  return faults;
}

function refused(faults: readonly string[]): ReadFile {
  return { kind: "refused", faults };
}
