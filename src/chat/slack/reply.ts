import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { reopening } from "../forms.ts";
import type { Form, Message } from "../message.ts";
import { dialogExpired, notTaken } from "../messages/trouble.ts";
import type { Reply } from "../surface.ts";
import { type Client, isRefusal } from "./client.ts";
import type { Home } from "./members.ts";
import { post } from "./posts.ts";
import type { Reading } from "./read.ts";
import { renderMessage } from "./render.ts";
import { renderForm } from "./render-form.ts";

/** What answering needs. */
export interface Desk {
  readonly client: Client;
  readonly home: () => Promise<Home>;
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  readonly log: Log;
}

/** Answers a command or a button: only the person who asked sees it. */
export function replyTo(desk: Desk, reading: Reading): Reply {
  const say = (message: Message) => sayPrivately(desk, reading, message);
  return {
    say,
    ask: (form) => openDialog(desk, reading, form, say),
    reject: (faults) => say(notTaken(faults, undefined)),
  };
}

/** Says something to one person where they asked, else by direct message. Throws `SystemError`. */
export async function sayPrivately(desk: Desk, reading: Reading, message: Message): Promise<void> {
  if (reading.responseUrl !== undefined && (await respond(desk, reading.responseUrl, message))) return;
  await post(desk.client, await desk.home(), { kind: "member", memberId: reading.memberId }, message, undefined);
}

/** Opens a dialog; when Slack's three seconds are over, offers a button with fresh ones instead. */
export async function openDialog(
  desk: Desk,
  reading: Reading,
  form: Form,
  say: (message: Message) => Promise<void>,
): Promise<void> {
  const late = () => say(dialogExpired(form, reopening(form.kind, form.carried)));
  if (reading.triggerId === undefined) return late();
  try {
    await desk.client.call("views.open", { trigger_id: reading.triggerId, view: renderForm(form) }, z.unknown());
  } catch (error) {
    // `exchanged`: this trigger has opened a dialog already.
    if (!isRefusal(error, "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id")) throw error;
    await late();
  }
}

/** A response URL works five times in thirty minutes; `false` if it no longer does. */
async function respond(desk: Desk, url: string, message: Message): Promise<boolean> {
  if (!isSlacks(url, desk.apiUrl)) {
    desk.log.warn({ surface: "slack" }, "a response URL outside Slack was ignored");
    return false;
  }
  try {
    const answer = await desk.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ response_type: "ephemeral", replace_original: false, ...renderMessage(message) }),
      redirect: "error",
      signal: AbortSignal.timeout(5000),
    });
    await answer.body?.cancel();
    if (!answer.ok) desk.log.info({ surface: "slack", status: answer.status }, "a response URL no longer works");
    return answer.ok;
  } catch (cause) {
    desk.log.warn({ surface: "slack", cause: String(cause) }, "a response URL did not answer");
    return false;
  }
}

/** Whoever holds the signing secret could otherwise make us send words about a case anywhere. */
function isSlacks(url: string, apiUrl: string): boolean {
  const to = URL.parse(url);
  if (!to) return false;
  return (to.protocol === "https:" && to.hostname === "hooks.slack.com") || to.origin === new URL(apiUrl).origin;
}
