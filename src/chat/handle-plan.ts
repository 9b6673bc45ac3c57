import { findCase } from "../store/cases.ts";
import { decidePlan } from "../workflow/decide-plan.ts";
import { namesOf } from "../workflow/known-people.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import type { Intent } from "./intent.ts";
import { decidedMessage } from "./messages/answers.ts";
import { approveGapsForm } from "./messages/dialogs.ts";
import type { Reply } from "./surface.ts";

/** Approve or Reject. A plan with gaps is approved through a dialog that names them. */
export async function decide(
  deps: Deps,
  intent: Extract<Intent, { kind: "approve-plan" | "reject-plan" }>,
  reply: Reply,
): Promise<void> {
  const { caseId, planHash } = intent;
  const decided = await decidePlan(deps.workflow, requestOf(intent), {
    caseId,
    planHash,
    ...(intent.kind === "approve-plan"
      ? { verdict: "approved", ...(intent.gaps === undefined ? {} : { gaps: intent.gaps }) }
      : { verdict: "rejected", ...(intent.note === undefined ? {} : { note: intent.note }) }),
  });
  if (isRefusal(decided)) return sayRefusal(reply, decided);
  if (decided.kind === "gaps") return reply.ask(approveGapsForm({ caseId, planHash }, decided.gaps));
  const by = decided.kind === "already" ? decided.by : [];
  const { names, zone } = await deps.workflow.store.db.transaction(async (tx) => ({
    names: await namesOf(tx, deps.workflow, by),
    zone: (await findCase(tx, caseId))?.dueZone ?? "UTC",
  }));
  return reply.say(
    decidedMessage(
      decided,
      by.map((id) => names.get(id) ?? id),
      zone,
    ),
  );
}
