import { type Case, findClosedCase, findOpenCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { deniedIn } from "../workflow/ask.ts";
import { findWhom } from "../workflow/history.ts";
import { undoCase } from "../workflow/undo-case.ts";
import { askerOf, findPersonOfChat } from "../workflow/who.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { whomOf } from "./handle-history.ts";
import { askReschedule } from "./handle-reschedule.ts";
import type { Intent } from "./intent.ts";
import { notOnePerson } from "./messages/answers.ts";
import { helpMessage } from "./messages/help.ts";
import { undoAnswer } from "./messages/undo.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** `/offboard undo @alice`: the same as the button under the newest closed case of that person. */
export async function undoOf(deps: Deps, intent: Of<"undo-of">, reply: Reply): Promise<void> {
  const caseId = await caseOf(deps, intent, reply, findClosedCase);
  if (caseId === undefined) return;
  const undone = await undoCase(deps.workflow, requestOf(intent), caseId);
  return isRefusal(undone) ? sayRefusal(reply, undone) : reply.say(undoAnswer(undone));
}

/** `/offboard reschedule @alice Monday 9am`: the same as the button of their open case, with the words read. */
export async function rescheduleOf(deps: Deps, intent: Of<"reschedule-of">, reply: Reply): Promise<void> {
  const caseId = await caseOf(deps, intent, reply, findOpenCase);
  if (caseId === undefined) return;
  const { by, requestId, words } = intent;
  const asked = { kind: "ask-reschedule", caseId, by, requestId, ...(words === undefined ? {} : { words }) } as const;
  return askReschedule(deps, asked, reply);
}

/** The case that is meant; an id that none has if there is none, so that rights are looked up first. Else it is answered. */
async function caseOf(
  deps: Deps,
  intent: Of<"undo-of" | "reschedule-of">,
  reply: Reply,
  find: (tx: Tx, personId: string) => Promise<Case | undefined>,
): Promise<string | undefined> {
  const { workflow: w } = deps;
  const { who } = intent;
  if (who.kind === "several" || who.kind === "group" || who.kind === "channel") {
    await reply.say(notOnePerson(who.kind));
    return undefined;
  }
  if (who.kind === "nobody") {
    await reply.say(helpMessage("/offboard"));
    return undefined;
  }
  const of = await whomOf(surfaceOf(deps, intent), who);
  const row = await w.store.db.transaction(async (tx) => {
    const [personId, ...others] = await findWhom(tx, w, of);
    const found = personId === undefined || others.length > 0 ? undefined : await find(tx, personId);
    const askerId = found && (await findPersonOfChat(tx, w, accountOf(intent.by)));
    if (found === undefined || askerId === undefined) return undefined;
    // By name anybody can ask: a case that they may not see is answered as if there were none.
    return (await deniedIn(tx, w, await askerOf(tx, w, askerId), "read-case", found)) ? undefined : found;
  });
  return row?.id ?? "";
}
