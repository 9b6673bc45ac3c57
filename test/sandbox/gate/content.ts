import { SIGNOFF_BOT } from "../company.ts";
import { areTooLong, checkMessageBlocks, checkView } from "./blocks.ts";
import { withIds } from "./members.ts";
import { isObject, type Json } from "./problems.ts";
import { isTooLarge } from "./views.ts";

// What messages and views may hold, and how they look once they are taken.

/** `{ ok: false, error }`. */
export function refusal(error: string): Json {
  return { ok: false, error };
}

/** Says what Slack would refuse about text, blocks and metadata of a message. */
export function checkContent(body: Json): Json | undefined {
  if (body["blocks"] !== undefined) {
    const fault = checked(checkMessageBlocks(body["blocks"]), "invalid_blocks");
    if (fault !== undefined) return fault;
    if (areTooLong(body["blocks"])) return refusal("msg_blocks_too_long");
  }
  const empty = !Array.isArray(body["blocks"]) || body["blocks"].length === 0;
  if (empty && (body["text"] ?? "") === "" && body["attachments"] === undefined) return refusal("no_text");
  const metadata = body["metadata"];
  if (metadata !== undefined) {
    const good =
      isObject(metadata) && typeof metadata["event_type"] === "string" && isObject(metadata["event_payload"]);
    if (!good) return refusal("invalid_metadata_format");
  }
  return undefined;
}

/** Says what Slack would refuse about a view. */
export function checkViewContent(view: unknown): Json | undefined {
  if (isTooLarge(view)) return refusal("view_too_large");
  return checked(checkView(view));
}

/** A message that only one person sees. */
export function ephemeral(ts: string, body: Json): Json {
  return {
    type: "message",
    user: SIGNOFF_BOT.userId,
    bot_id: SIGNOFF_BOT.botId,
    app_id: SIGNOFF_BOT.appId,
    ts,
    text: body["text"] ?? "",
    is_ephemeral: true,
    ...(body["blocks"] === undefined ? {} : { blocks: withIds(body["blocks"]) }),
    ...(body["thread_ts"] === undefined ? {} : { thread_ts: body["thread_ts"] }),
  };
}

/** The app's own messages carry who posted them. */
export function ownMessage(message: unknown): Json {
  const shown = isObject(message) ? message : {};
  if (shown["user"] !== SIGNOFF_BOT.userId) return shown;
  return { ...shown, bot_id: SIGNOFF_BOT.botId, app_id: SIGNOFF_BOT.appId };
}

/** The refusal for what a check said, if it said anything. */
export function checked(lines: readonly string[], error = "invalid_arguments"): Json | undefined {
  return lines.length === 0 ? undefined : { ...refusal(error), errors: lines, ...reasons(lines) };
}

/** Where Slack puts its reasons. */
export function reasons(lines: readonly string[]): Json {
  return { response_metadata: { messages: lines } };
}
