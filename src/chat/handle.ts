import { cancelCase } from "../workflow/cancel-case.ts";
import { openHome } from "../workflow/open-home.ts";
import { recuse } from "../workflow/recuse.ts";
import { undoCase } from "../workflow/undo-case.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import { confirmAccount, lookUpAccount, sayNone, startNaming } from "./handle-account.ts";
import { pause, resume } from "./handle-acts.ts";
import { askBreaks, decideBreaks } from "./handle-breaks.ts";
import { openFromForm, startCase } from "./handle-case.ts";
import { showHistory, verifyLog } from "./handle-history.ts";
import { listCases, showCase } from "./handle-list.ts";
import { rescheduleOf, undoOf } from "./handle-of.ts";
import { onOffer } from "./handle-offer.ts";
import { decide } from "./handle-plan.ts";
import { askReschedule, reschedule } from "./handle-reschedule.ts";
import { askKeep, decideToKeep, keep, reviewPlan } from "./handle-review.ts";
import { askNote, onStep, rereadSystem } from "./handle-step.ts";
import { showWork } from "./handle-work.ts";
import type { Intent } from "./intent.ts";
import { cancelledMessage, recusedAnswer, tooLateToCancel } from "./messages/answers.ts";
import { helpMessage } from "./messages/help.ts";
import { undoAnswer } from "./messages/undo.ts";
import type { Reply } from "./surface.ts";

export type { Deps } from "./desk.ts";

/**
 * Turns what a person asks for into one act of the workflow, and answers it: done, done already, not allowed, or what is
 * missing. A re-delivery gets no answer, since the first delivery has one. Rejects only for faults of ours.
 */
export async function handle(deps: Deps, intent: Intent, reply: Reply): Promise<void> {
  switch (intent.kind) {
    case "start-case":
      return startCase(deps, intent, reply);
    case "open-case":
      return openFromForm(deps, intent, reply);
    case "approve-plan":
    case "reject-plan":
      return decide(deps, intent, reply);
    case "review-plan":
      return reviewPlan(deps, intent, reply);
    case "ask-keep":
      return askKeep(deps, intent, reply);
    case "keep-grants":
      return keep(deps, intent, reply);
    case "ask-breaks":
      return askBreaks(deps, intent, reply);
    case "settle-breaks":
      return decideBreaks(deps, intent, reply);
    case "decide-kept":
      return decideToKeep(deps, intent, reply);
    case "cancel-case": {
      const done = await cancelCase(deps.workflow, requestOf(intent), intent.caseId);
      if (isRefusal(done)) return sayRefusal(reply, done);
      return reply.say(done.kind === "cancelled" ? cancelledMessage() : tooLateToCancel(done.state));
    }
    case "ask-reschedule":
      return askReschedule(deps, intent, reply);
    case "reschedule-case":
      return reschedule(deps, intent, reply);
    case "undo-case": {
      const undone = await undoCase(deps.workflow, requestOf(intent), intent.caseId);
      return isRefusal(undone) ? sayRefusal(reply, undone) : reply.say(undoAnswer(undone));
    }
    case "reschedule-of":
      return rescheduleOf(deps, intent, reply);
    case "undo-of":
      return undoOf(deps, intent, reply);
    case "retry-read":
      return rereadSystem(deps, intent, reply);
    case "ask-account":
      return startNaming(deps, intent, reply);
    case "name-account":
      return intent.confirmed ? confirmAccount(deps, intent, reply) : lookUpAccount(deps, intent, reply);
    case "no-account":
      return sayNone(deps, intent, reply);
    case "ask-note":
      return askNote(deps, intent, reply);
    case "retry-step":
    case "done-by-hand":
    case "skip-step":
      return onStep(deps, intent, reply);
    case "accept-offer":
    case "accept-all":
    case "decline-offer":
    case "ask-pass":
    case "pass-offer":
    case "snooze-offer":
    case "return-offer":
    case "close-work":
    case "attest-secret":
    case "note-work":
      return onOffer(deps, intent, reply);
    case "show-work":
      return showWork(deps, intent, reply);
    case "history":
      return showHistory(deps, intent, reply);
    case "list-cases":
      return listCases(deps, intent, reply);
    case "case-status":
      return showCase(deps, intent, reply);
    case "verify-log":
      return verifyLog(deps, intent, reply);
    case "recuse": {
      const done = await recuse(deps.workflow, requestOf(intent), intent.caseId);
      return isRefusal(done) ? sayRefusal(reply, done) : reply.say(recusedAnswer(done.kind));
    }
    case "pause":
      return pause(deps, intent, reply);
    case "resume":
      return resume(deps, intent, reply);
    case "open-home": {
      const key = await openHome(deps.workflow, { by: accountOf(intent.by), requestId: intent.requestId });
      if (key !== undefined) deps.homes?.opened(key);
      return;
    }
    case "help":
      return reply.say(helpMessage(intent.command, intent.by.surface));
    default:
      return intent satisfies never;
  }
}
