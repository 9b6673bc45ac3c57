import type { Form, Message } from "../message.ts";
import { ANSWER_TITLE } from "../messages/surface-words.ts";
import { attachmentOf, CARD_TYPE, type Card } from "./card.ts";
import { LIMITS } from "./limits.ts";
import { renderCard } from "./render.ts";
import { type Filled, renderForm } from "./render-form.ts";
import { plain } from "./text.ts";

// Teams waits for the answer to a button or a dialog and shows “Something went wrong” for every other shape: status, type
// and value belong together (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards).

/** What an invoke is answered with; its HTTP status is 200. */
export type Invoked =
  | { readonly statusCode: 200; readonly type: typeof CARD_TYPE; readonly value: Card }
  | { readonly statusCode: 200; readonly type: "application/vnd.microsoft.activity.message"; readonly value: string }
  | { readonly task: { readonly type: "message"; readonly value: string } }
  | { readonly task: { readonly type: "continue"; readonly value: DialogInfo } };

interface DialogInfo {
  readonly title: string;
  readonly height: "medium" | "large";
  readonly width: "medium";
  readonly card: ReturnType<typeof attachmentOf>;
}

/** A line that only who pressed sees. */
export function lineAnswer(text: string): Invoked {
  return { statusCode: 200, type: "application/vnd.microsoft.activity.message", value: plain(text, LIMITS.answer) };
}

/** The card as who looks may see it. */
export function cardAnswer(message: Message): Invoked {
  return { statusCode: 200, type: CARD_TYPE, value: renderCard(message, LIMITS.activityBytes) };
}

/** A dialog inside the card, for a button that turned out to need one. */
export function formAnswer(form: Form, filled?: Filled): Invoked {
  return { statusCode: 200, type: CARD_TYPE, value: renderForm(form, "card", filled) };
}

export function dialogLine(text: string): Invoked {
  return { task: { type: "message", value: plain(text, LIMITS.answer) } };
}

export function dialogMessage(message: Message): Invoked {
  return continued(ANSWER_TITLE, "medium", renderCard(message, LIMITS.activityBytes, "dialog"));
}

export function dialogForm(form: Form, filled?: Filled): Invoked {
  return continued(form.title, form.fields.length > 3 ? "large" : "medium", renderForm(form, "dialog", filled));
}

function continued(title: string, height: DialogInfo["height"], card: Card): Invoked {
  return {
    task: {
      type: "continue",
      value: { title: plain(title, LIMITS.title), height, width: "medium", card: attachmentOf(card) },
    },
  };
}

/** A message of nothing but short text as that text; `undefined` if it has more to show. */
export function lineOf(message: Message): string | undefined {
  const texts = message.parts.flatMap((part) => (part.kind === "text" ? [part.text] : []));
  if (texts.length !== message.parts.length) return undefined;
  return message.summary.length <= LIMITS.answer && texts.length <= 1 ? message.summary : undefined;
}
