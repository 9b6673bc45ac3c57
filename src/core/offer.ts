import { z } from "zod";
import type { Grant, WorkItem } from "./access.ts";

// An offer is a work item put to a person. States, moves and who may make them, as data.

export const OFFER_STATES = [
  "held", // the departure may not be known yet
  "offered",
  "accepted", // somebody said yes; the move is under way
  "moved", // a fresh read shows the new owner
  "failed", // the system does not accept the new owner, or did not close it
  "closing", // somebody with the right said that nobody needs it; it is being closed in its system
  "closed", // a fresh read shows it closed
  "rotating", // a secret: somebody said yes, and rotates it by hand
  "attested", // a secret: its owner says that it is rotated
  "unclaimed", // nobody took it: it went by name to the leaver's manager
  "void", // it no longer needs an owner
] as const;
export const OfferState = z.enum(OFFER_STATES);
export type OfferState = z.infer<typeof OfferState>;

const MOVES: Readonly<Record<OfferState, readonly OfferState[]>> = {
  held: ["offered", "unclaimed", "void"],
  offered: ["offered", "accepted", "rotating", "closing", "unclaimed", "void"],
  accepted: ["accepted", "moved", "failed", "offered", "closing", "unclaimed", "void"],
  // It can be given back: then somebody else is asked, and until they accept it stays where it is.
  moved: ["offered", "closing", "unclaimed"],
  failed: ["accepted", "offered", "closing", "unclaimed", "void"],
  closing: ["closing", "closed", "failed", "moved", "unclaimed", "void"],
  closed: [],
  rotating: ["attested", "offered", "unclaimed", "void"],
  attested: [],
  unclaimed: ["accepted", "rotating", "closing", "attested"],
  void: [],
};

/** The states from which one may be reached. */
export function statesBefore(to: OfferState): readonly OfferState[] {
  return OFFER_STATES.filter((from) => MOVES[from].includes(to));
}

/** An offer that still waits for somebody or something: the case does not close on it. */
export function isOpen(offer: { readonly state: OfferState }): boolean {
  return ["held", "offered", "accepted", "failed", "closing", "rotating"].includes(offer.state);
}

/** An offer that is somebody's to answer. */
export function isAsked(offer: { readonly state: OfferState }): boolean {
  return offer.state === "offered" || offer.state === "failed";
}

/** What a person can do with an offer. */
export type OfferAct = "accept" | "decline" | "pass" | "snooze" | "return" | "close" | "attest";

/** Who somebody is to an offer. */
export interface Standing {
  /** It is put to them, or they took it. */
  readonly asked: boolean;
  /** The leaver's manager: what nobody takes is theirs. */
  readonly manager: boolean;
}

const ACTS: Readonly<Record<OfferAct, Readonly<Record<keyof Standing, readonly OfferState[]>>>> = {
  accept: { asked: ["offered", "failed"], manager: ["unclaimed"] },
  decline: { asked: ["offered", "failed"], manager: [] },
  pass: { asked: ["offered", "failed"], manager: [] },
  snooze: { asked: ["offered"], manager: [] },
  return: { asked: ["accepted", "moved", "rotating"], manager: [] },
  close: { asked: ["accepted", "moved"], manager: ["offered", "failed", "unclaimed"] },
  attest: { asked: ["rotating", "unclaimed"], manager: ["unclaimed"] },
};

/** Says whether somebody may do this to an offer in this state. A secret is attested, and nothing else is. */
export function mayOnOffer(
  act: OfferAct,
  offer: { readonly state: OfferState; readonly item: Pick<WorkItem, "kind"> },
  who: Standing,
): boolean {
  const secret = offer.item.kind === SECRET;
  if ((act === "attest" && !secret) || (act === "close" && secret)) return false;
  return (["asked", "manager"] as const).some((side) => who[side] && ACTS[act][side].includes(offer.state));
}

/** Why an offer is declined or given back: chosen from a list, since free text in an entry could not be erased. */
export const DECLINE_REASONS = ["no-time", "not-mine", "no-access", "not-needed", "other"] as const;
export const DeclineReason = z.enum(DECLINE_REASONS);
export type DeclineReason = z.infer<typeof DeclineReason>;

/** How long an offer is put aside; never beyond its deadline. */
export const SNOOZES = ["day", "three-days", "week"] as const;
export const Snooze = z.enum(SNOOZES);
export type Snooze = z.infer<typeof Snooze>;

/** Kind of a work item that is a secret to be rotated. It is in no system: a human does it, and attests. */
export const SECRET = "secret";

/** Secrets that these grants let the leaver know, each one duty. Taking the grant away does not make them forget it. */
export function secretsOf(grants: readonly Grant[]): readonly WorkItem[] {
  const found = new Map<string, WorkItem>();
  for (const grant of grants)
    for (const name of grant.secrets) {
      const key = JSON.stringify([grant.system, grant.account, name]);
      const known = found.get(key);
      const fact = `known through ${grant.resource}${grant.role === undefined ? "" : ` as ${grant.role}`}`;
      const facts = [...new Set([...(known?.facts ?? []), fact])];
      found.set(key, {
        system: grant.system,
        account: grant.account,
        id: `${SECRET}:${name}`,
        kind: SECRET,
        title: name,
        container: "secrets",
        facts: facts.slice(0, 5),
      });
    }
  return [...found.values()];
}
