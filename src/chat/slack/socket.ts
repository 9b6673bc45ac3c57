import { SocketModeReceiver } from "@slack/bolt";
import type { Log } from "../../../connectors/connector.ts";
import type { Secret } from "../../core/secret.ts";
import { quietLogger } from "./client.ts";
import { within } from "./within.ts";

interface SocketOptions {
  readonly appToken: Secret;
  readonly apiUrl: string;
  readonly log: Log;
  readonly fetch: typeof fetch;
}

/** Slack's socket, kept open. */
export interface Socket {
  readonly receiver: SocketModeReceiver;
  /** Connects, and from then on connects again whenever the connection ends. Resolves after the first try. */
  open(): Promise<void>;
  close(): Promise<void>;
  /** Whether Slack has greeted us on the present connection. Pings both ways end a connection that is half open. */
  isConnected(): boolean;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A connection that ends sooner than this is no reason to come back at once. */
const STEADY_MS = 10_000;
/** Slack greets at once; a socket that stays silent is given up. */
const GREETING_MS = 15_000;
/** A peer that does not answer our goodbye is left. */
const GOODBYE_MS = 2000;

/**
 * Socket Mode through Bolt's receiver. The connecting is ours: Bolt's own gives up for good on some answers, and a failure
 * of it rejects a promise that nobody holds, which ends the process.
 */
export function slackSocket(options: SocketOptions): Socket {
  const receiver = new SocketModeReceiver({
    appToken: options.appToken.reveal(),
    autoReconnectEnabled: false,
    logger: quietLogger(options.log),
    installerOptions: {
      clientOptions: {
        slackApiUrl: options.apiUrl,
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        timeout: 10_000,
        fetch: (url, init) => options.fetch(url, init as RequestInit),
      },
    },
  });
  const { client } = receiver;
  const stop = new AbortController();
  let connected = false;
  let running: Promise<void> | undefined;

  const keepOpen = async (tried: () => void) => {
    let failures = 0;
    while (!stop.signal.aborted) {
      const ended = new Promise<void>((resolve) => client.once("disconnected", () => resolve()));
      try {
        await within(GREETING_MS, client.start());
        // Stopped while connecting: this one is closed like one that failed.
        if (stop.signal.aborted) throw new Error("stopped");
        connected = true;
        let steady = false;
        const timer = setTimeout(() => {
          steady = true;
        }, STEADY_MS);
        options.log.info({ surface: "slack" }, "socket connected");
        tried();
        await ended;
        clearTimeout(timer);
        failures = steady ? 0 : failures + 1;
        options.log.info({ surface: "slack" }, "socket ended");
      } catch (cause) {
        failures += 1;
        options.log.warn({ surface: "slack", cause: String(cause) }, "socket could not be opened");
        tried();
        await within(GOODBYE_MS, client.disconnect()).catch(() => {});
      }
      connected = false;
      client.removeAllListeners("disconnected");
      if (failures > 0) await pause(Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS), stop.signal);
    }
  };

  return {
    receiver,
    open: () =>
      new Promise((resolve) => {
        running = keepOpen(resolve);
      }),
    async close() {
      stop.abort();
      if (connected) await within(GOODBYE_MS, client.disconnect()).catch(() => {});
      await within(GOODBYE_MS, running ?? Promise.resolve()).catch(() => {});
    },
    isConnected: () => connected,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
