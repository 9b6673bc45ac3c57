import type { Ask, Form, Message } from "../message.ts";

// Words that surfaces need around what they show: for what does not fit, for where an answer went.

/** Lines of a list that are left out. */
export function moreLines(hidden: number): string {
  return `and ${hidden} more`;
}

/** Parts of a message that are left out. */
export function moreParts(left: number): string {
  return `and ${left} more parts that do not fit here`;
}

/** Options of a choice that are left out. */
export function moreOptions(left: number): string {
  return `${left} more do not fit here.`;
}

/** Buttons that carry more than may be carried. */
export function unfitButtons(labels: readonly string[]): string {
  return `${labels.join(", ")}: too much to carry in a button`;
}

/** What was asked needs a dialog, which opens only from a button. */
export function dialogReady(form: Form, again: Ask): Message {
  const text = `“${form.title}” is ready. Nothing was started yet.`;
  return {
    summary: text,
    parts: [
      { kind: "text", text: [text] },
      { kind: "actions", buttons: [{ label: "Open", ask: again, style: "primary" }] },
    ],
  };
}

/** Said where others read along, instead of the answer. */
export const ANSWERED_DIRECTLY = "You have the answer in your own chat with Signoff.";
/** Said where others read along, when there is no chat with that person. */
export const NO_OWN_CHAT =
  "The answer is for you alone, and you have no chat with Signoff yet. Please add the app for yourself and ask again.";
/** Everything that an answer says is in the person's own chat. */
export const REST_DIRECTLY = "The whole answer is in your own chat with Signoff.";
/** The close button of a dialog that only says something has no words of ours; this is its title. */
export const ANSWER_TITLE = "Signoff";
