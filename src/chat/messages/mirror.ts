import type { CaseView } from "../../store/views.ts";
import type { Message } from "../message.ts";
import { againOf, currentPlan, headPart, lateParts } from "./case.ts";
import { cancelButton, progressWords, readButtons, systemsPart } from "./plan-parts.ts";
import { rescheduleButton } from "./reschedule.ts";
import { caseState, count, paragraph, people } from "./words.ts";

/** The requester's private view of their case: how it goes, and taking it back while that is possible. */
export function mirrorMessage(view: CaseView): Message {
  const current = currentPlan(view);
  const approved = current?.decisions.filter(({ verdict }) => verdict === "approved") ?? [];
  const rejected = current?.decisions.filter(({ verdict }) => verdict === "rejected") ?? [];
  const buttons = [...readButtons(view, "requester"), ...rescheduleButton(view), ...cancelButton(view)];
  const over = ["cancelled", "rejected", "held"].includes(view.case.state);
  return {
    summary: `Your case for ${view.leaver.name}: ${caseState(view)}`,
    ...againOf(view),
    parts: [
      { kind: "heading", text: `Your case: ${view.leaver.name}` },
      headPart(view, "requester"),
      ...lateParts(view),
      ...(over ? [] : [systemsPart(view)]),
      ...(current && current.state === "proposed" && !over
        ? [
            paragraph(
              { bold: "Plan" },
              `: ${count(current.plan.steps.length, "grant")}. ${approved.length} of ${count(current.plan.approvals, "approval")} so far`,
              ...(approved.length > 0 ? [", by ", ...people(approved.map(({ by }) => by))] : []),
              ".",
            ),
          ]
        : []),
      ...(current?.state === "approved"
        ? [paragraph({ bold: "Approved" }, " by ", ...people(approved.map(({ by }) => by)), ".")]
        : []),
      ...(rejected.length > 0
        ? [paragraph({ bold: "Rejected" }, " by ", ...people(rejected.map(({ by }) => by)), ".")]
        : []),
      ...(view.steps.length > 0 ? [paragraph(progressWords(view.steps))] : []),
      ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : []),
      { kind: "note", text: ["Only you and the approvers see this case."] },
    ],
  };
}
