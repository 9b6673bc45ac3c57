import type { Block, Element, Json, Option, Values } from "./types.ts";

// What the inputs of a message or dialog hold, in the shape in which Slack sends it.

/** The answer an element starts with. */
export function initialAnswer(element: Element): Json {
  const type = element.type;
  switch (type) {
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return { type, value: element.initial_value ?? null };
    case "checkboxes":
    case "multi_static_select":
      return { type, selected_options: element.initial_options ?? [] };
    case "users_select":
      return { type, selected_user: element.initial_user ?? null };
    case "datepicker":
      return { type, selected_date: element.initial_date ?? null };
    case "timepicker":
      return { type, selected_time: element.initial_time ?? null };
    default:
      return { type, selected_option: element.initial_option ?? null };
  }
}

const INPUTS = /select$|^radio_buttons$|^checkboxes$|picker$|input$/;

/** The elements of a block that hold an answer. */
export function inputsOf(block: Block): Element[] {
  const all = [block.element, block.accessory, ...(block.type === "actions" ? (block.elements ?? []) : [])];
  return all.filter((one): one is Element => one !== undefined && INPUTS.test(one.type));
}

/** All answers: what was given, else what each element starts with. */
export function valuesOf(blocks: readonly Block[], given: Values): Values {
  const values: Record<string, Record<string, Json>> = {};
  for (const block of blocks) {
    for (const element of inputsOf(block)) {
      const answer = given[block.block_id]?.[element.action_id] ?? initialAnswer(element);
      values[block.block_id] = { ...values[block.block_id], [element.action_id]: answer };
    }
  }
  return values;
}

export function textAnswer(answer: Json, key: string): string {
  const value = answer[key];
  return typeof value === "string" ? value : "";
}

export function optionAnswer(answer: Json): Option | undefined {
  return (answer["selected_option"] as Option | null | undefined) ?? undefined;
}

export function optionsAnswer(answer: Json): readonly Option[] {
  return (answer["selected_options"] as readonly Option[] | undefined) ?? [];
}
