import {
  checkAccessory,
  checkElement,
  ELEMENTS_IN_ACTIONS,
  ELEMENTS_IN_INPUT,
  ELEMENTS_IN_SECTION,
} from "./elements.ts";
import { isObject, type Json, Problems } from "./problems.ts";

// Block Kit as Slack takes it: https://docs.slack.dev/reference/block-kit/blocks and …/reference/views. The emulator
// takes anything, so what Slack would refuse is refused here, with Slack's words.

const MESSAGE_BLOCKS = 50;
const VIEW_BLOCKS = 100;
/**
 * Characters of all texts of a message together; beyond it Slack answers `msg_blocks_too_long`. Undocumented, but its
 * people speak of 12,000 (slackapi/bolt-js#2509).
 */
const MESSAGE_TEXT = 12_000;
/** Bytes of a view; beyond it Slack answers `view_too_large`. */
export const VIEW_BYTES = 250_000;

/** Says what is wrong with the blocks of a message, each line as Slack puts it into `response_metadata.messages`. */
export function checkMessageBlocks(blocks: unknown): string[] {
  const problems = new Problems();
  checkBlocks(blocks, "/blocks", MESSAGE_BLOCKS, "message", problems);
  return problems.lines;
}

/** Says what is wrong with a view. */
export function checkView(view: unknown): string[] {
  const problems = new Problems();
  if (!isObject(view)) {
    problems.add("must be a valid view object", "/view");
    return problems.lines;
  }
  problems.keys(view, "/view", VIEW_KEYS);
  const kind = view["type"];
  if (kind !== "modal" && kind !== "home") problems.add("must be one of: modal, home", "/view/type");
  if (kind === "modal") problems.plain(view["title"], "/view/title", 24, "required");
  problems.plain(view["submit"], "/view/submit", 24, "optional");
  problems.plain(view["close"], "/view/close", 24, "optional");
  problems.string(view["private_metadata"], "/view/private_metadata", 3000);
  problems.string(view["callback_id"], "/view/callback_id", 255);
  problems.string(view["external_id"], "/view/external_id", 255);
  const blocks = view["blocks"];
  checkBlocks(blocks, "/view/blocks", VIEW_BLOCKS, "view", problems);
  const hasInput = Array.isArray(blocks) && blocks.some((block) => isObject(block) && block["type"] === "input");
  if (kind === "modal" && hasInput && view["submit"] === undefined) {
    problems.add("missing required field: submit", "/view");
  }
  return problems.lines;
}

/** Says what is wrong with a view as somebody's Home tab. */
export function checkHome(view: unknown): string[] {
  const problems = new Problems();
  if (!isObject(view) || view["type"] !== "home") problems.add("must be one of: home", "/view/type");
  return problems.lines;
}

/** Whether the blocks of a message are too long together, each of them being fine. */
export function areTooLong(blocks: unknown): boolean {
  return countText(blocks) > MESSAGE_TEXT;
}

function countText(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countText(item), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === "text" && typeof item === "string" ? [...item].length : countText(item)),
    0,
  );
}

const VIEW_KEYS = [
  "type",
  "title",
  "submit",
  "close",
  "blocks",
  "private_metadata",
  "callback_id",
  "external_id",
  "clear_on_close",
  "notify_on_close",
  "submit_disabled",
];

type Surface = "message" | "view";

function checkBlocks(blocks: unknown, at: string, max: number, surface: Surface, problems: Problems) {
  if (!Array.isArray(blocks)) {
    problems.add("must be an array", at);
    return;
  }
  if (blocks.length > max) problems.add(`no more than ${max} items allowed`, at);
  const seen = new Set<string>();
  for (const [index, block] of blocks.entries()) {
    const pointer = `${at}/${index}`;
    if (!isObject(block)) {
      problems.add("must be an object", pointer);
      continue;
    }
    problems.string(block["block_id"], `${pointer}/block_id`, 255);
    const id = block["block_id"];
    if (typeof id === "string") {
      if (seen.has(id)) problems.add(`\`block_id\` "${id}" already exists`, pointer);
      seen.add(id);
    }
    checkBlock(block, pointer, surface, problems);
  }
}

function checkBlock(block: Json, at: string, surface: Surface, problems: Problems) {
  switch (block["type"]) {
    case "section":
      return checkSection(block, at, problems);
    case "header":
      problems.keys(block, at, ["type", "block_id", "text", "level"]);
      return problems.plain(block["text"], `${at}/text`, 150, "required");
    case "divider":
      return problems.keys(block, at, ["type", "block_id"]);
    case "context":
      return checkContext(block, at, problems);
    case "actions":
      return checkActions(block, at, problems);
    case "input":
      return checkInput(block, at, problems);
    case "image":
      problems.keys(block, at, ["type", "block_id", "image_url", "slack_file", "alt_text", "title"]);
      if (typeof block["alt_text"] !== "string") problems.add("missing required field: alt_text", at);
      problems.string(block["alt_text"], `${at}/alt_text`, 2000);
      problems.string(block["image_url"], `${at}/image_url`, 3000);
      return problems.plain(block["title"], `${at}/title`, 2000, "optional");
    case "rich_text":
      problems.keys(block, at, ["type", "block_id", "elements"]);
      if (!Array.isArray(block["elements"])) problems.add("missing required field: elements", at);
      return;
    case "markdown":
      if (surface === "view") return problems.add("unsupported type: markdown", `${at}/type`);
      problems.keys(block, at, ["type", "block_id", "text"]);
      return problems.string(block["text"], `${at}/text`, 12_000, 1);
    default:
      problems.add(`unsupported type: ${String(block["type"])}`, `${at}/type`);
  }
}

function checkSection(block: Json, at: string, problems: Problems) {
  problems.keys(block, at, ["type", "block_id", "text", "fields", "accessory", "expand"]);
  const fields = block["fields"];
  if (block["text"] === undefined && fields === undefined) problems.add("missing required field: text", at);
  if (block["text"] !== undefined) problems.anyText(block["text"], `${at}/text`, 3000);
  if (fields !== undefined) {
    if (!Array.isArray(fields)) problems.add("must be an array", `${at}/fields`);
    else {
      if (fields.length > 10) problems.add("no more than 10 items allowed", `${at}/fields`);
      if (fields.length === 0) problems.add("no less than 1 items allowed", `${at}/fields`);
      for (const [index, field] of fields.entries()) problems.anyText(field, `${at}/fields/${index}`, 2000);
    }
  }
  if (block["accessory"] !== undefined) {
    checkAccessory(block["accessory"], `${at}/accessory`, ELEMENTS_IN_SECTION, problems);
  }
}

function checkContext(block: Json, at: string, problems: Problems) {
  problems.keys(block, at, ["type", "block_id", "elements"]);
  const elements = block["elements"];
  if (!Array.isArray(elements) || elements.length === 0) {
    return problems.add("no less than 1 items allowed", `${at}/elements`);
  }
  if (elements.length > 10) problems.add("no more than 10 items allowed", `${at}/elements`);
  for (const [index, element] of elements.entries()) {
    const pointer = `${at}/elements/${index}`;
    if (isObject(element) && element["type"] === "image") checkElement(element, pointer, problems);
    else problems.anyText(element, pointer, 2000);
  }
}

function checkActions(block: Json, at: string, problems: Problems) {
  problems.keys(block, at, ["type", "block_id", "elements"]);
  const elements = block["elements"];
  if (!Array.isArray(elements) || elements.length === 0) {
    return problems.add("no less than 1 items allowed", `${at}/elements`);
  }
  if (elements.length > 25) problems.add("no more than 25 items allowed", `${at}/elements`);
  const seen = new Set<string>();
  for (const [index, element] of elements.entries()) {
    checkAccessory(element, `${at}/elements/${index}`, ELEMENTS_IN_ACTIONS, problems);
    const id = isObject(element) ? element["action_id"] : undefined;
    if (typeof id !== "string") continue;
    if (seen.has(id)) problems.add(`\`action_id\` "${id}" already exists for block`, `${at}/elements/${index}`);
    seen.add(id);
  }
}

function checkInput(block: Json, at: string, problems: Problems) {
  problems.keys(block, at, ["type", "block_id", "label", "element", "hint", "optional", "dispatch_action"]);
  problems.plain(block["label"], `${at}/label`, 2000, "required");
  problems.plain(block["hint"], `${at}/hint`, 2000, "optional");
  checkAccessory(block["element"], `${at}/element`, ELEMENTS_IN_INPUT, problems);
}
