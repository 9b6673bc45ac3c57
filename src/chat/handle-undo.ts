import { findClosedCase } from "../store/cases.ts";
import { findWhom } from "../workflow/history.ts";
import { undoCase } from "../workflow/undo-case.ts";
import { type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { whomOf } from "./handle-history.ts";
import type { Intent } from "./intent.ts";
import { notOnePerson } from "./messages/answers.ts";
import { helpMessage } from "./messages/help.ts";
import { undoAnswer } from "./messages/undo.ts";
import type { Reply } from "./surface.ts";

/** `/offboard undo @alice`: the same as the button under the newest closed case of that person. */
export async function undoOf(deps: Deps, intent: Extract<Intent, { kind: "undo-of" }>, reply: Reply): Promise<void> {
  const { workflow: w } = deps;
  const { who } = intent;
  if (who.kind === "several" || who.kind === "group" || who.kind === "channel")
    return reply.say(notOnePerson(who.kind));
  if (who.kind === "nobody") return reply.say(helpMessage("/offboard"));
  const of = await whomOf(surfaceOf(deps, intent), who);
  const row = await w.store.db.transaction(async (tx) => {
    const [personId, ...others] = await findWhom(tx, w, of);
    return personId === undefined || others.length > 0 ? undefined : findClosedCase(tx, personId);
  });
  const undone = await undoCase(w, requestOf(intent), row?.id ?? "");
  return isRefusal(undone) ? sayRefusal(reply, undone) : reply.say(undoAnswer(undone));
}
