import { isRefusal } from "../chat/desk.ts";
import { readHistoryFilter } from "../chat/history-filter.ts";
import { badFilterMessage, noHistoryMessage } from "../chat/messages/answers.ts";
import { historyMessage } from "../chat/messages/history.ts";
import { only } from "../chat/messages/words.ts";
import { readHistory } from "../workflow/history.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type AsOptions, answer, EXIT, refuse, requestHere } from "./as.ts";
import type { Terminal } from "./say.ts";

/** What `audit show` takes. */
export interface ShowOptions extends AsOptions {
  /** Only entries before this number: the next page. */
  readonly before?: string;
}

/** `signoff audit show`: what the log holds of a person, as `/audit` shows it. @returns the exit code */
export async function auditShow(
  w: Workflow,
  zone: string,
  who: string,
  words: readonly string[],
  options: ShowOptions,
  terminal: Terminal,
): Promise<number> {
  const before = options.before === undefined ? undefined : Number(options.before);
  if (before !== undefined && !Number.isSafeInteger(before)) {
    terminal.err("--before takes the number of an entry.");
    return EXIT.fault;
  }
  const said = words.join(" ");
  const filter = said === "" ? undefined : readHistoryFilter(said, [...w.systems.values()], zone, w.now());
  if (filter && "fault" in filter) {
    for (const line of [badFilterMessage(filter.fault).summary]) terminal.err(line);
    return EXIT.fault;
  }
  const history = await readHistory(w, requestHere(options), { of: { kind: "text", text: who }, filter, before });
  if (isRefusal(history)) return refuse(terminal, options, history);
  if (history.kind !== "page")
    return answer(terminal, options, { ok: false, message: noHistoryMessage(history), json: { kind: history.kind } });
  const message = historyMessage(history, { kind: "unclear", text: who }, zone);
  const older = history.before === undefined ? [] : only(`Older entries: add --before ${history.before}`).parts;
  return answer(terminal, options, {
    ok: true,
    message: { ...message, parts: [...message.parts, ...older] },
    json: {
      person: history.person,
      lines: history.lines,
      before: history.before ?? null,
      checkpoint: history.checkpoint ?? null,
    },
  });
}
