import type { Tx } from "../store/open.ts";
import type { CaseView } from "../store/views.ts";
import { getPerson } from "../workflow/known-people.ts";
import type { Notice } from "../workflow/notices.ts";
import { findMove } from "../workflow/reschedule-case.ts";
import { NotVouched } from "../workflow/vouched.ts";
import type { Workflow } from "../workflow/workflow.ts";
import type { Message } from "./message.ts";
import { rescheduledMessage } from "./messages/reschedule.ts";

/** What the log says of a moved time, and not what the queue of messages does; or why nothing is said. */
export async function moveFor(
  tx: Tx,
  w: Workflow,
  notice: Extract<Notice, { kind: "rescheduled" }>,
  view: CaseView,
): Promise<Message | string> {
  try {
    const move = await findMove(tx, w, view.case, notice);
    return move ? rescheduledMessage(view, await getPerson(tx, w, notice.by), move) : "the log holds no such move";
  } catch (error) {
    if (error instanceof NotVouched) return "the log does not vouch for the case's time";
    throw error;
  }
}
