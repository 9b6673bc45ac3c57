import { mayOnOffer, type OfferAct, type Standing } from "../core/offer.ts";
import { type Case, lockCase } from "../store/cases.ts";
import { findOffer, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { ask, byPerson, Denied, type Refusal, type Request } from "./ask.ts";
import { canTake, mayBeAsked } from "./heirs.ts";
import { findPerson } from "./known-people.ts";
import type { Change, Said } from "./transition.ts";
import { NotVouched } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

export type OfferDecided =
  | { readonly kind: "accepted" }
  | { readonly kind: "accepted-all"; readonly count: number }
  | { readonly kind: "declined" }
  | { readonly kind: "passed"; readonly to: string }
  | { readonly kind: "snoozed"; readonly until: Date; readonly zone: string }
  | { readonly kind: "returned" }
  | { readonly kind: "closing" }
  | { readonly kind: "attested" }
  | { readonly kind: "already"; readonly state: Offer["state"]; readonly by?: string; readonly at?: Date }
  | { readonly kind: "cannot-take"; readonly why: string };

type Act = (tx: Tx, row: Case, offer: Offer, personId: string) => Promise<Change<OfferDecided>>;

/** Runs what a person asks of an offer: only for whom the log puts it to, or the leaver's manager, and only while it may be. */
export function onOffer(
  w: Workflow,
  request: Request,
  offerId: string,
  act: OfferAct,
  work: Act,
): Promise<OfferDecided | Refusal> {
  return ask<OfferDecided | Refusal>(
    w,
    request,
    async (tx, asker): Promise<Change<OfferDecided | Refusal> | Denied> => {
      const found = await findOffer(tx, offerId);
      const row = found && (await lockCase(tx, found.caseId));
      const [offer] = row ? [await findOffer(tx, offerId)] : [];
      if (!row || !offer) return { result: { kind: "missing", what: "offer" } };
      const who = await standingOf(tx, w, row, offer, asker.personId);
      const declined = offer.declined.includes(asker.personId);
      if (!mayOnOffer(act, offer, who)) {
        const othersTurn = offer.state === "offered" && !who.asked && !declined;
        if (othersTurn || (!who.asked && !who.manager && !declined))
          return new Denied("open-case", "This was put to somebody else.", row.id);
        return { result: alreadyOf(offer) };
      }
      try {
        if (!(await mayBeAsked(tx, w, row, offer.itemKey, asker.personId)))
          return new Denied("open-case", "Nothing in the log puts this to you.", row.id);
      } catch (error) {
        if (!(error instanceof NotVouched)) throw error;
        return { result: { kind: "missing", what: "offer" } };
      }
      if (act !== "decline" && !(await canTake(tx, w, asker.personId)))
        return { result: { kind: "cannot-take", why: "Your own access is being reviewed." } };
      return work(tx, row, offer, asker.personId);
    },
  );
}

/** What is answered where it is settled already. */
export function alreadyOf(offer: Offer): Extract<OfferDecided, { kind: "already" }> {
  return {
    kind: "already",
    state: offer.state,
    ...(offer.toId ? { by: offer.toId } : {}),
    ...(offer.settledAt ? { at: offer.settledAt } : {}),
  };
}

/** Who somebody is to an offer. */
export async function standingOf(tx: Tx, w: Workflow, row: Case, offer: Offer, personId: string): Promise<Standing> {
  const leaver = await findPerson(tx, w, row.leaverId);
  return {
    asked: offer.toId === personId && offer.state !== "held" && personId !== row.leaverId,
    manager: leaver?.managerId === personId && offer.state !== "held" && personId !== row.leaverId,
  };
}

/** What a person did with an offer, as an entry. */
export function saidOf(request: Request, offer: Offer, personId: string, action: string): Said {
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

/** What happens to an offer by itself, as an entry. */
export function aboutOffer(offer: Pick<Offer, "itemKey" | "system" | "caseId">): Pick<Said, "target" | "case"> {
  return { target: { kind: "work", id: offer.itemKey, system: offer.system }, case: offer.caseId };
}
