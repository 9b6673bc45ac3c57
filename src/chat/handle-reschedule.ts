import { checkReschedule, rescheduleCase } from "../workflow/reschedule-case.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import { saidWhen } from "./handle-case.ts";
import type { Intent } from "./intent.ts";
import { notRescheduled, rescheduledAnswer, rescheduleForm } from "./messages/reschedule.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** Opens the dialog that moves a case's time, with what the words say already chosen; or says why it cannot be moved. */
export async function askReschedule(deps: Deps, intent: Of<"ask-reschedule">, reply: Reply): Promise<void> {
  const { workflow } = deps;
  const ready = await checkReschedule(workflow, requestOf(intent), intent.caseId);
  if (isRefusal(ready)) return sayRefusal(reply, ready);
  if (ready.kind !== "ready") return reply.say(notRescheduled(ready));
  const said = saidWhen(intent.words ?? "", ready.zone, workflow.now(), workflow.policy);
  return reply.ask(rescheduleForm(ready, said, workflow.policy.rescheduleDays));
}

/** The dialog came back: moves the time, or says at the field what is wrong. */
export async function reschedule(deps: Deps, intent: Of<"reschedule-case">, reply: Reply): Promise<void> {
  const done = await rescheduleCase(deps.workflow, requestOf(intent), intent.caseId, intent.when);
  if (isRefusal(done)) return sayRefusal(reply, done);
  switch (done.kind) {
    case "rescheduled":
      return reply.say(rescheduledAnswer(done));
    case "bad-time":
      return reply.reject({ [FIELDS.reschedule.time]: done.fault });
    default:
      return reply.say(notRescheduled(done));
  }
}
