import { createEmulator } from "emulate";
import { type FrontRule, openFront, type Seen } from "./front.ts";
import { GitHubFidelity } from "./github-fidelity.ts";
import type { Answer, Ask } from "./github-inside.ts";
import { GitHubPeople } from "./github-people.ts";
import { refusalOf } from "./github-rights.ts";
import type { GitHubSeed, KeySeed, RepoSeed, TeamSeed } from "./github-seed.ts";
import { type Exchange, findSpec } from "./specs.ts";

/** What GitHub itself says when something is wrong. */
type GitHubWords =
  /** Success is answered and nothing is done. */
  | "ignore"
  | "secondary-limit"
  /** The same with a header that says how long. */
  | "secondary-limit-until"
  | "primary-limit"
  | "too-many"
  /** Status 200, and an error in it. */
  | "graphql-error"
  | "graphql-limit"
  | "forbid"
  /** 404, which is how GitHub often says "not yours to see". */
  | "hide"
  | "bad-gateway";

export type Rule = FrontRule<GitHubWords>;

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
  addKeys(repo: string, keys: readonly KeySeed[]): Promise<void>;
  /** Waits at an address until whoever reads it accepts. */
  inviteAddress(email: string, role: "admin" | "member"): void;
  acceptAddress(email: string, login: string): Promise<void>;
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

  const spec = options.described === false ? undefined : findSpec("github-ghec.json");
  for (const team of seed.teams ?? []) await fidelity.org.addTeam(team);
  for (const repo of seed.repos ?? []) await fidelity.addRepo(repo);
  fidelity.seed(seed);
  const front = await openFront<GitHubWords>(
    {
      requestId: "x-github-request-id",
      ...(seed.scopes ? { headers: { "x-oauth-scopes": seed.scopes.join(", ") } } : {}),
      ruled,
      async answer(seen, headers) {
        if (headers.authorization?.replace(/^(bearer|token) /i, "") !== seed.token) return BAD_TOKEN;
        const refused = seed.scopes === undefined && seed.permissions && refusalOf(seen, seed.permissions);
        if (refused) return refused;
        const { link, ...answer } = await fidelity.answer(seen);
        if (!link) return answer;
        const toFront = link.replaceAll(/<[^>]*?\/\/[^/>]+/g, "<http://peer");
        return { ...answer, headers: { ...answer.headers, link: toFront } };
      },
      faultsOf(exchange) {
        // The description is of REST alone, and the emulator's answers are shorter than GitHub's.
        if (exchange.path === "/graphql") return [];
        const { answer: _, ...asked } = exchange;
        return spec?.faultsOf(OWN.test(exchange.path) ? exchange : asked) ?? [];
      },
    },
    options.port,
  );
  return {
    url: front.url,
    requests: front.requests,
    faults: front.faults,
    people,
    behave: front.behave,
    look: async (path) => {
      const url = new URL(path, "http://peer");
      const answer = await fidelity.answer({ method: "GET", path: url.pathname, query: url.searchParams });
      return answer.status === 200 ? answer.body : undefined;
    },
    addTeam: (team) => fidelity.org.addTeam(team),
    addRepo: (repo) => fidelity.addRepo(repo),
    addMember: (login, role) => fidelity.org.addMember(login, role),
    renameRepo: (from, to) => fidelity.repos.renameRepo(from, to),
    acceptInvitations: async (login) => {
      await fidelity.org.acceptInvitation(login);
      await fidelity.repos.acceptInvitations(login);
    },
    closeIssue: (repo, number) => fidelity.work.closeIssue(repo, number),
    addKeys: (repo, keys) => fidelity.settings.addKeys(repo, keys),
    inviteAddress: (email, role) => fidelity.invitations.invite(email, role),
    acceptAddress: (email, login) => fidelity.invitations.accept(email, login),
    inviteMember: (login, role) => fidelity.org.inviteMember(login, role),
    stop: async () => {
      await front.stop();
      await emulator.close();
    },
  };
}

/** The emulator's own tokens: it acts as whoever does something in the seed. */
function tokenFor(login: string): string {
  return `inside-${login}`;
}

/** What the stand-ins answer by themselves is held against the description too. */
const OWN = /^\/repos\/.*\/(keys|hooks)(\/\d+)?$|^\/orgs\/[^/]+\/invitations|\/actions\/secrets$/;

const BAD_TOKEN: Answer = { status: 401, body: { message: "Bad credentials" } };

function ruled(then: GitHubWords, seen: Seen): Answer {
  switch (then) {
    case "ignore":
      return seen.method === "DELETE" ? { status: 204 } : { status: seen.method === "POST" ? 201 : 200, body: {} };
    case "secondary-limit":
      return { status: 403, body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes." } };
    case "secondary-limit-until": {
      const headers = { "retry-after": "90" };
      return { status: 403, body: { message: "You have exceeded a secondary rate limit." }, headers };
    }
    case "primary-limit": {
      const reset = String(Math.ceil(Date.now() / 1000) + 600);
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
      return { status: 403, body: { message: "API rate limit exceeded for user ID 1." }, headers };
    }
    case "too-many":
      return { status: 429, body: { message: "Too many requests" }, headers: { "retry-after": "120" } };
    case "graphql-error":
    case "graphql-limit": {
      const type = then === "graphql-limit" ? "RATE_LIMITED" : "SERVICE_UNAVAILABLE";
      return { status: 200, body: { data: { nodes: [null] }, errors: [{ type, message: "no" }] } };
    }
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
