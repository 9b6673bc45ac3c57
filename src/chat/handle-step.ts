import { findStep } from "../store/steps.ts";
import { titleOf } from "../store/views.ts";
import type { Refusal } from "../workflow/ask.ts";
import { attestStep, retryStep, type StepDecided, skipStep } from "../workflow/decide-step.ts";
import { namesOf } from "../workflow/known-people.ts";
import { retryRead } from "../workflow/name-account.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { accountAnswer } from "./messages/account.ts";
import { stepAnswer } from "./messages/answers.ts";
import { noteForm } from "./messages/dialogs.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Done by hand” or “Skip”: opens the dialog for the note, unless the step is settled already. */
export async function askNote(deps: Deps, intent: Of<"ask-note">, reply: Reply): Promise<void> {
  const step = await deps.workflow.store.db.transaction((tx) => findStep(tx, intent.stepId));
  if (!step) return sayRefusal(reply, { kind: "missing", what: "step" });
  if (["attention", "by-hand", "attesting"].includes(step.state)) return reply.ask(noteForm(step.id, intent.then));
  return sayStep(deps, reply, {
    kind: "already",
    state: step.state,
    ...(step.decidedBy === null ? {} : { by: step.decidedBy }),
  });
}

/** Retry, Done by hand or Skip. */
export async function onStep(
  deps: Deps,
  intent: Of<"retry-step" | "done-by-hand" | "skip-step">,
  reply: Reply,
): Promise<void> {
  const decided = await act(deps, intent);
  if (isRefusal(decided)) return sayRefusal(reply, decided);
  if (decided.kind === "note-needed") return reply.reject({ [FIELDS.note.note]: "This needs a note." });
  return sayStep(deps, reply, decided);
}

/** Reads a system again that could not be read. */
export async function rereadSystem(deps: Deps, intent: Of<"retry-read">, reply: Reply): Promise<void> {
  const { caseId, system } = intent;
  const said = await retryRead(deps.workflow, requestOf(intent), { caseId, system });
  if (isRefusal(said)) return sayRefusal(reply, said);
  return reply.say(
    accountAnswer(said.kind === "found" ? "too-late" : said.kind, titleOf(deps.workflow.systems, system)),
  );
}

function act(deps: Deps, intent: Of<"retry-step" | "done-by-hand" | "skip-step">): Promise<StepDecided | Refusal> {
  const request = requestOf(intent);
  switch (intent.kind) {
    case "retry-step":
      return retryStep(deps.workflow, request, intent.stepId);
    case "done-by-hand":
      return attestStep(deps.workflow, request, intent.stepId, intent.note);
    case "skip-step":
      return skipStep(deps.workflow, request, intent.stepId, intent.note);
    default:
      return intent satisfies never;
  }
}

async function sayStep(deps: Deps, reply: Reply, decided: StepDecided): Promise<void> {
  if (decided.kind !== "already" || decided.by === undefined) return reply.say(stepAnswer(decided));
  const by = decided.by;
  const names = await deps.workflow.store.db.transaction((tx) => namesOf(tx, deps.workflow, [by]));
  return reply.say(stepAnswer({ ...decided, by: names.get(by) ?? by }));
}
