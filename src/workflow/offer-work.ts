import { createHash } from "node:crypto";
import { and, eq, inArray } from "drizzle-orm";
import { type WorkItem, workKey } from "../core/access.ts";
import { isOpen, SECRET, statesBefore } from "../core/offer.ts";
import type { Case } from "../store/cases.ts";
import { listOffers, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { dutiesOf, type Heir, nextHeir } from "./heirs.ts";
import { findPerson } from "./known-people.ts";
import { wantPost } from "./notices.ts";
import { listProvenReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import type { Workflow } from "./workflow.ts";
import { nextWorkingTime } from "./working-time.ts";

/**
 * Puts every duty the newest inventory shows to somebody, once. Until the departure may be known (it is announced, or the
 * access is gone) offers are held: not a word of them leaves us. Duties that need no owner any more become void.
 */
export async function wantOffers(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  const lines = await listProvenReads(tx, w, row.id, row.round);
  const read = lines.filter(({ state }) => state === "read");
  const items = read.flatMap(dutiesOf);
  const keys = new Set(items.map(workKey));
  const known = await listOffers(tx, row.id);
  const had = new Set(known.map(({ itemKey }) => itemKey));
  const jobs: Job[] = [];
  for (const item of items) {
    if (had.has(workKey(item))) continue;
    const heir = await nextHeir(tx, w, row, { item, declined: [], skipped: [] });
    await tx
      .insert(offers)
      .values(newOffer(row, item, heir))
      .onConflictDoNothing();
  }
  for (const offer of known.filter((one) => one.state === "held" || one.state === "offered")) {
    // What was moved is not the leaver's any more, and a secret is known to them whatever was taken away.
    if (offer.movedSeq !== null || offer.item.kind === SECRET) continue;
    const gone = read.some(({ system }) => system === offer.system) && !keys.has(offer.itemKey);
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
    else jobs.push(...(await offerTo(tx, w, row, offer, { id: offer.toId, why: offer.why ?? "" })));
  }
  return distinctJobs(jobs);
}

/** Whether people without a role may learn of it: it is announced and approved, or the access is gone. */
export function mayBeKnown(row: Pick<Case, "announced" | "mode" | "state">): boolean {
  const cut = ["handing-over", "closed"].includes(row.state);
  const approved = ["approved", "rechecking", "revoking", "closing"].includes(row.state);
  return cut || (row.announced && row.mode === "orderly" && approved);
}

/**
 * Puts an offer to a person, with its deadline, counted from when they can see it. They are told once it was asked
 * whether they can receive it.
 */
export async function offerTo(tx: Tx, w: Workflow, row: Case, offer: Offer, to: Heir): Promise<Job[]> {
  const zone = (await findPerson(tx, w, to.id))?.zone ?? row.dueZone;
  const seenAt = nextWorkingTime(w.policy, zone, w.now());
  const deadlineAt = offer.deadlineAt ?? new Date(seenAt.getTime() + w.policy.offerDeadlineHours * 3_600_000);
  const remindAt = new Date(deadlineAt.getTime() - w.policy.offerReminderHours * 3_600_000);
  await tx
    .update(offers)
    .set({
      state: "offered",
      toId: to.id,
      why: to.why,
      declined: [...offer.declined],
      skipped: [...offer.skipped],
      acceptedSeq: null,
      offeredAt: w.now(),
      deadlineAt,
      nextAt: deadlineAt,
      remindAt: remindAt > w.now() ? remindAt : null,
      checkedAt: null,
      snoozedUntil: null,
      obstacle: null,
      failure: null,
      settledAt: null,
      tries: 0,
      lease: null,
      leaseUntil: null,
    })
    .where(and(eq(offers.id, offer.id), inArray(offers.state, [...statesBefore("offered")])));
  return [{ queue: "check-owner", payload: { caseId: row.id, personId: to.id } }];
}

/** Puts it to whoever is next of those who were not asked, or by name to the leaver's manager. */
export async function offerOn(tx: Tx, w: Workflow, row: Case, offer: Offer): Promise<Job[]> {
  const to = await nextHeir(tx, w, row, offer);
  if (!to) {
    await tx
      .update(offers)
      .set({ declined: [...offer.declined], skipped: [...offer.skipped] })
      .where(eq(offers.id, offer.id));
    return giveUp(tx, w, row, offer);
  }
  return offerTo(tx, w, row, offer, { id: to.id, why: `${to.why}; somebody else could not take it` });
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
    .set({ state, settledAt: w.now(), nextAt: null, remindAt: null, snoozedUntil: null })
    .where(and(eq(offers.id, offer.id), inArray(offers.state, [...statesBefore(state)])));
  return offer.state === "held" || offer.toId === null ? [] : [await wantWorkPost(tx, offer.caseId, offer.toId)];
}

/** The message about all work of a case that is put to one person: one a person, brought up to date in place. */
export function wantWorkPost(tx: Tx, caseId: string, personId: string): Promise<Job> {
  return wantPost(tx, `work:${caseId}:${personId}`, { kind: "work", caseId, personId }, { kind: "person", personId });
}

/** Whether every offer of the case has ended. */
export async function offersSettled(tx: Tx, caseId: string): Promise<boolean> {
  return !(await listOffers(tx, caseId)).some(isOpen);
}

/** Each job once, since many offers ask for the same. */
export function distinctJobs(jobs: readonly Job[]): Job[] {
  return [...new Map(jobs.map((job) => [JSON.stringify(job), job])).values()];
}

function newOffer(row: Case, item: WorkItem, heir: Heir | undefined) {
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
