import { createHmac } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Json } from "./problems.ts";

/** How long Slack waits for the app, in milliseconds. */
const PATIENCE = 3000;

/** What the app answered, or why the person sees an error: Slack's words for it. */
export type Delivered =
  | { readonly kind: "answered"; readonly body: string; readonly json: unknown }
  | { readonly kind: "failed"; readonly error: "operation_timeout" | "dispatch_failed" };

/** Hands requests to the app's real endpoint, signed as https://docs.slack.dev/authentication/verifying-requests-from-slack */
export interface Courier {
  /** A command or a click: one try, since the person sees the failure and tries again. */
  form(fields: Readonly<Record<string, string>>): Promise<Delivered>;
  /** An event: tried again at once, after a minute and after five, marked as a retry. */
  event(envelope: Json): Promise<void>;
  stop(): void;
}

export interface CourierOptions {
  readonly signingSecret: string;
  /** The app's endpoint; asked anew each time, since the app may have been started again elsewhere. */
  readonly appUrl: () => string;
  readonly now: () => number;
  /** Milliseconds before each retry of an event. */
  readonly retryAfter?: readonly number[];
}

export function createCourier(options: CourierOptions): Courier {
  const stopping = new AbortController();
  const retries = options.retryAfter ?? [0, 60_000, 300_000];

  const send = async (body: string, type: string, headers: Readonly<Record<string, string>>): Promise<Delivered> => {
    const timestamp = String(Math.floor(options.now() / 1000));
    const signature = createHmac("sha256", options.signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
    try {
      const answer = await fetch(options.appUrl(), {
        method: "POST",
        headers: {
          "content-type": type,
          "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
          "x-slack-request-timestamp": timestamp,
          "x-slack-signature": `v0=${signature}`,
          ...headers,
        },
        body,
        signal: AbortSignal.any([AbortSignal.timeout(PATIENCE), stopping.signal]),
      });
      const text = await answer.text();
      if (!answer.ok) return { kind: "failed", error: "dispatch_failed" };
      return { kind: "answered", body: text, json: parse(text) };
    } catch (error) {
      const late = error instanceof DOMException && error.name === "TimeoutError";
      return { kind: "failed", error: late ? "operation_timeout" : "dispatch_failed" };
    }
  };

  return {
    form: (fields) => send(new URLSearchParams(fields).toString(), "application/x-www-form-urlencoded", {}),
    async event(envelope) {
      const body = JSON.stringify(envelope);
      let last = await send(body, "application/json", {});
      for (const [index, pause] of retries.entries()) {
        if (last.kind === "answered" || stopping.signal.aborted) return;
        const reason = last.error === "operation_timeout" ? "http_timeout" : "http_error";
        try {
          await wait(pause, undefined, { signal: stopping.signal, ref: false });
        } catch {
          return; // The gate is closing: nobody is left to hand this to.
        }
        last = await send(body, "application/json", {
          "x-slack-retry-num": String(index + 1),
          "x-slack-retry-reason": reason,
        });
      }
    },
    stop: () => stopping.abort(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
