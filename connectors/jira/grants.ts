import { type Account, type Grant, ofOurAccount, type Sight } from "../connector.ts";
import { administers, findById, getStanding, listAdminGroups, listGroups, systemId } from "./accounts.ts";
import { type Client, eachOf } from "./client.ts";
import type { Held } from "./organization.ts";
import { type ApiToken, type Group, Project, Role, RoleAddresses, type User } from "./schema.ts";

const TOKENS = "API tokens and OAuth grants of the person's Atlassian account";

/** What Jira shows to nobody, so that nobody takes its absence for a proof. */
export function sightOf(withOrganization: boolean): Sight {
  return {
    kind: "partial",
    blind: [
      withOrganization
        ? `${TOKENS}, where the organization does not manage the account; OAuth grants of anybody`
        : `${TOKENS}: give the organization's key (JIRA_ORG_KEY) to see API tokens of managed accounts`,
      "sessions of the person's Atlassian account",
      "archived projects, and projects and tickets that permissions or issue security hide from our credential",
      "dashboards that are shared with nobody, and who owns a dashboard once it is not shown to us",
      "automation rules, webhooks and app links that run as the person",
      "tickets assigned within the last minutes, until the search knows them: a later look finds them",
      "Confluence and the other products of the site",
    ],
  };
}

/** The account as such: its access to the organization's directory suspended, or done elsewhere without the key. */
export const ACCOUNT = "account";
/** Administration of Jira, whichever group gives it. */
export const ADMIN = "admin";
/** At most so many requests at once. */
export const WIDTH = 4;

type Base = Pick<Grant, "system" | "account" | "after" | "outlivesSignOn" | "secrets" | "breaks">;

/** Everything that one account holds, complete or an error. Ids are made of Jira's immutable ids. */
export async function* listGrants(client: Client, account: Account): AsyncIterable<Grant> {
  const { own } = await getStanding(client);
  const user = await findById(client, account.id);
  if (!user) return;
  const ours = own.accountId === user.accountId;
  for await (const grant of listHeld(client, user)) yield ours ? ofOurAccount(grant) : grant;
}

async function* listHeld(client: Client, user: User): AsyncIterable<Grant> {
  const base: Base = {
    system: systemId(client.site),
    account: user.accountId,
    after: [],
    outlivesSignOn: false,
    secrets: [],
    breaks: [],
  };
  const memberships = (await client.organization?.findMemberships(user.accountId)) ?? [];
  yield* (await listTokens(client, user.accountId, memberships)).map((token) => tokenGrant(base, token));
  const groups = await listGroups(client, user.accountId);
  const admins = (await listAdminGroups(client)).all;
  yield* groups.map((group) => groupGrant(base, group, admins.has(group.groupId)));
  const inside = new Set(groups.map((group) => group.groupId));
  const projects = await listProjects(client);
  yield* (await eachOf(projects, WIDTH, (project) => listRolesOf(client, base, project, inside))).flat();
  const roles = (await client.get(Role.array(), (jira, to) => jira.getAllProjectRoles(to))).body;
  yield* roles.filter((role) => holds(role, user.accountId)).map((role) => defaultRoleGrant(base, role));
  if (await administers(client, user.accountId)) yield adminGrant(base, client, groups);
  if (canSignIn(user, memberships)) yield accountGrant(base, client);
}

/** Suspended or deactivated accounts cannot; with the organization's key its directories say so, else the site does. */
export function canSignIn(user: User, memberships: readonly Held[]): boolean {
  if (memberships.length === 0) return user.active !== false;
  return memberships.some(isOpen);
}

/** This directory lets the account in. A status that is not known yet does not read as "cannot". */
export function isOpen({ membership }: Held): boolean {
  const { accountStatus, membershipStatus } = membership;
  const closed = accountStatus === "inactive" || accountStatus === "closed";
  return !closed && membershipStatus !== "suspended" && membershipStatus !== "no_membership";
}

/** API tokens, where the organization's key is given and it manages the account. */
export async function listTokens(
  client: Client,
  accountId: string,
  memberships: readonly Held[],
): Promise<readonly ApiToken[]> {
  const managed = memberships.some(({ membership }) => membership.claimStatus === "managed");
  return managed && client.organization ? client.organization.listTokens(accountId) : [];
}

/** Every project that is not archived, with its lead. */
export async function listProjects(client: Client): Promise<readonly Project[]> {
  const listing = await client.list(Project, (startAt, jira, to) =>
    jira.searchProjects(to, { startAt, maxResults: 50, expand: "lead" }),
  );
  return listing.items;
}

/** The role names this account itself. */
export function holds(role: Role, accountId: string): boolean {
  return role.actors?.some((actor) => actor.actorUser?.accountId === accountId) ?? false;
}

async function listRolesOf(
  client: Client,
  base: Base,
  project: Project,
  groups: ReadonlySet<string>,
): Promise<readonly Grant[]> {
  const projectIdOrKey = project.id;
  const addresses = (await client.get(RoleAddresses, (jira, to) => jira.getProjectRoles(to, { projectIdOrKey }))).body;
  const grants: Grant[] = [];
  for (const address of Object.values(addresses)) {
    const id = Number(/\/role\/(\d+)$/.exec(address)?.[1]);
    const role = (await client.get(Role, (jira, to) => jira.getProjectRole(to, { projectIdOrKey, id }))).body;
    if (holds(role, base.account)) grants.push(roleGrant(base, project, role));
    const ids = role.actors?.flatMap((actor) => actor.actorGroup?.groupId ?? []) ?? [];
    grants.push(...ids.filter((one) => groups.has(one)).map((groupId) => roleGrant(base, project, role, groupId)));
  }
  return grants;
}

function tokenGrant(base: Base, token: ApiToken): Grant {
  return {
    ...base,
    id: `api-token:${token.id}`,
    kind: "api-token",
    resource: token.label,
    stage: "sessions",
    outlivesSignOn: true,
    reversible: "never",
    privileged: false,
    breaks: [`whatever uses the API token ${token.label} stops working`],
  };
}

function groupGrant(base: Base, group: Group, privileged: boolean): Grant {
  return {
    ...base,
    id: `group:${group.groupId}`,
    kind: "group",
    resource: group.name,
    stage: "memberships",
    reversible: "always",
    privileged,
  };
}

function roleGrant(base: Base, project: Project, role: Role, groupId?: string): Grant {
  return {
    ...base,
    id: `role:${project.id}/${role.id}${groupId ? `@${groupId}` : ""}`,
    kind: groupId ? "inherited-role" : "project-role",
    resource: `${project.key} ${project.name}`,
    role: role.name,
    stage: "memberships",
    ...(groupId ? { via: `group:${groupId}` } : {}),
    reversible: "always",
    privileged: role.admin === true,
  };
}

function defaultRoleGrant(base: Base, role: Role): Grant {
  return {
    ...base,
    id: `default-role:${role.id}`,
    kind: "default-role",
    resource: "every new project",
    role: role.name,
    stage: "memberships",
    reversible: "always",
    privileged: role.admin === true,
  };
}

function adminGrant(base: Base, client: Client, groups: readonly Group[]): Grant {
  return {
    ...base,
    id: ADMIN,
    kind: "admin-role",
    resource: `${client.site}: Administer Jira`,
    role: "ADMINISTER",
    stage: "memberships",
    // Which of them gives it only shows when they are gone.
    after: groups.map((group) => `group:${group.groupId}`),
    reversible: "always",
    privileged: true,
  };
}

function accountGrant(base: Base, client: Client): Grant {
  return {
    ...base,
    id: ACCOUNT,
    kind: "account",
    resource: `${client.site}: access of the Atlassian account`,
    stage: "account",
    reversible: "always",
    privileged: false,
    breaks: client.organization ? ["every product of the organization's directory refuses the account"] : [],
  };
}
