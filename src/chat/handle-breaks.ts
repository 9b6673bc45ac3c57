import { readCase } from "../workflow/open-cases.ts";
import { type BreakChoice, settleBreaks } from "../workflow/settle-breaks.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { heirFieldOf } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { breaksAnswer, breaksForm, nothingBreaks } from "./messages/breaks.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Decide what breaks”: the dialog for the next ones that are open. */
export async function askBreaks(deps: Deps, intent: Of<"ask-breaks">, reply: Reply): Promise<void> {
  const found = await readCase(deps.workflow, requestOf(intent), intent.caseId);
  if (isRefusal(found)) return sayRefusal(reply, found);
  const form = breaksForm(found.view);
  return form ? reply.ask(form) : reply.say(nothingBreaks());
}

/** The dialog came back. */
export async function decideBreaks(deps: Deps, intent: Of<"settle-breaks">, reply: Reply): Promise<void> {
  const surface = surfaceOf(deps, intent);
  const choices: BreakChoice[] = [];
  for (const { key, at, heir } of intent.choices) {
    const member = heir === null ? null : await surface.getMember(heir);
    if (member === undefined) return reply.reject({ [heirFieldOf(at)]: "This account does not exist here." });
    choices.push({ key, heir: member && accountOf(member) });
  }
  const settled = await settleBreaks(deps.workflow, requestOf(intent), { caseId: intent.caseId, choices });
  if (isRefusal(settled)) return sayRefusal(reply, settled);
  if (settled.kind === "bad-heir") {
    const at = intent.choices.find(({ key }) => key === settled.key)?.at ?? 0;
    return reply.reject({ [heirFieldOf(at)]: settled.why });
  }
  return reply.say(breaksAnswer(settled));
}
