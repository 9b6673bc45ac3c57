import { createEmulator } from "emulate";
import { type FrontRule, openFront, type Seen } from "./front.ts";
import { type Answer, type Ask, fault, notFound } from "./okta-inside.ts";
import { OktaOrg } from "./okta-org.ts";
import { type Exchange, findSpec } from "./specs.ts";

/** What an Okta starts with. Whoever is named anywhere is in `users`, by login. */
export interface OktaSeed {
  /** The credential that is accepted, and whose it is. */
  readonly token: string;
  readonly tokenOf: string;
  readonly users: readonly {
    readonly login: string;
    /** The login when absent. */
    readonly email?: string;
    readonly firstName?: string;
    readonly lastName?: string;
    readonly status?: "ACTIVE" | "STAGED" | "SUSPENDED" | "DEPROVISIONED";
    readonly roles?: readonly string[];
    /** Types of factors: `push`, `webauthn`. */
    readonly factors?: readonly string[];
    /** Names of API tokens. */
    readonly apiTokens?: readonly string[];
    /** Has a session, and refresh tokens of these OAuth clients. */
    readonly signedIn?: readonly string[];
  }[];
  readonly groups?: readonly {
    readonly name: string;
    /** From a directory or an app, which alone changes it. */
    readonly imported?: boolean;
    readonly members?: readonly string[];
    /** Administrators' roles that it gives. */
    readonly roles?: readonly string[];
  }[];
  readonly apps?: readonly {
    readonly label: string;
    readonly users?: readonly string[];
    /** Names of groups that it is given to. */
    readonly groups?: readonly string[];
    readonly features?: readonly string[];
  }[];
}

/** What Okta itself says when something is wrong. */
type OktaWords =
  /** Success is answered and nothing is done. */
  "ignore" | "too-many" | "forbid" | "hide" | "bad-gateway";

export type Rule = FrontRule<OktaWords>;

/** A running Okta: the emulator with its gaps filled, behind a front that can misbehave. */
export interface OktaPeer {
  readonly url: string;
  /** Every request of a client, in order. */
  readonly requests: readonly Exchange[];
  /** What of it Okta does not document; empty without its API description. */
  readonly faults: readonly string[];
  /** What happens there by other hands. */
  readonly org: OktaOrg;
  /** Replaces all rules; none means good behaviour. */
  behave(...rules: Rule[]): void;
  /** Asks behind the front: no rule holds and nothing is recorded. */
  look(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Starts an Okta on a free port of the loopback, or on the given one. What it is asked and answers is held against the
 * vendor's description, unless `described` is false.
 */
export async function startOkta(options: {
  readonly seed: OktaSeed;
  readonly port?: number;
  readonly described?: boolean;
}): Promise<OktaPeer> {
  const { seed } = options;
  const users = seed.users.map(({ login, email, firstName, lastName, status }) => ({
    login,
    email: email ?? login,
    first_name: firstName ?? "Test",
    last_name: lastName ?? "User",
    ...(status ? { status } : {}),
  }));
  const tokens = { inside: { login: seed.tokenOf, scopes: [] } };
  const emulator = await createEmulator({ service: "okta", port: 0, seed: { tokens, okta: { users } } });
  const inside = new URL(emulator.url);
  inside.hostname = "127.0.0.1";
  const ask: Ask = async (method, path, body) => {
    const headers = { authorization: "SSWS inside", "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(new URL(path, inside), { method, headers, ...sent });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const org = new OktaOrg(
    ask,
    String(((await ask("GET", `/api/v1/users/${encodeURIComponent(seed.tokenOf)}`)).body as { id: unknown }).id),
  );
  await org.seed(seed);
  const routes = org.routes();

  const links = new Set<string>();
  const spec = options.described === false ? undefined : findSpec("okta-management.json");

  async function answerOf(seen: Seen): Promise<Answer> {
    for (const [method, path, answer] of routes) {
      const match = seen.method === method ? path.exec(seen.path) : null;
      if (match) return answer(match.slice(1), seen);
    }
    return notFound(seen.path);
  }

  const front = await openFront<OktaWords>(
    {
      requestId: "x-okta-request-id",
      ruled,
      async answer(seen, headers) {
        const answer = headers.authorization === `SSWS ${seed.token}` ? await answerOf(seen) : BAD_TOKEN;
        const { link } = answer;
        if (!link) return answer;
        links.add(link.slice(link.indexOf("/api/"), link.indexOf(">")));
        return { ...answer, headers: { ...answer.headers, link: `<http://peer${seen.path}>; rel="self", ${link}` } };
      },
      faultsOf(exchange) {
        // A cursor is Okta's own, also where its description does not name the parameter: clients only follow the link.
        const asked = exchange.path + (exchange.query.size > 0 ? `?${exchange.query}` : "");
        const query = links.has(asked) ? new URLSearchParams() : exchange.query;
        return spec?.faultsOf({ ...exchange, query, answer: documented(exchange.answer) }) ?? [];
      },
    },
    options.port,
  );
  return {
    url: front.url,
    requests: front.requests,
    faults: front.faults,
    org,
    behave: front.behave,
    look: async (path) => {
      const url = new URL(path, "http://peer");
      const answer = await answerOf({ method: "GET", path: url.pathname, query: url.searchParams });
      return answer.status === 200 ? answer.body : undefined;
    },
    stop: async () => {
      await front.stop();
      await emulator.close();
    },
  };
}

/** An app's `_embedded` is left out: it holds what `expand` asked for, and the description does not say so. */
function documented(body: unknown): unknown {
  if (!Array.isArray(body)) return body;
  return body.map((one: object) => ("_embedded" in one ? { ...one, _embedded: {} } : one));
}

const BAD_TOKEN = fault(401, "E0000011", "Invalid token provided");

function ruled(then: OktaWords, seen: Seen): Answer {
  switch (then) {
    case "ignore":
      return seen.method === "POST" ? { status: seen.path.endsWith("/roles") ? 201 : 200, body: {} } : { status: 204 };
    case "too-many": {
      const reset = String(Math.ceil(Date.now() / 1000) + 300);
      const headers = { "x-rate-limit-limit": "600", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset };
      return { ...fault(429, "E0000047", "API call exceeded rate limit due to too many requests."), headers };
    }
    case "forbid":
      return fault(403, "E0000006", "You do not have permission to perform the requested action");
    case "hide":
      return notFound("(Resource)");
    case "bad-gateway":
      return { status: 502, body: {} };
    default:
      return then satisfies never;
  }
}
