import { type Account, SystemError, type WorkItem } from "../connector.ts";
import { findById, getStanding, systemId } from "./accounts.ts";
import { type Client, eachOf } from "./client.ts";
import { DUTIES, type Duty, listDuties } from "./duties.ts";
import { emailOf } from "./invitations.ts";
import { pullDetails } from "./pull-details.ts";
import { findRepo, WIDTH } from "./reads.ts";
import { Issue, Pull, Repo, type SimpleUser } from "./schema.ts";

/**
 * Open pull requests by the account, reviews it was asked for, and open issues assigned to it. Read per repository
 * rather than by search: search stops at a thousand, may answer incompletely and lags behind, while the lists are
 * complete and carry ids. Repositories that are archived or have nothing open are skipped. Then what would be nobody's:
 * schedules, code ownership, private forks, webhooks.
 */
export async function* listWork(client: Client, account: Account): AsyncIterable<WorkItem> {
  if (emailOf(account.id)) return;
  await getStanding(client);
  const user = await findById(client, account.id);
  if (!user) return;
  const repos = (await client.list(Repo, "GET /orgs/{org}/repos", { org: client.org, type: "all" })).items;
  const open = repos.filter((repo) => !repo.archived && repo.open_issues_count !== 0);
  const found = await eachOf(open, WIDTH, (repo) => listWorkOf(client, repo, account.id, user.login));
  yield* found.flat();
  yield* await listDuties(client, account, user, repos);
}

async function listWorkOf(client: Client, repo: Repo, account: string, login: string): Promise<WorkItem[]> {
  const at = { owner: client.org, repo: repo.name, state: "open" };
  const pulls = (await client.list(Pull, "GET /repos/{owner}/{repo}/pulls", at)).items;
  const issues = repo.has_issues === false ? [] : await listAssigned(client, at, login);
  const theirs = pulls.filter((pull) => isId(account)(pull.user) || pull.requested_reviewers?.some(isId(account)));
  const details = await pullDetails(client, repo.name, theirs);
  const base = { system: systemId(client.org), account, container: repo.full_name };
  const item = (kind: keyof typeof KINDS, of: Pull | Issue, facts: string[]): WorkItem => ({
    ...base,
    id: `${KINDS[kind]}:${repo.id}/${of.number}`,
    kind,
    title: of.title,
    url: of.html_url,
    createdAt: of.created_at,
    updatedAt: of.updated_at,
    ...(kind === "issue" ? {} : details.get(of.number)),
    facts,
  });
  return [
    ...pulls
      .filter((pull) => isId(account)(pull.user))
      .map((pull) => item("pull-request", pull, pullFacts(pull, account))),
    ...pulls
      .filter((pull) => pull.requested_reviewers?.some(isId(account)))
      .map((pull) =>
        item("review-request", pull, [...pullFacts(pull, account), `opened by ${pull.user?.login ?? "nobody"}`]),
      ),
    ...issues
      .filter((issue) => issue.pull_request === undefined && issue.assignees?.some(isId(account)))
      .map((issue) => item("issue", issue, issueFacts(issue, account))),
  ];
}

const KINDS = { "pull-request": "pull", "review-request": "review", issue: "issue" } as const;

async function listAssigned(client: Client, at: Record<string, string>, login: string): Promise<readonly Issue[]> {
  return (await client.list(Issue, "GET /repos/{owner}/{repo}/issues", { ...at, assignee: login })).items;
}

/** The leaver is not named: whoever reads this is asked to stand in for them. */
function pullFacts(pull: Pull, account: string): string[] {
  const others = pull.requested_reviewers?.filter((one) => !isId(account)(one)).map((one) => one.login) ?? [];
  return [
    ...(pull.draft ? ["it is a draft"] : []),
    ...(others.length > 0 ? [`review asked of ${others.join(", ")}`] : []),
  ];
}

function issueFacts(issue: Issue, account: string): string[] {
  const others = issue.assignees?.filter((one) => !isId(account)(one)).map((one) => one.login) ?? [];
  return others.length > 0 ? [`also assigned to ${others.join(", ")}`] : [];
}

/** 204 for who can be assigned in a repository, 404 for who cannot. */
export const ASSIGNABLE = "GET /repos/{owner}/{repo}/assignees/{assignee}";

/** A work item as its id names it: repository, number and what it is. */
export interface Located {
  readonly kind: keyof typeof KINDS;
  readonly repo: Repo;
  readonly number: number;
}

/** A duty as its id names it. */
export interface LocatedDuty {
  readonly kind: Duty;
  readonly repo: Repo;
}

/** Finds the item's repository by its immutable id; undefined when the organization has it no more. */
export async function locate(client: Client, item: WorkItem): Promise<Located | LocatedDuty | undefined> {
  const [, short, repoId, rest] = /^([a-z]+):(\d+)\/(.+)$/.exec(item.id) ?? [];
  const kind = KIND_OF.get(short ?? "");
  if (!kind || !repoId || !rest) throw new SystemError({ code: "refused", reason: `${item.id} is no work of GitHub` });
  const repo = await findRepo(client, Number(repoId), item.container.split("/")[1]);
  if (!repo) return undefined;
  return kind in KINDS
    ? { kind: kind as keyof typeof KINDS, repo, number: Number(rest) }
    : { kind: kind as Duty, repo };
}

/** Tells an issue or pull request from what has no number. */
export function isNumbered(at: Located | LocatedDuty): at is Located {
  return "number" in at;
}

const KIND_OF: ReadonlyMap<string, string> = new Map([
  ...Object.entries(KINDS).map(([kind, short]) => [short, kind] as const),
  ...Object.entries(DUTIES).map(([kind, { short }]) => [short, kind] as const),
]);

/** Says whether somebody is this account, by id. */
export function isId(id: string): (user: SimpleUser | null | undefined) => boolean {
  return (user) => user !== null && user !== undefined && String(user.id) === id;
}
