import { eq } from "drizzle-orm";
import { DateTime } from "luxon";
import { isOver } from "../core/case.ts";
import type { DeclineReason, Snooze } from "../core/offer.ts";
import type { Offer } from "../store/offers.ts";
import { offers } from "../store/schema.ts";
import type { Refusal, Request } from "./ask.ts";
import { sendOn } from "./decide-offer.ts";
import { afterOffer } from "./hand-over.ts";
import { findPerson } from "./known-people.ts";
import { touchPost, wantCasePosts } from "./notices.ts";
import { wantWorkPost } from "./offer-work.ts";
import { type OfferDecided, onOffer, saidOf } from "./on-offer.ts";
import type { Workflow } from "./workflow.ts";
import { nextWorkingTime } from "./working-time.ts";

// What else an owner can do with work that was put to them or that they took.

const SNOOZE_DAYS: Readonly<Record<Snooze, number>> = { day: 1, "three-days": 3, week: 7 };

/** Puts an offer aside. Nobody is reminded of it before, and it is never put aside beyond its deadline. */
export function snoozeOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  how: Snooze,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "snooze", async (tx, row, offer, personId) => {
    const zone = (await findPerson(tx, w, personId))?.zone ?? row.dueZone;
    const wanted = DateTime.fromJSDate(w.now(), { zone }).plus({ days: SNOOZE_DAYS[how] }).startOf("day").toJSDate();
    const until = nextWorkingTime(w.policy, zone, wanted);
    if (offer.deadlineAt === null || until >= offer.deadlineAt)
      return { result: { kind: "cannot-take", why: "It has to be answered before that." } };
    await tx.update(offers).set({ snoozedUntil: until, remindAt: until }).where(eq(offers.id, offer.id));
    return {
      result: { kind: "snoozed", until, zone },
      entries: [{ ...saidOf(request, offer, personId, "offer.snoozed"), detail: { until: until.toISOString() } }],
      next: [await wantWorkPost(tx, row.id, personId)],
    };
  });
}

/**
 * Gives back what was accepted, before the move or after it. Somebody else is asked; what was moved stays where it is until
 * they accept, so that it is never nobody's.
 */
export function returnOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  why: DeclineReason,
  note?: string,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "return", async (tx, row, offer, personId) => {
    const no = cannotReturn(w, offer, isOver(row.state));
    if (no !== undefined) return { result: { kind: "cannot-take", why: no } };
    const late = offer.deadlineAt !== null && offer.deadlineAt <= w.now();
    const again = late ? { ...offer, deadlineAt: null } : offer;
    return sendOn(tx, w, row, { offer: again, by: personId, request, why, note, result: "returned" });
  });
}

function cannotReturn(w: Workflow, offer: Offer, over: boolean): string | undefined {
  const inSystem = "Please give it to somebody in the system itself.";
  if (over) return `The handover is over. ${inSystem}`;
  if (offer.lease !== null) return "It is being moved to you this moment. Please press again in a minute.";
  if (offer.state === "moved" && !w.systems.get(offer.system)?.work?.moveOn)
    return `We cannot move it on from you: what came with it cannot be told from what you had. ${inSystem}`;
  return undefined;
}

/** Its owner or the leaver's manager says that nobody needs it. It is closed in its system, and read back. */
export function closeWork(w: Workflow, request: Request, offerId: string): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "close", async (tx, row, offer, personId) => {
    const closes = w.systems.get(offer.system)?.work?.close;
    if (!closes?.kinds.includes(offer.item.kind))
      return { result: { kind: "cannot-take", why: "We cannot close this. Please close it in the system itself." } };
    if (offer.lease !== null)
      return { result: { kind: "cannot-take", why: "It is being moved this moment. Please press again in a minute." } };
    await tx
      .update(offers)
      .set({ state: "closing", nextAt: null, remindAt: null, snoozedUntil: null, tries: 0, failure: null })
      .where(eq(offers.id, offer.id));
    return {
      result: { kind: "closing" },
      entries: [saidOf(request, offer, personId, "work.closeAsked")],
      next: [
        ...(await wantCasePosts(tx, row)),
        ...(offer.toId === null ? [] : [await wantWorkPost(tx, row.id, offer.toId)]),
        { queue: "hand-over", payload: { offerId } },
      ],
      seal: async (sealing, [seq]) => {
        await sealing
          .update(offers)
          .set({ closeSeq: seq ?? -1 })
          .where(eq(offers.id, offer.id));
      },
    };
  });
}

/** The owner of a secret says that it is rotated. No connector can read that, so it stays their word. */
export function attestSecret(
  w: Workflow,
  request: Request,
  offerId: string,
  note: string,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, "attest", async (tx, row, offer, personId) => {
    if (note.trim() === "") return { result: { kind: "cannot-take", why: "This needs a note." } };
    await tx
      .update(offers)
      .set({ state: "attested", toId: personId, settledAt: w.now(), nextAt: null, remindAt: null, failure: null })
      .where(eq(offers.id, offer.id));
    const said = saidOf(request, offer, personId, "secret.attested");
    await touchPost(tx, `summary:${row.id}`);
    await touchPost(tx, `unclaimed:${row.id}`);
    return {
      result: { kind: "attested" },
      entries: [
        {
          ...said,
          verification: {
            method: "attested",
            rung: "attested",
            readAt: w.now().toISOString(),
            state: "unreadable",
            verifier: personId,
          },
          personal: { ...said.personal, note },
        },
      ],
      next: [
        ...(await wantCasePosts(tx, row)),
        await wantWorkPost(tx, row.id, personId),
        ...(await afterOffer(tx, w, row)),
      ],
    };
  });
}
