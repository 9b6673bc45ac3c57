import { and, eq, inArray } from "drizzle-orm";
import { Person } from "../core/access.ts";
import type { Tx } from "./open.ts";
import { accounts, emails, logins, persons } from "./schema.ts";

/** The person of that id, with e-mails and vouched logins; account ids known for sure come as `id:<id>` logins. */
export async function findPerson(tx: Tx, id: string): Promise<Person | undefined> {
  // An empty key must never become "no condition" and find somebody.
  if (id === "") return undefined;
  const [row] = await tx.select().from(persons).where(eq(persons.id, id));
  if (!row) return undefined;
  const mails = await tx.select().from(emails).where(eq(emails.personId, id)).orderBy(emails.email);
  const vouched = await tx.select().from(logins).where(eq(logins.personId, id)).orderBy(logins.login);
  const known = await tx.select().from(accounts).where(eq(accounts.personId, id)).orderBy(accounts.id);
  const all: Record<string, string[]> = {};
  const add = (system: string, login: string) => {
    all[system] = [...(all[system] ?? []), login];
  };
  for (const { system, login } of vouched) add(system, login);
  for (const account of known) add(account.system, `id:${account.id}`);
  return Person.parse({
    id: row.id,
    name: row.name,
    emails: mails.map(({ email }) => email),
    logins: all,
    ...(row.managerId === null ? {} : { managerId: row.managerId }),
    ...(row.zone === null ? {} : { zone: row.zone }),
    active: row.active,
  });
}

/** Like findPerson, for where there must be one. */
export async function getPerson(tx: Tx, id: string): Promise<Person> {
  const person = await findPerson(tx, id);
  if (!person) throw new RangeError(`no person has the id ${id}`);
  return person;
}

/** The person this account is known to belong to. */
export async function findPersonOfAccount(tx: Tx, system: string, id: string): Promise<string | undefined> {
  if (system === "" || id === "") return undefined;
  const [row] = await tx
    .select()
    .from(accounts)
    .where(and(eq(accounts.system, system), eq(accounts.id, id)));
  return row?.personId;
}

/** The person whose login a directory vouches for, under the system's id or its kind; nobody if two are vouched for. */
export async function findPersonOfLogin(tx: Tx, system: string, login: string): Promise<string | undefined> {
  if (system === "" || login === "") return undefined;
  const [kind = system] = system.split(":");
  const rows = await tx
    .select({ personId: logins.personId })
    .from(logins)
    .where(and(inArray(logins.system, [system, kind]), eq(logins.login, login)));
  const found = new Set(rows.map(({ personId }) => personId));
  return found.size === 1 ? [...found][0] : undefined;
}

/** The person this e-mail belongs to; each belongs to one. */
export async function findPersonOfEmail(tx: Tx, email: string): Promise<string | undefined> {
  if (email.trim() === "") return undefined;
  const [row] = await tx.select().from(emails).where(eq(emails.email, email.trim().toLowerCase()));
  return row?.personId;
}

/** Notes that an account belongs to a person. An account never changes hands: `taken` names who has it. */
export async function noteAccount(
  tx: Tx,
  account: { system: string; id: string; login: string },
  personId: string,
  source: string,
): Promise<{ kind: "noted" } | { kind: "taken"; by: string }> {
  await tx
    .insert(accounts)
    .values({ system: account.system, id: account.id, login: account.login, personId, source })
    .onConflictDoNothing();
  const owner = await findPersonOfAccount(tx, account.system, account.id);
  return owner === personId ? { kind: "noted" } : { kind: "taken", by: owner ?? "" };
}

/** Accounts of a person in one system, such as the chat. */
export async function listAccounts(
  tx: Tx,
  personId: string,
  system: string,
): Promise<readonly { id: string; login: string }[]> {
  return tx
    .select({ id: accounts.id, login: accounts.login })
    .from(accounts)
    .where(and(eq(accounts.personId, personId), eq(accounts.system, system)))
    .orderBy(accounts.id);
}

/** Names by person id, for showing. */
export async function namesOf(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select({ id: persons.id, name: persons.name })
    .from(persons)
    .where(inArray(persons.id, [...new Set(ids)]));
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The person that a configuration means: an e-mail, or an id. */
export async function findPersonNamed(tx: Tx, name: string): Promise<string | undefined> {
  return name.includes("@") ? findPersonOfEmail(tx, name) : (await findPerson(tx, name))?.id;
}
