import { createHash } from "node:crypto";
import { type Account, type Match, type Person, SystemError } from "../connector.ts";
import type { Answer, Client } from "./client.ts";
import { Membership, Org, PublicKey, User } from "./schema.ts";

// Letters, digits and inner hyphens; enterprise-managed users carry `_shortcode`.
const LOGIN = /^[a-z\d][a-z\d_-]{0,99}$/i;
const KNOWN_ID = /^id:(\d{1,15})$/;
/** Of a classic token. */
export const NEEDED_SCOPES = ["admin:org", "repo"] as const;

/** Whose credential we are, and the organization as this credential sees it. */
export interface Standing {
  readonly own: User;
  readonly org: Org;
}

/**
 * Throws unless the credential is an active owner's with the scopes that show everything: to anyone else GitHub lists
 * public members only, hides secret teams and private repositories, and answers 404 for the rest, so that a half
 * inventory would look whole and "not found" would look like "gone".
 */
export async function getStanding(client: Client): Promise<Standing> {
  const own = await client.get(User, "GET /user");
  const missing = missingScopes(own);
  if (missing.length > 0) throw new SystemError({ code: "forbidden", scope: missing.join(", ") });
  const org = await client.get(Org, "GET /orgs/{org}", { org: client.org });
  const membership = await client.get(Membership, "GET /user/memberships/orgs/{org}", { org: client.org });
  if (membership.body.state !== "active" || membership.body.role !== "admin") {
    throw new SystemError({ code: "forbidden", scope: `owner of the organization ${client.org}` });
  }
  return { own: own.body, org: org.body };
}

/** The account with this immutable id as it is called now; undefined when it no longer exists. */
export async function findById(client: Client, id: string): Promise<User | undefined> {
  const answer = await client.find(User, "GET /user/{account_id}", { account_id: Number(id) });
  if (answer && String(answer.body.id) !== id) {
    throw new SystemError({ code: "conflict", blockers: [`GitHub answered for another account than id ${id}`] });
  }
  return answer?.body;
}

/**
 * The login of an account at this very moment, asked both ways: GitHub frees a login at once when its owner renames
 * themself, and a stranger can take it. Called right before each write that names a login.
 */
export async function getLogin(client: Client, id: string): Promise<string> {
  const user = await findById(client, id);
  if (!user) throw new SystemError({ code: "refused", reason: `the account with id ${id} no longer exists` });
  const holder = await client.find(User, "GET /users/{username}", { username: user.login });
  if (!holder || String(holder.body.id) !== id) {
    throw new SystemError({ code: "conflict", blockers: [`the login of id ${id} is changing hands`] });
  }
  return user.login;
}

/**
 * Accounts by vouched-for logins and by known ids (`id:12345`). Known ids win: beside one, a login counts only if it
 * still belongs to a known id, and otherwise the reason of the match says that it was left alone.
 */
export async function findAccounts(client: Client, person: Person): Promise<Match[]> {
  const matches = await findMatches(client, person);
  return Promise.all(
    matches.map(async (match) => {
      const publicKeys = await listPublicKeys(client, match.account.id);
      return publicKeys.length === 0 ? match : { ...match, account: { ...match.account, publicKeys } };
    }),
  );
}

/**
 * Fingerprints of the SSH keys on a profile, which everybody may read. Its owner puts them there: they say what somebody
 * logs in with elsewhere, and not whose key it is.
 */
async function listPublicKeys(client: Client, id: string): Promise<string[]> {
  const username = await getLogin(client, id);
  const { items } = await client.list(PublicKey, "GET /users/{username}/keys", { username });
  return items.flatMap(({ key }) => {
    const [, blob] = /^\S+ ([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(key) ?? [];
    if (blob === undefined) return [];
    return [`SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`];
  });
}

async function findMatches(client: Client, person: Person): Promise<Match[]> {
  const given = [...(person.logins[systemId(client.org)] ?? []), ...(person.logins["github"] ?? [])];
  const ids = new Set(given.flatMap((entry) => KNOWN_ID.exec(entry)?.[1] ?? []));
  const logins = new Set(given.filter((entry) => LOGIN.test(entry)).map((login) => login.toLowerCase()));
  const matches = new Map<string, Match>();
  const strangers: string[] = [];
  for (const id of ids) {
    const user = await findById(client, id);
    const account = user && accountOf(client, user);
    if (account) matches.set(id, { account, rule: "account-id", why: `GitHub id ${id}, on record` });
  }
  for (const login of logins) {
    const answer = await client.find(User, "GET /users/{username}", { username: login });
    const account = answer && accountOf(client, answer.body);
    if (!account || matches.has(account.id)) continue;
    if (ids.size > 0) {
      strangers.push(login);
      continue;
    }
    matches.set(account.id, {
      account,
      rule: "login",
      why: `GitHub login ${account.login}, vouched for by the directory`,
    });
  }
  if (strangers.length === 0) return [...matches.values()];
  client.call.log.warn({ system: systemId(client.org), logins: strangers.length }, "a login belongs to an unknown id");
  const left = `; ${strangers.join(", ")} belongs to another account now and was left alone`;
  return [...matches.values()].map((match) => ({ ...match, why: match.why + left }));
}

/** `github:acme`: lower case, since GitHub's names differ only in their case. */
export function systemId(org: string): string {
  return `github:${org.toLowerCase()}`;
}

/** Undefined for what is no account of a person or a bot, such as an organization. */
export function accountOf(client: Client, user: User): Account | undefined {
  if (user.type !== "User" && user.type !== "Bot") return undefined;
  return {
    system: systemId(client.org),
    id: String(user.id),
    login: user.login,
    kind: user.type === "Bot" ? "bot" : "human",
    ...(user.name ? { name: user.name } : {}),
    ...(user.html_url ? { url: user.html_url } : {}),
  };
}

/** Classic tokens name their scopes in each answer, fine-grained ones do not. */
function missingScopes(answer: Answer<User>): string[] {
  const header = answer.headers["x-oauth-scopes"];
  if (typeof header !== "string") return [];
  const scopes = header.split(",").map((scope) => scope.trim());
  return NEEDED_SCOPES.filter((scope) => !scopes.includes(scope));
}
