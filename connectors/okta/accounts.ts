import { type Account, type Check, type Match, type Person, SystemError, startChecks } from "../connector.ts";
import { type Client, path } from "./client.ts";
import { ApiToken, LogEvent, Role, User } from "./schema.ts";

// What a login may be made of here: no blanks, controls, quotes or slashes, which a query could not hold safely.
const LOGIN = /^[^\s"'\\/\p{C}]{1,100}$/u;
const EMAIL = /^[^\s"'\\/\p{C}@]{1,64}@[^\s"'\\/\p{C}@]{1,255}$/u;
const KNOWN_ID = /^id:([A-Za-z0-9_-]{5,40})$/;

/** Whose credential we are. */
export interface Standing {
  readonly own: User;
}

/**
 * Throws unless the credential belongs to an active super administrator: to lesser roles Okta does not show, or shows
 * in part, administrators' roles and other people's API tokens, so that a half inventory would look whole.
 */
export async function getStanding(client: Client): Promise<Standing> {
  const own = (await client.get(User, "/api/v1/users/me")).body;
  const roles = await listRoles(client, own.id);
  if (!roles.some((role) => role.type === "SUPER_ADMIN" && role.status !== "INACTIVE")) {
    const has = roles.map((role) => role.type).join(", ") || "no role";
    throw new SystemError({ code: "forbidden", scope: `super administrator (SUPER_ADMIN, where it has ${has})` });
  }
  return { own };
}

/** Roles of an administrator, also those that come through groups. */
export async function listRoles(client: Client, id: string): Promise<readonly Role[]> {
  return (await client.list(Role, path`/api/v1/users/${id}/roles`)).items;
}

/** The account with this immutable id, in whatever status; undefined when it was deleted. */
export async function findById(client: Client, id: string): Promise<User | undefined> {
  const answer = await client.find(User, path`/api/v1/users/${id}`);
  // The same address takes logins too.
  return answer?.body.id === id ? answer.body : undefined;
}

/**
 * Accounts by known ids (`id:00u…`), by vouched-for logins, else by the primary e-mail when exactly one account has it.
 * Known ids win: beside one, a login counts only if it belongs to a known id. Other accounts that carry a known e-mail
 * are named in the reason, for a human to decide.
 */
export async function findAccounts(client: Client, person: Person): Promise<Match[]> {
  const given = [...(person.logins[systemId(client.domain)] ?? []), ...(person.logins["okta"] ?? [])];
  const ids = new Set(given.flatMap((entry) => KNOWN_ID.exec(entry)?.[1] ?? []));
  const logins = new Set(given.filter((entry) => !entry.startsWith("id:") && LOGIN.test(entry)).map(lower));
  const matches = new Map<string, Match>();
  const strangers: string[] = [];
  for (const id of ids) {
    const user = await findById(client, id);
    if (user)
      matches.set(id, { account: accountOf(client, user), rule: "account-id", why: `Okta id ${id}, on record` });
  }
  for (const login of logins) {
    const user = await findByLogin(client, login);
    if (!user || matches.has(user.id)) continue;
    if (ids.size > 0) strangers.push(login);
    else {
      const why = `Okta login ${user.profile.login}, vouched for by the directory`;
      matches.set(user.id, { account: accountOf(client, user), rule: "login", why });
    }
  }
  const withMail = await findByEmails(client, person.emails);
  const others = withMail.filter((user) => !matches.has(user.id));
  const [only] = others;
  if (matches.size === 0 && ids.size === 0 && only && others.length === 1) {
    const why = `the only Okta account whose primary e-mail is ${only.profile.email ?? ""}`;
    return [{ account: accountOf(client, only), rule: "email", why }];
  }
  if (strangers.length + others.length > 0) {
    const counts = { system: systemId(client.domain), logins: strangers.length, emails: others.length };
    client.call.log.warn(counts, "other accounts carry a known login or e-mail");
  }
  const notes = [
    ...strangers.map((login) => `; ${login} belongs to another account now and was left alone`),
    ...others.map((user) => `; ${user.profile.login} carries the same e-mail and was left alone`),
  ].join("");
  return [...matches.values()].map((match) => ({ ...match, why: match.why + notes }));
}

async function findByLogin(client: Client, login: string): Promise<User | undefined> {
  const is = (user: User) => lower(user.profile.login) === login;
  // Okta also takes the part of a login before its @, and `me` for the token's owner: only the whole login counts.
  const direct = await client.find(User, path`/api/v1/users/${login}`);
  if (direct && is(direct.body)) return direct.body;
  return (await search(client, "profile.login", login)).find(is);
}

async function findByEmails(client: Client, emails: readonly string[]): Promise<User[]> {
  const found = new Map<string, User>();
  for (const email of emails.filter((one) => EMAIL.test(one)).map(lower)) {
    for (const user of await search(client, "profile.email", email)) {
      if (lower(user.profile.email ?? "") === email) found.set(user.id, user);
    }
  }
  return [...found.values()];
}

/** Search also finds deactivated accounts, unlike lists, but lags behind: each hit is read again by its id. */
async function search(client: Client, field: "profile.login" | "profile.email", value: string): Promise<User[]> {
  const query = { search: `${field} eq "${value}"`, limit: "200" };
  const hits = (await client.list(User, "/api/v1/users", query)).items;
  const users: User[] = [];
  for (const hit of hits) {
    const user = await findById(client, hit.id);
    if (user) users.push(user);
  }
  return users;
}

/** Says with the real credential what works and what an operator should change. */
export async function checkCredential(client: Client): Promise<Check[]> {
  const { checks, attempt } = startChecks();
  let own: User | undefined;
  const works = await attempt("token", "check OKTA_TOKEN and OKTA_DOMAIN", async () => {
    own = (await client.get(User, "/api/v1/users/me")).body;
    return `belongs to ${own.profile.login} (id ${own.id}); it dies with this account`;
  });
  if (!works || !own) return checks;
  const { id } = own;
  const whose = "make the token as a super administrator that belongs to nobody in particular";
  await attempt("rights", whose, async () => {
    await getStanding(client);
    const roles = await listRoles(client, id);
    return `roles ${roles.map((role) => role.type).join(", ")}`;
  });
  await attempt("API tokens", `${whose}: nobody else sees other people's API tokens`, async () => {
    const tokens = (await client.list(ApiToken, "/api/v1/api-tokens")).items;
    return `${tokens.length} in use`;
  });
  await attempt("System Log", `${whose}: without the log, ended sessions cannot be proven`, async () => {
    await client.get(LogEvent.array(), "/api/v1/logs", { limit: "1", sortOrder: "DESCENDING" });
    return "can be read";
  });
  return checks;
}

/** `okta:acme.okta.com`, lower case as host names are compared. */
export function systemId(domain: string): string {
  return `okta:${domain.toLowerCase()}`;
}

function accountOf(client: Client, user: User): Account {
  const { login, displayName, firstName, lastName } = user.profile;
  const name = displayName || [firstName, lastName].filter(Boolean).join(" ");
  const url = consoleUrl(client.domain, `/admin/user/profile/view/${encodeURIComponent(user.id)}`);
  return { system: systemId(client.domain), id: user.id, login, kind: "human", ...(name ? { name } : {}), ...url };
}

/** A page of the admin console; nothing for a domain of one's own, whose console is not known. */
export function consoleUrl(domain: string, page: string): { url?: string } {
  const [, org, host] = /^([a-z\d-]+)\.(okta\.com|oktapreview\.com|okta-emea\.com)$/i.exec(domain) ?? [];
  return org && host ? { url: `https://${org}-admin.${host}${page}` } : {};
}

function lower(text: string): string {
  return text.toLowerCase();
}
