import { type Account, type Grant, type Sight, SystemError } from "../connector.ts";
import { findById, getStanding, type Standing, systemId } from "./accounts.ts";
import { type Answer, type Client, eachOf } from "./client.ts";
import { Collaborator, Membership, Repo, RepoInvitation, Team, TeamMembership } from "./schema.ts";

/** What no credential of an organization's owner can list, so that nobody takes its absence for a proof. */
export const SIGHT: Sight = {
  kind: "partial",
  blind: [
    "classic personal access tokens (their owner alone sees them; they lose this organization with the membership)",
    "fine-grained personal access tokens (only a GitHub App may list them)",
    "SSH and GPG keys of the account, and authorisations given to OAuth apps and GitHub Apps",
    "deploy keys and webhooks that the person added to repositories",
    "organization and enterprise roles, and teams of the enterprise",
    "invitations sent to an e-mail address instead of an account",
    "Codespaces and self-hosted runners",
    "forks outside the organization, and clones on disks",
    "values of Actions secrets that the person has read",
  ],
};

/** How many requests run together. */
export const WIDTH = 6;

/**
 * Membership, teams and direct repository grants of one account, invitations among them; complete or an error.
 * Ids are made of GitHub's immutable ids: `org:1`, `team:2`, `repo:3`. An invitation has the id that the grant it turns
 * into will have, so that accepting it between plan and cut changes nothing.
 */
export async function* listGrants(client: Client, account: Account): AsyncIterable<Grant> {
  const standing = await getStanding(client);
  const user = await findById(client, account.id);
  if (!user) return;
  const base = { system: systemId(client.org), account: account.id };
  const membership = await readMembership(client, user.login, account.id);
  if (membership) yield membershipGrant(base, standing, membership);
  yield* await listTeamGrants(client, base, user.login, standing, membership !== undefined);
  yield* await listRepoGrants(client, base);
  // Teams were asked by login. Had it changed hands meanwhile, some answers would be about someone else.
  const after = await findById(client, account.id);
  if (after?.login !== user.login) {
    throw new SystemError({ code: "conflict", blockers: [`the login of id ${account.id} changed while it was read`] });
  }
}

type Base = Pick<Grant, "system" | "account">;

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

function membershipGrant(base: Base, standing: Standing, membership: Membership): Grant {
  const invited = membership.state === "pending";
  return {
    ...base,
    id: orgGrantId(standing),
    kind: invited ? "org-invitation" : "org-membership",
    resource: standing.org.login,
    role: membership.role,
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    // GitHub keeps the privileges of a removed member for three months:
    // https://docs.github.com/en/organizations/managing-membership-in-your-organization/reinstating-a-former-member-of-your-organization
    reversible: invited ? "always" : { untilDays: 90 },
    privileged: membership.role === "admin",
    secrets: [],
    breaks: invited ? [] : ["private forks of this organization's repositories are deleted"],
    before: { role: membership.role },
  };
}

async function listTeamGrants(
  client: Client,
  base: Base,
  login: string,
  standing: Standing,
  isMember: boolean,
): Promise<Grant[]> {
  const teams = (await client.list(Team, "GET /orgs/{org}/teams", { org: client.org })).items;
  const held = await eachOf(teams, WIDTH, async (team) => {
    const parameters = { org: client.org, team_slug: team.slug, username: login };
    const route = "GET /orgs/{org}/teams/{team_slug}/memberships/{username}";
    const answer = await client.find(TeamMembership, route, parameters);
    return answer ? { team, membership: answer.body } : undefined;
  });
  const members = held.filter((one) => one !== undefined);
  return members.map(({ team, membership }) => {
    // GitHub counts members of a child team as members of its parents, and does not say which is which.
    const child = members.find((other) => other.team.parent?.id === team.id);
    const via = child ? `team:${child.team.id}` : isMember ? orgGrantId(standing) : undefined;
    return {
      ...base,
      id: `team:${team.id}`,
      kind: membership.state === "pending" ? "team-invitation" : "team-membership",
      resource: `${standing.org.login}/${team.slug}`,
      role: membership.role,
      stage: "memberships",
      ...(via ? { via } : {}),
      after: [],
      outlivesSignOn: true,
      reversible: "always",
      privileged: false,
      secrets: [],
      breaks: [],
      before: { role: membership.role, slug: team.slug },
    };
  });
}

async function listRepoGrants(client: Client, base: Base): Promise<Grant[]> {
  const repos = (await client.list(Repo, "GET /orgs/{org}/repos", { org: client.org, type: "all" })).items;
  const grants = await eachOf(repos, WIDTH, async (repo): Promise<Grant | undefined> => {
    const { holding } = await readHolding(client, repo, base.account);
    if (!holding) return undefined;
    const invited = holding.invitation !== undefined;
    return {
      ...base,
      id: `repo:${repo.id}`,
      kind: invited ? "repo-invitation" : "repo-collaborator",
      resource: repo.full_name,
      role: holding.role,
      stage: "memberships",
      after: [],
      outlivesSignOn: true,
      reversible: invited ? "always" : "never",
      privileged: holding.role === "admin" || holding.role === "maintain",
      secrets: [],
      breaks: invited ? [] : [`a private fork of ${repo.full_name} is deleted, its issues are unassigned`],
      before: { role: holding.role, repo: repo.name },
    };
  });
  return grants.filter((grant) => grant !== undefined);
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
