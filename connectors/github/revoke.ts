import { type Blocker, type Grant, type Revoked, SystemError } from "../connector.ts";
import { getLogin, getStanding, type Standing } from "./accounts.ts";
import type { Client } from "./client.ts";
import { cancelInvitation } from "./invitations.ts";
import { removeKey } from "./keys.ts";
import { type Place, placeOf, readBack } from "./read-back.ts";
import { findRepo, findTeam, readHolding, readMembership, readOwners } from "./reads.ts";
import { GroupMappings, type Repo } from "./schema.ts";

/**
 * Takes one grant away. A fresh read comes first, so that what is gone already is told from what this credential
 * cannot see; the login is resolved from the immutable id, both ways, right before the request that names it.
 */
export async function revoke(client: Client, grant: Grant): Promise<Revoked> {
  const standing = await getStanding(client);
  const place = placeOf(grant);
  const reading = await readBack(client, grant);
  if (reading.state === "absent") return { status: "already-gone" };
  const by = await listBlockers(client, standing, grant, place);
  if (by.length > 0) return { status: "blocked", by };
  switch (place.kind) {
    case "org":
      return revokeMembership(client, grant);
    case "team":
      return revokeTeam(client, grant, place.id);
    case "repo":
      return revokeRepo(client, grant, place.id);
    case "key":
      return revokeKey(client, grant, place);
    case "invitation":
      return cancelInvitation(client, grant, place.id);
    default:
      return place.kind satisfies never;
  }
}

async function listBlockers(client: Client, standing: Standing, grant: Grant, place: Place): Promise<Blocker[]> {
  const blockers: Blocker[] = [];
  if (String(standing.own.id) === grant.account) {
    blockers.push({ what: "our own GitHub token belongs to this account", url: "https://github.com/settings/tokens" });
  }
  if (place.kind === "org") {
    const owners = await readOwners(client);
    if (owners.length === 1 && String(owners[0]?.id) === grant.account) {
      const url = `https://github.com/orgs/${client.org}/people`;
      blockers.push({ what: `it is the last owner of ${client.org}: name another one first`, url });
    }
  }
  return blockers;
}

async function revokeMembership(client: Client, grant: Grant): Promise<Revoked> {
  const login = await getLogin(client, grant.account);
  const membership = await readMembership(client, login, grant.account);
  const teams = membership?.enterprise_teams_providing_indirect_membership ?? [];
  if (membership?.direct_membership === false) {
    return { status: "elsewhere", where: `teams of the enterprise give this membership: ${teams.join(", ")}` };
  }
  const route = "DELETE /orgs/{org}/memberships/{username}";
  return sent(client, grant, route, { org: client.org, username: login });
}

async function revokeTeam(client: Client, grant: Grant, id: number): Promise<Revoked> {
  const team = await findTeam(client, id);
  if (!team) return { status: "already-gone" };
  const login = await getLogin(client, grant.account);
  const parameters = { org: client.org, team_slug: team.slug, username: login };
  try {
    return await sent(client, grant, "DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}", parameters);
  } catch (error) {
    // A team that an identity provider fills answers 403 to everybody, owners among them.
    if (!(error instanceof SystemError) || error.failure.code !== "forbidden") throw error;
    if (!(await isFilledElsewhere(client, team.slug))) throw error;
    return { status: "elsewhere", where: `the identity provider's group behind the team ${team.slug}` };
  }
}

async function isFilledElsewhere(client: Client, slug: string): Promise<boolean> {
  const at = { org: client.org, team_slug: slug };
  const base = "GET /orgs/{org}/teams/{team_slug}";
  const synced = await client.find(GroupMappings, `${base}/team-sync/group-mappings`, at);
  const external = await client.find(GroupMappings, `${base}/external-groups`, at);
  return (synced?.body.groups?.length ?? 0) + (external?.body.groups?.length ?? 0) > 0;
}

async function revokeRepo(client: Client, grant: Grant, id: number): Promise<Revoked> {
  const repo = await findRepo(client, id, grant.before?.["repo"]);
  if (!repo) return { status: "already-gone" };
  if (repo.archived) return { status: "blocked", by: [archived(repo, "collaborators")] };
  const at = { owner: client.org, repo: repo.name };
  const { holding } = await readHolding(client, repo, grant.account);
  if (!holding) return { status: "already-gone" };
  if (holding.invitation !== undefined) {
    const route = "DELETE /repos/{owner}/{repo}/invitations/{invitation_id}";
    return sent(client, grant, route, { ...at, invitation_id: holding.invitation });
  }
  const username = await getLogin(client, grant.account);
  return sent(client, grant, "DELETE /repos/{owner}/{repo}/collaborators/{username}", { ...at, username });
}

async function revokeKey(client: Client, grant: Grant, place: Place): Promise<Revoked> {
  const repo = await findRepo(client, place.id, grant.before?.["repo"]);
  if (!repo) return { status: "already-gone" };
  if (repo.archived) return { status: "blocked", by: [archived(repo, "deploy keys")] };
  return removeKey(client, grant, repo, place.key ?? 0);
}

function archived(repo: Repo, what: string): Blocker {
  const url = `https://github.com/${repo.full_name}/settings`;
  return { what: `${repo.full_name} is archived, which freezes its ${what}`, url };
}

/** GitHub answers 404 both for "gone" and for "not yours to see": a read decides which it was. */
async function sent(
  client: Client,
  grant: Grant,
  route: string,
  parameters: Record<string, string | number>,
): Promise<Revoked> {
  const answer = await client.send(route, parameters);
  if (answer) return { status: "revoked", ...(answer.requestId ? { receipt: answer.requestId } : {}) };
  const reading = await readBack(client, grant);
  if (reading.state === "absent") return { status: "already-gone" };
  throw new SystemError({ code: "forbidden", scope: "admin:org" });
}
