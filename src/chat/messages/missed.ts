import type { CaseView, Named } from "../../store/views.ts";
import type { Message } from "../message.ts";
import { caseState, only, paragraph } from "./words.ts";

/** A case whose time passed without approval, in its thread. */
export function missedMessage(view: CaseView): Message {
  const row = view.case;
  const waits = row.state === "planned";
  return {
    summary: `${view.leaver.name}: due and not approved`,
    parts: [
      paragraph(
        { bold: "Due and not approved." },
        " Access should have ended ",
        { time: row.dueAt, zone: row.dueZone },
        waits
          ? ". Nothing was taken, and it is all still there. Please decide on the plan in the message above: access is taken as soon as it is approved."
          : `. Since then: ${caseState(view).toLowerCase()}.`,
      ),
    ],
  };
}

const WHY = {
  "no-account": "no chat account of theirs is known",
  deactivated: "their chat account is deactivated",
  leaving: "their own access is being reviewed",
  "no-app": "they have no chat with Signoff, or it takes no messages",
} as const;

/** Somebody could not be reached in chat: said to the approvers, once a person and case. */
export function unreachedMessage(who: Named, why: keyof typeof WHY): Message {
  return only(
    { bold: who.name },
    ` could not be told about this case in chat: ${WHY[why]}. Please tell them another way, or do their part yourself.`,
  );
}

/** Stands where a case message stood before its channel became unfit for it. Names nobody. */
export function withdrawnMessage(): Message {
  return only("This message was moved: it is no longer kept in this channel.");
}
