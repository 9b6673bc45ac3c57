import type { App, ReceiverEvent } from "@slack/bolt";
import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { readEvent } from "./event.ts";
import { readCommand, readPress, readSubmission } from "./read.ts";
import { readShortcut } from "./shortcut.ts";

/** Thrown for what has Slack's signature and not the shape we know; http.ts answers it with 400. */
export class Unreadable extends Error {
  constructor(why: string) {
    super(why);
    this.name = "Unreadable";
  }
}

/** What was delivered, by its shape alone. */
export type Delivery =
  | { readonly kind: "ours" }
  /** Slack's, and nothing that Signoff acts on: another event, another payload. */
  | { readonly kind: "unused"; readonly what: string }
  | { readonly kind: "unreadable"; readonly why: string };

const Typed = z.object({ type: z.string().optional(), command: z.unknown().optional() });

/** Sorts a body whose signature is good. `why` names fields and never what stands in them. */
export function sortDelivery(body: unknown): Delivery {
  const typed = Typed.safeParse(body).data;
  if (typed?.command !== undefined && typed.type === undefined) return sorted("a command", () => readCommand(body));
  switch (typed?.type) {
    case undefined:
      return { kind: "unreadable", why: "it is neither a command nor has it a type" };
    case "block_actions":
      return sorted("a button", () => readPress(body));
    case "view_submission":
      return sorted("a dialog", () => readSubmission(body));
    case "shortcut":
    case "message_action":
      return sorted("a shortcut", () => readShortcut(body));
    case "event_callback":
      return sortEvent(body);
    default:
      return { kind: "unused", what: typed?.type?.slice(0, 100) ?? "" };
  }
}

/**
 * Lets through to Bolt's listeners what they can read. Anything else Bolt would leave unanswered for three seconds: what we
 * do not use is acknowledged, what nobody can read is refused, each with one line in the log.
 */
export function screen(app: App, refuse: (event: ReceiverEvent, why: string) => Promise<void>, log: Log): void {
  const pass = app.processEvent.bind(app);
  app.processEvent = async (event) => {
    const delivery = sortDelivery(event.body);
    switch (delivery.kind) {
      case "ours":
        return await pass(event);
      case "unused":
        log.info({ surface: "slack", type: delivery.what }, "a payload of Slack is not used");
        await event.ack();
        return;
      case "unreadable":
        log.warn({ surface: "slack", why: delivery.why }, "a payload of Slack could not be read");
        return await refuse(event, delivery.why);
      default:
        return delivery satisfies never;
    }
  };
}

/** Of events most are nothing to act on: the messages tab opens with the same event as the Home tab. */
function sortEvent(body: unknown): Delivery {
  let acted = false;
  const delivery = sorted("an event", () => {
    acted = readEvent(body) !== undefined;
  });
  return delivery.kind === "ours" && !acted ? { kind: "unused", what: "event_callback" } : delivery;
}

function sorted(what: string, read: () => unknown): Delivery {
  try {
    read();
    return { kind: "ours" };
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const faults = cause.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return { kind: "unreadable", why: `${what}: ${faults.slice(0, 5).join("; ")}` };
  }
}
