import { and, eq, inArray } from "drizzle-orm";
import { type DeclineReason, isAsked, SECRET, statesBefore } from "../core/offer.ts";
import { type Case, lockCase } from "../store/cases.ts";
import { findOffer, listOffers, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { ask, Denied, type Refusal, type Request } from "./ask.ts";
import { afterOffer } from "./hand-over.ts";
import { canTake, whoMayBeAsked } from "./heirs.ts";
import { wantCasePosts, wantPost } from "./notices.ts";
import { giveUp, offerOn, offerTo, wantWorkPost } from "./offer-work.ts";
import { aboutOffer, type OfferDecided, onOffer, saidOf } from "./on-offer.ts";
import type { Job } from "./queues.ts";
import { type Change, transition } from "./transition.ts";
import { NotVouched } from "./vouched.ts";
import { type ChatAccount, findPersonOfChat, noteChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** An owner says yes. The move is a job; it runs only on this entry. */
export function acceptOffer(w: Workflow, request: Request, offerId: string): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "accept", async (tx, row, offer, personId) =>
    accepted(tx, request, row, [offer], personId, { kind: "accepted" }),
  );
}

/** An owner takes everything that is put to them of one place, such as a repository. */
export function acceptContainer(
  w: Workflow,
  request: Request,
  of: { readonly caseId: string; readonly system: string; readonly container: string },
): Promise<OfferDecided | Refusal> {
  return ask<OfferDecided | Refusal>(
    w,
    request,
    async (tx, asker): Promise<Change<OfferDecided | Refusal> | Denied> => {
      const row = await lockCase(tx, of.caseId);
      if (!row) return { result: { kind: "missing", what: "case" } };
      const { personId } = asker;
      const theirs: Offer[] = [];
      try {
        const may = await whoMayBeAsked(tx, w, row);
        for (const offer of await listOffers(tx, of.caseId)) {
          const here = offer.system === of.system && offer.item.container === of.container;
          if (here && isAsked(offer) && offer.toId === personId && (await may(offer.itemKey, personId)))
            theirs.push(offer);
        }
      } catch (error) {
        if (!(error instanceof NotVouched)) throw error;
        return { result: { kind: "missing", what: "case" } };
      }
      if (theirs.length === 0) return new Denied("open-case", "Nothing there is put to you any more.", null);
      if (!(await canTake(tx, w, personId)))
        return { result: { kind: "cannot-take", why: "Your own access is being reviewed." } };
      return accepted(tx, request, row, theirs, personId, { kind: "accepted-all", count: theirs.length });
    },
  );
}

/** Marks offers as accepted, one entry each. A secret is in no system: its owner rotates it and attests. */
async function accepted(
  tx: Tx,
  request: Request,
  row: Case,
  taken: readonly Offer[],
  personId: string,
  result: OfferDecided,
): Promise<Change<OfferDecided>> {
  const moving = taken.filter(({ item }) => item.kind !== SECRET);
  for (const [state, some] of [
    ["accepted", moving],
    ["rotating", taken.filter(({ item }) => item.kind === SECRET)],
  ] as const) {
    if (some.length === 0) continue;
    await tx
      .update(offers)
      .set({
        state,
        toId: personId,
        settledAt: null,
        nextAt: null,
        remindAt: null,
        snoozedUntil: null,
        tries: 0,
        failure: null,
      })
      .where(
        and(
          inArray(
            offers.id,
            some.map(({ id }) => id),
          ),
          inArray(offers.state, [...statesBefore(state)]),
        ),
      );
  }
  return {
    result,
    entries: taken.map((offer) => saidOf(request, offer, personId, "offer.accepted")),
    next: [
      ...(await wantCasePosts(tx, row)),
      await wantWorkPost(tx, row.id, personId),
      ...moving.map(({ id }): Job => ({ queue: "hand-over", payload: { offerId: id } })),
    ],
    seal: async (sealing, seqs) => {
      for (const [at, { id }] of taken.entries())
        await sealing
          .update(offers)
          .set({ acceptedSeq: seqs[at] ?? -1 })
          .where(eq(offers.id, id));
    },
  };
}

/** Somebody does not take it, or not any more: their reason is an entry, and whoever is next is asked. */
export async function sendOn(
  tx: Tx,
  w: Workflow,
  row: Case,
  no: {
    readonly offer: Offer;
    readonly by: string;
    readonly request: Request;
    readonly why: DeclineReason;
    readonly note: string | undefined;
    readonly result: "declined" | "returned";
  },
): Promise<Change<OfferDecided>> {
  const { offer, by, note } = no;
  const next = await offerOn(tx, w, row, { ...offer, declined: [...offer.declined, by] });
  const said = saidOf(no.request, offer, by, `offer.${no.result}`);
  return {
    result: { kind: no.result },
    entries: [{ ...said, detail: { why: no.why }, personal: { ...said.personal, ...(note?.trim() ? { note } : {}) } }],
    next: [
      ...next,
      await wantWorkPost(tx, row.id, by),
      ...(await wantCasePosts(tx, row)),
      ...(await afterOffer(tx, w, row)),
    ],
  };
}

/** An owner says no: it goes to the default heir, then to who the system suggested, then to the leaver's manager, then by name on their list. */
export function declineOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  why: DeclineReason,
  note?: string,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "decline", async (tx, row, offer, personId) => {
    return sendOn(tx, w, row, { offer, by: personId, request, why, note, result: "declined" });
  });
}

/** An owner names somebody else, who is asked in turn. */
export function passOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  to: ChatAccount,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "pass", async (tx, row, offer, personId) => {
    const toId = await findPersonOfChat(tx, w, to);
    if (toId === undefined || to.kind !== "member")
      return { result: { kind: "cannot-take", why: "The directory does not know this account." } };
    if (toId === personId) return { result: { kind: "cannot-take", why: "This is you. Press Accept to take it." } };
    if (offer.declined.includes(toId)) return { result: { kind: "cannot-take", why: "This person has declined it." } };
    if (toId === row.leaverId || !(await canTake(tx, w, toId)))
      return { result: { kind: "cannot-take", why: "This person cannot take it over." } };
    const noted = await noteChat(tx, w, to, toId);
    // Suggested by name, they are asked although they were passed over before.
    const skipped = offer.skipped.filter(({ id }) => id !== toId);
    const heir = { id: toId, why: "suggested by a colleague" };
    const jobs = await offerTo(tx, w, row, { ...offer, skipped, deadlineAt: null }, heir);
    return {
      result: { kind: "passed", to: toId },
      entries: [{ ...saidOf(request, offer, personId, "offer.passed"), detail: { to: toId } }, ...(noted ?? [])],
      next: [...jobs, await wantWorkPost(tx, row.id, personId), ...(await wantCasePosts(tx, row))],
    };
  });
}

/** An offer whose deadline passed goes by name to the leaver's manager; so does a secret that its owner did not rotate. */
export async function expireOffer(w: Workflow, offerId: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const found = await findOffer(tx, offerId);
    const row = found && (await lockCase(tx, found.caseId));
    const offer = row && (await findOffer(tx, offerId));
    const due = offer?.deadlineAt && offer.deadlineAt <= w.now();
    if (!offer || !due || !["offered", "failed", "rotating"].includes(offer.state)) return { result: undefined };
    const jobs = await giveUp(tx, w, row, offer);
    return {
      result: undefined,
      entries: [{ ...aboutOffer(offer), action: "offer.expired", outcome: "failure", detail: { to: offer.toId } }],
      next: [...jobs, ...(await wantCasePosts(tx, row)), ...(await afterOffer(tx, w, row))],
    };
  });
}

/** Reminds a person once of what still waits for them, or of what they put aside until now. */
export async function remindOfWork(w: Workflow, caseId: string, personId: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    const now = w.now();
    const due = (row ? await listOffers(tx, caseId) : []).filter(
      ({ state, toId, remindAt }) => state === "offered" && toId === personId && remindAt !== null && remindAt <= now,
    );
    if (!row || due.length === 0) return { result: undefined };
    await tx
      .update(offers)
      .set({ remindAt: null, snoozedUntil: null })
      .where(
        and(
          eq(offers.caseId, caseId),
          inArray(
            offers.id,
            due.map(({ id }) => id),
          ),
        ),
      );
    return {
      result: undefined,
      entries: due.map((offer) => ({
        ...aboutOffer(offer),
        action: "offer.reminded",
        outcome: "success",
        detail: { to: personId },
      })),
      next: [await wantWorkPost(tx, caseId, personId), await wantReminder(tx, caseId, personId, now)],
    };
  });
}

/** A message of its own, since an edited one rings nobody: one a person, case and day. */
function wantReminder(tx: Tx, caseId: string, personId: string, now: Date): Promise<Job> {
  const day = now.toISOString().slice(0, 10);
  return wantPost(
    tx,
    `work-reminder:${caseId}:${personId}:${day}`,
    { kind: "work-reminder", caseId, personId },
    { kind: "person", personId },
  );
}
