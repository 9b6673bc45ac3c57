import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createEmulator } from "emulate";
import { type Exchange, findSpec } from "../../peers/specs.ts";
import { jiraEmulator } from "./jira-emulator.ts";
import type { JiraSeed } from "./jira-seed.ts";
import type { JiraState } from "./jira-state.ts";

export { addGroup, addIssue, addProject, type JiraSeed } from "./jira-seed.ts";
export type { JiraState } from "./jira-state.ts";

/** A request, before it is answered. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body?: unknown;
}

/** One way to misbehave, for the requests it concerns. */
export interface Rule {
  when(request: Seen): boolean;
  readonly then:
    | "cut"
    /** The effect happens, the answer does not come. */
    | "cut-after"
    /** The answer breaks off in the middle of its body. */
    | "half"
    /** Success is answered and nothing is done. */
    | "ignore"
    | "too-many"
    | "forbid"
    | "hide"
    | "bad-gateway"
    /** Answered after a second. */
    | "slow"
    /** No answer ever comes. */
    | "hang";
  /** After so many times the rule no longer holds. */
  times?: number;
}

/** Says whether a request changes something: two of Jira's reads are POSTs. */
export function isChange({ method, path }: Seen): boolean {
  return method !== "GET" && path !== "/rest/api/3/search/jql" && path !== "/rest/api/3/permissions/check";
}

/** A running Jira Cloud site and its organization: the stand-in behind a front that can misbehave. */
export interface JiraService {
  /** Where the site's REST API is reached: the connector's JIRA_API_URL. */
  readonly url: string;
  /** Where the organization's APIs are reached: JIRA_ORG_API_URL. */
  readonly orgUrl: string;
  readonly orgId: string;
  /** What is there now; other hands may change it. */
  readonly state: JiraState;
  /** Every request of a client, in order. */
  readonly requests: readonly Exchange[];
  /** What of it Jira does not document; empty without its API description. */
  readonly faults: readonly string[];
  /** Replaces all rules; none means good behaviour. */
  behave(...rules: Rule[]): void;
  stop(): Promise<void>;
}

const RETRY_AFTER_SECONDS = 120;

/**
 * Starts a Jira on a free port of the loopback, or on the given one. What it is asked and answers is held against the
 * vendor's description, unless `described` is false.
 */
export async function startJira(options: {
  readonly seed: JiraSeed;
  readonly port?: number;
  readonly described?: boolean;
}): Promise<JiraService> {
  let live: JiraState | undefined;
  const definition = jiraEmulator(options.seed, (state) => {
    live = state;
  });
  const emulator = await createEmulator({ service: definition, listen: false });
  const spec = options.described === false ? undefined : findSpec("jira-cloud-v3.json");
  let rules: Rule[] = [];
  const requests: Exchange[] = [];
  const faults: string[] = [];
  let requestNumber = 0;

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      faults.push(`the stand-in failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const text = await readAll(request);
    const seen: Seen = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      ...(text === "" ? {} : { body: JSON.parse(text) }),
    };
    const then = takeRule(seen);
    if (then === "hang") return;
    if (then === "cut") {
      response.destroy();
      return;
    }
    if (then === "slow") await sleep(1000);
    const canned = cannedAnswer(then, seen);
    const answer = canned ?? (await emulator.fetch(requestOf(url, request, text)));
    const body = await answer.text();
    record({ ...seen, status: answer.status, ...(body === "" ? {} : { answer: JSON.parse(body) }) });
    if (then === "cut-after") {
      response.destroy();
      return;
    }
    requestNumber += 1;
    response.writeHead(answer.status, {
      "content-type": "application/json;charset=UTF-8",
      "x-arequestid": `peer-${requestNumber}`,
      ...Object.fromEntries([...answer.headers].filter(([name]) => RATE_HEADERS.has(name))),
      ...(then === "half" ? { "content-length": Buffer.byteLength(body) } : {}),
    });
    if (then !== "half") response.end(answer.status === 204 || body === "" ? undefined : body);
    else response.write(body.slice(0, body.length / 2), () => response.destroy());
  }

  function record(exchange: Exchange): void {
    requests.push(exchange);
    // The organization's APIs have descriptions of their own, which are not at hand.
    if (exchange.path.startsWith("/rest/")) faults.push(...(spec?.faultsOf(exchange) ?? []));
  }

  function takeRule(seen: Seen): Rule["then"] | undefined {
    const rule = rules.find((one) => one.times !== 0 && one.when(seen));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.then;
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (!live) throw new Error("the stand-in was not set up");
  return {
    url,
    orgUrl: url,
    orgId: live.organization.id,
    state: live,
    requests,
    faults,
    behave: (...next) => {
      rules = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await emulator.close();
    },
  };
}

const RATE_HEADERS = new Set(["retry-after", "x-ratelimit-reset", "ratelimit-reason"]);

function requestOf(url: URL, request: IncomingMessage, body: string): Request {
  const method = request.method ?? "GET";
  return new Request(url, {
    method,
    headers: {
      authorization: request.headers.authorization ?? "",
      "content-type": request.headers["content-type"] ?? "application/json",
    },
    ...(body === "" || method === "GET" ? {} : { body }),
  });
}

/** An answer that never reached the site; undefined when the site answers. */
function cannedAnswer(then: Rule["then"] | undefined, seen: Seen): Response | undefined {
  const error = (status: number, message: string, headers = {}) =>
    Response.json({ errorMessages: [message], errors: {} }, { status, headers });
  switch (then) {
    case "ignore":
      return ignored(seen);
    case "too-many": {
      const reset = new Date(Date.now() + RETRY_AFTER_SECONDS * 1000).toISOString();
      return error(429, "Rate limit exceeded.", {
        "retry-after": String(RETRY_AFTER_SECONDS),
        "x-ratelimit-reset": reset,
        "ratelimit-reason": "jira-burst-based",
      });
    }
    case "forbid":
      return error(403, "You do not have permission to do this.");
    case "hide":
      return error(404, "It does not exist or is hidden.");
    case "bad-gateway":
      return error(502, "Bad gateway");
    default:
      return undefined;
  }
}

/** What Jira would have answered to a change that it made. */
function ignored({ method, path }: Seen): Response {
  if (method === "DELETE" && path === "/rest/api/3/group/user") return new Response(null, { status: 200 });
  if (path.includes("/actors") || path.startsWith("/rest/api/3/component/")) return Response.json({});
  if (method === "POST" && (path.endsWith("/comment") || path === "/rest/api/3/group/user")) {
    return Response.json({}, { status: 201 });
  }
  if (path.endsWith("/bulk/edit")) return Response.json({ action: "changeOwner" });
  if (method === "PUT" && path.startsWith("/rest/api/3/project/")) return Response.json({});
  return new Response(null, { status: 204 });
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
