import { type Suggestion, SystemError, type WorkItem } from "../connector.ts";
import { accountOf, findById, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { Change, type Comment, CommentPage, Component, Issue, Project, User } from "./schema.ts";
import { listComponents, workOf } from "./work.ts";

const MOST = 3;

/**
 * Up to three people who know the item: for a ticket who had it before, who leads its components, who commented on it and
 * who leads the project; for a lead those who lead beside it. Only active people who can be assigned there. Filters and
 * dashboards say nothing about who else knows them.
 */
export async function suggestOwners(client: Client, item: WorkItem): Promise<Suggestion[]> {
  const { own } = await getStanding(client);
  const { kind, id } = workOf(item);
  // Our own account comments on what it hands over.
  const never = new Set([item.account, own.accountId]);
  switch (kind) {
    case "issue":
      return suggestForIssue(client, id, never);
    case "project-lead":
    case "component-lead":
      return suggestForLead(client, kind === "project-lead" ? id : item.container, never);
    case "filter":
    case "dashboard":
      return [];
    default:
      return kind satisfies never;
  }
}

type Reasons = Map<string, string>;

async function suggestForIssue(
  client: Client,
  issueIdOrKey: string,
  never: ReadonlySet<string>,
): Promise<Suggestion[]> {
  const fields = ["assignee", "components", "project"];
  const issue = (await client.find(Issue, (jira, to) => jira.getIssue(to, { issueIdOrKey, fields })))?.body;
  if (!issue) return [];
  const why: Reasons = new Map();
  const consider = considering(why, never);
  const changes = await client.list(Change, (startAt, jira, to) =>
    jira.getChangeLogs(to, { issueIdOrKey, startAt, maxResults: 100 }),
  );
  const moves = changes.items.flatMap((change) => change.items ?? []).filter((one) => one.field === "assignee");
  for (const { from } of moves.reverse()) consider(from, "was assigned to it before");
  for (const { id } of issue.fields.components ?? []) {
    const component = id ? await client.find(Component, (jira, to) => jira.getComponent(to, { id })) : undefined;
    consider(component?.body.lead?.accountId, `leads the component ${component?.body.name ?? ""}`);
  }
  const counts = new Map<string, number>();
  for (const { author } of await listComments(client, issueIdOrKey)) {
    if (author?.accountType === "atlassian") counts.set(author.accountId, (counts.get(author.accountId) ?? 0) + 1);
  }
  for (const [accountId, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    consider(accountId, count === 1 ? "commented on it" : `commented on it ${count} times`);
  }
  const projectIdOrKey = issue.fields.project?.id;
  if (projectIdOrKey) {
    const project = await client.find(Project, (jira, to) => jira.getProject(to, { projectIdOrKey }));
    consider(project?.body.lead?.accountId, `leads the project ${project?.body.name ?? ""}`);
  }
  return firstOf(client, why, (accountId) => isAssignable(client, issue.key, accountId));
}

async function suggestForLead(
  client: Client,
  projectIdOrKey: string,
  never: ReadonlySet<string>,
): Promise<Suggestion[]> {
  if (!/^[\w-]+$/.test(projectIdOrKey)) throw new SystemError({ code: "refused", reason: "the project has no key" });
  const project = (await client.find(Project, (jira, to) => jira.getProject(to, { projectIdOrKey })))?.body;
  if (!project) return [];
  const why: Reasons = new Map();
  const consider = considering(why, never);
  consider(project.lead?.accountId, `leads the project ${project.name}`);
  for (const component of await listComponents(client, project.id)) {
    consider(component.lead?.accountId, `leads the component ${component.name}`);
  }
  return firstOf(client, why, async () => true);
}

/** Every comment of a ticket, oldest first. */
export async function listComments(client: Client, issueIdOrKey: string): Promise<readonly Comment[]> {
  const comments: Comment[] = [];
  for (;;) {
    const from = comments.length;
    const asked = { issueIdOrKey, startAt: from, maxResults: 100, expand: "properties" };
    const { body } = await client.get(CommentPage, (jira, to) => jira.getComments(to, asked));
    comments.push(...body.comments);
    if (comments.length >= body.total) return comments;
    if (body.comments.length === 0) {
      throw new SystemError({ code: "unreachable" }, { message: "Jira's list of comments stops before its end" });
    }
  }
}

/** Whether Jira lets this account be assigned to this ticket. */
export async function isAssignable(client: Client, issueKey: string, accountId: string): Promise<boolean> {
  const asked = { issueKey, accountId, maxResults: 50 };
  const { body } = await client.get(User.array(), (jira, to) => jira.findAssignableUsers(to, asked));
  return body.some((user) => user.accountId === accountId);
}

function considering(
  why: Reasons,
  never: ReadonlySet<string>,
): (accountId: string | null | undefined, reason: string) => void {
  return (accountId, reason) => {
    if (accountId && !never.has(accountId) && !why.has(accountId)) why.set(accountId, reason);
  };
}

async function firstOf(
  client: Client,
  why: Reasons,
  fits: (accountId: string) => Promise<boolean>,
): Promise<Suggestion[]> {
  const suggestions: Suggestion[] = [];
  for (const [accountId, reason] of why) {
    if (suggestions.length === MOST) break;
    const user = await findById(client, accountId);
    if (!user || user.active === false || user.accountType !== "atlassian" || !(await fits(accountId))) continue;
    suggestions.push({ account: accountOf(client, user), why: reason });
  }
  return suggestions;
}
