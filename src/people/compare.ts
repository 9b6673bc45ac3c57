import { shownText } from "../core/text.ts";
import {
  type Directory,
  type DirectoryChange,
  type DirectoryPerson,
  FROM_FILE,
  type Identifier,
} from "../store/directory.ts";
import type { PeopleFile, PersonLine } from "./triggers/csv.ts";

/** What one person's line changes. */
export interface PersonChange {
  readonly id: string;
  readonly kind: "added" | "changed";
  /** What differs, by field: `name`, `emails`, `github`. */
  readonly fields: readonly string[];
  readonly before: Readonly<Record<string, string | readonly string[] | null>>;
  readonly after: Readonly<Record<string, string | readonly string[] | null>>;
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

/** Compares a file with the directory. Decides everything and writes nothing. */
export function comparePeople(file: PeopleFile, directory: Directory, zone: string | undefined): Comparison {
  const named = new Set(file.people.map(({ id }) => id));
  const faults: string[] = [];
  const managers = managerFinder(file, directory);
  const people: PersonChange[] = [];
  const put: DirectoryPerson[] = [];
  const add = { emails: [] as Identifier[], logins: [] as Identifier[], accounts: [] as Identifier[] };
  const remove = { emails: [] as Identifier[], logins: [] as Identifier[], accounts: [] as Identifier[] };
  let kept = 0;
  const known = {
    emails: byPerson(directory.emails),
    logins: byPerson(directory.logins),
    accounts: byPerson(directory.accounts),
  };

  for (const line of file.people) {
    const manager = line.manager === undefined ? null : managers(line.manager);
    if (manager === undefined)
      faults.push(`Line ${line.line}: nobody is known as the manager “${shownText(line.manager ?? "")}”.`);
    if (manager === line.id) faults.push(`Line ${line.line}: nobody is their own manager.`);
    const before = directory.persons.get(line.id);
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
    const identifiers = (
      kind: keyof typeof add,
      system: string,
      wanted: readonly string[],
      mayRemove: (value: string) => boolean,
    ) => {
      const has = (known[kind].get(line.id) ?? []).filter((one) => one.system === system).map(({ value }) => value);
      const fresh = wanted.filter((value) => !has.includes(value));
      const gone = has.filter((value) => !wanted.includes(value) && mayRemove(value));
      const stays = directory.leaving.has(line.id);
      if (stays) kept += gone.length;
      const going = stays ? [] : gone;
      add[kind].push(...fresh.map((value) => ({ system, value, personId: line.id })));
      remove[kind].push(...going.map((value) => ({ system, value, personId: line.id })));
      if (fresh.length + going.length === 0) return;
      const field = system === "email" ? "emails" : system;
      fields.push(field);
      if (before) was[field] = has;
      is[field] = [...has.filter((value) => !going.includes(value)), ...fresh];
    };
    identifiers("emails", "email", line.emails, () => true);
    for (const [system, wanted] of Object.entries(line.logins)) identifiers("logins", system, wanted, () => true);
    for (const [system, wanted] of Object.entries(line.chats)) {
      identifiers("accounts", system, wanted, (value) => isFromFile(directory, system, value));
    }
    if (before === undefined || fields.length > 0) {
      put.push(after);
      people.push({ id: line.id, kind: before ? "changed" : "added", fields, before: was, after: is });
    }
  }
  for (const kind of ["emails", "logins", "accounts"] as const) {
    faults.push(...taken(add[kind], remove[kind], directory[kind], file.people, named));
  }
  if (faults.length > 0) return { kind: "refused", faults };
  const notInFile = [...directory.persons.keys()].filter((id) => !named.has(id)).length;
  return { kind: "compared", people, write: { put, add, remove }, notInFile, kept };
}

/** A manager by id or e-mail, of the file or of the directory. */
function managerFinder(file: PeopleFile, directory: Directory): (name: string) => string | undefined {
  const ids = new Set([...directory.persons.keys(), ...file.people.map(({ id }) => id)]);
  // What the file says of an e-mail is newer.
  const mails = new Map([
    ...directory.emails.map(({ value, personId }) => [value, personId] as const),
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

function isFromFile(directory: Directory, system: string, value: string): boolean {
  return directory.accounts.some((one) => one.system === system && one.value === value && one.source === FROM_FILE);
}

function byPerson(all: readonly Identifier[]): ReadonlyMap<string, readonly Identifier[]> {
  return Map.groupBy(all, ({ personId }) => personId);
}
