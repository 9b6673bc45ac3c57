import { eq } from "drizzle-orm";
import { lockCase } from "../store/cases.ts";
import { cases } from "../store/schema.ts";
import { holdCase } from "./hold.ts";
import { wantCasePosts, wantThreadPost } from "./notices.ts";
import { wantReads } from "./open-case.ts";
import { approvedBase, listProvenPlans } from "./proven-plans.ts";
import { type Change, transition } from "./transition.ts";
import { NotVouched, proveCase, proveDue } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * At the due instant: an approved case is read again, right before the cut; one that nobody approved is missed, which is
 * an entry and a message, and is cut as soon as it is approved.
 */
export async function startCut(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (!row || row.dueAt.getTime() > w.now().getTime()) return { result: undefined };
    if (row.state !== "approved" && row.state !== "planned") return { result: undefined };
    try {
      await proveCase(tx, w, row);
      if ((await proveDue(tx, w, row)).at.getTime() !== row.dueAt.getTime())
        throw new NotVouched(`case ${row.id} is due at another time than its entry says`);
      if (row.state === "approved" && !approvedBase(await listProvenPlans(tx, w, caseId)))
        throw new NotVouched(`nobody approved a plan of case ${row.id}`);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    const lateSeconds = Math.round((w.now().getTime() - row.dueAt.getTime()) / 1000);
    if (row.state === "planned") {
      // A case that is due at once was never in time to be approved, so it cannot be missed.
      const atOnce = row.dueAt.getTime() <= row.openedAt.getTime();
      await tx
        .update(cases)
        .set({ missedAt: atOnce ? null : (row.missedAt ?? w.now()), wakeAt: null })
        .where(eq(cases.id, caseId));
      if (atOnce || row.missedAt !== null) return { result: undefined };
      return {
        result: undefined,
        entries: [
          {
            action: "case.missed",
            outcome: "failure",
            target: { kind: "case", id: caseId },
            case: caseId,
            detail: { lateSeconds },
          },
        ],
        next: [
          ...(await wantCasePosts(tx, row)),
          await wantThreadPost(tx, caseId, `missed:${caseId}`, { kind: "missed", caseId }),
        ],
      };
    }
    await tx
      .update(cases)
      .set({ state: "rechecking", round: "before-cut", cutAt: row.cutAt ?? w.now(), wakeAt: null })
      .where(eq(cases.id, caseId));
    return {
      result: undefined,
      entries: [
        {
          action: "case.cutStarted",
          outcome: "success",
          target: { kind: "case", id: caseId },
          case: caseId,
          detail: { lateSeconds },
        },
      ],
      next: [...(await wantReads(tx, w, caseId, "before-cut")), ...(await wantCasePosts(tx, row))],
    };
  });
}
