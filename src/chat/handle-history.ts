import { type HistoryOf, readHistory } from "../workflow/history.ts";
import { verifyWholeLog } from "../workflow/verify-log.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { readHistoryFilter } from "./history-filter.ts";
import type { Intent, Mention } from "./intent.ts";
import { badFilterMessage, noHistoryMessage, notOnePerson } from "./messages/answers.ts";
import { helpMessage } from "./messages/help.ts";
import { historyMessage } from "./messages/history.ts";
import { verifiedMessage, verifyingMessage } from "./messages/verified.ts";
import type { ChatSurface, Reply } from "./surface.ts";

/** `/audit …`: a page of what the log holds of a person. */
export async function showHistory(
  deps: Deps,
  intent: Extract<Intent, { kind: "history" }>,
  reply: Reply,
): Promise<void> {
  const { who, filter, before } = intent;
  if (who.kind === "several" || who.kind === "group" || who.kind === "channel")
    return reply.say(notOnePerson(who.kind));
  if (who.kind === "nobody") return reply.say(helpMessage("/audit", intent.by.surface));
  const { systems, now } = deps.workflow;
  const zone = intent.by.zone ?? "UTC";
  const wanted = filter === undefined ? undefined : readHistoryFilter(filter, [...systems.values()], zone, now());
  if (wanted && "fault" in wanted) return reply.say(badFilterMessage(wanted.fault));
  const of = await whomOf(surfaceOf(deps, intent), who);
  const history = await readHistory(deps.workflow, requestOf(intent), { of, filter: wanted, before });
  if (isRefusal(history)) return sayRefusal(reply, history);
  return reply.say(history.kind === "page" ? historyMessage(history, who, zone) : noHistoryMessage(history));
}

/** Verifies the whole log for somebody who may read it. */
export async function verifyLog(
  deps: Deps,
  intent: Extract<Intent, { kind: "verify-log" }>,
  reply: Reply,
): Promise<void> {
  const { workflow: w } = deps;
  const started = () => reply.say(verifyingMessage());
  const verified = await verifyWholeLog(w, requestOf(intent), deps.readWitnesses ?? (async () => []), started);
  if (isRefusal(verified)) return sayRefusal(reply, verified);
  return reply.say(verifiedMessage(verified, w.verifier));
}

/** Somebody whose account here is long gone is still known by its id. */
export async function whomOf(
  surface: ChatSurface,
  who: Extract<Mention, { kind: "member" | "email" | "unclear" }>,
): Promise<HistoryOf> {
  switch (who.kind) {
    case "member": {
      const member = await surface.getMember(who.id);
      return member
        ? { kind: "chat", account: accountOf(member) }
        : { kind: "chat-id", surface: surface.id, id: who.id };
    }
    case "email":
      return { kind: "text", text: who.email };
    case "unclear":
      // The first word is who; what follows is the filter.
      return { kind: "text", text: who.text.split(" ")[0] ?? "" };
    default:
      return who satisfies never;
  }
}
