import { and, asc, eq, inArray } from "drizzle-orm";
import { z } from "zod";
import { WorkItem } from "../core/access.ts";
import { OfferState } from "../core/offer.ts";
import type { Tx } from "./open.ts";
import { entries, offers } from "./schema.ts";

/** Somebody who was not asked, or is not any more, though it was their turn. */
export const Skipped = z.object({
  id: z.string(),
  why: z.enum(["no-account", "deactivated", "leaving", "away", "no-access", "cannot"]),
});
export type Skipped = Readonly<z.infer<typeof Skipped>>;

/** A work item put to a person. */
export const Offer = z.object({
  id: z.string(),
  caseId: z.string(),
  system: z.string(),
  itemKey: z.string(),
  item: WorkItem,
  state: OfferState,
  toId: z.string().nullable(),
  why: z.string().nullable(),
  acceptedSeq: z.number().nullable(),
  /** Person ids of those who declined. */
  declined: z.array(z.string()),
  skipped: z.array(Skipped),
  /** What keeps the one it is put to from receiving it in its system, and who can change that. */
  obstacle: z.string().nullable(),
  /** When it was asked whether they can receive it; they are told after that. */
  checkedAt: z.date().nullable(),
  snoozedUntil: z.date().nullable(),
  remindAt: z.date().nullable(),
  /** Entry that says that it was moved, and to which account. It can be given back. */
  movedSeq: z.number().nullable(),
  /** Entry of who said that nobody needs it. */
  closeSeq: z.number().nullable(),
  /** What the leaver wrote for whoever takes it. */
  leaverNote: z.string().nullable(),
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

/** Numbers of the entries by which somebody passed a work item on; unproven. */
export async function listPassed(tx: Tx, caseId: string, itemKey: string): Promise<readonly number[]> {
  const rows = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), eq(entries.action, "offer.passed"), eq(entries.targetId, itemKey)));
  return rows.map(({ seq }) => seq);
}
