import { type Account, type Grant, ofOurAccount, type Sight, SystemError } from "../connector.ts";
import { findById, getStanding, listRoles, systemId } from "./accounts.ts";
import { type Client, path } from "./client.ts";
import { ApiToken, AssignedApp, Factor, Group, type Role, type User } from "./schema.ts";
import { readSessions } from "./sessions.ts";

/** What Okta shows to nobody, so that nobody takes its absence for a proof. */
export const SIGHT: Sight = {
  kind: "partial",
  blind: [
    "sessions one by one (only that all were cleared, in the System Log), and sessions inside apps signed in to with Okta",
    "OAuth access tokens already issued: an app that checks them by itself accepts them until they expire",
    "directories and HR systems that own the account: their next import can bring it back",
    "group rules: they can put somebody back into a group",
    "service apps (OAuth clients) whose keys the person holds",
    "groups and apps that the person owns without being a member",
  ],
};

// Roles that can be narrowed to groups or apps. What they were narrowed to ends with them.
const SCOPED_ROLES = new Set(["APP_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"]);
const FINAL_ROLES = new Set([
  ...SCOPED_ROLES,
  "WORKFLOWS_ADMIN",
  "ACCESS_CERTIFICATIONS_ADMIN",
  "ACCESS_REQUESTS_ADMIN",
]);

/** The one grant that stands for all sessions and refresh tokens. */
export const SESSIONS = "sessions";
/** The account as such: suspended and unsuspended. */
export const ACCOUNT = "account";
/** The account for good: deactivated. */
export const LIFECYCLE = "lifecycle";

type Base = Pick<Grant, "system" | "account" | "after" | "outlivesSignOn" | "secrets" | "breaks" | "residual">;

/**
 * Apps take an access token without asking Okta again. One hour is the default of an authorization server; it may be set to
 * as much as a day: https://developer.okta.com/docs/guides/configure-access-policy/main/
 */
const ISSUED: Grant["residual"] = { minutes: 60, what: "an access token that an app holds (Okta’s default lifetime)" };

/** While sign-in works, what other systems lose can be entered anew from here. */
const FIRST: Grant["place"] = { at: "first", why: "whoever can sign in here can sign in to the other systems anew" };

/**
 * Everything that one account holds, complete or an error. Ids are made of Okta's immutable ids. The order: factors
 * (Okta cannot take them from a deactivated account), suspension, sessions, and deactivation after everything.
 */
export async function* listGrants(client: Client, account: Account): AsyncIterable<Grant> {
  const { own } = await getStanding(client);
  const user = await findById(client, account.id);
  if (!user) return;
  for await (const grant of listHeld(client, user)) yield own.id === user.id ? ofOurAccount(grant) : grant;
}

async function* listHeld(client: Client, user: User): AsyncIterable<Grant> {
  const base: Base = {
    system: systemId(client.domain),
    account: user.id,
    after: [],
    outlivesSignOn: false,
    secrets: [],
    breaks: [],
    residual: ISSUED,
  };
  const sessions = (await readSessions(client, user)).open ? [sessionsGrant(base, client, user)] : [];
  const factors = (await listFactors(client, user)).map((factor) => factorGrant(base, factor));
  const tokens = (await listApiTokens(client, user.id)).map((token) => apiTokenGrant(base, token));
  const roles = await listRoles(client, user.id);
  const groups = await listGroups(client, user.id);
  const byId = new Map(groups.map((group) => [group.id, group]));
  const adminGroups = new Set(roles.map(groupOfRole));
  const held: Grant[] = [
    ...sessions,
    ...tokens,
    ...roles.map((role) => roleGrant(base, role, byId)),
    ...groups.map((group) => groupGrant(base, group, adminGroups.has(group.id))),
    ...(await listApps(client, user.id)).map((app) => appGrant(base, app, byId, user)),
    ...factors,
  ];
  const free = held.filter((grant) => grant.via !== LIFECYCLE).map((grant) => grant.id);
  const suspend = canSignIn(user) ? [accountGrant(base, client, user, factors)] : [];
  yield* held;
  yield* suspend;
  // An account that cannot be suspended must not hold up its deactivation.
  const before = user.status === "ACTIVE" ? [...free, ACCOUNT] : free;
  if (!isDeactivated(user)) yield lifecycleGrant(base, client, before);
}

/** Suspended, deactivated and staged accounts cannot sign in; anything else can, or can get there by themselves. */
export function canSignIn(user: User): boolean {
  const cannot = ["SUSPENDED", "DEPROVISIONED", "STAGED"].includes(user.status);
  return !cannot || (user.transitioningToStatus ?? user.status) === "ACTIVE";
}

/** Deactivated, and nothing under way that brings it back or is not over. */
export function isDeactivated(user: User): boolean {
  return user.status === "DEPROVISIONED" && !user.transitioningToStatus;
}

/** Enrolled factors; a deactivated account has none that Okta would show or take. */
export async function listFactors(client: Client, user: User): Promise<readonly Factor[]> {
  if (isDeactivated(user)) return [];
  const factors = (await client.list(Factor, path`/api/v1/users/${user.id}/factors`)).items;
  return factors.filter((factor) => factor.status !== "NOT_SETUP");
}

export async function listApiTokens(client: Client, id: string): Promise<readonly ApiToken[]> {
  const tokens = (await client.list(ApiToken, "/api/v1/api-tokens")).items;
  return tokens.filter((token) => token.userId === id);
}

/** Groups except Everyone, which nobody can leave. */
export async function listGroups(client: Client, id: string): Promise<readonly Group[]> {
  const groups = (await client.list(Group, path`/api/v1/users/${id}/groups`)).items;
  return groups.filter((group) => group.type !== "BUILT_IN");
}

async function listApps(client: Client, id: string): Promise<readonly AssignedApp[]> {
  const query = { filter: `user.id eq "${id}"`, expand: `user/${id}`, limit: "200" };
  const apps = (await client.list(AssignedApp, "/api/v1/apps", query)).items;
  if (apps.some((app) => app._embedded.user.id !== id)) {
    throw new SystemError({ code: "unreachable" }, { message: "Okta answered with another account's apps" });
  }
  return apps;
}

function sessionsGrant(base: Base, client: Client, user: User): Grant {
  return {
    ...base,
    id: SESSIONS,
    kind: "session",
    resource: `${client.domain}: all sessions and refresh tokens`,
    stage: "sessions",
    place: FIRST,
    // Cleared before the account is suspended, a new one could be opened in between.
    after: user.status === "ACTIVE" ? [ACCOUNT] : [],
    // Who may still sign in, signs in again.
    reversible: "always",
    privileged: false,
    before: {},
  };
}

function factorGrant(base: Base, factor: Factor): Grant {
  return {
    ...base,
    id: `factor:${factor.id}`,
    kind: "factor",
    resource: `${factor.factorType} by ${factor.provider ?? "Okta"}`,
    stage: "memberships",
    // Only because suspension waits for it.
    place: FIRST,
    reversible: "never",
    privileged: false,
    before: { factorType: factor.factorType, provider: factor.provider ?? "" },
  };
}

function apiTokenGrant(base: Base, token: ApiToken): Grant {
  return {
    ...base,
    id: `api-token:${token.id}`,
    kind: "api-token",
    resource: token.name,
    stage: "sessions",
    outlivesSignOn: true,
    reversible: "never",
    // A token may do whatever its owner may, and only administrators can make one.
    privileged: true,
    // Okta looks it up at each call.
    residual: { minutes: 0, what: "nothing" },
    breaks: [`whatever uses the API token ${token.name} stops working`],
    before: { name: token.name },
  };
}

function roleGrant(base: Base, role: Role, groups: ReadonlyMap<string, Group>): Grant {
  const group = groups.get(groupOfRole(role) ?? "");
  return {
    ...base,
    id: roleGrantId(role),
    kind: "admin-role",
    resource: role.label ?? role.type,
    role: role.type,
    stage: "memberships",
    ...(group ? { via: groupGrantId(group.id) } : {}),
    reversible: FINAL_ROLES.has(role.type) ? "never" : "always",
    privileged: true,
    breaks: SCOPED_ROLES.has(role.type) ? ["the groups or apps that the role was narrowed to are forgotten"] : [],
    before: { type: role.type, role: role.role ?? "", resourceSet: role["resource-set"] ?? "" },
  };
}

/** Made of what is assigned and not of the assignment, which gets a new id when it is given back. */
export function roleGrantId(role: Role): string {
  const what = role.role ? `${role.type}/${role.role}/${role["resource-set"] ?? ""}` : role.type;
  return isOwnRole(role) ? `role:${what}` : `role:${what}@${groupOfRole(role) ?? role.id}`;
}

/** Given to the account itself and not through a group. */
export function isOwnRole(role: Role): boolean {
  return role.assignmentType !== "GROUP";
}

/** The id of the group that a role comes through. */
function groupOfRole(role: Role): string | undefined {
  return isOwnRole(role) ? undefined : /\/groups\/([^/?#]+)/.exec(role._links?.assignee?.href ?? "")?.[1];
}

function groupGrantId(id: string): string {
  return `group:${id}`;
}

function groupGrant(base: Base, group: Group, privileged: boolean): Grant {
  const own = group.type === "OKTA_GROUP";
  return {
    ...base,
    id: groupGrantId(group.id),
    kind: own ? "group" : "imported-group",
    resource: group.profile.name,
    stage: "memberships",
    reversible: own ? "always" : "never",
    privileged,
    before: { type: group.type },
  };
}

function appGrant(base: Base, app: AssignedApp, groups: ReadonlyMap<string, Group>, user: User): Grant {
  const assigned = app._embedded.user;
  const group = groups.get(/\/groups\/([^/?#]+)/.exec(assigned._links?.group?.href ?? "")?.[1] ?? "");
  const own = assigned.scope !== "GROUP";
  const cascades = app.features?.includes("PUSH_USER_DEACTIVATION") ?? false;
  // What nobody can leave but by being deactivated, such as the group Everyone, ends with that.
  const via = own || isDeactivated(user) ? {} : { via: group ? groupGrantId(group.id) : LIFECYCLE };
  return {
    ...base,
    id: `app:${app.id}`,
    kind: "app",
    resource: app.label,
    role: assigned.scope,
    stage: "memberships",
    ...via,
    reversible: own && !cascades ? "always" : "never",
    privileged: false,
    breaks: cascades ? [`${app.label} is told to deactivate the account there, and may delete its data`] : [],
    before: {
      userName: assigned.credentials?.userName ?? "",
      profile: JSON.stringify(assigned.profile ?? {}),
    },
  };
}

function accountGrant(base: Base, client: Client, user: User, factors: readonly Grant[]): Grant {
  return {
    ...base,
    id: ACCOUNT,
    kind: "account",
    resource: `${client.domain}: sign-in`,
    role: user.status,
    stage: "account",
    place: FIRST,
    after: factors.map((factor) => factor.id),
    reversible: "always",
    privileged: false,
    breaks: ["every app behind single sign-on refuses new sign-ins"],
    before: { status: user.status },
  };
}

function lifecycleGrant(base: Base, client: Client, after: readonly string[]): Grant {
  return {
    ...base,
    id: LIFECYCLE,
    kind: "lifecycle",
    resource: `${client.domain}: the account, for good`,
    stage: "account",
    after,
    reversible: "never",
    privileged: false,
    breaks: ["apps are told to deactivate their accounts, and some of them delete mail and files"],
  };
}
