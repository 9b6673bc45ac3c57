import { type Grant, type Reading, SystemError } from "../connector.ts";
import { administers, findById, getStanding, listGroups } from "./accounts.ts";
import type { Client } from "./client.ts";
import { ACCOUNT, ADMIN, canSignIn, holds } from "./grants.ts";
import { Role, type User } from "./schema.ts";

/** What a grant's id names. */
export type Place =
  | { readonly kind: "account" | "admin" }
  | { readonly kind: "group"; readonly id: string }
  | { readonly kind: "api-token"; readonly id: string }
  | { readonly kind: "default-role"; readonly id: string }
  | { readonly kind: "role"; readonly project: string; readonly id: number; readonly group?: string };

/** Reads `account`, `admin`, `group:…`, `api-token:…`, `default-role:…`, `role:PROJECT/ROLE` and `role:…@GROUP`. */
export function placeOf(grant: Grant): Place {
  if (grant.id === ACCOUNT || grant.id === ADMIN) return { kind: grant.id };
  const [, project, id, group] = /^role:(\d+)\/(\d+)(?:@([\w:-]+))?$/.exec(grant.id) ?? [];
  if (project && id) return { kind: "role", project, id: Number(id), ...(group ? { group } : {}) };
  const [, kind, what] = /^(group|api-token|default-role):([\w:-]+)$/.exec(grant.id) ?? [];
  if (what && (kind === "group" || kind === "api-token" || kind === "default-role")) return { kind, id: what };
  throw new SystemError({ code: "refused", reason: `${grant.id} is no grant of Jira` });
}

/** Reads afresh, by the account's immutable id. The credential's rights come first: they make a 404 mean "gone". */
export async function readBack(client: Client, grant: Grant): Promise<Reading> {
  await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) return shown(client, false, "GET /rest/api/3/user", { account: grant.account, exists: false });
  return readPlace(client, user, place);
}

/** Reads one grant of an account that was just read. */
export async function readPlace(client: Client, user: User, place: Place): Promise<Reading> {
  const account = user.accountId;
  switch (place.kind) {
    case "account": {
      const memberships = (await client.organization?.findMemberships(account)) ?? [];
      const statuses = memberships.map(
        ({ directoryId, membership }) =>
          `${directoryId}: ${membership.accountStatus ?? "?"}, ${membership.membershipStatus ?? "?"}`,
      );
      const request = client.organization ? "GET /admin/v2/orgs/{org}/directories/{id}/users" : "GET /rest/api/3/user";
      const answer = { account, active: user.active ?? null, directories: statuses.join("; ") };
      return shown(client, canSignIn(user, memberships), request, answer);
    }
    case "admin": {
      const held = await administers(client, account);
      return shown(client, held, "POST /rest/api/3/permissions/check", { account, ADMINISTER: held });
    }
    case "group": {
      const groups = await listGroups(client, account);
      const listed = groups.some((group) => group.groupId === place.id);
      const answer = { account, group: place.id, listed, items: groups.length };
      return shown(client, listed, "GET /rest/api/3/user/groups", answer);
    }
    case "api-token": {
      if (!client.organization)
        return { state: "unreadable", why: "API tokens are shown to the organization's key only" };
      const tokens = await client.organization.listTokens(account);
      const listed = tokens.some((token) => token.id === place.id);
      const answer = { account, token: place.id, listed, items: tokens.length };
      return shown(client, listed, "GET /users/{id}/manage/api-tokens", answer);
    }
    case "role":
      return readRole(client, account, place);
    case "default-role": {
      const role = await client.find(Role, (jira, to) =>
        jira.getProjectRoleActorsForRole(to, { id: Number(place.id) }),
      );
      const listed = role ? holds(role.body, account) : false;
      const answer = { account, role: place.id, exists: role !== undefined, listed };
      return shown(client, listed, `GET /rest/api/3/role/${place.id}/actors`, answer);
    }
    default:
      return place satisfies never;
  }
}

async function readRole(client: Client, account: string, place: Place & { kind: "role" }): Promise<Reading> {
  const at = { projectIdOrKey: place.project, id: place.id };
  const role = (await client.find(Role, (jira, to) => jira.getProjectRole(to, at)))?.body;
  const request = `GET /rest/api/3/project/${place.project}/role/${place.id}`;
  if (place.group === undefined) {
    const listed = role ? holds(role, account) : false;
    return shown(client, listed, request, { account, exists: role !== undefined, listed });
  }
  const given = role?.actors?.some((actor) => actor.actorGroup?.groupId === place.group) ?? false;
  const member = given && (await listGroups(client, account)).some((group) => group.groupId === place.group);
  return shown(client, member, request, { account, group: place.group, given, member });
}

/** A reading with only what decided it. */
export function shown(
  client: Client,
  present: boolean,
  request: string,
  answer: Readonly<Record<string, string | number | boolean | null>>,
): Reading {
  return {
    state: present ? "present" : "absent",
    readAt: client.call.now(),
    evidence: { request, answer: JSON.stringify(answer) },
  };
}
