import { SystemError } from "../connector.ts";
import type { Standing } from "./accounts.ts";
import type { Answer, Client } from "./client.ts";
import { Collaborator, Membership, Repo, RepoInvitation, SimpleUser, Team } from "./schema.ts";

/** How many requests run together. */
export const WIDTH = 6;

/** Active or invited; undefined when neither. Throws when the answer is about another id. */
export async function readMembership(client: Client, login: string, id: string): Promise<Membership | undefined> {
  const parameters = { org: client.org, username: login };
  const answer = await client.find(Membership, "GET /orgs/{org}/memberships/{username}", parameters);
  const of = answer?.body.user;
  if (of && String(of.id) !== id) {
    throw new SystemError({ code: "conflict", blockers: [`the login of id ${id} changed hands`] });
  }
  return answer?.body;
}

export function orgGrantId(standing: Standing): string {
  return `org:${standing.org.id}`;
}

/** Active owners only: one who was invited cannot let anybody in. */
export async function readOwners(client: Client): Promise<readonly SimpleUser[]> {
  const owners = await client.list(SimpleUser, "GET /orgs/{org}/members", { org: client.org, role: "admin" });
  return owners.items;
}

/** A direct grant on a repository, or the invitation to one. */
export interface Holding {
  readonly role: string;
  readonly invitation?: number;
}

/** What the complete lists of direct collaborators and of invitations say about one id. */
export interface RepoRead {
  readonly holding?: Holding;
  readonly collaborators: number;
  readonly invitations?: number;
  readonly last: Answer<unknown>;
}

/** Looks for the id in both lists; the second is not asked when the first has it. */
export async function readHolding(client: Client, repo: Repo, id: string): Promise<RepoRead> {
  const at = { owner: client.org, repo: repo.name };
  const route = "GET /repos/{owner}/{repo}/collaborators";
  const direct = await client.list(Collaborator, route, { ...at, affiliation: "direct" });
  const collaborator = direct.items.find((one) => String(one.id) === id);
  const read = { collaborators: direct.items.length, last: direct.last };
  if (collaborator) return { ...read, holding: { role: collaborator.role_name } };
  const sent = await client.list(RepoInvitation, "GET /repos/{owner}/{repo}/invitations", at);
  const invitation = sent.items.find((one) => one.invitee && String(one.invitee.id) === id);
  const both = { ...read, invitations: sent.items.length, last: sent.last };
  return invitation ? { ...both, holding: { role: invitation.permissions, invitation: invitation.id } } : both;
}

/** The repository with this immutable id, wherever it was renamed to; undefined when the organization has it no more. */
export async function findRepo(client: Client, id: number, hint: string | undefined): Promise<Repo | undefined> {
  if (hint) {
    const answer = await client.find(Repo, "GET /repos/{owner}/{repo}", { owner: client.org, repo: hint });
    if (answer?.body.id === id && answer.body.full_name.toLowerCase().startsWith(`${client.org.toLowerCase()}/`)) {
      return answer.body;
    }
  }
  const repos = await client.list(Repo, "GET /orgs/{org}/repos", { org: client.org, type: "all" });
  return repos.items.find((repo) => repo.id === id);
}

/** The team with this immutable id; undefined when it was deleted. */
export async function findTeam(client: Client, id: number): Promise<Team | undefined> {
  const teams = await client.list(Team, "GET /orgs/{org}/teams", { org: client.org });
  return teams.items.find((team) => team.id === id);
}
