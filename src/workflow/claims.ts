import { createHash } from "node:crypto";
import { and, eq, inArray, isNotNull, ne, sql } from "drizzle-orm";
import { z } from "zod";
import type { SeenAccount, System } from "../../connectors/connector.ts";
import type { Person } from "../core/access.ts";
import { ROUNDS, type Round } from "../core/case.ts";
import { type Case, findCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { accounts, cases, emails, logins, reads } from "../store/schema.ts";
import { findPersonOfAccount, findPersonOfEmail } from "./known-people.ts";
import { findRecord } from "./person-record.ts";
import { listProvenReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

// Whose a public key is. Systems show keys on accounts, and where people edit their own profile they can put a colleague's
// key on it: so what two people claim, or what was used as somebody else, is for a human.

/** A key that a system of the case shows on the person's account there. */
export type ShownKey = NonNullable<Person["keys"]>[number];

/** Keys that the case's other systems show, as far as the log holds those readings. */
export async function listShownKeys(tx: Tx, w: Workflow, caseId: string): Promise<readonly ShownKey[]> {
  const keys = new Map<string, ShownKey>();
  for (const round of ROUNDS) {
    for (const { system, accounts: found } of await listProvenReads(tx, w, caseId, round)) {
      for (const fingerprint of found.flatMap(({ publicKeys }) => publicKeys ?? [])) {
        if (!keys.has(fingerprint)) keys.set(fingerprint, { fingerprint, system });
      }
    }
  }
  return [...keys.values()];
}

/** Systems whose accounts are keys are read again when another one shows a key that they were not asked for. */
export async function readKeyedAgain(
  tx: Tx,
  w: Workflow,
  at: { readonly caseId: string; readonly round: Round },
  shown: readonly string[],
): Promise<Job[]> {
  const keyed = [...w.systems.values()].flatMap(({ id, keyed: is }) => (is ? [id] : []));
  if (keyed.length === 0 || shown.length === 0) return [];
  const lines = await tx
    .select({ system: reads.system, accounts: reads.accounts })
    .from(reads)
    .where(
      and(
        eq(reads.caseId, at.caseId),
        eq(reads.round, at.round),
        inArray(reads.system, keyed),
        inArray(reads.state, ["read", "none", "unmatched"]),
      ),
    );
  const Ids = z.array(z.object({ id: z.string() }));
  const stale = lines.filter(({ accounts: found }) => {
    const ids = new Set(Ids.parse(found).map(({ id }) => id));
    return shown.some((key) => !ids.has(key));
  });
  for (const { system } of stale) {
    await tx
      .update(reads)
      .set({ state: "pending", tries: 0, nextAt: null })
      .where(and(eq(reads.caseId, at.caseId), eq(reads.round, at.round), eq(reads.system, system)));
  }
  return stale.map(({ system }) => ({
    queue: "take-inventory",
    payload: { caseId: at.caseId, round: at.round, system },
  }));
}

/** What speaks against taking an account's grants as the person's, and which accounts nobody is known for. */
export interface Weighed {
  /** By account id, each reason a sentence that names people by their id only: it comes into entries. */
  readonly contested: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly string[];
}

/** How many findings a reading names; of more it says how many. */
const NAMED = 500;

/** Weighs the accounts that were found against everything else that is known of them. */
export async function weighClaims(
  tx: Tx,
  w: Workflow,
  system: System,
  person: Person,
  found: readonly string[],
  seen: readonly SeenAccount[],
): Promise<Weighed> {
  const known = [...found, ...seen.flatMap(({ usedAs }) => usedAs ?? [])];
  const owners = await ownersIn(tx, w, system.id, { known, seen: seen.map(({ id }) => id) });
  const used = new Map(seen.map(({ id, usedAs }) => [id, usedAs]));
  const contested = new Map<string, string[]>();
  for (const id of new Set(found)) {
    const reasons: string[] = [];
    for (const other of others(owners.get(id), person.id)) reasons.push(`person ${other} is known for it as well`);
    for (const account of used.get(id) ?? []) {
      const whose = owners.get(account);
      if (whose?.has(person.id)) continue;
      for (const other of others(whose, person.id))
        reasons.push(`it was used as ${account}, which is person ${other}’s`);
      if (whose) continue;
      for (const other of await namesakesOf(tx, w, account, person.id)) {
        reasons.push(`it was used as ${account}, as person ${other}’s address begins`);
      }
    }
    if (reasons.length > 0) contested.set(id, reasons);
  }
  const theirs = new Set(found);
  const unowned = seen.filter(({ id }) => !theirs.has(id) && !owners.has(id));
  return {
    contested,
    findings: [
      ...unowned.slice(0, NAMED).map(({ id, where }) => `nobody is known to own ${id}: ${where}`),
      ...(unowned.length > NAMED ? [`nobody is known to own ${unowned.length - NAMED} more`] : []),
    ],
  };
}

function others(owners: ReadonlySet<string> | undefined, personId: string): string[] {
  return [...(owners ?? [])].filter((id) => id !== personId).sort();
}

/**
 * Everybody who is known for an account of a system: by a directory, by an earlier case, by what a system showed. Rows only say
 * where to look: an owner counts as far as signed entries name them, so no row makes a key look like the leaver's own.
 */
async function ownersIn(
  tx: Tx,
  w: Workflow,
  system: string,
  of: { readonly known: readonly string[]; readonly seen: readonly string[] },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const asked = new Set([...of.known, ...of.seen]);
  const owners = new Map<string, Set<string>>();
  const add = (id: string, personId: string | undefined) => {
    if (personId !== undefined) owners.set(id, (owners.get(id) ?? new Set()).add(personId));
  };
  const [kind = system] = system.split(":");
  const vouched = await tx
    .select({ login: logins.login, personId: logins.personId })
    .from(logins)
    .where(inArray(logins.system, [system, kind]));
  for (const { login, personId } of vouched) {
    const id = accountIn(login);
    if (!asked.has(id)) continue;
    const record = await findRecord(tx, w, personId);
    if ([system, kind].some((key) => record?.logins[key]?.includes(login))) add(id, personId);
  }
  const noted = await tx.select({ id: accounts.id }).from(accounts).where(eq(accounts.system, system));
  // What it is about is asked of the log even without a row.
  const ids = new Set([...of.known, ...noted.map(({ id }) => id).filter((id) => asked.has(id))]);
  for (const id of ids) add(id, await findPersonOfAccount(tx, w, system, id));
  const shown = await tx
    .select({
      caseId: reads.caseId,
      round: reads.round,
      keys: sql<unknown>`jsonb_path_query_array(${reads.accounts}, '$[*].publicKeys[*]')`,
    })
    .from(reads)
    .innerJoin(cases, eq(cases.id, reads.caseId))
    .where(
      and(
        isNotNull(reads.seq),
        ne(cases.state, "held"),
        sql`jsonb_path_exists(${reads.accounts}, '$[*].publicKeys[*]')`,
      ),
    );
  const places = shown.filter(({ keys }) =>
    z
      .array(z.string())
      .parse(keys)
      .some((key) => asked.has(key)),
  );
  for (const place of new Set(places.map(({ caseId, round }) => JSON.stringify([caseId, round])))) {
    const [caseId, round] = Place.parse(JSON.parse(place));
    const row = await findCase(tx, caseId);
    if (!row || !(await isVouched(tx, w, row))) continue;
    const lines = await listProvenReads(tx, w, caseId, round);
    for (const { publicKeys = [] } of lines.flatMap(({ accounts: found }) => found))
      for (const key of publicKeys) add(key, row.leaverId);
  }
  return owners;
}

const Place = z.tuple([z.string(), z.enum(ROUNDS)]);

async function isVouched(tx: Tx, w: Workflow, row: Case): Promise<boolean> {
  try {
    await proveCase(tx, w, row);
    return true;
  } catch (error) {
    if (error instanceof NotVouched) return false;
    throw error;
  }
}

/** The account that a directory's word means: an id, or the fingerprint of a public key (RFC 4253, section 6.6). */
function accountIn(login: string): string {
  const text = login.trim().replace(/^id:/, "");
  const [fingerprint] = /^SHA256:[A-Za-z0-9+/]{43}/.exec(text) ?? [];
  if (fingerprint) return fingerprint;
  const [, blob] = /(?:^|\s)(AAAA[A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(text) ?? [];
  if (!blob) return text;
  return `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
}

/** People whose address begins as an account is called. The leaver among them answers the question. */
async function namesakesOf(tx: Tx, w: Workflow, account: string, personId: string): Promise<string[]> {
  const name = account.replace(/^user:/, "").toLowerCase();
  const found = await tx
    .select({ email: emails.email })
    .from(emails)
    .where(eq(sql`split_part(${emails.email}, '@', 1)`, name));
  const owners = await Promise.all(found.map(({ email }) => findPersonOfEmail(tx, w, email)));
  const ids = new Set(owners.filter((id) => id !== undefined));
  return ids.has(personId) ? [] : [...ids].sort();
}
