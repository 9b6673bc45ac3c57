import { readCaseOf, readOpenCases } from "../workflow/open-cases.ts";
import { type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { whomOf } from "./handle-history.ts";
import type { Intent } from "./intent.ts";
import { notOnePerson } from "./messages/answers.ts";
import { casesMessage, noOpenCase, statusMessage } from "./messages/cases.ts";
import { helpMessage } from "./messages/help.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** `/offboard list`. */
export async function listCases(deps: Deps, intent: Of<"list-cases">, reply: Reply): Promise<void> {
  const found = await readOpenCases(deps.workflow, requestOf(intent));
  if (isRefusal(found)) return sayRefusal(reply, found);
  return reply.say(casesMessage(found.cases, deps.workflow.now()));
}

/** `/offboard status @alice`: the case message as it stands now, for who asks alone. */
export async function showCase(deps: Deps, intent: Of<"case-status">, reply: Reply): Promise<void> {
  const { who } = intent;
  if (who.kind === "several" || who.kind === "group" || who.kind === "channel")
    return reply.say(notOnePerson(who.kind));
  if (who.kind === "nobody") return reply.say(helpMessage("/offboard", intent.by.surface));
  const found = await readCaseOf(deps.workflow, requestOf(intent), await whomOf(surfaceOf(deps, intent), who));
  if (isRefusal(found)) return sayRefusal(reply, found);
  const [first, ...others] = found.cases;
  if (!first) return reply.say(noOpenCase());
  return reply.say(others.length > 0 ? casesMessage(found.cases, deps.workflow.now()) : statusMessage(first));
}
