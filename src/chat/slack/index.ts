import { randomUUID } from "node:crypto";
import { App, type ReceiverEvent } from "@slack/bolt";
import type { Router } from "express";
import type { Log } from "../../../connectors/connector.ts";
import { SystemError } from "../../core/failure.ts";
import type { Secret } from "../../core/secret.ts";
import type { Intent } from "../intent.ts";
import type { Ask } from "../message.ts";
import { unknownButton, unknownMember, wentWrong } from "../messages/trouble.ts";
import type { ChatSurface, Reply } from "../surface.ts";
import { quietLogger, slackClient } from "./client.ts";
import { screen, Unreadable } from "./delivery.ts";
import { EVENTS, readEvent } from "./event.ts";
import { publishHome } from "./home.ts";
import { httpReceiver } from "./http.ts";
import { type Home, readHome, readMember, readMemberByEmail } from "./members.ts";
import { findPost, post, readChannel, update } from "./posts.ts";
import { type Reading, readCommand, readPress, readSubmission } from "./read.ts";
import { type Desk, loadingReply, replyTo } from "./reply.ts";
import { readShortcut } from "./shortcut.ts";
import { slackSocket } from "./socket.ts";
import { submissionReply } from "./submission.ts";
import { within } from "./within.ts";

export interface SlackOptions {
  readonly botToken: Secret;
  /** Socket Mode needs no public address; HTTP needs one, and its router mounted at `/slack`. */
  readonly mode:
    | { readonly kind: "socket"; readonly appToken: Secret }
    | { readonly kind: "http"; readonly signingSecret: Secret };
  /** Ends in `/api/`. */
  readonly apiUrl?: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly fetch?: typeof fetch;
}

export interface SlackSurface extends ChatSurface {
  /** In HTTP mode: to be mounted at `/slack` before anything that reads bodies. */
  readonly router?: Router;
  /** Whether what people do in Slack reaches us. */
  healthy(): boolean;
}

/** How long stopping waits for what is being done. */
const LAST_WORK_MS = 5000;

type Handle = (intent: Intent, reply: Reply) => Promise<void>;
type Ack = (response?: Record<string, unknown>) => Promise<void>;

/** Slack as a place to talk to us. Everything is acknowledged first and done afterwards. */
export function slackSurface(options: SlackOptions): SlackSurface {
  const { log, now } = options;
  const fetch = options.fetch ?? globalThis.fetch;
  const apiUrl = options.apiUrl ?? "https://slack.com/api/";
  const client = slackClient({ botToken: options.botToken, apiUrl, log, now, fetch });
  let known: Home | undefined;
  const home = async () => {
    known ??= await readHome(client);
    return known;
  };
  const desk: Desk = { client, home, apiUrl, fetch, log };

  let handle: Handle | undefined;
  const inHand = new Set<Promise<void>>();
  /** What is still being done when we stop is waited for. */
  const inBackground = (work: Promise<void>) => {
    inHand.add(work);
    void work.finally(() => inHand.delete(work));
  };

  const socket =
    options.mode.kind === "socket" ? slackSocket({ appToken: options.mode.appToken, apiUrl, log, fetch }) : undefined;
  const http =
    options.mode.kind === "http"
      ? httpReceiver({ signingSecret: options.mode.signingSecret, log, now, isOpen: () => handle !== undefined })
      : undefined;
  const receiver = socket?.receiver ?? http?.receiver;
  if (!receiver) throw new TypeError("Slack needs a mode");
  const app = new App({
    receiver,
    // Acknowledging must not wait for Slack, so nothing is asked here.
    authorize: async () => ({ botToken: options.botToken.reveal() }),
    ignoreSelf: false,
    convoStore: false,
    logger: quietLogger(log),
  });
  // Over a socket an envelope that is not acknowledged only comes again.
  const refuse = http
    ? (_: unknown, why: string) => Promise.reject(new Unreadable(why))
    : (event: ReceiverEvent) => event.ack();
  screen(app, refuse, log);
  listen(app, {
    onReading(reading) {
      inBackground(act(desk, reading, handle));
    },
    onSubmission(body, ack) {
      const work = submit(desk, body, ack, handle);
      inBackground(work);
    },
    log,
  });

  return {
    id: "slack",
    ...(http ? { router: http.router } : {}),
    healthy: () => handle !== undefined && (socket?.isConnected() ?? true),
    async start(given) {
      handle = given;
      // Work goes on while Slack is away; a token that Slack refuses is a fault to be seen at start.
      await home().catch((error: unknown) => {
        if (!(error instanceof SystemError) || !["unreachable", "rate-limited"].includes(error.failure.code))
          throw error;
        log.warn({ surface: "slack", cause: error.message }, "Slack did not answer at start");
      });
      await socket?.open();
    },
    async stop() {
      await socket?.close();
      handle = undefined;
      await within(LAST_WORK_MS, Promise.allSettled(inHand)).catch(() => {
        log.warn({ surface: "slack" }, "stopped before all was answered");
      });
    },
    post: async (to, message, key) => post(client, await home(), to, message, key),
    update: (at, message, key) => update(client, at, message, key),
    publishHome: (memberId, message) => publishHome(client, memberId, message),
    findPost: async (to, key) => findPost(client, await home(), to, key, now()),
    getMember: async (id) => readMember(client, await home(), id),
    findMember: async (email) => readMemberByEmail(client, await home(), email),
    getChannel: (id) => readChannel(client, id),
  };
}

/** Wires Bolt's listeners: each acknowledges, then hands on. */
function listen(
  app: App,
  to: { onReading(reading: Reading): void; onSubmission(body: unknown, ack: Ack): void; readonly log: Log },
): void {
  const taken = async (ack: () => Promise<void>, read: () => Reading) => {
    // Over a socket that is being replaced this fails; Slack then delivers again, and the request id tells.
    await ack().catch((cause: unknown) => to.log.warn({ surface: "slack", cause: String(cause) }, "not acknowledged"));
    to.onReading(read());
  };
  app.command(/.*/, ({ ack, body }) =>
    taken(
      () => ack(),
      () => readCommand(body),
    ),
  );
  app.action(/.*/, ({ ack, body }) =>
    taken(
      () => ack(),
      () => readPress(body),
    ),
  );
  app.shortcut(/.*/, ({ ack, body }) =>
    taken(
      () => ack(),
      () => readShortcut(body),
    ),
  );
  for (const type of EVENTS) {
    // Bolt acknowledges events before it calls a listener.
    app.event(type, async ({ body }) => {
      const reading = readEvent(body);
      if (reading) to.onReading(reading);
    });
  }
  app.view({ type: "view_submission", callback_id: /.*/ }, async ({ ack, body }) => {
    to.onSubmission(body, ack as Ack);
  });
  app.error(async (error) => {
    to.log.error({ surface: "slack", cause: String(error) }, "a payload of Slack could not be read");
  });
}

/** Looking at one's own page asks for no answer: the page is the answer, and what goes wrong stands in the log. */
const UNSAID: Reply = { say: async () => {}, ask: async () => {}, reject: async () => {} };

/** Does what a command or a button asks for. Never rejects: whatever goes wrong is logged and said. */
async function act(desk: Desk, reading: Reading, handle: Handle | undefined): Promise<void> {
  const { ask } = reading;
  const unsaid = ask?.kind === "open-home";
  let reply: Reply = unsaid ? UNSAID : replyTo(desk, reading);
  try {
    if (!ask) return await reply.say(unknownButton());
    const loading = unsaid ? UNSAID : await loadingReply(desk, reading);
    if (!loading) return;
    reply = loading;
    await perform(desk, reading, ask, reply, handle);
  } catch (error) {
    const reference = report(desk.log, reading, error);
    await reply
      .say(ask ? wentWrong(ask, reference) : unknownButton())
      .catch((cause: unknown) =>
        desk.log.error({ surface: "slack", reference, cause: String(cause) }, "nor could the person be told"),
      );
  }
}

/** Does what a dialog asks for, and acknowledges it with what comes of that. Never rejects. */
async function submit(desk: Desk, body: unknown, ack: Ack, handle: Handle | undefined): Promise<void> {
  let reading: ReturnType<typeof readSubmission>;
  try {
    reading = readSubmission(body);
  } catch (error) {
    desk.log.error({ surface: "slack", cause: String(error) }, "a dialog of Slack could not be read");
    await ack().catch(() => {});
    return;
  }
  const reply = submissionReply(desk, reading, ack);
  try {
    if (reading.answers?.kind === "faults") await reply.reject(reading.answers.faults);
    else if (!reading.ask) await reply.say(unknownButton());
    else await perform(desk, reading, reading.ask, reply, handle);
    await reply.done();
  } catch (error) {
    const reference = report(desk.log, reading, error);
    await reply
      .failed(reading.ask ? wentWrong(reading.ask, reference) : unknownButton())
      .catch((cause: unknown) =>
        desk.log.error({ surface: "slack", reference, cause: String(cause) }, "nor could the person be told"),
      );
  }
}

async function perform(
  desk: Desk,
  reading: Reading,
  ask: Ask,
  reply: Reply,
  handle: Handle | undefined,
): Promise<void> {
  if (!handle) throw new TypeError("nobody listens");
  const by = await readMember(desk.client, await desk.home(), reading.memberId);
  if (!by) return reply.say(unknownMember());
  await handle({ ...ask, by, requestId: reading.requestId }, reply);
}

/** Logs a failure under a reference that its user is told. */
function report(log: Log, reading: Reading, error: unknown): string {
  const reference = randomUUID().slice(0, 8);
  log.error(
    { surface: "slack", reference, requestId: reading.requestId, ask: reading.ask?.kind, err: error },
    "an interaction failed",
  );
  return reference;
}
