import { z } from "zod";
import type { Message } from "../message.ts";
import type { Client } from "./client.ts";
import { LIMITS } from "./limits.ts";
import { renderParts } from "./render.ts";

/** What a view may carry in all its texts: a view has no such limit but its size, and nobody reads more. */
const HOME_TEXT = 40_000;

/** Replaces somebody's Home tab (https://docs.slack.dev/reference/methods/views.publish). Throws `SystemError`. */
export async function publishHome(client: Client, memberId: string, { parts }: Message): Promise<void> {
  const blocks = renderParts(parts, { blocks: LIMITS.viewBlocks, text: HOME_TEXT });
  await client.call("views.publish", { user_id: memberId, view: { type: "home", blocks } }, z.unknown());
}
