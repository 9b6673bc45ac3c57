import { and, desc, eq, inArray } from "drizzle-orm";
import { safeText } from "../core/text.ts";
import type { Tx } from "./open.ts";
import { accounts, emails, entries, logins, personal } from "./schema.ts";

// The directory's rows as they are: an index that says where to look in the log. Nothing read here is believed before
// workflow/known-people.ts has found it in a signed entry.

/** A row that says whose an account is. */
export interface AccountRow {
  readonly system: string;
  readonly id: string;
  readonly login: string;
  readonly personId: string;
  readonly source: string;
}

/** The row of an account. */
export async function findAccountRow(tx: Tx, system: string, id: string): Promise<AccountRow | undefined> {
  const [row] = await tx
    .select(ACCOUNT)
    .from(accounts)
    .where(and(eq(accounts.system, system), eq(accounts.id, id)));
  return row;
}

/** Rows of accounts that say they are a person's, by system and id. */
export function listAccountRows(tx: Tx, personId: string): Promise<readonly AccountRow[]> {
  return tx
    .select(ACCOUNT)
    .from(accounts)
    .where(eq(accounts.personId, personId))
    .orderBy(accounts.system, accounts.id)
    .then((rows) => rows);
}

/** Whose an e-mail is, as its row says. `email` in lower case. */
export async function findEmailRow(tx: Tx, email: string): Promise<string | undefined> {
  const [row] = await tx.select({ personId: emails.personId }).from(emails).where(eq(emails.email, email));
  return row?.personId;
}

/** Person ids whose rows name this login or account id, in any system. */
export async function listRowsNamed(
  tx: Tx,
  text: string,
): Promise<{ readonly logins: readonly string[]; readonly accounts: readonly AccountRow[] }> {
  const vouched = await tx.select({ id: logins.personId }).from(logins).where(eq(logins.login, text));
  const byLogin = await tx.select(ACCOUNT).from(accounts).where(eq(accounts.login, text));
  const byId = await tx.select(ACCOUNT).from(accounts).where(eq(accounts.id, text));
  return { logins: [...new Set(vouched.map(({ id }) => id))], accounts: [...byLogin, ...byId] };
}

/** Makes sure that an account has a row, and keeps others from it until the transaction ends. @returns the row as it stands */
export async function lockAccountRow(tx: Tx, row: AccountRow): Promise<AccountRow> {
  // Waits for whoever inserts the same one now.
  await tx.insert(accounts).values(row).onConflictDoNothing();
  const [standing] = await tx
    .select(ACCOUNT)
    .from(accounts)
    .where(and(eq(accounts.system, row.system), eq(accounts.id, row.id)))
    .for("update");
  return standing ?? row;
}

/** Writes over what the row of an account says. */
export async function setAccountRow(tx: Tx, { system, id, ...set }: AccountRow): Promise<void> {
  await tx
    .update(accounts)
    .set(set)
    .where(and(eq(accounts.system, system), eq(accounts.id, id)));
}

/** Number of the newest entry about something, with one of these actions; unproven. */
export async function newestEntryAbout(
  tx: Tx,
  target: { readonly kind: string; readonly id: string; readonly system?: string },
  actions: readonly string[],
): Promise<number | undefined> {
  const [row] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.targetKind, target.kind),
        eq(entries.targetId, safeText(target.id)),
        inArray(entries.action, [...actions]),
        target.system === undefined ? undefined : eq(entries.system, target.system),
      ),
    )
    .orderBy(desc(entries.seq))
    .limit(1);
  return row?.seq;
}

/** What is kept beside an entry; unproven. */
export async function findPersonal(tx: Tx, seq: number): Promise<{ salt: Uint8Array; body: Uint8Array } | undefined> {
  const [row] = await tx
    .select({ salt: personal.salt, body: personal.body })
    .from(personal)
    .where(eq(personal.seq, seq));
  return row;
}

const ACCOUNT = {
  system: accounts.system,
  id: accounts.id,
  login: accounts.login,
  personId: accounts.personId,
  source: accounts.source,
};
