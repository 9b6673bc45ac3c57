import type { Ask, Form, Message } from "../message.ts";

// What a surface says when an interaction itself goes wrong: what happened, what it means, what to press.

/** Asks that change nothing by themselves: they show something or open a dialog. */
const CHANGES_NOTHING: readonly Ask["kind"][] = [
  "start-case",
  "history",
  "help",
  "open-home",
  "ask-account",
  "ask-note",
  "ask-pass",
  "review-plan",
  "ask-keep",
  "ask-breaks",
];

/** Our side failed after the interaction was acknowledged. `reference` finds the line in the log. */
export function wentWrong(ask: Ask, reference: string): Message {
  const what = CHANGES_NOTHING.includes(ask.kind)
    ? "Something went wrong on our side. Nothing was started. Please try again."
    : "Something went wrong on our side, so this may not have been done. Please look at the current state, then try again: it counts only once.";
  return only(`${what} If it happens again, give your operator this reference: ${reference}`);
}

/** Slack and Teams let a dialog open only for seconds. `again` opens it afresh. */
export function dialogExpired({ title }: Pick<Form, "title">, again: Ask | undefined): Message {
  return withButton(`The dialog “${title}” could not be opened in time. Nothing was started.`, "Open it now", again);
}

/** What was entered cannot be taken, and the dialog is no longer there to say so in. */
export function notTaken(faults: Readonly<Record<string, string>>, again: Ask | undefined): Message {
  const message = withButton("This could not be done as it was entered. Nothing was started.", "Open it again", again);
  const items = Object.values(faults).map((fault) => [fault]);
  const [said, ...rest] = message.parts;
  return { ...message, parts: said ? [said, { kind: "list", items }, ...rest] : message.parts };
}

/** A button that we do not know, mostly of an older version. */
export function unknownButton(): Message {
  return only(
    "This button is from another version of Signoff and does nothing any more. Please use the newest message.",
  );
}

/** Signoff cannot find the account of who asked. */
export function unknownMember(): Message {
  return only("Your account could not be read, so nothing was started. Please ask your operator.");
}

/** Shown in a dialog while an answer takes long, and after it. */
export const CHECKING = {
  title: "One moment",
  text: "Still checking what you entered. You may close this: the answer comes as a direct message as well.",
} as const;
/** Shown in a dialog until what belongs into it is read. */
export const LOADING = { title: "One moment", text: "This is being read…" } as const;
export const TAKEN = { title: "Done", text: "Thank you. You can close this." } as const;

function only(text: string): Message {
  return { summary: text, parts: [{ kind: "text", text: [text] }] };
}

function withButton(text: string, label: string, ask: Ask | undefined): Message {
  const { summary, parts } = only(text);
  return { summary, parts: ask ? [...parts, { kind: "actions", buttons: [{ label, ask, style: "primary" }] }] : parts };
}
