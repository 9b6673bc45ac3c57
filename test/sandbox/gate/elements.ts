import { isObject, type Json, type Problems } from "./problems.ts";

// Interactive elements: https://docs.slack.dev/reference/block-kit/block-elements

const SELECTS = ["static_select", "external_select", "users_select", "conversations_select", "channels_select"];
const MULTI_SELECTS = SELECTS.map((name) => `multi_${name}`);
const PICKERS = ["datepicker", "timepicker", "datetimepicker"];

export const ELEMENTS_IN_ACTIONS = [
  "button",
  "checkboxes",
  "overflow",
  "radio_buttons",
  ...PICKERS,
  ...SELECTS,
  ...MULTI_SELECTS,
];
export const ELEMENTS_IN_SECTION = [
  "button",
  "checkboxes",
  "image",
  "overflow",
  "radio_buttons",
  "datepicker",
  "timepicker",
  ...SELECTS,
  ...MULTI_SELECTS,
];
export const ELEMENTS_IN_INPUT = [
  "checkboxes",
  "radio_buttons",
  "plain_text_input",
  "email_text_input",
  "url_text_input",
  "number_input",
  ...PICKERS,
  ...SELECTS,
  ...MULTI_SELECTS,
];

/** Checks an element and that it may stand where it stands. */
export function checkAccessory(element: unknown, at: string, allowed: readonly string[], problems: Problems) {
  if (!isObject(element)) return problems.add("must be a valid element object", at);
  if (!allowed.includes(String(element["type"]))) {
    return problems.add(`unsupported type: ${String(element["type"])}`, `${at}/type`);
  }
  checkElement(element, at, problems);
}

/** Checks one element by its type. */
export function checkElement(element: Json, at: string, problems: Problems) {
  const type = String(element["type"]);
  if (type !== "image") problems.string(element["action_id"], `${at}/action_id`, 255);
  if (element["confirm"] !== undefined) checkConfirm(element["confirm"], `${at}/confirm`, problems);
  if (element["placeholder"] !== undefined)
    problems.plain(element["placeholder"], `${at}/placeholder`, 150, "optional");
  const keys = KEYS[type];
  if (keys !== undefined) problems.keys(element, at, ["type", ...(type === "image" ? [] : ["action_id"]), ...keys]);
  switch (type) {
    case "button":
      problems.plain(element["text"], `${at}/text`, 75, "required");
      problems.string(element["value"], `${at}/value`, 2000);
      problems.string(element["url"], `${at}/url`, 3000);
      problems.string(element["accessibility_label"], `${at}/accessibility_label`, 75);
      return checkStyle(element["style"], at, problems);
    case "image":
      if (typeof element["alt_text"] !== "string") problems.add("missing required field: alt_text", at);
      return problems.string(element["image_url"], `${at}/image_url`, 3000);
    case "static_select":
    case "multi_static_select":
      return checkSelect(element, at, problems);
    case "radio_buttons":
    case "checkboxes":
      checkOptions(element["options"], `${at}/options`, 10, "any", problems);
      return checkInitial(element, at, problems);
    case "overflow":
      return checkOptions(element["options"], `${at}/options`, 5, "plain", problems);
    case "datepicker":
      return checkPattern(element["initial_date"], /^\d{4}-\d{2}-\d{2}$/, `${at}/initial_date`, problems);
    case "timepicker":
      return checkPattern(element["initial_time"], /^\d{2}:\d{2}$/, `${at}/initial_time`, problems);
    case "plain_text_input":
      problems.string(element["initial_value"], `${at}/initial_value`, 3000);
      checkRange(element["min_length"], 0, 3000, `${at}/min_length`, problems);
      return checkRange(element["max_length"], 1, 3000, `${at}/max_length`, problems);
    default:
  }
}

const CHOICE = ["confirm", "focus_on_load"];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  button: ["text", "value", "url", "style", "confirm", "accessibility_label"],
  image: ["image_url", "slack_file", "alt_text"],
  static_select: ["placeholder", "options", "option_groups", "initial_option", ...CHOICE],
  external_select: ["placeholder", "initial_option", "min_query_length", ...CHOICE],
  users_select: ["placeholder", "initial_user", ...CHOICE],
  conversations_select: [
    "placeholder",
    "initial_conversation",
    "default_to_current_conversation",
    "response_url_enabled",
    "filter",
    ...CHOICE,
  ],
  channels_select: ["placeholder", "initial_channel", "response_url_enabled", ...CHOICE],
  radio_buttons: ["options", "initial_option", ...CHOICE],
  checkboxes: ["options", "initial_options", ...CHOICE],
  overflow: ["options", "confirm"],
  datepicker: ["placeholder", "initial_date", ...CHOICE],
  timepicker: ["placeholder", "initial_time", "timezone", ...CHOICE],
  datetimepicker: ["initial_date_time", ...CHOICE],
  plain_text_input: [
    "placeholder",
    "initial_value",
    "multiline",
    "min_length",
    "max_length",
    "dispatch_action_config",
    "focus_on_load",
  ],
};

function checkSelect(element: Json, at: string, problems: Problems) {
  const groups = element["option_groups"];
  if (groups === undefined) {
    checkOptions(element["options"], `${at}/options`, 100, "plain", problems);
  } else if (!Array.isArray(groups)) {
    problems.add("must be an array", `${at}/option_groups`);
  } else {
    if (groups.length > 100) problems.add("no more than 100 items allowed", `${at}/option_groups`);
    for (const [index, group] of groups.entries()) {
      const pointer = `${at}/option_groups/${index}`;
      if (!isObject(group)) problems.add("must be an object", pointer);
      else {
        problems.plain(group["label"], `${pointer}/label`, 75, "required");
        checkOptions(group["options"], `${pointer}/options`, 100, "plain", problems);
      }
    }
  }
  checkInitial(element, at, problems);
}

function checkOptions(options: unknown, at: string, max: number, text: "plain" | "any", problems: Problems) {
  if (!Array.isArray(options) || options.length === 0) return problems.add("no less than 1 items allowed", at);
  if (options.length > max) problems.add(`no more than ${max} items allowed`, at);
  const values = new Set<unknown>();
  for (const [index, option] of options.entries()) {
    const pointer = `${at}/${index}`;
    if (!isObject(option)) {
      problems.add("must be an object", pointer);
      continue;
    }
    problems.keys(option, pointer, ["text", "value", "description", "url"]);
    if (text === "plain") problems.plain(option["text"], `${pointer}/text`, 75, "required");
    else problems.anyText(option["text"], `${pointer}/text`, 75);
    problems.string(option["value"], `${pointer}/value`, 150, 1);
    if (option["description"] !== undefined) {
      if (text === "plain") problems.plain(option["description"], `${pointer}/description`, 75, "optional");
      else problems.anyText(option["description"], `${pointer}/description`, 75);
    }
    if (values.has(option["value"])) problems.add(`\`value\` "${String(option["value"])}" already exists`, pointer);
    values.add(option["value"]);
  }
}

// What is chosen at first must be one of the options, letter for letter.
function checkInitial(element: Json, at: string, problems: Problems) {
  const groups = Array.isArray(element["option_groups"]) ? element["option_groups"] : [];
  const options = [element["options"], ...groups.map((group) => (isObject(group) ? group["options"] : []))]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((option) => JSON.stringify(option));
  if (element["initial_option"] !== undefined && !options.includes(JSON.stringify(element["initial_option"]))) {
    problems.add("initial_option must exactly match one of the provided options", `${at}/initial_option`);
  }
  const several = element["initial_options"];
  if (several === undefined) return;
  if (!Array.isArray(several) || several.length === 0) {
    return problems.add("no less than 1 items allowed", `${at}/initial_options`);
  }
  for (const [index, option] of several.entries()) {
    if (!options.includes(JSON.stringify(option))) {
      problems.add("must exactly match one of the provided options", `${at}/initial_options/${index}`);
    }
  }
}

function checkConfirm(confirm: unknown, at: string, problems: Problems) {
  if (!isObject(confirm)) return problems.add("must be an object", at);
  problems.keys(confirm, at, ["title", "text", "confirm", "deny", "style"]);
  problems.plain(confirm["title"], `${at}/title`, 100, "required");
  problems.anyText(confirm["text"], `${at}/text`, 300);
  problems.plain(confirm["confirm"], `${at}/confirm`, 30, "required");
  problems.plain(confirm["deny"], `${at}/deny`, 30, "required");
  checkStyle(confirm["style"], at, problems);
}

function checkStyle(style: unknown, at: string, problems: Problems) {
  if (style !== undefined && style !== "primary" && style !== "danger") {
    problems.add("must be one of: primary, danger", `${at}/style`);
  }
}

function checkPattern(value: unknown, pattern: RegExp, at: string, problems: Problems) {
  if (value === undefined) return;
  if (typeof value !== "string" || !pattern.test(value)) problems.add("has an invalid format", at);
}

function checkRange(value: unknown, min: number, max: number, at: string, problems: Problems) {
  if (value === undefined) return;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    problems.add(`must be an integer between ${min} and ${max}`, at);
  }
}
