import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { type Call, type Secret, SystemError, type Tools } from "../connector.ts";
import { failureOf, requestIdOf } from "./failure.ts";

/** One answer, not yet parsed, with what evidence needs. */
export interface Answer<T> {
  readonly body: T;
  readonly requestId?: string;
  readonly theirTime?: Date;
}

/** What one request says; `query` values that are lists are repeated. */
export interface Sending {
  readonly method: string;
  /** From the root of the API; each part that comes from outside was checked or encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
}

/** Where requests go and as whom. */
export interface Origin {
  readonly base: string;
  authorization(): string;
  /** Never shown in what is thrown. */
  readonly secrets: readonly Secret[];
}

const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_AFTER_MS = 200;
// They read, and have the shape of a change only because what they ask may be long.
const READING_POSTS = new Set(["/rest/api/3/search/jql", "/rest/api/3/permissions/check"]);

/**
 * Sends requests with the lent fetch, within a time, until the call is aborted. Reads are tried twice; changes once,
 * since one whose answer was lost may have had its effect. Everything it throws is a SystemError or the abort.
 */
export function openTransport(
  origin: Origin,
  tools: Tools,
  call: Call,
): (sending: Sending) => Promise<Answer<unknown>> {
  async function askOnce(sending: Sending): Promise<Answer<unknown>> {
    call.signal.throwIfAborted();
    const target = targetOf(origin.base, sending);
    const sent = sending.body === undefined ? {} : { body: JSON.stringify(sending.body) };
    let response: Response;
    let text: string;
    try {
      response = await tools.fetch(target, {
        method: sending.method,
        headers: {
          accept: "application/json",
          authorization: origin.authorization(),
          ...(sending.body === undefined ? {} : { "content-type": "application/json" }),
        },
        signal: AbortSignal.any([call.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
        redirect: "error",
        ...sent,
      });
      text = await response.text();
    } catch {
      call.signal.throwIfAborted();
      // The cause is left out: it may hold the request, and the request holds the token.
      throw new SystemError({ code: "unreachable" });
    }
    const body = parseJson(text);
    if (!response.ok) throw failureOf(response, body, call.now(), origin.secrets);
    if (body === undefined && text !== "") {
      const message = `Jira answered ${sending.method} ${target.pathname} with no JSON`;
      throw new SystemError({ code: "unreachable" }, { message });
    }
    return answerOf(response.headers, body);
  }

  return async (sending) => {
    try {
      return await askOnce(sending);
    } catch (error) {
      const reads = sending.method === "GET" || READING_POSTS.has(sending.path);
      if (!reads || !(error instanceof SystemError) || error.failure.code !== "unreachable") throw error;
      await pause(RETRY_AFTER_MS, call.signal);
      return askOnce(sending);
    }
  };
}

function targetOf(base: string, { path, query = {} }: Sending): URL {
  const root = new URL(base);
  const target = new URL(base + path);
  // A part with `..`, `?` or `#` in it would lead elsewhere.
  if (target.origin !== root.origin || target.pathname !== root.pathname.replace(/\/$/, "") + path) {
    throw new SystemError({ code: "refused", reason: "a name cannot be sent" });
  }
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) target.searchParams.append(name, String(one));
    }
  }
  return target;
}

/** Parses what Jira answered; something else is as good as no answer. */
export function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") || "its start";
  throw new SystemError({ code: "unreachable" }, { message: `Jira answered with something else, at ${where}` });
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answerOf(headers: Headers, body: unknown): Answer<unknown> {
  const requestId = requestIdOf(headers);
  const time = Date.parse(headers.get("date") ?? "");
  return {
    body,
    ...(requestId ? { requestId } : {}),
    ...(Number.isNaN(time) ? {} : { theirTime: new Date(time) }),
  };
}

/** Rejects with the signal's reason if it is aborted meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
