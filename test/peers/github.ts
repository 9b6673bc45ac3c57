import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createEmulator } from "emulate";
import { GitHubFidelity } from "./github-fidelity.ts";
import type { Answer, Ask } from "./github-inside.ts";
import { GitHubPeople } from "./github-people.ts";
import { type Exchange, findSpec } from "./specs.ts";

/** What a GitHub starts with. Everybody who is named anywhere is in `users`. */
export interface GitHubSeed {
  readonly org: string;
  /** The credential that is accepted, and whose it is. */
  readonly token: string;
  readonly tokenOf: string;
  /** Scopes of a classic token; absent for a fine-grained one. */
  readonly scopes?: readonly string[];
  readonly users: readonly { readonly login: string; readonly name?: string; readonly type?: "User" | "Bot" }[];
  readonly members: readonly { readonly login: string; readonly role?: "admin" | "member" }[];
  readonly teams?: readonly TeamSeed[];
  readonly repos?: readonly RepoSeed[];
}

export interface TeamSeed {
  readonly name: string;
  readonly parent?: string;
  readonly members?: readonly { readonly login: string; readonly role?: "maintainer" | "member" }[];
}

export interface RepoSeed {
  readonly name: string;
  readonly private?: boolean;
  readonly archived?: boolean;
  readonly collaborators?: readonly { readonly login: string; readonly permission: string }[];
  readonly invitations?: readonly { readonly login: string; readonly permission: string }[];
  /** Authors, oldest first. */
  readonly commits?: readonly string[];
  readonly issues?: readonly {
    readonly title: string;
    readonly author: string;
    readonly assignees?: readonly string[];
  }[];
  readonly pulls?: readonly PullSeed[];
}

export interface PullSeed {
  readonly title: string;
  readonly author: string;
  readonly draft?: boolean;
  readonly reviewers?: readonly string[];
  readonly assignees?: readonly string[];
}

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
    /** Success is answered and nothing is done. */
    | "ignore"
    | "secondary-limit"
    | "primary-limit"
    | "too-many"
    | "forbid"
    /** 404, which is how GitHub often says "not yours to see". */
    | "hide"
    | "bad-gateway"
    /** No answer ever comes. */
    | "hang";
  /** After so many times the rule no longer holds. */
  times?: number;
}

/** A running GitHub: the emulator with its gaps filled, behind a front that can misbehave. */
export interface GitHubPeer {
  readonly url: string;
  /** Every request of a client, in order. */
  readonly requests: readonly Exchange[];
  /** What of it GitHub does not document; empty without its API description. */
  readonly faults: readonly string[];
  readonly people: GitHubPeople;
  /** Replaces all rules; none means good behaviour. */
  behave(...rules: Rule[]): void;
  /** Asks behind the front: no rule holds and nothing is recorded. */
  look(path: string): Promise<unknown>;
  addTeam(team: TeamSeed): Promise<void>;
  addRepo(repo: RepoSeed): Promise<void>;
  addMember(login: string, role: "admin" | "member"): Promise<void>;
  renameRepo(from: string, to: string): Promise<void>;
  /** Everything that waits for this person's yes. */
  acceptInvitations(login: string): Promise<void>;
  closeIssue(repo: string, number: number): Promise<void>;
  /** Waits to be accepted. */
  inviteMember(login: string, role: "admin" | "member"): void;
  stop(): Promise<void>;
}

/**
 * Starts a GitHub on a free port of the loopback, or on the given one. What it is asked and answers is held against the
 * vendor's description, unless `described` is false.
 */
export async function startGitHub(options: {
  readonly seed: GitHubSeed;
  readonly port?: number;
  readonly described?: boolean;
}): Promise<GitHubPeer> {
  const { seed } = options;
  const tokens = Object.fromEntries(
    seed.users.map((user) => [tokenFor(user.login), { login: user.login, scopes: [] }]),
  );
  const users = seed.users.map(({ login, name }) => ({ login, ...(name ? { name: name } : {}) }));
  const members = seed.members.map(({ login, role }) => ({ login, role: role ?? "member" }));
  const github = { users, orgs: [{ login: seed.org, members }] };
  const emulator = await createEmulator({ service: "github", port: 0, seed: { tokens, github } });
  const inside = new URL(emulator.url);
  inside.hostname = "127.0.0.1";

  const people = new GitHubPeople();
  const ask: Ask = async (method, path, { query, body, as } = {}) => {
    const url = new URL(path, inside);
    if (query) url.search = query.toString();
    const headers = {
      authorization: `Bearer ${tokenFor(as ?? people.get(seed.tokenOf).inside)}`,
      "content-type": "application/json",
    };
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const link = response.headers.get("link");
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text), ...(link ? { link } : {}) };
  };
  for (const user of seed.users) {
    const { body } = await ask("GET", `/users/${encodeURIComponent(user.login)}`, { as: seed.tokenOf });
    const id = Number((body as { id: unknown }).id);
    people.all.push({ id, inside: user.login, login: user.login, name: user.name ?? null, type: user.type ?? "User" });
  }
  const fidelity = new GitHubFidelity(seed.org, people, people.get(seed.tokenOf), ask);

  let rules: Rule[] = [];
  const requests: Exchange[] = [];
  const faults: string[] = [];
  const spec = options.described === false ? undefined : findSpec("github-ghec.json");
  let requestNumber = 0;

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      faults.push(`the peer failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://peer");
    const text = await readAll(request);
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const seen: Seen = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      ...(text === "" ? {} : { body }),
    };
    const accepted = request.headers.authorization?.replace(/^(bearer|token) /i, "") === seed.token;
    const rule = takeRule(seen);
    if (rule === "hang") return;
    if (rule === "cut") {
      response.destroy();
      return;
    }
    const answer =
      rule && rule !== "cut-after" ? ruled(rule, seen) : accepted ? await fidelity.answer(seen) : BAD_TOKEN;
    const exchange: Exchange = { ...seen, status: answer.status };
    requests.push(exchange);
    faults.push(...(spec?.faultsOf(exchange) ?? []));
    if (rule === "cut-after") {
      response.destroy();
      return;
    }
    requestNumber += 1;
    response.writeHead(answer.status, {
      "content-type": "application/json; charset=utf-8",
      "x-github-request-id": `PEER:${requestNumber}`,
      ...(seed.scopes ? { "x-oauth-scopes": seed.scopes.join(", ") } : {}),
      ...(answer.link ? { link: answer.link.replaceAll(/<[^>]*?\/\/[^/>]+/g, `<http://${request.headers.host}`) } : {}),
      ...answer.headers,
    });
    response.end(answer.body === undefined || answer.status === 204 ? undefined : JSON.stringify(answer.body));
  }

  function takeRule(seen: Seen): Rule["then"] | undefined {
    const rule = rules.find((one) => one.times !== 0 && one.when(seen));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.then;
  }

  for (const team of seed.teams ?? []) await fidelity.org.addTeam(team);
  for (const repo of seed.repos ?? []) await fidelity.work.addRepo(repo);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    faults,
    people,
    behave: (...next) => {
      rules = next;
    },
    look: async (path) => {
      const url = new URL(path, "http://peer");
      const answer = await fidelity.answer({ method: "GET", path: url.pathname, query: url.searchParams });
      return answer.status === 200 ? answer.body : undefined;
    },
    addTeam: (team) => fidelity.org.addTeam(team),
    addRepo: (repo) => fidelity.work.addRepo(repo),
    addMember: (login, role) => fidelity.org.addMember(login, role),
    renameRepo: (from, to) => fidelity.repos.renameRepo(from, to),
    acceptInvitations: async (login) => {
      await fidelity.org.acceptInvitation(login);
      await fidelity.repos.acceptInvitations(login);
    },
    closeIssue: (repo, number) => fidelity.work.closeIssue(repo, number),
    inviteMember: (login, role) => fidelity.org.inviteMember(login, role),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await emulator.close();
    },
  };
}

/** The emulator's own tokens: it acts as whoever does something in the seed. */
function tokenFor(login: string): string {
  return `inside-${login}`;
}

const BAD_TOKEN: Answer = { status: 401, body: { message: "Bad credentials" } };

function ruled(then: Exclude<Rule["then"], "cut" | "cut-after" | "hang">, seen: Seen): Answer {
  switch (then) {
    case "ignore":
      return seen.method === "DELETE" ? { status: 204 } : { status: seen.method === "PUT" ? 200 : 201, body: {} };
    case "secondary-limit":
      return { status: 403, body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes." } };
    case "primary-limit": {
      const reset = String(Math.ceil(Date.now() / 1000) + 600);
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
      return { status: 403, body: { message: "API rate limit exceeded for user ID 1." }, headers };
    }
    case "too-many":
      return { status: 429, body: { message: "Too many requests" }, headers: { "retry-after": "120" } };
    case "forbid":
      return { status: 403, body: { message: "Must have admin rights to the organization." } };
    case "hide":
      return { status: 404, body: { message: "Not Found" } };
    case "bad-gateway":
      return { status: 502, body: { message: "Server Error" } };
    default:
      return then satisfies never;
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
