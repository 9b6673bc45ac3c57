import { eq } from "drizzle-orm";
import { type Case, lockCase } from "../store/cases.ts";
import { findOffer, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { ask, byPerson, Denied, type Refusal, type Request } from "./ask.ts";
import { afterOffer } from "./hand-over.ts";
import { wantCasePosts } from "./notices.ts";
import { canTake, giveUp, mayBeAsked, nextHeir, offerTo, wantOfferPost } from "./offer-work.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched } from "./vouched.ts";
import { type ChatAccount, findPersonOfChat, noteChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

export type OfferDecided =
  | { readonly kind: "accepted" }
  | { readonly kind: "declined" }
  | { readonly kind: "passed"; readonly to: string }
  | { readonly kind: "already"; readonly state: Offer["state"]; readonly by?: string; readonly at?: Date }
  | { readonly kind: "cannot-take"; readonly why: string };

/** An owner says yes. The move is a job; it runs only on this entry. */
export function acceptOffer(w: Workflow, request: Request, offerId: string): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, async (tx, row, offer, personId) => {
    if (!(await canTake(tx, w, personId)))
      return { result: { kind: "cannot-take", why: "Your own access is being reviewed." } };
    await tx
      .update(offers)
      .set({ state: "accepted", nextAt: null, tries: 0, failure: null })
      .where(eq(offers.id, offer.id));
    return {
      result: { kind: "accepted" },
      entries: [entryOf(request, offer, personId, "offer.accepted")],
      next: [
        ...(await wantCasePosts(tx, row)),
        await wantOfferPost(tx, offer.id, personId),
        { queue: "hand-over", payload: { offerId } },
      ],
      seal: async (sealing, [seq]) => {
        await sealing
          .update(offers)
          .set({ acceptedSeq: seq ?? -1 })
          .where(eq(offers.id, offer.id));
      },
    };
  });
}

/** An owner says no: it goes to the default heir, then to who the system suggested, then to the leaver's manager, then by name on their list. */
export function declineOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  note?: string,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, async (tx, row, offer, personId) => {
    const declined = [...offer.declined, personId];
    await tx.update(offers).set({ declined }).where(eq(offers.id, offer.id));
    const to = await nextHeir(tx, w, row, offer.item, declined);
    const after: Offer = { ...offer, declined };
    const moved =
      to === undefined
        ? await giveUp(tx, w, row, after)
        : await offerTo(tx, w, after, to.id, `${to.why}; somebody else could not take it`);
    return {
      result: { kind: "declined" },
      entries: [
        { ...entryOf(request, offer, personId, "offer.declined"), ...(note?.trim() ? { personal: { note } } : {}) },
      ],
      next: [
        ...moved,
        await wantOfferPost(tx, offer.id, personId),
        ...(await wantCasePosts(tx, row)),
        ...(await afterOffer(tx, w, row)),
      ],
    };
  });
}

/** An owner names somebody else, who is asked in turn. */
export function passOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  to: ChatAccount,
): Promise<OfferDecided | Refusal> {
  return onOffer(w, request, offerId, async (tx, row, offer, personId) => {
    const toId = await findPersonOfChat(tx, w, to);
    if (toId === undefined || to.kind !== "member")
      return { result: { kind: "cannot-take", why: "The directory does not know this account." } };
    if (toId === personId) return { result: { kind: "cannot-take", why: "This is you. Press Accept to take it." } };
    if (offer.declined.includes(toId)) return { result: { kind: "cannot-take", why: "This person has declined it." } };
    if (toId === row.leaverId || !(await canTake(tx, w, toId)))
      return { result: { kind: "cannot-take", why: "This person cannot take it over." } };
    const noted = await noteChat(tx, w, to, toId);
    const jobs = await offerTo(tx, w, { ...offer, deadlineAt: null }, toId, "suggested by a colleague");
    return {
      result: { kind: "passed", to: toId },
      entries: [{ ...entryOf(request, offer, personId, "offer.passed"), detail: { to: toId } }, ...(noted ?? [])],
      next: [...jobs, await wantOfferPost(tx, offer.id, personId), ...(await wantCasePosts(tx, row))],
    };
  });
}

/** An offer whose deadline passed goes by name to the leaver's manager. */
export async function expireOffer(w: Workflow, offerId: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const found = await findOffer(tx, offerId);
    const row = found && (await lockCase(tx, found.caseId));
    const offer = row && (await findOffer(tx, offerId));
    const due = offer?.deadlineAt && offer.deadlineAt <= w.now();
    if (!offer || !due || !["offered", "failed"].includes(offer.state)) return { result: undefined };
    const jobs = await giveUp(tx, w, row, offer);
    return {
      result: undefined,
      entries: [
        {
          action: "offer.expired",
          outcome: "failure",
          target: { kind: "work", id: offer.itemKey, system: offer.system },
          case: row.id,
          detail: { to: offer.toId },
        },
      ],
      next: [...jobs, ...(await wantCasePosts(tx, row)), ...(await afterOffer(tx, w, row))],
    };
  });
}

type Work = (tx: Tx, row: Case, offer: Offer, personId: string) => Promise<Change<OfferDecided>>;

/** Only the one it is put to decides, and only while it is open. */
function onOffer(w: Workflow, request: Request, offerId: string, work: Work): Promise<OfferDecided | Refusal> {
  return ask<OfferDecided | Refusal>(
    w,
    request,
    async (tx, asker): Promise<Change<OfferDecided | Refusal> | Denied> => {
      const found = await findOffer(tx, offerId);
      const row = found && (await lockCase(tx, found.caseId));
      const [offer] = row ? [await findOffer(tx, offerId)] : [];
      if (!row || !offer) return { result: { kind: "missing", what: "offer" } };
      const involved = offer.toId === asker.personId || offer.declined.includes(asker.personId);
      if (!involved && offer.state === "offered")
        return new Denied("open-case", "This was put to somebody else.", row.id);
      if (offer.toId !== asker.personId || !["offered", "failed"].includes(offer.state)) {
        return {
          result: {
            kind: "already",
            state: offer.state,
            ...(offer.toId ? { by: offer.toId } : {}),
            ...(offer.settledAt ? { at: offer.settledAt } : {}),
          },
        };
      }
      try {
        if (!(await mayBeAsked(tx, w, row, offer.itemKey, asker.personId)))
          return new Denied("open-case", "Nothing in the log puts this to you.", row.id);
      } catch (error) {
        if (!(error instanceof NotVouched)) throw error;
        return { result: { kind: "missing", what: "offer" } };
      }
      return work(tx, row, offer, asker.personId);
    },
  );
}

function entryOf(request: Request, offer: Offer, personId: string, action: string): Said {
  return {
    actor: byPerson(request, { personId, roles: new Set(), leaving: false }),
    action,
    outcome: "success",
    target: { kind: "work", id: offer.itemKey, system: offer.system },
    case: offer.caseId,
    transfer: { item: offer.itemKey, kind: offer.item.kind, from: offer.item.account, to: personId },
    personal: { title: offer.item.title, ...(offer.item.url ? { url: offer.item.url } : {}) },
  };
}
