import { z } from "zod";
import type { Mention } from "../intent.ts";
import type { Reading } from "./read.ts";

/** The shortcuts by callback id, as the manifest declares them. */
export const SHORTCUTS = ["offboard-someone", "offboard-author"] as const;

const Shortcut = z.object({
  type: z.enum(["shortcut", "message_action"]),
  callback_id: z.string(),
  trigger_id: z.string(),
  user: z.object({ id: z.string() }),
  response_url: z.string().optional(),
  message: z.object({ user: z.string().optional(), bot_id: z.string().optional() }).optional(),
});

/**
 * A shortcut: from Slack's own menu, or from a message's
 * (https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload). Like a command's, its trigger id is
 * made anew for each time somebody chooses it.
 */
export function readShortcut(body: unknown): Reading {
  const shortcut = Shortcut.parse(body);
  return {
    memberId: shortcut.user.id,
    requestId: `slack:shortcut:${shortcut.trigger_id}`,
    triggerId: shortcut.trigger_id,
    ...(shortcut.response_url ? { responseUrl: shortcut.response_url } : {}),
    ask: SHORTCUTS.some((id) => id === shortcut.callback_id)
      ? { kind: "start-case", who: authorOf(shortcut) }
      : undefined,
  };
}

/** Who wrote the message. An app may post without an account: then the person is asked for, as in the shortcut of none. */
function authorOf({ callback_id, message }: z.infer<typeof Shortcut>): Mention {
  if (callback_id !== "offboard-author" || message?.user === undefined) return { kind: "nobody" };
  return { kind: "member", id: message.user };
}
