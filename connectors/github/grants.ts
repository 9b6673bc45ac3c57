import { type Account, type Grant, ofOurAccount, SystemError } from "../connector.ts";
import { findById, getStanding, type Standing, systemId } from "./accounts.ts";
import { type Client, eachOf } from "./client.ts";
import { type RepoView, readViews } from "./files.ts";
import { emailOf, listEmailGrants } from "./invitations.ts";
import { listKeyGrants } from "./keys.ts";
import { orgGrantId, readHolding, readMembership, readOwners, WIDTH } from "./reads.ts";
import { findSchedules } from "./schedules.ts";
import { type Membership, Repo, Team, TeamMembership, TeamRepo } from "./schema.ts";
import { canPush, openSecretNames, type SecretNames } from "./secrets.ts";

/**
 * Membership, teams and direct repository grants of one account, invitations among them; complete or an error.
 * Ids are made of GitHub's immutable ids: `org:1`, `team:2`, `repo:3`. An invitation has the id that the grant it turns
 * into will have, so that accepting it between plan and cut changes nothing.
 */
export async function* listGrants(client: Client, account: Account): AsyncIterable<Grant> {
  const email = emailOf(account.id);
  if (email) {
    yield* await listEmailGrants(client, account, email);
    return;
  }
  const standing = await getStanding(client);
  const ours = String(standing.own.id) === account.id;
  for await (const grant of listHeld(client, account, standing)) yield ours ? ofOurAccount(grant) : grant;
}

async function* listHeld(client: Client, account: Account, standing: Standing): AsyncIterable<Grant> {
  const user = await findById(client, account.id);
  if (!user) return;
  const base = { system: systemId(client.org), account: account.id };
  const secrets = openSecretNames(client);
  const membership = await readMembership(client, user.login, account.id);
  const repos = (await client.list(Repo, "GET /orgs/{org}/repos", { org: client.org, type: "all" })).items;
  const views = await readViews(client, repos, { id: account.id, login: user.login });
  if (membership) {
    yield {
      ...membershipGrant(base, standing, membership),
      secrets: await secrets.ofMembership(standing, membership.role),
      breaks: membership.state === "active" ? await listBreaks(client, account.id, membership, views) : [],
    };
  }
  yield* await listTeamGrants(client, base, user.login, standing, membership !== undefined, secrets);
  yield* await listRepoGrants(client, base, repos, membership?.state === "active", secrets);
  yield* await listKeyGrants(client, base, user.login, views);
  // Teams were asked by login. Had it changed hands meanwhile, some answers would be about someone else.
  const after = await findById(client, account.id);
  if (after?.login !== user.login) {
    throw new SystemError({ code: "conflict", blockers: [`the login of id ${account.id} changed while it was read`] });
  }
}

type Base = Pick<Grant, "system" | "account">;

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
    // GitHub asks at each use what the account may: tokens of a removed member read nothing of the organization.
    residual: { minutes: 0, what: "nothing" },
    privileged: membership.role === "admin",
    secrets: [],
    breaks: [],
    before: { role: membership.role },
  };
}

async function listBreaks(
  client: Client,
  id: string,
  membership: Membership,
  views: readonly RepoView[],
): Promise<string[]> {
  const schedules = await findSchedules(client, views, id);
  const isLastOwner =
    membership.role === "admin" && (await readOwners(client)).every((owner) => String(owner.id) === id);
  return [
    ...(isLastOwner ? [`${client.org} has no other owner: name one first`] : []),
    "private forks of this organization's repositories are deleted",
    ...schedules.map(({ repo, path }) => `the schedule of ${path} in ${repo.full_name} is disabled`),
  ];
}

async function listTeamGrants(
  client: Client,
  base: Base,
  login: string,
  standing: Standing,
  isMember: boolean,
  secrets: SecretNames,
): Promise<Grant[]> {
  const teams = (await client.list(Team, "GET /orgs/{org}/teams", { org: client.org })).items;
  const held = await eachOf(teams, WIDTH, async (team) => {
    const parameters = { org: client.org, team_slug: team.slug, username: login };
    const route = "GET /orgs/{org}/teams/{team_slug}/memberships/{username}";
    const answer = await client.find(TeamMembership, route, parameters);
    return answer ? { team, membership: answer.body } : undefined;
  });
  const members = held.filter((one) => one !== undefined);
  return eachOf(members, WIDTH, async ({ team, membership }): Promise<Grant> => {
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
      secrets: membership.state === "active" ? await listTeamSecrets(client, team, secrets) : [],
      breaks: [],
      before: { role: membership.role, slug: team.slug },
    };
  });
}

async function listTeamSecrets(client: Client, team: Team, secrets: SecretNames): Promise<string[]> {
  const at = { org: client.org, team_slug: team.slug };
  const repos = (await client.list(TeamRepo, "GET /orgs/{org}/teams/{team_slug}/repos", at)).items;
  const pushed = repos.filter((repo) => repo.permissions?.push !== false);
  return [...new Set((await eachOf(pushed, 1, (repo) => secrets.of(repo))).flat())];
}

async function listRepoGrants(
  client: Client,
  base: Base,
  repos: readonly Repo[],
  isMember: boolean,
  secrets: SecretNames,
): Promise<Grant[]> {
  const grants = await eachOf(repos, WIDTH, async (repo): Promise<Grant | undefined> => {
    const { holding } = await readHolding(client, repo, base.account);
    if (!holding) return undefined;
    const invited = holding.invitation !== undefined;
    return {
      ...base,
      id: `repo:${repo.id}`,
      // Direct access of a member outlives the membership, and makes them an outside collaborator.
      kind: invited ? "repo-invitation" : isMember ? "repo-collaborator" : "outside-collaborator",
      resource: repo.full_name,
      role: holding.role,
      stage: "memberships",
      after: [],
      outlivesSignOn: true,
      reversible: invited ? "always" : "never",
      privileged: holding.role === "admin" || holding.role === "maintain",
      secrets: !invited && canPush(holding.role) ? [...(await secrets.of(repo))] : [],
      breaks: invited ? [] : [`a private fork of ${repo.full_name} is deleted, its issues are unassigned`],
      before: { role: holding.role, repo: repo.name },
    };
  });
  return grants.filter((grant) => grant !== undefined);
}
