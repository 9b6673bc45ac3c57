import type { Tx } from "../store/open.ts";
import type { CaseView } from "../store/views.ts";
import { whoMayBeAsked } from "../workflow/heirs.ts";
import { mayBeKnown } from "../workflow/offer-work.ts";
import { NotVouched, prove } from "../workflow/vouched.ts";
import type { Workflow } from "../workflow/workflow.ts";

/**
 * A case as far as somebody who is asked to take its work may know it: only what the log puts to them, and what they declined
 * or were passed over in. Nothing while the departure may not be known.
 */
export async function workFor(tx: Tx, w: Workflow, view: CaseView, personId: string): Promise<CaseView | undefined> {
  if (personId === view.case.leaverId || !(await isKnown(tx, w, view))) return undefined;
  const may = await whoMayBeAsked(tx, w, view.case);
  const offers: CaseView["offers"][number][] = [];
  for (const offer of view.offers) {
    const involved =
      offer.toId === personId || offer.declined.includes(personId) || offer.skipped.some(({ id }) => id === personId);
    if (offer.state !== "held" && involved && (await may(offer.itemKey, personId))) offers.push(offer);
  }
  return offers.length === 0 ? undefined : { ...view, offers };
}

/** Whether people without a role may hear of it. Once every step has ended they may, whatever is read again since. */
export async function isKnown(tx: Tx, w: Workflow, view: CaseView): Promise<boolean> {
  if (mayBeKnown(view.case)) return true;
  if (view.accessGoneSeq === undefined) return false;
  try {
    await prove(tx, w, view.accessGoneSeq, "case.accessGone", view.case.id);
    return true;
  } catch (error) {
    if (error instanceof NotVouched) return false;
    throw error;
  }
}
