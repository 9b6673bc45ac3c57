import { and, eq, inArray } from "drizzle-orm";
import { mayMove } from "../core/case.ts";
import { type Case, listStepKeys, lockCase } from "../store/cases.ts";
import { listOffers } from "../store/offers.ts";
import { cases, offers, plans } from "../store/schema.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { wantCasePosts } from "./notices.ts";
import { wantWorkPost } from "./offer-work.ts";
import type { Change } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

export type Cancelled = { readonly kind: "cancelled" } | { readonly kind: "too-late"; readonly state: Case["state"] };

/** Takes a case back before anything is cut. What is gone already is not given back by this. */
export function cancelCase(w: Workflow, request: Request, caseId: string): Promise<Cancelled | Refusal> {
  return ask<Cancelled | Refusal>(w, request, async (tx, asker): Promise<Change<Cancelled | Refusal> | Denied> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "cancel-case", row);
    if (no) return no;
    // A containment cuts while its case is still planned: what is gone is given back, not cancelled.
    if (!mayMove(row.state, "cancelled") || row.state === "revoking" || (await listStepKeys(tx, caseId)).size > 0)
      return { result: { kind: "too-late", state: row.state } };
    await tx
      .update(cases)
      .set({ state: "cancelled", closedAt: w.now(), wakeAt: null, escalateAt: null })
      .where(eq(cases.id, caseId));
    await tx
      .update(plans)
      .set({ state: "superseded" })
      .where(and(eq(plans.caseId, caseId), eq(plans.state, "proposed")));
    const told = (await listOffers(tx, caseId)).flatMap(({ state, toId }) =>
      state !== "held" && toId !== null ? [toId] : [],
    );
    await tx
      .update(offers)
      .set({ state: "void", settledAt: w.now(), nextAt: null, remindAt: null, snoozedUntil: null })
      .where(and(eq(offers.caseId, caseId), inArray(offers.state, ["held", "offered", "failed", "rotating"])));
    return {
      result: { kind: "cancelled" },
      entries: [
        {
          actor: byPerson(request, asker),
          action: "case.cancelled",
          outcome: "success",
          target: { kind: "case", id: caseId },
          case: caseId,
        },
      ],
      next: [
        ...(await wantCasePosts(tx, row)),
        ...(await Promise.all([...new Set(told)].map((personId) => wantWorkPost(tx, caseId, personId)))),
      ],
    };
  });
}
