import { ExpressReceiver } from "@slack/bolt";
import { type RequestHandler, Router } from "express";
import type { Log } from "../../../connectors/connector.ts";
import type { Secret } from "../../core/secret.ts";
import { quietLogger } from "./client.ts";
import { Unreadable } from "./delivery.ts";

interface HttpOptions {
  readonly signingSecret: Secret;
  readonly log: Log;
  readonly now: () => Date;
  /** While nobody listens requests are answered 503. */
  readonly isOpen: () => boolean;
}

/** Where below its mount point Slack is told to send commands, buttons and dialogs. */
const ENDPOINT = "/events";
/** Between a request's timestamp and now (https://docs.slack.dev/authentication/verifying-requests-from-slack). */
const MAX_SKEW_SECONDS = 300;

/**
 * Receives commands, buttons and dialogs at `POST /events` of its router, which our one Express app mounts at `/slack`
 * before anything that reads bodies: the signature is over the bytes as they came. Bolt answers 401 to a wrong signature.
 */
export function httpReceiver(options: HttpOptions): { readonly receiver: ExpressReceiver; readonly router: Router } {
  const router = Router();
  router.post(ENDPOINT, closed(options), skewed(options));
  const receiver = new ExpressReceiver({
    signingSecret: options.signingSecret.reveal(),
    endpoints: { events: ENDPOINT },
    router,
    logger: quietLogger(options.log),
    processEventErrorHandler: async ({ error, response }) => {
      if (!(error instanceof Unreadable))
        options.log.error({ surface: "slack", err: error }, "a request of Slack failed");
      if (!response.headersSent) response.writeHead(error instanceof Unreadable ? 400 : 500).end();
      return false;
    },
    unhandledRequestHandler: ({ response }) => {
      if (response.headersSent) return;
      options.log.error({ surface: "slack" }, "a request of Slack was not acknowledged in time");
      response.writeHead(500).end();
    },
  });
  return { receiver, router };
}

function closed({ isOpen }: HttpOptions): RequestHandler {
  return (_request, response, next) => {
    if (isOpen()) next();
    else response.status(503).send();
  };
}

/** Bolt refuses timestamps of the past without saying what to do, and takes those of the future. */
function skewed({ log, now }: HttpOptions): RequestHandler {
  return (request, response, next) => {
    const sent = Number(request.headers["x-slack-request-timestamp"]);
    const seconds = Math.round(now().getTime() / 1000 - sent);
    // Without a timestamp Bolt refuses.
    if (Number.isNaN(seconds) || Math.abs(seconds) <= MAX_SKEW_SECONDS) {
      next();
      return;
    }
    log.warn(
      { surface: "slack", skewSeconds: seconds },
      `a request was refused: its timestamp is ${Math.abs(seconds)} s ${seconds > 0 ? "old" : "ahead"}. It was recorded and sent again, or there is clock skew: check this machine's clock (NTP).`,
    );
    response.status(401).send();
  };
}
