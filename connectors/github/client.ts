import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { type Call, type Secret, SystemError, type Tools } from "../connector.ts";
import { asSystemError, GraphQl, graphQlError, isNotFound } from "./failure.ts";

/** What `github()` was given, parsed. */
export interface Options {
  readonly org: string;
  readonly token: Secret;
  readonly apiUrl: string;
}

/** One parsed answer with what evidence needs. */
export interface Answer<T> {
  readonly body: T;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
  readonly theirTime?: Date;
}

/** Everything of a paged list: all pages, or an error. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly pages: number;
  readonly last: Answer<readonly T[]>;
}

type Parameters = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** GitHub's REST API with one credential, for one call. Everything it throws is a SystemError or the abort. */
export interface Client {
  readonly org: string;
  readonly call: Call;
  get<T>(schema: z.ZodType<T>, route: string, parameters?: Parameters): Promise<Answer<T>>;
  /** Like `get`, and 404 is `undefined`. GitHub also hides what a credential may not see: know the rights first. */
  find<T>(schema: z.ZodType<T>, route: string, parameters?: Parameters): Promise<Answer<T> | undefined>;
  /** `within` names the field that holds the list, where the answer is an object. */
  list<T>(schema: z.ZodType<T>, route: string, parameters?: Parameters, within?: string): Promise<Listing<T>>;
  /** Like `list`, and 404 is `undefined`: what this kind of organization does not have. Know the rights first. */
  findList<T>(schema: z.ZodType<T>, route: string, parameters?: Parameters): Promise<Listing<T> | undefined>;
  /** One GraphQL query. An answer with any error is an error, since the rest of it has holes. */
  query<T>(schema: z.ZodType<T>, query: string, variables: Readonly<Record<string, unknown>>): Promise<T>;
  /** Writes. What GitHub answers is a receipt and never a proof. 404 is `undefined`. */
  send(route: string, parameters?: Parameters): Promise<Answer<unknown> | undefined>;
}

const LONGEST_WAIT_SECONDS = 3;
const REQUEST_TIMEOUT_MS = 30_000;
const PER_PAGE = 100;
const Throttled = Octokit.plugin(throttling, retry);
const silent = () => undefined;

/**
 * Opens the API for one call. A short wait that GitHub asks for is taken, a long one is thrown as `rate-limited`, so
 * that no job sleeps for minutes; the call's signal ends everything, waits among it.
 */
export function openClient(options: Options, tools: Tools, call: Call): Client {
  const fetchInTime: typeof fetch = (url, init) => {
    const signals = [call.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)];
    return tools.fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };
  const waitIsShort = (seconds: number, _request: object, _octokit: object, tries: number) =>
    seconds <= LONGEST_WAIT_SECONDS && tries < 2;
  const octokit = new Throttled({
    auth: options.token.reveal(),
    baseUrl: options.apiUrl,
    userAgent: "signoff",
    request: { fetch: fetchInTime },
    // Octokit's own lines hold paths, and paths hold logins.
    log: { debug: silent, info: silent, warn: silent, error: silent },
    throttle: {
      id: `${options.apiUrl}/${options.org}`,
      onRateLimit: waitIsShort,
      onSecondaryRateLimit: waitIsShort,
    },
    // 429 and 409 are answers and not accidents; the throttling plugin takes care of the first.
    retry: { retries: 2, retryAfterBaseValue: 200, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451] },
  });

  async function ask(route: string, parameters: Parameters = {}): Promise<Answer<unknown>> {
    // A POST whose answer was lost may have had its effect: trying again blindly would do it twice.
    const request = route.startsWith("POST ") ? { retries: 0 } : {};
    return answerOf(await untilAborted(call.signal, () => octokit.request(route, { ...parameters, request })));
  }

  async function found<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  function translated<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      call.signal.throwIfAborted();
      throw asSystemError(error, call.now());
    });
  }

  async function getParsed<T>(schema: z.ZodType<T>, route: string, parameters?: Parameters): Promise<Answer<T>> {
    const answer = await ask(route, parameters);
    return { ...answer, body: parse(schema, answer.body, route) };
  }

  async function listParsed<T>(
    schema: z.ZodType<T>,
    route: string,
    parameters?: Parameters,
    within?: string,
  ): Promise<Listing<T>> {
    // Not octokit.paginate: it takes a 409 in the middle, or an empty body, for the end of the list.
    const items: T[] = [];
    for (let page = 1; ; page += 1) {
      const answer = await ask(route, { ...parameters, per_page: PER_PAGE, page });
      const body = parse(schema.array(), within ? fieldOf(answer.body, within) : answer.body, route);
      items.push(...body);
      // A full page without a Link header is asked on, since a proxy may have taken the header away.
      const more = /rel="?next"?/.test(String(answer.headers["link"] ?? "")) || body.length === PER_PAGE;
      if (!more) return { items, pages: page, last: { ...answer, body } };
    }
  }

  async function queryParsed<T>(schema: z.ZodType<T>, query: string, variables: object): Promise<T> {
    // Enterprise Server has REST under /api/v3 and GraphQL beside it.
    const url = `${options.apiUrl.replace(/\/v3$/, "")}/graphql`;
    const request = () => octokit.request(`POST ${url}`, { query, variables });
    const { body } = answerOf(await untilAborted(call.signal, request));
    const { data, errors } = parse(GraphQl, body, "POST /graphql");
    if (errors && errors.length > 0) throw graphQlError(errors, call.now());
    return parse(schema, data, "POST /graphql");
  }

  return {
    org: options.org,
    call,
    get: (schema, route, parameters) => translated(getParsed(schema, route, parameters)),
    find: (schema, route, parameters) => translated(found(getParsed(schema, route, parameters))),
    list: (schema, route, parameters, within) => translated(listParsed(schema, route, parameters, within)),
    findList: (schema, route, parameters) => translated(found(listParsed(schema, route, parameters))),
    query: (schema, query, variables) => translated(queryParsed(schema, query, variables)),
    send: (route, parameters) => translated(found(ask(route, parameters))),
  };
}

/** Works on all items, at most `width` at once: GitHub bans clients that open too many requests together. */
export async function eachOf<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [index, item] of queue) {
      // The first failure is thrown; going on with the rest would only knock on a closed door.
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

function fieldOf(body: unknown, field: string): unknown {
  const parsed = z.record(z.string(), z.unknown()).safeParse(body);
  return parsed.success ? parsed.data[field] : undefined;
}

function parse<T>(schema: z.ZodType<T>, body: unknown, route: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join(".") || "its start";
  throw new SystemError({ code: "unreachable" }, { message: `GitHub answered ${route} with something else, at ${at}` });
}

function answerOf(response: { readonly data: unknown; readonly headers: object }): Answer<unknown> {
  const headers: Record<string, unknown> = { ...response.headers };
  const requestId = headers["x-github-request-id"];
  const time = Date.parse(String(headers["date"]));
  return {
    body: response.data,
    headers,
    ...(typeof requestId === "string" ? { requestId } : {}),
    ...(Number.isNaN(time) ? {} : { theirTime: new Date(time) }),
  };
}

/** Queues and retries inside the client know no signal, so the wait itself ends with it. */
async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
