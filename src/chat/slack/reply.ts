import type { types } from "@slack/bolt";
import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { reopening } from "../forms.ts";
import type { Ask, Form, Message } from "../message.ts";
import { dialogExpired, LOADING, notTaken } from "../messages/trouble.ts";
import type { Reply } from "../surface.ts";
import { type Client, isRefusal } from "./client.ts";
import type { Home } from "./members.ts";
import { post } from "./posts.ts";
import type { Reading } from "./read.ts";
import { renderMessage } from "./render.ts";
import { renderForm, renderNotice } from "./render-form.ts";

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
    ask: async (form) => {
      const shown =
        reading.viewId !== undefined && (await changeDialog(desk, reading, reading.viewId, renderForm(form)));
      if (!shown) await openDialog(desk, reading, form, say);
    },
    reject: (faults) => say(notTaken(faults, undefined)),
  };
}

/** Asks whose dialog takes reading a whole case first, while Slack's three seconds run. */
const READS_FIRST: readonly Ask["kind"][] = ["review-plan", "ask-breaks"];

/**
 * The reply to an ask whose dialog may come late: one that says “one moment” lies open before anything is read, and is
 * filled afterwards. `undefined` if Slack's three seconds were over: the person has a fresh button, and nothing is started.
 */
export async function loadingReply(desk: Desk, reading: Reading): Promise<Reply | undefined> {
  const direct = replyTo(desk, reading);
  const { ask, triggerId } = reading;
  if (ask === undefined || triggerId === undefined || reading.viewId !== undefined || !READS_FIRST.includes(ask.kind))
    return direct;
  const view = renderNotice(LOADING.title, LOADING.text);
  const opened = await openView(desk, triggerId, view);
  if (opened === undefined) {
    await direct.say(dialogExpired({ title: LOADING.title }, ask));
    return undefined;
  }
  const show = (next: types.ModalView) => changeDialog(desk, reading, opened, next);
  return {
    async say(message) {
      await show(renderNotice(LOADING.title, message.summary));
      await direct.say(message);
    },
    async ask(form) {
      if (!(await show(renderForm(form))))
        desk.log.info({ surface: "slack" }, "a dialog was closed before it was filled");
    },
    reject: direct.reject,
  };
}

/**
 * Replaces what a dialog shows; `false` if it was closed meanwhile. Throws `SystemError` if Slack refuses what it should
 * show, so that nobody is left before “one moment” and the log does not call it done.
 */
export async function changeDialog(
  desk: Desk,
  reading: Pick<Reading, "requestId">,
  viewId: string,
  view: types.ModalView,
): Promise<boolean> {
  try {
    await desk.client.call("views.update", { view_id: viewId, view }, z.unknown());
    return true;
  } catch (error) {
    if (!isRefusal(error, "not_found")) throw error;
    desk.log.info({ surface: "slack", requestId: reading.requestId }, "a dialog was closed before its answer");
    return false;
  }
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
  const { triggerId } = reading;
  const opened = triggerId !== undefined && (await openView(desk, triggerId, renderForm(form))) !== undefined;
  if (!opened) await say(dialogExpired(form, reopening(form.kind, form.carried)));
}

const Opened = z.object({ view: z.object({ id: z.string() }) });

/** The id of the opened view; `undefined` if the trigger is used up. Throws `SystemError`. */
async function openView(desk: Desk, triggerId: string, view: types.ModalView): Promise<string | undefined> {
  try {
    return (await desk.client.call("views.open", { trigger_id: triggerId, view }, Opened)).view.id;
  } catch (error) {
    // `exchanged`: this trigger has opened a dialog already.
    if (isRefusal(error, "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id")) return undefined;
    throw error;
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
