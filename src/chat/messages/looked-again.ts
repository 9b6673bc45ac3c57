import type { Look } from "../../store/looks.ts";
import type { CaseView } from "../../store/views.ts";
import type { Message } from "../message.ts";
import { count, paragraph, shownAs } from "./words.ts";

/** How many grants a message names. */
const NAMED = 20;

/** What a system showed that answered days after the case was closed, in the case's thread. */
export function lookedAgainMessage(view: CaseView, title: string, look: Look): Message {
  const { found, unanswered, state } = look;
  const rest = found.length - NAMED;
  const whole = state === "answered";
  return {
    summary: `${view.leaver.name}: ${title} answered after the case was closed`,
    parts: [
      paragraph(
        { bold: `${title} ${whole ? "answered" : "answered in part"} after this case was closed.` },
        found.length === 0
          ? " It shows nothing of theirs."
          : ` It shows ${count(found.length, "grant")} of theirs. Nothing was taken: start another case for them, so that a plan is approved.`,
      ),
      ...(found.length === 0
        ? []
        : [
            {
              kind: "list" as const,
              title: [{ bold: "Still there" }],
              items: [
                ...found.slice(0, NAMED).map(({ resource }) => [shownAs(resource)]),
                ...(rest > 0 ? [[`and ${rest} more`]] : []),
              ],
            },
          ]),
      ...(whole || unanswered.length === 0
        ? []
        : [
            {
              kind: "list" as const,
              title: [{ bold: "Not answered yet" }, ", and looked at again:"],
              items: unanswered.slice(0, NAMED).map((what) => [shownAs(what)]),
            },
          ]),
    ],
  };
}
