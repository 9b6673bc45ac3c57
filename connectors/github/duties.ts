import type { Account, WorkItem } from "../connector.ts";
import { systemId } from "./accounts.ts";
import type { Client } from "./client.ts";
import { orphanedBy, readOwners, teamsToAsk } from "./code-owners.ts";
import { type RepoView, readViews } from "./files.ts";
import { findForks } from "./forks.ts";
import { findHooks } from "./hooks.ts";
import { readMembership } from "./reads.ts";
import { findSchedules } from "./schedules.ts";
import { type Repo, SimpleUser, type User } from "./schema.ts";

/** What somebody has to do by hand, and what it is called in the issue that asks for it. */
export const DUTIES = {
  schedule: { short: "schedule", ask: "Change the cron line in a commit of your own: the schedule then runs for you." },
  "code-owner": { short: "owners", ask: "Put an owner with write access on these lines of CODEOWNERS." },
  "private-fork": { short: "fork", ask: "Copy the branches you want to keep into this repository." },
  webhook: { short: "hook", ask: "Find out what this webhook is for, and keep or remove it." },
} as const;

export type Duty = keyof typeof DUTIES;

/** Duties that are nobody's field on GitHub: schedules, lines of CODEOWNERS, private forks with unmerged commits, webhooks. */
export async function listDuties(
  client: Client,
  account: Account,
  user: User,
  repos: readonly Repo[],
): Promise<WorkItem[]> {
  const active = repos.filter((repo) => !repo.archived);
  const membership = await readMembership(client, user.login, account.id);
  const views = await readViews(client, active, { id: account.id, login: user.login });
  const item = (kind: Duty, repo: Repo, rest: string, title: string, facts: readonly string[]): WorkItem => ({
    system: systemId(client.org),
    account: account.id,
    id: `${DUTIES[kind].short}:${repo.id}/${rest}`,
    kind,
    title,
    container: repo.full_name,
    facts: [...facts],
  });
  const schedules = await findSchedules(client, views, account.id);
  const forks = await findForks(client, repos, account.id);
  const hooks = await findHooks(client, views, { login: user.login, isOwner: membership?.role === "admin" });
  return [
    ...schedules.map(({ repo, path, cron }) =>
      item("schedule", repo, path, `Schedule of ${path}`, [
        `it runs at ${cron.join(" and ")}`,
        "GitHub disables it when the last to change its cron line leaves the organization",
      ]),
    ),
    ...(await listOwnerless(client, views, user)).map(({ repo, path, patterns }) =>
      item(
        "code-owner",
        repo,
        path,
        `Code ownership in ${path}`,
        patterns.map((one) => `${one} has no other owner`),
      ),
    ),
    ...forks.map(({ parent, fork, ahead }) =>
      item("private-fork", parent, String(fork.id), `Unmerged work in ${fork.full_name}`, [
        ...ahead.map(
          ({ branch, commits }) =>
            `branch ${branch} has ${commits} ${commits === 1 ? "commit" : "commits"} that ${parent.full_name} has not`,
        ),
        "the fork is deleted when its owner loses access",
      ]),
    ),
    ...hooks.map(({ repo, hook, host, isTheirs }) =>
      item("webhook", repo, String(hook.id), `Webhook to ${host}`, [
        ...(isTheirs ? ["its address names the login"] : ["an administrator who leaves could have set it"]),
        `it ${hook.active ? "sends" : "is off, and would send"} ${hook.events.join(", ")}`,
      ]),
    ),
  ];
}

interface Ownerless {
  readonly repo: Repo;
  readonly path: string;
  readonly patterns: readonly string[];
}

async function listOwnerless(client: Client, views: readonly RepoView[], user: User): Promise<Ownerless[]> {
  const files = views.flatMap(({ repo, owners }) =>
    owners ? [{ repo, file: owners, lines: readOwners(owners.text) }] : [],
  );
  const teams = [...new Set(files.flatMap(({ lines }) => teamsToAsk(lines, user.login)))];
  const empty = new Set<string>();
  for (const team of teams) if (await isOnlyMember(client, team, user)) empty.add(team);
  return files
    .map(({ repo, file, lines }) => ({ repo, path: file.path, patterns: orphanedBy(lines, user.login, empty) }))
    .filter(({ patterns }) => patterns.length > 0);
}

/** Whether a team, written as `@org/team`, has nobody else. */
async function isOnlyMember(client: Client, team: string, user: User): Promise<boolean> {
  const [, org, team_slug] = /^@([^/]+)\/(.+)$/.exec(team) ?? [];
  if (!team_slug || org !== client.org.toLowerCase()) return false;
  const route = "GET /orgs/{org}/teams/{team_slug}/members";
  const members = await client.findList(SimpleUser, route, { org: client.org, team_slug });
  return members?.items.length === 1 && members.items[0]?.id === user.id;
}
