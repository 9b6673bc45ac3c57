import { DateTime } from "luxon";
import type { Account, Person, WorkItem } from "../core/access.ts";
import { workKey } from "../core/access.ts";
import { ROUNDS } from "../core/case.ts";
import { secretsOf } from "../core/offer.ts";
import { safeText } from "../core/text.ts";
import { type Case, findOpenCase, type Read } from "../store/cases.ts";
import { listPassed, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { findPerson, findPersonOfAccount, findPersonOfLogin } from "./known-people.ts";
import { listProvenReads } from "./proven-reads.ts";
import { prove, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** Somebody who could take over, and why. */
export interface Heir {
  readonly id: string;
  readonly why: string;
}

/** Every duty that a line of the inventory shows: its work, and the secrets that its grants gave away. */
export function dutiesOf({ work, grants }: Pick<Read, "work" | "grants">): readonly WorkItem[] {
  return [...work, ...secretsOf(grants)];
}

/** Duties of a case in all its signed readings. */
export async function listProvenDuties(tx: Tx, w: Workflow, caseId: string): Promise<readonly WorkItem[]> {
  const lines = await Promise.all(ROUNDS.map((round) => listProvenReads(tx, w, caseId, round)));
  return lines.flat().flatMap(dutiesOf);
}

/** Whom to ask next: not who declined or was passed over, and who is away only if there is nobody else. */
export async function nextHeir(
  tx: Tx,
  w: Workflow,
  row: Case,
  of: Pick<Offer, "item" | "declined" | "skipped">,
): Promise<Heir | undefined> {
  let away: Heir | undefined;
  const not = new Set([row.leaverId, ...of.declined, ...of.skipped.map(({ id }) => id)]);
  for (const heir of await listHeirs(tx, w, row, of.item)) {
    if (not.has(heir.id) || !(await canTake(tx, w, heir.id))) continue;
    if (!isAbsent(w, await findPerson(tx, w, heir.id))) return heir;
    away ??= heir;
  }
  return away;
}

/** Active, known, and not leaving. */
export async function canTake(tx: Tx, w: Workflow, personId: string): Promise<boolean> {
  const person = await findPerson(tx, w, personId);
  return person?.active === true && (await findOpenCase(tx, personId)) === undefined;
}

/** Whether the policy says that somebody is away on this day, in their zone. */
export function isAbsent(w: Pick<Workflow, "policy" | "now">, person: Person | undefined): boolean {
  if (!person) return false;
  const today = DateTime.fromJSDate(w.now(), { zone: person.zone ?? "UTC" }).toISODate() ?? "";
  const names = new Set([person.id, ...person.emails]);
  return w.policy.absences.some(({ who, from, until }) => names.has(who) && from <= today && today <= until);
}

/** Whether the log knows a reason to put a piece of work to a person. */
export type MayBeAsked = (itemKey: string, personId: string) => Promise<boolean>;

/**
 * Reads once what says to whom the work of a case may be put: named when the case was opened, the leaver's manager, whom the
 * system says knows it best, or whom a colleague suggested. A row alone tells nobody who is leaving, and gives nobody's work
 * away. Throws NotVouched.
 */
export async function whoMayBeAsked(tx: Tx, w: Workflow, row: Case): Promise<MayBeAsked> {
  const opened = await proveCase(tx, w, row);
  const manager = (await findPerson(tx, w, row.leaverId))?.managerId;
  // Not the row's word for it.
  const signed = { ...row, heirId: typeof opened.detail?.["heir"] === "string" ? opened.detail["heir"] : null };
  let duties: readonly WorkItem[] | undefined;
  return async (itemKey, personId) => {
    if (personId === row.leaverId) return false;
    if (signed.heirId === personId || manager === personId) return true;
    duties ??= await listProvenDuties(tx, w, row.id);
    for (const item of duties.filter((one) => workKey(one) === itemKey)) {
      if ((await listHeirs(tx, w, signed, item)).some(({ id }) => id === personId)) return true;
    }
    for (const seq of await listPassed(tx, row.id, safeText(itemKey))) {
      const passed = await prove(tx, w, seq, "offer.passed", row.id);
      if (passed.target.id === itemKey && passed.detail?.["to"] === personId) return true;
    }
    return false;
  };
}

/** Says it of one piece of work. Throws NotVouched. */
export async function mayBeAsked(tx: Tx, w: Workflow, row: Case, itemKey: string, personId: string): Promise<boolean> {
  return (await whoMayBeAsked(tx, w, row))(itemKey, personId);
}

/** In this order: who was named, who the system says knows it best, the leaver's manager. */
async function listHeirs(tx: Tx, w: Workflow, row: Case, item: WorkItem): Promise<readonly Heir[]> {
  const heirs: Heir[] = [];
  if (row.heirId) heirs.push({ id: row.heirId, why: "named as the one who takes over" });
  for (const { account, why } of item.suggested ?? []) {
    // Only an account that is known to be somebody's: a login alone could be anybody's.
    const id = account.system === item.system ? await findOwnerOf(tx, w, account) : undefined;
    if (id !== undefined) heirs.push({ id, why });
  }
  const leaver = await findPerson(tx, w, row.leaverId);
  if (leaver?.managerId) heirs.push({ id: leaver.managerId, why: "manager" });
  return heirs;
}

async function findOwnerOf(tx: Tx, w: Workflow, account: Account): Promise<string | undefined> {
  return (
    (await findPersonOfAccount(tx, w, account.system, account.id)) ??
    (await findPersonOfLogin(tx, w, account.system, account.login))
  );
}
