import { isDeepStrictEqual } from "node:util";
import { and, eq, gt, inArray } from "drizzle-orm";
import { workKey } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import type { Case } from "../store/cases.ts";
import type { Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { entries } from "../store/schema.ts";
import { listProvenDuties } from "./heirs.ts";
import { NotVouched, prove, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * What the log says of an offer that is to be moved or closed: the owner's own word stands in it, for just this item, and it
 * was neither moved nor given back since. Gives the account that holds the item now, if it was moved before. Throws NotVouched.
 */
export async function proveOffer(
  tx: Tx,
  w: Workflow,
  row: Case,
  offer: Offer,
): Promise<{ readonly seq: number; readonly holder?: string }> {
  await proveCase(tx, w, row);
  await proveItem(tx, w, row, offer);
  if (offer.state === "closing") {
    const seq = offer.closeSeq ?? -1;
    // Who may say so was decided when the entry was written.
    const entry = await prove(tx, w, seq, "work.closeAsked", row.id);
    if (entry.actor.kind !== "person" || entry.target.id !== offer.itemKey)
      throw new NotVouched(`offer ${offer.id} differs from the entry that closes it`);
    await proveNothingSince(tx, row, offer, seq, ["work.closed"]);
    return { seq };
  }
  const seq = offer.acceptedSeq ?? -1;
  const entry = await prove(tx, w, seq, "offer.accepted", row.id);
  const same = entry.actor.kind === "person" && entry.actor.id === offer.toId && entry.target.id === offer.itemKey;
  if (!same) throw new NotVouched(`offer ${offer.id} differs from the entry that accepted it`);
  await proveNothingSince(tx, row, offer, seq, ["work.moved", "offer.returned"]);
  if (offer.movedSeq === null) return { seq };
  const moved = await prove(tx, w, offer.movedSeq, "work.moved", row.id);
  const holder = moved.detail?.["account"];
  if (moved.target.id !== offer.itemKey || typeof holder !== "string")
    throw new NotVouched(`offer ${offer.id} differs from the entry that moved it`);
  return { seq, holder };
}

/** The item itself must stand in a signed reading of this case, as it is. */
async function proveItem(tx: Tx, w: Workflow, row: Case, offer: Offer): Promise<void> {
  const read = (await listProvenDuties(tx, w, row.id)).some(
    (item) => item.system === offer.system && workKey(item) === offer.itemKey && isDeepStrictEqual(item, offer.item),
  );
  if (!read) throw new NotVouched(`no signed reading of case ${row.id} holds the work of offer ${offer.id}`);
}

async function proveNothingSince(
  tx: Tx,
  row: Case,
  offer: Offer,
  seq: number,
  actions: readonly string[],
): Promise<void> {
  const [since] = await tx
    .select({ action: entries.action })
    .from(entries)
    .where(
      and(
        eq(entries.caseId, row.id),
        inArray(entries.action, [...actions]),
        eq(entries.outcome, "success"),
        eq(entries.targetId, safeText(offer.itemKey)),
        gt(entries.seq, seq),
      ),
    );
  if (since) throw new NotVouched(`the work of offer ${offer.id} was settled already: ${since.action}`);
}
