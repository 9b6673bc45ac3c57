import { shownText } from "../core/text.ts";
import { type DirectoryChange, type DirectoryPerson, FROM_FILE, type Identifier } from "../store/directory.ts";
import type { PersonRecord } from "../workflow/person-record.ts";
import type { Directory } from "./known-directory.ts";
import type { PeopleFile, PersonLine } from "./triggers/csv.ts";

/** What one person's line changes. */
export interface PersonChange {
  readonly id: string;
  readonly kind: "added" | "changed";
  /** What differs, by field: `name`, `emails`, `github`. */
  readonly fields: readonly string[];
  readonly before: Readonly<Record<string, string | readonly string[] | null>>;
  readonly after: Readonly<Record<string, string | readonly string[] | null>>;
  /** The person from now on, whole: what the entry vouches for. */
  readonly record: PersonRecord;
}

export type Comparison =
  | { readonly kind: "refused"; readonly faults: readonly string[] }
  | {
      readonly kind: "compared";
      readonly people: readonly PersonChange[];
      readonly write: DirectoryChange;
      /** How many the directory knows that the file does not name. They are left as they are. */
      readonly notInFile: number;
      /** Identifiers that stay since their person's case is not over: taking them away would protect who is leaving. */
      readonly kept: number;
    };

const KINDS = ["emails", "logins", "accounts"] as const;
type Kind = (typeof KINDS)[number];
type Identifiers = Record<Kind, Identifier[]>;

/** Compares a file with the directory as signed entries have it. Decides everything and writes nothing. */
export function comparePeople(file: PeopleFile, directory: Directory, zone: string | undefined): Comparison {
  const named = new Set(file.people.map(({ id }) => id));
  const faults: string[] = [];
  const managers = managerFinder(file, directory);
  const people: PersonChange[] = [];
  const put: DirectoryPerson[] = [];
  const fresh: Identifiers = { emails: [], logins: [], accounts: [] };
  const gone: Identifiers = { emails: [], logins: [], accounts: [] };
  const wanted: Identifiers = { emails: [], logins: [], accounts: [] };
  let kept = 0;

  for (const line of file.people) {
    const manager = line.manager === undefined ? null : managers(line.manager);
    if (manager === undefined)
      faults.push(`Line ${line.line}: nobody is known as the manager “${shownText(line.manager ?? "")}”.`);
    if (manager === line.id) faults.push(`Line ${line.line}: nobody is their own manager.`);
    const before = directory.known.get(line.id);
    const after: DirectoryPerson = {
      id: line.id,
      name: line.name,
      managerId: manager ?? null,
      zone: line.zone ?? zone ?? null,
    };
    const fields: string[] = [];
    const was: Record<string, string | readonly string[] | null> = {};
    const is: Record<string, string | readonly string[] | null> = {};
    for (const field of ["name", "managerId", "zone"] as const) {
      if (before?.[field] === after[field] || (before === undefined && after[field] === null)) continue;
      fields.push(field);
      if (before) was[field] = before[field];
      is[field] = after[field];
    }
    const merge = (kind: Kind, system: string, has: readonly string[], asked: readonly string[]): string[] => {
      const added = asked.filter((value) => !has.includes(value));
      const missing = has.filter((value) => !asked.includes(value));
      const stays = directory.rows.leaving.has(line.id);
      if (stays) kept += missing.length;
      const going = stays ? [] : missing;
      const now = [...has.filter((value) => !going.includes(value)), ...added];
      fresh[kind].push(...added.map((value) => ({ system, value, personId: line.id })));
      gone[kind].push(...going.map((value) => ({ system, value, personId: line.id })));
      if (added.length + going.length === 0) return now;
      const field = system === "email" ? "emails" : system;
      fields.push(field);
      if (before) was[field] = has;
      is[field] = now;
      return now;
    };
    const logins: Record<string, string[]> = { ...before?.logins };
    const accounts: Record<string, string[]> = { ...before?.accounts };
    const emails = merge("emails", "email", before?.emails ?? [], line.emails);
    for (const [system, asked] of Object.entries(line.logins)) {
      logins[system] = merge("logins", system, logins[system] ?? [], asked);
    }
    for (const [system, asked] of Object.entries(line.chats)) {
      // What was learned otherwise is known already, and is not the file's to take back.
      const own = (value: string) => directory.noted.some((one) => isSame(one, { system, value, personId: line.id }));
      accounts[system] = merge(
        "accounts",
        system,
        accounts[system] ?? [],
        asked.filter((value) => !own(value)),
      );
    }
    const record: PersonRecord = {
      name: after.name,
      managerId: after.managerId,
      zone: after.zone,
      active: before?.active ?? true,
      emails,
      logins,
      accounts,
    };
    for (const kind of KINDS) wanted[kind].push(...identifiersOf(line.id, record)[kind]);
    const changed = before === undefined || fields.length > 0;
    if (changed)
      people.push({ id: line.id, kind: before ? "changed" : "added", fields, before: was, after: is, record });
    const row = directory.rows.persons.get(line.id);
    const sameRow = row?.name === after.name && row.managerId === after.managerId && row.zone === after.zone;
    if (changed || !sameRow) put.push(after);
  }
  const signed = allIdentifiers(directory);
  for (const kind of KINDS) faults.push(...taken(fresh[kind], gone[kind], signed[kind], file.people, named));
  if (faults.length > 0) return { kind: "refused", faults };
  const notInFile = [...directory.known.keys()].filter((id) => !named.has(id)).length;
  return { kind: "compared", people, write: { put, ...rowsToWrite(directory, wanted, named) }, notInFile, kept };
}

/** Rows that are not what is wanted of the people of the file: also those that somebody wrote in between. */
function rowsToWrite(
  { rows }: Directory,
  wanted: Identifiers,
  named: ReadonlySet<string>,
): Pick<DirectoryChange, "add" | "remove"> {
  const add: Identifiers = { emails: [], logins: [], accounts: [] };
  const remove: Identifiers = { emails: [], logins: [], accounts: [] };
  for (const kind of KINDS) {
    const standing = kind === "accounts" ? rows.accounts.filter(({ source }) => source === FROM_FILE) : rows[kind];
    const has = new Set(standing.map(identity));
    const wants = new Set(wanted[kind].map(identity));
    add[kind].push(...wanted[kind].filter((one) => !has.has(identity(one))));
    remove[kind].push(...standing.filter((one) => named.has(one.personId) && !wants.has(identity(one))));
  }
  return { add, remove };
}

function allIdentifiers(directory: Directory): Identifiers {
  const all: Identifiers = { emails: [], logins: [], accounts: [...directory.noted] };
  for (const [id, record] of directory.known) {
    const own = identifiersOf(id, record);
    for (const kind of KINDS) all[kind].push(...own[kind]);
  }
  return all;
}

function identifiersOf(personId: string, record: PersonRecord): Identifiers {
  const listed = (by: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(by).flatMap(([system, values]) => values.map((value) => ({ system, value, personId })));
  return {
    emails: listed({ email: record.emails }),
    logins: listed(record.logins),
    accounts: listed(record.accounts),
  };
}

/** A manager by id or e-mail, of the file or of the directory. */
function managerFinder(file: PeopleFile, directory: Directory): (name: string) => string | undefined {
  const ids = new Set([...directory.known.keys(), ...file.people.map(({ id }) => id)]);
  // What the file says of an e-mail is newer.
  const mails = new Map([
    ...[...directory.known].flatMap(([id, { emails }]) => emails.map((email) => [email, id] as const)),
    ...file.people.flatMap(({ id, emails }) => emails.map((email) => [email, id] as const)),
  ]);
  return (name) => (name.includes("@") ? mails.get(name) : ids.has(name) ? name : undefined);
}

/** New identifiers that somebody else has and this file does not take from them. */
function taken(
  added: readonly Identifier[],
  removed: readonly Identifier[],
  known: readonly Identifier[],
  people: readonly PersonLine[],
  named: ReadonlySet<string>,
): string[] {
  const key = ({ system, value }: Identifier) => JSON.stringify([system, value]);
  const free = new Set(removed.map(key));
  const owner = new Map(known.map((one) => [key(one), one.personId]));
  const lines = new Map(people.map(({ id, line }) => [id, line]));
  return added.flatMap((one) => {
    const by = owner.get(key(one));
    if (by === undefined || free.has(key(one))) return [];
    const what = one.system === "email" ? "e-mail" : `${one.system} account`;
    const where = named.has(by) ? "" : ", who is not in this file";
    return [
      `Line ${lines.get(one.personId)}: the ${what} “${shownText(one.value)}” belongs to ${shownText(by)}${where}.`,
    ];
  });
}

function identity({ system, value, personId }: Identifier): string {
  return JSON.stringify([system, value, personId]);
}

function isSame(a: Identifier, b: Identifier): boolean {
  return identity(a) === identity(b);
}
