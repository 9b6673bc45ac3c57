import { pauseActs, resumeActs } from "../workflow/pause.ts";
import { actorName } from "./acts-content.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import type { Intent } from "./intent.ts";
import { actsAnswer } from "./messages/acts.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** `/offboard pause`: stops every act of every replica. */
export async function pause(deps: Deps, intent: Of<"pause">, reply: Reply): Promise<void> {
  const answer = await pauseActs(deps.workflow, requestOf(intent), intent.note);
  if (isRefusal(answer)) return sayRefusal(reply, answer);
  if (answer.kind === "paused") return reply.say(actsAnswer(answer));
  const by = await deps.workflow.store.db.transaction((tx) => actorName(tx, deps.workflow, answer.by));
  return reply.say(actsAnswer({ kind: "already-paused", by, at: answer.at }));
}

/** `/offboard resume`, or the button under the message that says so. */
export async function resume(deps: Deps, intent: Of<"resume">, reply: Reply): Promise<void> {
  const answer = await resumeActs(deps.workflow, requestOf(intent));
  if (isRefusal(answer)) return sayRefusal(reply, answer);
  return reply.say(actsAnswer(answer));
}
