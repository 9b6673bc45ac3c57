import { Person } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import type { Tx } from "../store/open.ts";
import {
  type AccountRow,
  findAccountRow,
  findEmailRow,
  listAccountRows,
  listRowsNamed,
  lockAccountRow,
  newestEntryAbout,
  setAccountRow,
} from "../store/people.ts";
import { findRecord, proven, type Vouching } from "./person-record.ts";
import type { Said } from "./transition.ts";

// Who is who, as far as signed entries say so. Rights and targets rest on this: a row of the directory without its entry
// makes nobody an approver, and no account the leaver's.

/** The entry that says whose an account is. An account never changes hands. */
const NOTED = "account.noted";

/** The person of that id, with e-mails and vouched logins; account ids known for sure come as `id:<id>` logins. */
export async function findPerson(tx: Tx, w: Vouching, id: string): Promise<Person | undefined> {
  const record = await findRecord(tx, w, id);
  if (!record) return undefined;
  const all: Record<string, string[]> = {};
  for (const [system, values] of Object.entries(record.logins)) {
    if (values.length > 0) all[system] = [...values].sort();
  }
  const known = (await listKnownAccounts(tx, w, id)).map(({ system, id }) => [system, id] as const);
  for (const [system, account] of known) all[system] = [...(all[system] ?? []), `id:${account}`];
  return Person.parse({
    id,
    name: record.name,
    emails: [...record.emails].sort(),
    logins: all,
    ...(record.managerId === null ? {} : { managerId: record.managerId }),
    ...(record.zone === null ? {} : { zone: record.zone }),
    active: record.active,
  });
}

/** Like findPerson, for where there must be one. */
export async function getPerson(tx: Tx, w: Vouching, id: string): Promise<Person> {
  const person = await findPerson(tx, w, id);
  if (!person) throw new RangeError(`no person has the id ${id}`);
  return person;
}

/** The person this account is known to belong to. If two signed entries say two people, it is nobody's. */
export async function findPersonOfAccount(
  tx: Tx,
  w: Vouching,
  system: string,
  id: string,
): Promise<string | undefined> {
  if (system === "" || id === "") return undefined;
  const noted = await findNoted(tx, w, system, id);
  const row = await findAccountRow(tx, system, id);
  if (row?.personId === noted) return noted;
  const named = row && (await isInRecord(tx, w, row)) ? row.personId : undefined;
  if (row && named === undefined) unvouched(w, row);
  if (noted !== undefined && named !== undefined) {
    w.log.error(
      { system, people: [noted, named] },
      "two entries give one account to two people: it counts as nobody's",
    );
    return undefined;
  }
  return noted ?? named;
}

/** The person this e-mail belongs to; each belongs to one. */
export async function findPersonOfEmail(tx: Tx, w: Vouching, email: string): Promise<string | undefined> {
  const wanted = email.trim().toLowerCase();
  if (wanted === "") return undefined;
  const id = await findEmailRow(tx, wanted);
  if (id === undefined) return undefined;
  if ((await findRecord(tx, w, id))?.emails.includes(wanted)) return id;
  w.log.error({ person: id }, "an e-mail's row that the log does not hold is not believed");
  return undefined;
}

/** The person whose login a directory vouches for, under the system's id or its kind; nobody if two are vouched for. */
export async function findPersonOfLogin(
  tx: Tx,
  w: Vouching,
  system: string,
  login: string,
): Promise<string | undefined> {
  if (system === "" || login === "") return undefined;
  const [kind = system] = system.split(":");
  const found: string[] = [];
  for (const id of (await listRowsNamed(tx, login)).logins) {
    const vouched = (await findRecord(tx, w, id))?.logins;
    if (vouched && [system, kind].some((key) => vouched[key]?.includes(login))) found.push(id);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** The person that a configuration means: an e-mail, or an id. */
export async function findPersonNamed(tx: Tx, w: Vouching, name: string): Promise<string | undefined> {
  if (name.includes("@")) return findPersonOfEmail(tx, w, name);
  return (await findRecord(tx, w, name)) === undefined ? undefined : name;
}

/** People who have this login or account id in any system. A chat account's login is the name it shows, and no key. */
export async function listPeopleNamed(tx: Tx, w: Vouching, text: string): Promise<readonly string[]> {
  const rows = await listRowsNamed(tx, text);
  const found = new Set<string>();
  for (const id of rows.logins) {
    const record = await findRecord(tx, w, id);
    if (record && Object.values(record.logins).some((values) => values.includes(text))) found.add(id);
  }
  for (const row of rows.accounts) {
    if (row.id !== text && ["slack", "teams"].includes(row.system)) continue;
    const owner = await findPersonOfAccount(tx, w, row.system, row.id);
    if (owner !== undefined && owner === row.personId) found.add(owner);
  }
  return [...found];
}

/** Accounts of a person in one system, such as the chat. */
export async function listAccounts(
  tx: Tx,
  w: Vouching,
  personId: string,
  system: string,
): Promise<readonly AccountRow[]> {
  return (await listKnownAccounts(tx, w, personId)).filter((account) => account.system === system);
}

/** Names by person id, for showing. */
export async function namesOf(tx: Tx, w: Vouching, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const id of new Set(ids)) {
    const record = await findRecord(tx, w, id);
    if (record) names.set(id, record.name);
  }
  return names;
}

/**
 * Notes that an account belongs to a person: `said` is the entry that makes it so, which must go into the same transition.
 * An account never changes hands: `taken` names who has it.
 */
export async function noteAccount(
  tx: Tx,
  w: Vouching,
  account: { readonly system: string; readonly id: string; readonly login: string },
  personId: string,
  source: string,
): Promise<
  { readonly kind: "noted"; readonly said: readonly Said[] } | { readonly kind: "taken"; readonly by: string }
> {
  const { system, id, login } = account;
  const known = await findPersonOfAccount(tx, w, system, id);
  if (known !== undefined) return known === personId ? { kind: "noted", said: [] } : { kind: "taken", by: known };
  const row: AccountRow = { system, id, login, personId, source };
  // The row's lock first: of two who note one account at once, the later one sees the earlier one's entry.
  const standing = await lockAccountRow(tx, row);
  const meanwhile = await findNoted(tx, w, system, id);
  if (meanwhile !== undefined) {
    return meanwhile === personId ? { kind: "noted", said: [] } : { kind: "taken", by: meanwhile };
  }
  // What no entry vouches for gives way.
  if (standing.personId !== personId || standing.source !== source) await setAccountRow(tx, row);
  const said: Said = {
    action: NOTED,
    outcome: "success",
    target: { kind: "account", id, system },
    case: null,
    detail: { person: personId, source },
    personal: { login: safeText(login) },
  };
  return { kind: "noted", said: [said] };
}

/** Rows of a person's accounts that an entry vouches for. */
async function listKnownAccounts(tx: Tx, w: Vouching, personId: string): Promise<readonly AccountRow[]> {
  const known: AccountRow[] = [];
  for (const row of await listAccountRows(tx, personId)) {
    if ((await findPersonOfAccount(tx, w, row.system, row.id)) === personId) known.push(row);
  }
  return known;
}

/** Whose the newest entry about an account says it is. */
async function findNoted(tx: Tx, w: Vouching, system: string, id: string): Promise<string | undefined> {
  const seq = await newestEntryAbout(tx, { kind: "account", id, system }, [NOTED]);
  const entry = seq === undefined ? undefined : await proven(tx, w, seq);
  if (!entry) return undefined;
  const { action, target, outcome, detail } = entry;
  const same = action === NOTED && target.kind === "account" && target.id === id && target.system === system;
  const person = detail?.["person"];
  return same && outcome === "success" && typeof person === "string" ? person : undefined;
}

async function isInRecord(tx: Tx, w: Vouching, row: AccountRow): Promise<boolean> {
  return (await findRecord(tx, w, row.personId))?.accounts[row.system]?.includes(row.id) === true;
}

function unvouched(w: Vouching, row: AccountRow): void {
  w.log.error(
    { system: row.system, person: row.personId },
    "an account's row that the log does not hold is not believed",
  );
}
