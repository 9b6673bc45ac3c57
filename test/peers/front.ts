import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Exchange } from "./specs.ts";

// The front of every stand-in of a vendor's HTTP API: it listens, records what it is asked, holds that against the
// vendor's description, and misbehaves by rules. What the vendor says, in which words, is the stand-in's own.

/** A request as a stand-in gets it. */
export interface Seen {
  readonly method: string;
  /** Without query, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body?: unknown;
}

/** An answer; `http://peer` in its `link` header becomes the front's own address. */
export interface FrontAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What any server may do instead of answering, or before it. */
export type Silence =
  | "cut"
  /** The effect happens, the answer does not come. */
  | "cut-after"
  /** No answer ever comes. */
  | "hang";

/** One way to misbehave, for the requests it concerns. `Words` are what this vendor says when something is wrong. */
export interface FrontRule<Words extends string> {
  when(request: Seen): boolean;
  readonly then: Words | Silence;
  /** After so many times the rule no longer holds. */
  times?: number;
}

/** How one vendor's stand-in fits behind the front. */
export interface Behind<Words extends string> {
  /** The name of the header that numbers each answer. */
  readonly requestId: string;
  answer(seen: Seen, headers: IncomingHttpHeaders): Promise<FrontAnswer>;
  /** Answers in place of `answer` while a rule says so. */
  ruled(then: Words, seen: Seen): FrontAnswer;
  /** What the vendor does not document about an exchange. */
  faultsOf?(exchange: Exchange): readonly string[];
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A listening front. */
export interface Front<Words extends string> {
  readonly url: string;
  /** Every request of a client, in order. */
  readonly requests: readonly Exchange[];
  /** What was not documented, and failures of the stand-in itself. */
  readonly faults: readonly string[];
  /** Replaces all rules; none means good behaviour. */
  behave(...rules: FrontRule<Words>[]): void;
  stop(): Promise<void>;
}

/** Listens on a free port of the loopback, or on the given one. */
export async function openFront<Words extends string>(behind: Behind<Words>, port = 0): Promise<Front<Words>> {
  let rules: FrontRule<Words>[] = [];
  let number = 0;
  const requests: Exchange[] = [];
  const faults: string[] = [];

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      faults.push(`the peer failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await readRequest(request);
    const rule = takeRule(seen);
    if (rule === "hang") return;
    if (rule === "cut") {
      response.destroy();
      return;
    }
    const answer =
      rule === undefined || rule === "cut-after"
        ? await behind.answer(seen, request.headers)
        : behind.ruled(rule, seen);
    const exchange: Exchange = { ...seen, status: answer.status, answer: answer.body };
    requests.push(exchange);
    faults.push(...(behind.faultsOf?.(exchange) ?? []));
    if (rule === "cut-after") {
      response.destroy();
      return;
    }
    number += 1;
    const link = answer.headers?.["link"]?.replaceAll("http://peer", `http://${request.headers.host}`);
    response.writeHead(answer.status, {
      "content-type": "application/json; charset=utf-8",
      [behind.requestId]: `peer-${number}`,
      ...behind.headers,
      ...answer.headers,
      ...(link ? { link } : {}),
    });
    response.end(answer.body === undefined || answer.status === 204 ? undefined : JSON.stringify(answer.body));
  }

  function takeRule(seen: Seen): Words | Silence | undefined {
    const rule = rules.find((one) => one.times !== 0 && one.when(seen));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.then;
  }

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    faults,
    behave: (...next) => {
      rules = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<Seen> {
  const url = new URL(request.url ?? "/", "http://peer");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    ...(text === "" ? {} : { body: JSON.parse(text) }),
  };
}
