import { webApi } from "@slack/bolt";
import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { type Failure, SystemError } from "../../core/failure.ts";
import type { Secret } from "../../core/secret.ts";
import type { Method } from "./scopes.ts";

/** Slack's Web API: one call, its answer parsed. Throws `SystemError`. */
export interface Client {
  call<S extends z.ZodType>(method: Method, args: Record<string, unknown>, answer: S): Promise<z.output<S>>;
  /** All pages of a list; an answer that names the same page twice is refused. */
  pages<S extends z.ZodType>(
    method: Method,
    args: Record<string, unknown>,
    page: S,
  ): AsyncGenerator<z.output<S>, void, void>;
}

interface ClientOptions {
  readonly botToken: Secret;
  readonly apiUrl: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly fetch: typeof fetch;
}

/** Beyond this Slack and we will soon disagree: five minutes off, every request is refused. */
const SKEW_WARNING_SECONDS = 60;

/**
 * A client that never waits nor repeats by itself: a job that is told "rate limited until" waits better than a queue
 * inside the SDK, and a post repeated after a cut connection would stand there twice.
 */
export function slackClient(options: ClientOptions): Client {
  const web = new webApi.WebClient(options.botToken.reveal(), {
    slackApiUrl: options.apiUrl,
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout: 10_000,
    fetch: watchingClock(options),
    logger: quietLogger(options.log),
  });
  const call: Client["call"] = async (method, args, answer) => {
    let result: unknown;
    try {
      result = await web.apiCall(method, args);
    } catch (cause) {
      throw translated(cause, options.now());
    }
    const parsed = answer.safeParse(result);
    if (!parsed.success) {
      throw new SystemError(
        { code: "refused", reason: `${method} gave an answer we cannot read` },
        { cause: parsed.error },
      );
    }
    return parsed.data;
  };
  return {
    call,
    async *pages(method, args, page) {
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const answer = await call(
          method,
          { ...args, ...(cursor === undefined ? {} : { cursor }) },
          z.intersection(page, NextPage),
        );
        yield page.parse(answer);
        cursor = answer.response_metadata?.next_cursor || undefined;
        if (cursor !== undefined && seen.has(cursor)) {
          throw new SystemError({ code: "refused", reason: `${method} gave the same page twice` });
        }
        if (cursor !== undefined) seen.add(cursor);
      } while (cursor !== undefined);
    },
  };
}

const NextPage = z.object({ response_metadata: z.object({ next_cursor: z.string().optional() }).optional() });

/** Bolt and its clients log through ours; their debug lines hold payloads and are left out. */
export function quietLogger(log: Log): webApi.Logger {
  const line =
    (level: "info" | "warn" | "error") =>
    (message: unknown, ...more: unknown[]) => {
      log[level]({ surface: "slack" }, [message, ...more].map(String).join(" "));
    };
  return {
    debug() {},
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    setLevel() {},
    getLevel: () => webApi.LogLevel.INFO,
    setName() {},
  };
}

/** Whether an error is Slack's refusal with one of these codes. */
export function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SystemError && error.failure.code === "refused" && codes.includes(error.failure.reason);
}

/** What Slack said about a refusal beyond its code: where a block or a view is wrong. */
export function detailOf(error: SystemError): string {
  const said = error.cause instanceof webApi.WebAPIPlatformError ? Refusal.safeParse(error.cause.data).data : undefined;
  return [error.message, ...(said?.response_metadata?.messages ?? [])].join(" ");
}

/** What Slack calls errors that say nothing about what was asked. */
const THEIR_TROUBLE = ["internal_error", "fatal_error", "service_unavailable", "request_timeout"];

const Refusal = z.object({
  error: z.string(),
  needed: z.string().optional(),
  response_metadata: z.object({ messages: z.array(z.string()).optional() }).optional(),
});

function translated(cause: unknown, now: Date): SystemError {
  const failure = ((): Failure => {
    if (cause instanceof webApi.WebAPIRateLimitedError) return limited(now, cause.retryAfter);
    if (cause instanceof webApi.WebAPIPlatformError) {
      const said = Refusal.parse(cause.data);
      if (said.error === "ratelimited") return limited(now, 30);
      if (said.error === "missing_scope") {
        return said.needed ? { code: "forbidden", scope: said.needed } : { code: "forbidden" };
      }
      if (THEIR_TROUBLE.includes(said.error)) return { code: "unreachable" };
      const expired = said.response_metadata?.messages?.some((line) => line.includes("trigger_id"));
      // Slack says an expired trigger in two ways; from here on there is one.
      return { code: "refused", reason: expired ? "expired_trigger_id" : said.error };
    }
    return { code: "unreachable" };
  })();
  return new SystemError(failure, { cause });
}

function limited(now: Date, seconds: number): Failure {
  return { code: "rate-limited", retryAt: new Date(now.getTime() + seconds * 1000) };
}

/** Compares our clock with each answer's `Date` header and warns once: a wrong clock refuses every request. */
function watchingClock({ fetch, log, now }: ClientOptions): webApi.FetchFunction {
  let warned = false;
  return async (url, init) => {
    const answer = await fetch(url, init as RequestInit);
    const theirs = Date.parse(answer.headers.get("date") ?? "");
    const seconds = Math.round((now().getTime() - theirs) / 1000);
    if (!warned && Math.abs(seconds) > SKEW_WARNING_SECONDS) {
      warned = true;
      log.warn(
        { surface: "slack", skewSeconds: seconds },
        `clock skew: our clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} Slack's; beyond 300 s its requests are refused. Set the clock (NTP).`,
      );
    }
    return answer;
  };
}
