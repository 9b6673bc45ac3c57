import { isObject, type Json } from "./problems.ts";

/** What is missing or too long in the answers of a dialog, by `block_id`, in the words people know from Slack. */
export function checkAnswers(blocks: unknown, values: Json): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const block of Array.isArray(blocks) ? blocks : []) {
    if (!isObject(block) || block["type"] !== "input" || !isObject(block["element"])) continue;
    const id = String(block["block_id"]);
    const element = block["element"];
    const given = isObject(values[id]) ? values[id][String(element["action_id"])] : undefined;
    const value = answerOf(given);
    if (value === undefined) {
      if (block["optional"] !== true) errors[id] = "Please complete this required field.";
      continue;
    }
    if (typeof value !== "string") continue;
    const length = [...value].length;
    const min = element["min_length"];
    const max = typeof element["max_length"] === "number" ? element["max_length"] : 3000;
    if (typeof min === "number" && length < min) errors[id] = `Please enter at least ${min} characters.`;
    if (length > max) errors[id] = `Please enter at most ${max} characters.`;
  }
  return errors;
}

// What an element holds, whatever its kind calls it; nothing if it is empty.
function answerOf(given: unknown): unknown {
  if (!isObject(given)) return undefined;
  const { type: _, ...rest } = given;
  const value = Object.values(rest)[0];
  if (value === null || value === undefined || value === "") return undefined;
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}
