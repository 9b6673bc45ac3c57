import { type Account, type Match, type Person, SystemError } from "../connector.ts";
import type { Client } from "./client.ts";
import { Group, PermissionGrants, Permissions, User } from "./schema.ts";

// Account ids are letters, digits, colons and dashes: `5b10ac8d82e05b22cc7d4ef5`, `712020:0f5e…`. The longest have 128.
const ACCOUNT_ID = /^(?:id:)?([A-Za-z0-9][A-Za-z0-9:_-]{4,127})$/;
const EMAIL = /^[^\s"'\\/\p{C}@]{1,64}@[^\s"'\\/\p{C}@]{1,255}$/u;

/** Without these, lists are short or empty instead of refused. */
const NEEDED = {
  ADMINISTER: "Administer Jira",
  USER_PICKER: "Browse users and groups",
  BROWSE_PROJECTS: "Browse projects",
} as const;

/** Whose credential we are. */
export interface Standing {
  readonly own: User;
}

/**
 * Throws unless the credential's account may administer Jira, browse users and see projects: to anybody else Jira answers
 * searches with an empty list, and shows in part who holds what, so that a half inventory would look whole.
 */
export async function getStanding(client: Client): Promise<Standing> {
  const own = (await client.get(User, (jira, to) => jira.getCurrentUser(to))).body;
  const missing = await listMissing(client, Object.keys(NEEDED));
  if (missing.length > 0) {
    const names = missing.map((key) => NEEDED[key as keyof typeof NEEDED]).join(", ");
    throw new SystemError({ code: "forbidden", scope: `the permission ${names}` });
  }
  return { own };
}

/** Which of these permissions our own account lacks; a project's permission counts if it is held in any project. */
export async function listMissing(client: Client, keys: readonly string[]): Promise<readonly string[]> {
  const permissions = keys.join(",");
  const { body } = await client.get(Permissions, (jira, to) => jira.getMyPermissions(to, { permissions }));
  return keys.filter((key) => body.permissions[key]?.havePermission !== true);
}

/** The account with this immutable id, also a deactivated one; undefined when the site does not know it. */
export async function findById(client: Client, accountId: string): Promise<User | undefined> {
  const user = (await client.find(User, (jira, to) => jira.getUser(to, { accountId })))?.body;
  if (user && user.accountId !== accountId) {
    throw new SystemError({ code: "conflict", blockers: [`Jira answered for another account than ${accountId}`] });
  }
  return user;
}

/**
 * Accounts by known ids, else the one whose e-mail Jira itself shows and that equals a known one. An address that the
 * person hides matches nobody: then somebody has to name the account. Names never count.
 */
export async function findAccounts(client: Client, person: Person): Promise<Match[]> {
  const given = [...(person.logins[systemId(client.site)] ?? []), ...(person.logins["jira"] ?? [])];
  const ids = new Set(given.flatMap((entry) => ACCOUNT_ID.exec(entry)?.[1] ?? []));
  const matches: Match[] = [];
  for (const id of ids) {
    const user = await findById(client, id);
    if (user)
      matches.push({ account: accountOf(client, user), rule: "account-id", why: `Jira account id ${id}, on record` });
  }
  const withMail = await findByEmails(client, person.emails);
  const others = withMail.filter((user) => !ids.has(user.accountId));
  const [only] = others;
  if (ids.size === 0 && only && others.length === 1) {
    const why = `the only Jira account whose e-mail is shown as ${only.emailAddress ?? ""}`;
    return [{ account: accountOf(client, only), rule: "email", why }];
  }
  if (others.length > 0)
    client.call.log.warn(
      { system: systemId(client.site), emails: others.length },
      "other accounts carry a known e-mail",
    );
  const note = others.map((user) => `; ${user.accountId} carries the same e-mail and was left alone`).join("");
  return matches.map((match) => ({ ...match, why: match.why + note }));
}

async function findByEmails(client: Client, emails: readonly string[]): Promise<User[]> {
  const found = new Map<string, User>();
  for (const query of emails.filter((one) => EMAIL.test(one)).map(lower)) {
    const hits = (await client.get(User.array(), (jira, to) => jira.findUsers(to, { query, maxResults: 50 }))).body;
    // The search takes names and beginnings too.
    for (const user of hits) if (lower(user.emailAddress ?? "") === query) found.set(user.accountId, user);
  }
  return [...found.values()];
}

/** Groups of an account, all of them: this list has no pages. */
export async function listGroups(client: Client, accountId: string): Promise<readonly Group[]> {
  return (await client.get(Group.array(), (jira, to) => jira.getUserGroups(to, { accountId }))).body;
}

/** Ids of the groups that administer the site or Jira. */
export async function listAdminGroups(
  client: Client,
): Promise<{ readonly site: Set<string>; readonly all: Set<string> }> {
  const site = await listGroupsOf(client, "site-admin");
  return { site, all: new Set([...site, ...(await listGroupsOf(client, "admin"))]) };
}

async function listGroupsOf(client: Client, accessType: string): Promise<Set<string>> {
  const groups = await client.list(Group, (startAt, _, to) =>
    to.sendRequest({
      method: "GET",
      url: "/rest/api/3/group/bulk",
      searchParams: { accessType, startAt, maxResults: 50 },
    }),
  );
  return new Set(groups.items.map((group) => group.groupId));
}

/** Whether an account administers Jira now, whichever group or grant gives it. */
export async function administers(client: Client, accountId: string): Promise<boolean> {
  const asked = { accountId, globalPermissions: ["ADMINISTER"], projectPermissions: [] };
  const { body } = await client.get(PermissionGrants, (jira, to) => jira.getBulkPermissions(to, asked));
  return body.globalPermissions.includes("ADMINISTER");
}

/** `jira:acme.atlassian.net`, lower case as host names are compared. */
export function systemId(site: string): string {
  return `jira:${site.toLowerCase()}`;
}

export function accountOf(client: Client, user: User): Account {
  const { accountId, accountType, displayName } = user;
  const kind = accountType === "app" ? "bot" : accountType === "customer" ? "guest" : "human";
  return {
    system: systemId(client.site),
    id: accountId,
    // Atlassian has no logins that others may see; the id stands for itself.
    login: accountId,
    kind,
    ...(displayName ? { name: displayName } : {}),
    url: `https://${client.site}/jira/people/${encodeURIComponent(accountId)}`,
  };
}

function lower(text: string): string {
  return text.toLowerCase();
}
