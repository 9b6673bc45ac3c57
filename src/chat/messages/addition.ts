import type { CaseView, PlanView } from "../../store/views.ts";
import type { Message, Part } from "../message.ts";
import { breaksParts } from "./breaks.ts";
import { planTimes } from "./grant-lines.ts";
import { plansParts } from "./plan-numbers.ts";
import { approvalsPart, gapsPart } from "./plan-parts.ts";
import { button, count, paragraph } from "./words.ts";

/** What appeared since the approval: taken along by policy, or put to a short approval. */
export function additionMessage(view: CaseView, found: PlanView): Message {
  const grants = count(found.plan.steps.length, "grant");
  const asking = found.state === "proposed" && ["revoking", "rechecking", "closing"].includes(view.case.state);
  const along = found.state === "approved" && found.decisions.length === 0;
  const times = planTimes([found], view.steps, view.case.dueZone);
  const of = { caseId: view.case.id, planHash: found.hash };
  return {
    summary: `${view.leaver.name}: ${grants} appeared since the plan was approved`,
    parts: [
      paragraph(
        { bold: `${grants} appeared since the plan was approved.` },
        along ? " Taken along by policy: each can be given back and none is privileged." : "",
        asking ? " It stays until somebody decides." : "",
      ),
      ...times.note,
      ...plansParts([found.plan], view.steps, view, times),
      ...(along ? [] : [approvalsPart(found, times)]),
      ...(asking ? [...breaksParts(found.plan.steps, view), ...gapsPart(found.plan)] : []),
      ...(asking
        ? [
            {
              kind: "actions",
              buttons: [
                button("Approve", { kind: "approve-plan", ...of }, { style: "primary" }),
                button("Reject", { kind: "reject-plan", ...of }, { style: "danger" }),
                button("Review each grant", { kind: "review-plan", ...of }),
              ],
            } as const,
          ]
        : []),
      ...rejectedPart(found),
    ],
  };
}

function rejectedPart(found: PlanView): Part[] {
  return found.state === "rejected" ? [paragraph("It stays, and is an exception of the case.")] : [];
}
