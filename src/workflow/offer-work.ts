import { createHash } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { type Account, type WorkItem, workKey } from "../core/access.ts";
import { ROUNDS } from "../core/case.ts";
import { safeText } from "../core/text.ts";
import { type Case, findOpenCase } from "../store/cases.ts";
import { isOpen, listOffers, listPassed, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { findPerson, findPersonOfAccount, findPersonOfLogin } from "./known-people.ts";
import { wantPost } from "./notices.ts";
import { listProvenReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { prove, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * Puts every duty the newest inventory shows to somebody, once. Until the departure may be known (it is announced, or the
 * access is gone) offers are held: not a word of them leaves us. Duties that need no owner any more become void.
 */
export async function wantOffers(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  const lines = await listProvenReads(tx, w, row.id, row.round);
  const read = lines.filter(({ state }) => state === "read");
  const items = read.flatMap(({ work }) => work);
  const known = await listOffers(tx, row.id);
  const jobs: Job[] = [];
  for (const item of items) {
    if (known.some(({ itemKey }) => itemKey === workKey(item))) continue;
    await tx
      .insert(offers)
      .values(newOffer(row, item, await firstHeir(tx, w, row, item)))
      .onConflictDoNothing();
  }
  for (const offer of known.filter((one) => one.state === "held" || one.state === "offered")) {
    const gone =
      read.some(({ system }) => system === offer.system) && !items.some((item) => workKey(item) === offer.itemKey);
    if (gone) jobs.push(...(await settleOffer(tx, w, offer, "void")));
  }
  if (mayBeKnown(row)) jobs.push(...(await releaseOffers(tx, w, row)));
  return jobs;
}

/** Sends what was held. */
export async function releaseOffers(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const offer of await listOffers(tx, row.id)) {
    if (offer.state !== "held") continue;
    if (offer.toId === null) jobs.push(...(await giveUp(tx, w, row, offer)));
    else jobs.push(...(await offerTo(tx, w, offer, offer.toId, offer.why ?? "")));
  }
  return jobs;
}

/** Whether people without a role may learn of it: it is announced and approved, or the access is gone. */
export function mayBeKnown(row: Pick<Case, "announced" | "mode" | "state">): boolean {
  const cut = ["handing-over", "closed"].includes(row.state);
  const approved = ["approved", "rechecking", "revoking", "closing"].includes(row.state);
  return cut || (row.announced && row.mode === "orderly" && approved);
}

/**
 * Whether the log knows a reason to put this work to this person: named when the case was opened, the leaver's manager, or
 * somebody whom a colleague suggested. A row alone tells nobody who is leaving, and gives nobody's work away.
 */
export async function mayBeAsked(tx: Tx, w: Workflow, row: Case, itemKey: string, personId: string): Promise<boolean> {
  if (personId === row.leaverId) return false;
  const opened = await proveCase(tx, w, row);
  if (opened.detail?.["heir"] === personId) return true;
  if ((await findPerson(tx, w, row.leaverId))?.managerId === personId) return true;
  // Whom the system says knows it best, as its signed reading has it.
  const lines = (await Promise.all(ROUNDS.map((round) => listProvenReads(tx, w, row.id, round)))).flat();
  for (const item of lines.flatMap(({ work }) => work).filter((one) => workKey(one) === itemKey)) {
    if ((await listHeirs(tx, w, row, item)).some(({ id }) => id === personId)) return true;
  }
  for (const seq of await listPassed(tx, row.id, safeText(itemKey))) {
    const passed = await prove(tx, w, seq, "offer.passed", row.id);
    if (passed.target.id === itemKey && passed.detail?.["to"] === personId) return true;
  }
  return false;
}

/** Puts an offer to a person, with its deadline and message. */
export async function offerTo(tx: Tx, w: Workflow, offer: Offer, personId: string, why: string): Promise<Job[]> {
  const deadlineAt = offer.deadlineAt ?? new Date(w.now().getTime() + w.policy.offerDeadlineHours * 3_600_000);
  await tx
    .update(offers)
    .set({ state: "offered", toId: personId, why, offeredAt: w.now(), deadlineAt, nextAt: deadlineAt, failure: null })
    .where(eq(offers.id, offer.id));
  return [await wantOfferPost(tx, offer.id, personId)];
}

/** Nobody took it: it goes by name to the leaver's manager. */
export async function giveUp(tx: Tx, w: Workflow, row: Case, offer: Offer): Promise<Job[]> {
  const jobs = await settleOffer(tx, w, offer, "unclaimed");
  const leaver = await findPerson(tx, w, row.leaverId);
  const notice = { kind: "unclaimed", caseId: row.id } as const;
  if (leaver?.managerId)
    jobs.push(await wantPost(tx, `unclaimed:${row.id}`, notice, { kind: "person", personId: leaver.managerId }));
  return jobs;
}

/** Ends an offer without a move. */
export async function settleOffer(tx: Tx, w: Workflow, offer: Offer, state: "void" | "unclaimed"): Promise<Job[]> {
  await tx
    .update(offers)
    .set({ state, settledAt: w.now(), nextAt: null })
    .where(and(eq(offers.id, offer.id), eq(offers.state, offer.state)));
  return offer.state === "held" || offer.toId === null ? [] : [await wantOfferPost(tx, offer.id, offer.toId)];
}

/** Whom to ask after somebody declined: whoever is next of those who did not. */
export async function nextHeir(
  tx: Tx,
  w: Workflow,
  row: Case,
  item: WorkItem,
  declined: readonly string[],
): Promise<{ id: string; why: string } | undefined> {
  for (const heir of await listHeirs(tx, w, row, item))
    if (!declined.includes(heir.id) && heir.id !== row.leaverId && (await canTake(tx, w, heir.id))) return heir;
  return undefined;
}

/** Active, known, and not leaving. */
export async function canTake(tx: Tx, w: Workflow, personId: string): Promise<boolean> {
  const person = await findPerson(tx, w, personId);
  return person?.active === true && (await findOpenCase(tx, personId)) === undefined;
}

/** The message of an offer is one a person: passing it on leaves the first one's message saying so. */
export function wantOfferPost(tx: Tx, offerId: string, personId: string): Promise<Job> {
  return wantPost(tx, `offer:${offerId}:${personId}`, { kind: "offer", offerId }, { kind: "person", personId });
}

/** Whether every offer of the case has ended. */
export async function offersSettled(tx: Tx, caseId: string): Promise<boolean> {
  return !(await listOffers(tx, caseId)).some(isOpen);
}

function firstHeir(tx: Tx, w: Workflow, row: Case, item: WorkItem): Promise<{ id: string; why: string } | undefined> {
  return nextHeir(tx, w, row, item, []);
}

/** In this order: who was named, who the system says knows it best, the leaver's manager. */
async function listHeirs(
  tx: Tx,
  w: Workflow,
  row: Case,
  item: WorkItem,
): Promise<readonly { id: string; why: string }[]> {
  const heirs: { id: string; why: string }[] = [];
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

function newOffer(row: Case, item: WorkItem, heir: { id: string; why: string } | undefined) {
  const id = `${row.id}-${createHash("sha256").update(workKey(item)).digest("hex").slice(0, 20)}`;
  return {
    id,
    caseId: row.id,
    system: item.system,
    itemKey: workKey(item),
    item,
    state: "held",
    toId: heir?.id ?? null,
    why: heir?.why ?? null,
  };
}
