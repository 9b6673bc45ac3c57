import { and, eq, inArray, max, notInArray, sql } from "drizzle-orm";
import type { Tx } from "./open.ts";
import { accounts, cases, emails, entries, logins, personal, persons } from "./schema.ts";

// The directory's rows as a whole. They are an index of what signed entries say: an import compares a file with those, and
// writes the rows anew where they differ.

/** A person as the directory has them. */
export interface DirectoryPerson {
  readonly id: string;
  readonly name: string;
  readonly managerId: string | null;
  readonly zone: string | null;
}

/** An identifier and whose it is. `system` is `email` for e-mails. */
export interface Identifier {
  readonly system: string;
  readonly value: string;
  readonly personId: string;
}

/** The rows as they stand; nothing in them is believed. */
export interface DirectoryRows {
  readonly persons: ReadonlyMap<string, DirectoryPerson>;
  readonly emails: readonly Identifier[];
  readonly logins: readonly Identifier[];
  /** Chat accounts among them; `source` says who vouched. */
  readonly accounts: readonly (Identifier & { readonly source: string })[];
  /** Persons in a case that is not over: what is known of them is not taken away. */
  readonly leaving: ReadonlySet<string>;
}

/** What an import writes. Removals go first, so that an identifier can move from one person to another. */
export interface DirectoryChange {
  readonly put: readonly DirectoryPerson[];
  readonly add: {
    readonly emails: readonly Identifier[];
    readonly logins: readonly Identifier[];
    readonly accounts: readonly Identifier[];
  };
  readonly remove: DirectoryChange["add"];
}

/** Where an account was learned: only what a file said may a file take back. */
export const FROM_FILE = "people file";

/** Reads every row, and keeps other imports out until the transaction ends. */
export async function readRows(tx: Tx): Promise<DirectoryRows> {
  await tx.execute(sql`lock table ${persons} in share row exclusive mode`);
  const people = await tx
    .select({ id: persons.id, name: persons.name, managerId: persons.managerId, zone: persons.zone })
    .from(persons);
  const mails = await tx.select({ value: emails.email, personId: emails.personId }).from(emails);
  const leaving = await tx
    .select({ id: cases.leaverId })
    .from(cases)
    .where(notInArray(cases.state, ["closed", "cancelled", "rejected", "held"]));
  return {
    persons: new Map(people.map((person) => [person.id, person])),
    emails: mails.map((mail) => ({ ...mail, system: "email" })),
    logins: await tx.select({ system: logins.system, value: logins.login, personId: logins.personId }).from(logins),
    accounts: await tx
      .select({ system: accounts.system, value: accounts.id, personId: accounts.personId, source: accounts.source })
      .from(accounts),
    leaving: new Set(leaving.map(({ id }) => id)),
  };
}

/** Numbers of the newest entry about each thing of a kind, with one of these actions; unproven. */
export async function newestEntries(
  tx: Tx,
  kind: string,
  actions: readonly string[],
): Promise<readonly { readonly id: string; readonly system: string | null; readonly seq: number }[]> {
  const rows = await tx
    .select({ id: entries.targetId, system: entries.system, seq: max(entries.seq) })
    .from(entries)
    .where(and(eq(entries.targetKind, kind), inArray(entries.action, [...actions])))
    .groupBy(entries.targetId, entries.system);
  return rows.flatMap(({ id, system, seq }) => (seq === null ? [] : [{ id, system, seq: Number(seq) }]));
}

/** What is kept beside entries, by number; unproven. */
export async function findPersonals(
  tx: Tx,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, { readonly salt: Uint8Array; readonly body: Uint8Array }>> {
  const found = new Map<number, { salt: Uint8Array; body: Uint8Array }>();
  for (const page of pages(seqs)) {
    const rows = await tx.select().from(personal).where(inArray(personal.seq, page));
    for (const { seq, salt, body } of rows) found.set(seq, { salt, body });
  }
  return found;
}

/** Writes what differs. A row that stands in the way is written over: the caller has compared with what is vouched for. */
export async function changeDirectory(tx: Tx, change: DirectoryChange, now: Date): Promise<void> {
  for (const page of pages(change.remove.emails)) {
    const values = page.map(({ value }) => value);
    await tx.delete(emails).where(inArray(emails.email, values));
  }
  for (const { system, value } of change.remove.logins) {
    await tx.delete(logins).where(and(eq(logins.system, system), eq(logins.login, value)));
  }
  for (const { system, value } of change.remove.accounts) {
    await tx.delete(accounts).where(and(eq(accounts.system, system), eq(accounts.id, value)));
  }
  for (const page of pages(change.put)) {
    await tx
      .insert(persons)
      .values(page.map((person) => ({ ...person, updatedAt: now })))
      .onConflictDoUpdate({
        target: persons.id,
        set: {
          name: sql`excluded.name`,
          managerId: sql`excluded.manager_id`,
          zone: sql`excluded.zone`,
          updatedAt: sql`excluded.updated_at`,
        },
      });
  }
  for (const page of pages(change.add.emails)) {
    await tx
      .insert(emails)
      .values(page.map(({ value, personId }) => ({ email: value, personId })))
      .onConflictDoUpdate({ target: emails.email, set: { personId: sql`excluded.person_id` } });
  }
  for (const page of pages(change.add.logins)) {
    await tx
      .insert(logins)
      .values(page.map(({ system, value, personId }) => ({ system, login: value, personId })))
      .onConflictDoUpdate({ target: [logins.system, logins.login], set: { personId: sql`excluded.person_id` } });
  }
  for (const page of pages(change.add.accounts)) {
    await tx
      .insert(accounts)
      .values(
        page.map(({ system, value, personId }) => ({ system, id: value, login: value, personId, source: FROM_FILE })),
      )
      .onConflictDoUpdate({
        target: [accounts.system, accounts.id],
        set: { personId: sql`excluded.person_id`, login: sql`excluded.login`, source: sql`excluded.source` },
      });
  }
}

/** A statement takes 65,535 parameters. */
function* pages<T>(items: readonly T[]): Generator<readonly T[] & { length: number } & T[]> {
  for (let at = 0; at < items.length; at += 1000) yield items.slice(at, at + 1000);
}
