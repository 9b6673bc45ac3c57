import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { type Call, type Secret, SystemError, type Tools } from "../connector.ts";
import { failureOf, NotFound } from "./failure.ts";

/** What `okta()` was given, parsed. */
export interface Options {
  readonly domain: string;
  readonly token: Secret;
  readonly apiUrl?: string | undefined;
}

/** One parsed answer with what evidence needs. */
export interface Answer<T> {
  readonly body: T;
  readonly headers: Headers;
  readonly requestId?: string;
  readonly theirTime?: Date;
}

/** Everything of a paged list: all pages, or an error. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly pages: number;
  readonly last: Answer<readonly T[]>;
}

type Query = Readonly<Record<string, string>>;

/** What a change sends along. */
export interface Sending {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Okta's management API with one credential, for one call. Everything it throws is a SystemError or the abort. */
export interface Client {
  readonly domain: string;
  readonly call: Call;
  get<T>(schema: z.ZodType<T>, path: string, query?: Query): Promise<Answer<T>>;
  /** Like `get`, and 404 is `undefined`. It means "gone" only to a credential that sees everything. */
  find<T>(schema: z.ZodType<T>, path: string, query?: Query): Promise<Answer<T> | undefined>;
  list<T>(schema: z.ZodType<T>, path: string, query?: Query): Promise<Listing<T>>;
  /** A list page by page, for what is too long to be held: complete only when it ends without an error. */
  pages<T>(schema: z.ZodType<T>, path: string, query?: Query): AsyncIterable<Answer<readonly T[]>>;
  /** Changes. What Okta answers is a receipt and never a proof. 404 is `undefined`. Never tried twice by itself. */
  send(method: "POST" | "PUT" | "DELETE", path: string, sending?: Sending): Promise<Answer<unknown> | undefined>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_AFTER_MS = 200;
const MOST_PAGES = 10_000;

/** Builds a path of parts that come from outside: each is one segment, whatever it holds. */
export function path(texts: TemplateStringsArray, ...parts: readonly string[]): string {
  return texts.reduce((built, text, index) => built + segment(parts[index - 1] ?? "") + text);
}

function segment(part: string): string {
  // A browser's URL would walk up a folder for these, encoded or not.
  if (part === "" || part === "." || part === ".." || !part.isWellFormed()) {
    throw new SystemError({ code: "refused", reason: "a name cannot be sent" });
  }
  return encodeURIComponent(part);
}

/** Opens the API for one call; the call's signal ends everything, the one short wait among it. */
export function openClient(options: Options, tools: Tools, call: Call): Client {
  const base = options.apiUrl ?? `https://${options.domain}`;

  async function askOnce(method: string, target: URL, sending: Sending): Promise<Answer<unknown>> {
    call.signal.throwIfAborted();
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const headers = {
      accept: "application/json",
      authorization: `SSWS ${options.token.reveal()}`,
      ...(sending.body === undefined ? {} : { "content-type": "application/json" }),
      ...sending.headers,
    };
    const body = sending.body === undefined ? {} : { body: JSON.stringify(sending.body) };
    let response: Response;
    let text: string;
    try {
      response = await tools.fetch(target, { method, headers, signal, redirect: "error", ...body });
      text = await response.text();
    } catch {
      call.signal.throwIfAborted();
      // The cause is left out: it may hold the request, and the request holds the token.
      throw new SystemError({ code: "unreachable" });
    }
    const parsed = parseJson(text);
    if (!response.ok) throw failureOf(response, parsed, call.now(), options.token);
    if (parsed === undefined && text !== "") {
      throw new SystemError(
        { code: "unreachable" },
        { message: `Okta answered ${method} ${target.pathname} with no JSON` },
      );
    }
    return answerOf(response.headers, parsed);
  }

  async function ask(method: string, target: URL, sending: Sending = {}): Promise<Answer<unknown>> {
    try {
      return await askOnce(method, target, sending);
    } catch (error) {
      // Only reads are tried again: a change whose answer was lost may have had its effect.
      const worthIt = error instanceof SystemError && error.failure.code === "unreachable" && method === "GET";
      if (!worthIt) throw error;
      await pause(RETRY_AFTER_MS, call.signal);
      return askOnce(method, target, sending);
    }
  }

  function targetOf(at: string, query: Query = {}): URL {
    const target = new URL(base + at);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    return target;
  }

  async function get<T>(schema: z.ZodType<T>, at: string, query?: Query): Promise<Answer<T>> {
    const answer = await ask("GET", targetOf(at, query));
    return { ...answer, body: parse(schema, answer.body, at) };
  }

  async function* pages<T>(
    schema: z.ZodType<T>,
    at: string,
    query?: Query,
  ): AsyncGenerator<Answer<readonly T[]>, void> {
    const seen = new Set<string>();
    for (let target = targetOf(at, query); ; ) {
      seen.add(target.href);
      const answer = await ask("GET", target);
      yield { ...answer, body: parse(schema.array(), answer.body, at) };
      const next = nextOf(answer.headers.get("link"));
      if (next === undefined) return;
      // The cursor is Okta's; the host is ours, so that no answer can send the token elsewhere.
      target = new URL(base + next);
      if (seen.has(target.href) || seen.size >= MOST_PAGES) {
        throw new SystemError({ code: "unreachable" }, { message: `Okta's list ${at} has no end` });
      }
    }
  }

  async function list<T>(schema: z.ZodType<T>, at: string, query?: Query): Promise<Listing<T>> {
    const answers: Answer<readonly T[]>[] = [];
    for await (const answer of pages(schema, at, query)) answers.push(answer);
    const last = answers.at(-1);
    if (!last) throw new SystemError({ code: "unreachable" });
    return { items: answers.flatMap((answer) => answer.body), pages: answers.length, last };
  }

  return {
    domain: options.domain,
    call,
    get,
    find: (schema, at, query) => found(get(schema, at, query)),
    list,
    pages,
    send: (method, at, sending) => found(ask(method, targetOf(at, sending?.query), sending)),
  };
}

/** 404 as undefined; it is the only refusal that carries no scope and no reason of its own. */
async function found<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Path and query of the next page (RFC 8288); undefined on the last one. */
function nextOf(link: string | null): string | undefined {
  const [, href] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "") ?? [];
  if (href === undefined) return undefined;
  const url = URL.parse(href);
  if (!url?.pathname.includes("/api/v1/")) {
    throw new SystemError({ code: "unreachable" }, { message: "Okta's link to the next page cannot be read" });
  }
  return url.pathname.slice(url.pathname.indexOf("/api/v1/")) + url.search;
}

function parse<T>(schema: z.ZodType<T>, body: unknown, at: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") || "its start";
  throw new SystemError({ code: "unreachable" }, { message: `Okta answered ${at} with something else, at ${where}` });
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answerOf(headers: Headers, body: unknown): Answer<unknown> {
  const requestId = headers.get("x-okta-request-id");
  const time = Date.parse(headers.get("date") ?? "");
  return {
    body,
    headers,
    ...(requestId ? { requestId } : {}),
    ...(Number.isNaN(time) ? {} : { theirTime: new Date(time) }),
  };
}

/** Rejects with the signal's reason if it is aborted meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
