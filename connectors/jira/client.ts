import type * as Cloud from "jira.js/cloud";
import type { Client as JiraTransport } from "jira.js/core";
import type { z } from "zod";
import { type Call, type Secret, SystemError, type Tools } from "../connector.ts";
import { found } from "./failure.ts";
import { type Organization, openOrganization } from "./organization.ts";
import { pageOf } from "./schema.ts";
import { type Answer, openTransport, parse } from "./transport.ts";

/** What `jira()` was given, parsed. */
export interface Options {
  readonly site: string;
  readonly email: string;
  readonly token: Secret;
  readonly orgId?: string | undefined;
  readonly orgKey?: Secret | undefined;
  readonly apiUrl?: string | undefined;
  readonly orgApiUrl?: string | undefined;
}

/** Everything of a paged list: all pages, or an error. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly pages: number;
  readonly last: Answer<unknown>;
}

/** One request, said in jira.js's own functions; `to` carries it out. */
export type Asking = (jira: typeof Cloud, to: JiraTransport) => Promise<unknown>;

/** Jira's API with one credential, for one call. Everything it throws is a SystemError or the abort. */
export interface Client {
  readonly site: string;
  readonly call: Call;
  /** Only where the organization's key is given. */
  readonly organization?: Organization;
  get<T>(schema: z.ZodType<T>, asking: Asking): Promise<Answer<T>>;
  /** Like `get`, and 404 is `undefined`. It means "gone" only to a credential that sees everything. */
  find<T>(schema: z.ZodType<T>, asking: Asking): Promise<Answer<T> | undefined>;
  list<T>(
    schema: z.ZodType<T>,
    asking: (startAt: number, ...rest: Parameters<Asking>) => Promise<unknown>,
  ): Promise<Listing<T>>;
  /** Changes. What Jira answers is a receipt and never a proof. 404 is `undefined`. Never tried twice by itself. */
  send(asking: Asking): Promise<Answer<unknown> | undefined>;
}

/** jira.js's functions; loaded once a process. */
export function loadJira(): Promise<typeof Cloud> {
  return import("jira.js/cloud");
}

const MOST_PAGES = 10_000;

/**
 * Opens the API for one call. jira.js gives each endpoint's method, address and fields; it calls the global fetch and
 * knows no signal, so its functions are handed a transport of ours. It is loaded only where Jira is configured: the
 * whole of it is 56 MB and most of a second, and its `exports` let nobody load less.
 */
export function openClient(options: Options, tools: Tools, call: Call): Client {
  const { site, email, token, orgId, orgKey } = options;
  const transport = openTransport(
    {
      base: options.apiUrl ?? `https://${site}`,
      authorization: () => `Basic ${Buffer.from(`${email}:${token.reveal()}`).toString("base64")}`,
      secrets: [token],
    },
    tools,
    call,
  );

  async function ask(asking: Asking): Promise<Answer<unknown>> {
    const jira = await loadJira();
    let answer: Answer<unknown> | undefined;
    await asking(jira, {
      async sendRequest<T>({ method = "GET", url, searchParams, body }: SendRequest): Promise<T> {
        answer = await transport({ method, path: url, query: searchParams, body });
        // What jira.js says this is stays unread: only our own schemas are believed.
        return answer.body as T;
      },
    });
    if (!answer) throw new TypeError("nothing was asked");
    return answer;
  }

  async function get<T>(schema: z.ZodType<T>, asking: Asking): Promise<Answer<T>> {
    const answer = await ask(asking);
    return { ...answer, body: parse(schema, answer.body) };
  }

  async function list<T>(
    schema: z.ZodType<T>,
    asking: (startAt: number, ...rest: Parameters<Asking>) => Promise<unknown>,
  ): Promise<Listing<T>> {
    const items: T[] = [];
    for (let pages = 1; ; pages += 1) {
      const from = items.length;
      const answer = await get(pageOf(schema), (jira, to) => asking(from, jira, to));
      const { values, total, isLast } = answer.body;
      items.push(...values);
      const more = isLast === undefined || isLast === null ? items.length < (total ?? 0) : !isLast;
      if (!more) return { items, pages, last: answer };
      if (values.length === 0 || pages >= MOST_PAGES) {
        throw new SystemError({ code: "unreachable" }, { message: "a list of Jira's has no end" });
      }
    }
  }

  const organization =
    orgId && orgKey ? openOrganization({ orgId, orgKey, orgApiUrl: options.orgApiUrl }, tools, call) : undefined;
  return {
    site,
    call,
    ...(organization ? { organization } : {}),
    get,
    find: (schema, asking) => found(get(schema, asking)),
    list,
    send: (asking) => found(ask(asking)),
  };
}

type SendRequest = Parameters<JiraTransport["sendRequest"]>[0];

/** Works on all items, at most `width` at once: Jira limits bursts by tenant and endpoint. */
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
