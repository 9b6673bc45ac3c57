import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { SystemError } from "../../core/failure.ts";
import { CONNECTOR_SCOPE, GRAPH_SCOPE } from "./addresses.ts";
import type { Tokens } from "./tokens.ts";

// What we ask of Microsoft: the Bot Connector (https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference)
// and the directory. botbuilder's own client waits and tries again inside a call, for as long as it is told to; here a
// caller learns at once when to come back, since what waits is written down elsewhere.

export interface ClientOptions {
  readonly tokens: Tokens;
  readonly graph: string;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  readonly log: Log;
}

export interface Client {
  /** Calls the Bot Connector. Writes to one conversation go one after another. Throws `SystemError`. */
  connector<S extends z.ZodType>(
    call: { method: string; serviceUrl: string; path: string; body?: unknown; writesTo?: string },
    answer: S,
  ): Promise<z.output<S>>;
  /** Reads from the directory; `undefined` if there is no such thing. Throws `SystemError`. */
  graph<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S> | undefined>;
}

const PATIENCE_MS = 15_000;
/** Pauses before the same call is made again after 412 or 502: another writer was there first, or a machine between us. */
const AGAIN_MS = [250, 1000];
/** Told to wait, without being told how long. */
const WAIT_MS = 5000;

const Fault = z.object({
  error: z.object({ code: z.string().optional(), message: z.string().optional() }).optional(),
});

export function teamsClient(options: ClientOptions): Client {
  const writers = new Map<string, Promise<unknown>>();
  /** The Bot Connector answers 412 to two writers at once in one conversation. */
  const inTurn = <T>(conversation: string, work: () => Promise<T>): Promise<T> => {
    const before = writers.get(conversation) ?? Promise.resolve();
    const mine = before.then(work, work);
    writers.set(conversation, mine);
    const done = () => {
      if (writers.get(conversation) === mine) writers.delete(conversation);
    };
    mine.then(done, done);
    return mine;
  };
  return {
    connector({ method, serviceUrl, path, body, writesTo }, answer) {
      const url = `${serviceUrl.replace(/\/$/, "")}/v3/${path}`;
      const send = async () =>
        answer.parse(await again(options, () => request(options, { method, url, scope: CONNECTOR_SCOPE, body })));
      return writesTo === undefined ? send() : inTurn(writesTo, send);
    },
    async graph(path, answer) {
      try {
        const url = `${options.graph}/${path}`;
        return answer.parse(await again(options, () => request(options, { method: "GET", url, scope: GRAPH_SCOPE })));
      } catch (error) {
        if (isRefusal(error, "404")) return undefined;
        if (isRefusal(error, "403"))
          throw new SystemError({ code: "forbidden", scope: "User.Read.All" }, { cause: error });
        throw error;
      }
    },
  };
}

/** Whether Microsoft refused with one of these reasons: an HTTP status or its own code. */
export function isRefusal(error: unknown, ...reasons: readonly string[]): boolean {
  if (!(error instanceof SystemError) || error.failure.code !== "refused") return false;
  const said = error.failure.reason.split(" ");
  return reasons.some((reason) => said.includes(reason));
}

/** Thrown for what may be over in a moment. */
class Passing extends Error {}

async function again(options: ClientOptions, work: () => Promise<unknown>): Promise<unknown> {
  for (const [tries, pause] of [...AGAIN_MS, undefined].entries()) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      if (pause === undefined) throw new SystemError({ code: "unreachable" }, { cause: error });
      options.log.info({ surface: "teams", tries, why: error.message }, "asked again");
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  throw new SystemError({ code: "unreachable" });
}

async function request(
  { tokens, fetch, now }: ClientOptions,
  { method, url, scope, body }: { method: string; url: string; scope: string; body?: unknown },
): Promise<unknown> {
  const token = await tokens(scope);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json; charset=utf-8" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await answer.text();
  } catch (cause) {
    throw new SystemError({ code: "unreachable" }, { cause });
  }
  const json = parsed(text);
  if (answer.ok) return json;
  const code = Fault.safeParse(json).data?.error?.code ?? "";
  switch (answer.status) {
    case 429:
      throw new SystemError({ code: "rate-limited", retryAt: retryAt(answer, now()) });
    case 412:
    case 502:
    case 504:
      throw new Passing(`HTTP ${answer.status} ${code}`);
    case 401:
      throw new SystemError({ code: "forbidden", scope: code || "HTTP 401" });
    default:
      if (answer.status >= 500) throw new SystemError({ code: "unreachable" });
      throw new SystemError({ code: "refused", reason: [answer.status, code].join(" ").trim() });
  }
}

function retryAt(answer: Response, now: Date): Date {
  const said = answer.headers.get("retry-after") ?? "";
  const seconds = Number(said);
  if (said !== "" && Number.isFinite(seconds)) return new Date(now.getTime() + Math.max(seconds, 1) * 1000);
  const at = Date.parse(said);
  return new Date(Number.isNaN(at) ? now.getTime() + WAIT_MS : Math.max(at, now.getTime() + 1000));
}

function parsed(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
