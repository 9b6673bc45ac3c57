import { and, asc, eq, inArray } from "drizzle-orm";
import { z } from "zod";
import { WorkItem } from "../core/access.ts";
import type { Tx } from "./open.ts";
import { entries, offers } from "./schema.ts";

export const OFFER_STATES = [
  "held", // the departure may not be known yet
  "offered",
  "accepted", // somebody said yes; the move is under way
  "moved", // a fresh read shows the new owner
  "failed", // the system does not accept the new owner
  "unclaimed", // nobody took it: it went by name to the leaver's manager
  "void", // it no longer needs an owner
] as const;

/** A work item put to a person. */
export const Offer = z.object({
  id: z.string(),
  caseId: z.string(),
  system: z.string(),
  itemKey: z.string(),
  item: WorkItem,
  state: z.enum(OFFER_STATES),
  toId: z.string().nullable(),
  why: z.string().nullable(),
  acceptedSeq: z.number().nullable(),
  /** Person ids of those who declined. */
  declined: z.array(z.string()),
  failure: z.string().nullable(),
  tries: z.number(),
  offeredAt: z.date().nullable(),
  settledAt: z.date().nullable(),
  deadlineAt: z.date().nullable(),
  nextAt: z.date().nullable(),
  lease: z.string().nullable(),
});
export type Offer = Readonly<z.infer<typeof Offer>>;

export async function findOffer(tx: Tx, id: string): Promise<Offer | undefined> {
  const [row] = await tx.select().from(offers).where(eq(offers.id, id));
  return row && Offer.parse(row);
}

/** Offers of a case, by system and item. */
export async function listOffers(tx: Tx, caseId: string): Promise<readonly Offer[]> {
  const rows = await tx
    .select()
    .from(offers)
    .where(eq(offers.caseId, caseId))
    .orderBy(asc(offers.system), asc(offers.itemKey));
  return rows.map((row) => Offer.parse(row));
}

/** Offers that wait for this person's answer, the most urgent first. */
export async function listOffersTo(tx: Tx, personId: string): Promise<readonly Offer[]> {
  const rows = await tx
    .select()
    .from(offers)
    .where(and(eq(offers.toId, personId), inArray(offers.state, ["offered", "failed"])))
    .orderBy(asc(offers.deadlineAt), asc(offers.id));
  return rows.map((row) => Offer.parse(row));
}

/** An offer that still waits for somebody or something. */
export function isOpen(offer: Pick<Offer, "state">): boolean {
  return ["held", "offered", "accepted", "failed"].includes(offer.state);
}

/** Numbers of the entries by which somebody passed a work item on; unproven. */
export async function listPassed(tx: Tx, caseId: string, itemKey: string): Promise<readonly number[]> {
  const rows = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), eq(entries.action, "offer.passed"), eq(entries.targetId, itemKey)));
  return rows.map(({ seq }) => seq);
}
