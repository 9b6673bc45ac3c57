import type { types } from "@slack/bolt";
import type { Field, Form } from "../message.ts";
import { LIMITS } from "./limits.ts";
import { plain } from "./mrkdwn.ts";
import { renderParts } from "./render.ts";

/** Every input's id within its block; the block's id is the field's. */
export const ANSWER = "answer";

type Option = types.PlainTextOption;

/** A dialog as `views.open` takes it, within every limit of `LIMITS`. */
export function renderForm(form: Form): types.ModalView {
  const inputs = form.fields.slice(0, LIMITS.viewBlocks).map(inputBlock);
  const intro = form.intro
    ? renderParts(form.intro, { blocks: LIMITS.viewBlocks - inputs.length, text: LIMITS.messageText })
    : [];
  const carried = JSON.stringify(form.carried);
  if (carried.length > LIMITS.privateMetadata) throw new TypeError(`dialog ${form.kind} carries more than ids`);
  return {
    type: "modal",
    callback_id: form.kind,
    title: words(form.title, LIMITS.viewTitle),
    ...(form.submit === undefined ? {} : { submit: words(form.submit, LIMITS.viewTitle) }),
    close: words(form.submit === undefined ? "Close" : "Cancel", LIMITS.viewTitle),
    private_metadata: carried,
    blocks: [...intro, ...inputs],
  };
}

/** A dialog that only says something. */
export function renderNotice(title: string, text: string): types.ModalView {
  return {
    type: "modal",
    callback_id: "notice",
    title: words(title, LIMITS.viewTitle),
    close: words("Close", LIMITS.viewTitle),
    blocks: renderParts([{ kind: "text", text: [text] }], { blocks: 10, text: LIMITS.messageText }),
  };
}

function inputBlock(field: Field): types.InputBlock {
  const { element, hint } = inputElement(field);
  const hints = [field.hint, hint].filter((text) => text !== undefined).join(" ");
  return {
    type: "input",
    block_id: field.id,
    label: words(field.label, LIMITS.inputLabel),
    element,
    ...(hints === "" ? {} : { hint: words(hints, LIMITS.inputLabel) }),
    ...(field.optional ? { optional: true } : {}),
  };
}

function inputElement(field: Field): { element: types.InputBlock["element"]; hint?: string } {
  const id = { action_id: ANSWER };
  switch (field.input) {
    case "text": {
      const max = Math.min(Math.max(field.max ?? LIMITS.inputText, 1), LIMITS.inputText);
      return {
        element: {
          type: "plain_text_input",
          ...id,
          multiline: field.lines === "many",
          max_length: max,
          ...(field.initial ? { initial_value: plain(field.initial, max) } : {}),
        },
      };
    }
    case "choice": {
      const { options, hint } = optionsOf(field.options);
      const initial = options.find((option) => option.value === field.initial);
      const chosen = initial ? { initial_option: initial } : {};
      return field.look === "radio" && options.length <= LIMITS.radioOptions
        ? { element: { type: "radio_buttons", ...id, options, ...chosen }, ...hint }
        : { element: { type: "static_select", ...id, options, ...chosen }, ...hint };
    }
    case "check": {
      const { options, hint } = optionsOf(field.options);
      const initial = options.filter((option) => field.initial?.includes(option.value ?? ""));
      const chosen = initial.length > 0 ? { initial_options: initial } : {};
      return options.length <= LIMITS.radioOptions
        ? { element: { type: "checkboxes", ...id, options, ...chosen }, ...hint }
        : { element: { type: "multi_static_select", ...id, options, ...chosen }, ...hint };
    }
    case "person":
      return { element: { type: "users_select", ...id, ...(field.initial ? { initial_user: field.initial } : {}) } };
    case "date":
      return { element: { type: "datepicker", ...id, ...(field.initial ? { initial_date: field.initial } : {}) } };
    case "time":
      return { element: { type: "timepicker", ...id, ...(field.initial ? { initial_time: field.initial } : {}) } };
    default:
      return field satisfies never;
  }
}

/**
 * Options that Slack accepts: one label too long and the whole dialog stays shut. A cut label keeps its end, since long
 * names often differ only there; two that still look the same are numbered.
 */
function optionsOf(given: readonly { value: string; label: string; hint?: string }[]): {
  options: Option[];
  hint: { hint?: string };
} {
  const usable = given.filter(
    ({ value }, at) =>
      value !== "" && value.length <= LIMITS.optionValue && given.findIndex((other) => other.value === value) === at,
  );
  const options: Option[] = [];
  const taken = new Set<string>();
  for (const { value, label, hint } of usable.slice(0, LIMITS.options)) {
    let text = shortLabel(label);
    for (let copy = 2; taken.has(text); copy += 1) text = `${plain(shortLabel(label), 68)} (${copy})`;
    taken.add(text);
    options.push({
      text: words(text, LIMITS.optionLabel),
      value,
      ...(hint ? { description: words(hint, LIMITS.optionHint) } : {}),
    });
  }
  const left = given.length - options.length;
  return { options, hint: left > 0 ? { hint: `${left} more do not fit here.` } : {} };
}

function shortLabel(label: string): string {
  const whole = plain(label, 10_000);
  if (whole.length <= LIMITS.optionLabel) return whole;
  const characters = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(whole)];
  let tail = "";
  for (const { segment } of characters.reverse()) {
    if (tail.length + segment.length > 24) break;
    tail = segment + tail;
  }
  return plain(whole, LIMITS.optionLabel - tail.length) + tail;
}

function words(text: string, max: number): types.PlainTextElement {
  return { type: "plain_text", text: plain(text, max).trim() || "…", emoji: false };
}
