import { z } from "zod";
import type { Reading } from "./read.ts";

/** The events that the manifest subscribes to. */
export const EVENTS = ["app_home_opened"] as const;

const Envelope = z.object({
  type: z.literal("event_callback"),
  event_id: z.string(),
  event: z.object({ type: z.string(), user: z.string().optional(), tab: z.string().optional() }),
});

/**
 * An event of Slack; `undefined` for one that nobody acts on. Its id is the same in every delivery: Slack sends an event
 * again when it was not acknowledged, also when no retry counter says so
 * (https://docs.slack.dev/apis/events-api#retries).
 */
export function readEvent(body: unknown): Reading | undefined {
  const { event, event_id } = Envelope.parse(body);
  // The messages tab is opened with the same event.
  if (event.type !== "app_home_opened" || event.tab !== "home" || event.user === undefined) return undefined;
  return { memberId: event.user, requestId: `slack:event:${event_id}`, ask: { kind: "open-home" } };
}
