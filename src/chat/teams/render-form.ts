import type { Answers, Field, Form } from "../message.ts";
import { moreOptions } from "../messages/surface-words.ts";
import type { Action, Card, Element } from "./card.ts";
import { fitCard, quiet } from "./fit-card.ts";
import { bytesOf, LIMITS } from "./limits.ts";
import { VERBS } from "./read.ts";
import { piecesOf, type Where } from "./render.ts";
import { plain } from "./text.ts";

/** What was typed before, and what is wrong with it, by field id. */
export interface Filled {
  readonly answers?: Answers;
  readonly faults?: Readonly<Record<string, string>>;
}

/** A dialog's card: in a dialog its button submits the dialog, in a card it executes. */
export function renderForm(form: Form, where: Where, filled: Filled = {}): Card {
  if (JSON.stringify(form.carried).length > LIMITS.carried)
    throw new TypeError(`dialog ${form.kind} carries more than ids`);
  const many = form.fields.filter(({ input }) => input === "check").map(({ id }) => id);
  const data = { signoff: { form: form.kind, carried: form.carried, ...(many.length > 0 ? { many } : {}) } };
  const title = plain(form.submit ?? "", LIMITS.buttonText);
  const faults = faultsOf(form, filled.faults ?? {});
  const inputs = form.fields.flatMap((field) => inputOf(field, filled.answers?.[field.id], faults.get(field.id)));
  const submit: Action =
    where === "dialog"
      ? { type: "Action.Submit", title, data, style: "positive" }
      : { type: "Action.Execute", title, verb: VERBS.form, data, style: "positive" };
  const frame: Card = {
    type: "AdaptiveCard",
    version: "1.5",
    msteams: { width: "Full" },
    body: [],
    ...(form.submit === undefined ? {} : { actions: [submit] }),
  };
  const intro = piecesOf(form.intro ?? [], [], where);
  const head = fitCard(intro, LIMITS.activityBytes - bytesOf(frame) - bytesOf(inputs) - 500);
  return { ...frame, body: [...head, ...inputs] };
}

/** A fault of no field of the dialog is shown at its first. */
function faultsOf(form: Form, faults: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [id, text] of Object.entries(faults)) {
    const at = form.fields.some((field) => field.id === id) ? id : form.fields[0]?.id;
    if (at !== undefined) found.set(at, [found.get(at), text].filter(Boolean).join(" "));
  }
  return found;
}

function inputOf(field: Field, typed: Answers[string], fault: string | undefined): Element[] {
  const about = [field.hint, hintOf(field)].filter((text) => text !== undefined && text !== "").join(" ");
  return [
    ...(fault === undefined
      ? []
      : [{ type: "TextBlock", text: plain(fault, 300), wrap: true, color: "Attention" } satisfies Element]),
    elementOf(field, typed === undefined ? undefined : typeof typed === "string" ? typed : typed.join(",")),
    ...(about === "" ? [] : [quiet(plain(about, 500))]),
  ];
}

function elementOf(field: Field, typed: string | undefined): Element {
  const base = {
    id: field.id,
    label: plain(field.label, 200),
    ...(field.optional ? {} : { isRequired: true as const }),
  };
  const valued = (value: string | undefined) => (value ? { value } : {});
  switch (field.input) {
    case "text": {
      const maxLength = Math.min(Math.max(field.max ?? LIMITS.inputText, 1), LIMITS.inputText);
      return {
        type: "Input.Text",
        ...base,
        maxLength,
        ...(field.lines === "many" ? { isMultiline: true } : {}),
        ...valued(typed ?? field.initial),
      };
    }
    case "choice":
      return {
        type: "Input.ChoiceSet",
        ...base,
        style: field.look === "radio" ? "expanded" : "compact",
        wrap: true,
        choices: choicesOf(field.options),
        ...valued(typed ?? field.initial),
      };
    case "check":
      return {
        type: "Input.ChoiceSet",
        id: base.id,
        label: base.label,
        style: "expanded",
        isMultiSelect: true,
        wrap: true,
        choices: choicesOf(field.options),
        ...valued(typed ?? field.initial?.join(",")),
      };
    case "person":
      // The people picker gives the Entra object id (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/people-picker).
      return {
        type: "Input.ChoiceSet",
        ...base,
        style: "compact",
        choices: [],
        "choices.data": { type: "Data.Query", dataset: "graph.microsoft.com/users" },
        ...valued(typed ?? field.initial),
      };
    case "date":
      return { type: "Input.Date", ...base, ...valued(typed ?? field.initial) };
    case "time":
      return { type: "Input.Time", ...base, ...valued(typed ?? field.initial) };
    default:
      return field satisfies never;
  }
}

function choicesOf(options: readonly { readonly value: string; readonly label: string; readonly hint?: string }[]) {
  return options.slice(0, LIMITS.options).map(({ value, label, hint }) => ({
    title: plain(hint ? `${label} (${hint})` : label, LIMITS.optionLabel),
    value,
  }));
}

function hintOf(field: Field): string | undefined {
  if (field.input !== "choice" && field.input !== "check") return undefined;
  const left = field.options.length - LIMITS.options;
  return left > 0 ? moreOptions(left) : undefined;
}
