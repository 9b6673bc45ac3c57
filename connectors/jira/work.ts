import { type Account, SystemError, type WorkItem } from "../connector.ts";
import { findById, getStanding, systemId } from "./accounts.ts";
import { type Client, eachOf } from "./client.ts";
import { listProjects, WIDTH } from "./grants.ts";
import { Component, Dashboard, Filter, type Issue, type Project, SearchPage } from "./schema.ts";

const FIELDS = ["summary", "status", "assignee", "reporter", "project", "priority", "duedate", "created", "updated"];
const PAGE_SIZE = 100;
const MOST_PAGES = 10_000;
const MOST_SWEEPS = 5;

/** What a work item of Jira is, and the start of its id. */
export type WorkKind = "issue" | "project-lead" | "component-lead" | "filter" | "dashboard";

/**
 * Open tickets assigned to the account, projects and components that it leads, filters and dashboards that it owns.
 * Everything is collected before the first item is given out: a list that is read while its items move skips some.
 */
export async function* listWork(client: Client, account: Account): AsyncIterable<WorkItem> {
  await getStanding(client);
  const user = await findById(client, account.id);
  if (!user) return;
  const id = user.accountId;
  const issues = await sweepUntilStill(client, id);
  const projects = await listProjects(client);
  const components = await eachOf(projects, WIDTH, (project) => listComponents(client, project.id));
  const filters = await client.list(Filter, (startAt, jira, to) =>
    jira.getFiltersPaginated(to, {
      accountId: id,
      overrideSharePermissions: true,
      expand: "owner,viewUrl",
      startAt,
      maxResults: 50,
    }),
  );
  const dashboards = await listDashboards(client, id);
  const base = { system: systemId(client.site), account: id, facts: [] };
  const site = `https://${client.site}`;
  yield* issues.map((issue) => issueItem(client, base, issue));
  yield* projects
    .filter((project) => project.lead?.accountId === id)
    .map((project) => ({
      ...base,
      id: `project-lead:${project.id}`,
      kind: "project-lead",
      title: `Lead of ${project.name}`,
      container: project.key,
      url: `${site}/jira/projects/${encodeURIComponent(project.key)}`,
      facts: ["new tickets may be assigned to the lead by themselves"],
    }));
  yield* components.flatMap((ofProject, index) =>
    ofProject.filter((one) => one.lead?.accountId === id).map((one) => componentItem(base, one, projects[index])),
  );
  yield* filters.items
    .filter((filter) => filter.owner === undefined || filter.owner?.accountId === id)
    .map((filter) => ({
      ...base,
      id: `filter:${filter.id}`,
      kind: "filter",
      title: filter.name,
      container: client.site,
      ...(filter.viewUrl ? { url: filter.viewUrl } : {}),
      facts: ["subscriptions and boards may rest on it"],
    }));
  yield* dashboards.map((dashboard) => ({
    ...base,
    id: `dashboard:${dashboard.id}`,
    kind: "dashboard",
    title: dashboard.name,
    container: client.site,
    url: `${site}/jira/dashboards/${dashboard.id}`,
  }));
}

/** Dashboards of this owner that are shown to us. */
export async function listDashboards(
  client: Client,
  accountId: string,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const listing = await client.list(Dashboard, (startAt, jira, to) =>
    jira.getDashboardsPaginated(to, { accountId, startAt, maxResults: 50 }),
  );
  return listing.items;
}

/** Reads `issue:10001`, `project-lead:…`, `component-lead:…`, `filter:…`, `dashboard:…`. */
export function workOf(item: WorkItem): { readonly kind: WorkKind; readonly id: string } {
  const [, kind, id] = /^(issue|project-lead|component-lead|filter|dashboard):(\d+)$/.exec(item.id) ?? [];
  switch (kind) {
    case "issue":
    case "project-lead":
    case "component-lead":
    case "filter":
    case "dashboard":
      if (id) return { kind, id };
  }
  throw new SystemError({ code: "refused", reason: `${item.id} is no work of Jira` });
}

export async function listComponents(client: Client, projectIdOrKey: string): Promise<readonly Component[]> {
  const listing = await client.list(Component, (startAt, jira, to) =>
    jira.getProjectComponentsPaginated(to, { projectIdOrKey, startAt, maxResults: 50 }),
  );
  return listing.items;
}

/** The search lags behind and shifts while it is read, so it is asked again until nothing new turns up. */
async function sweepUntilStill(client: Client, accountId: string): Promise<readonly Issue[]> {
  const found = new Map<string, Issue>();
  for (let sweeps = 1; ; sweeps += 1) {
    const before = found.size;
    for (const issue of await sweep(client, accountId)) {
      // What the search still remembers of a ticket that moved on is not theirs.
      if (issue.fields.assignee?.accountId === accountId) found.set(issue.id, issue);
    }
    if (sweeps > 1 && found.size === before) return [...found.values()];
    if (sweeps === MOST_SWEEPS) {
      throw new SystemError(
        { code: "unreachable" },
        { message: "Jira's search brings new tickets each time it is asked" },
      );
    }
  }
}

async function sweep(client: Client, accountId: string): Promise<readonly Issue[]> {
  const jql = `assignee = "${accountId}" AND statusCategory != Done ORDER BY key`;
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined, pages = 1; ; pages += 1) {
    const asked = { jql, fields: FIELDS, maxResults: PAGE_SIZE, ...(token ? { nextPageToken: token } : {}) };
    const { body } = await client.get(SearchPage, (jira, to) => jira.searchAndReconsileIssuesUsingJqlPost(to, asked));
    issues.push(...body.issues);
    token = body.nextPageToken ?? undefined;
    if (!token) return issues;
    if (seen.has(token) || pages >= MOST_PAGES) {
      throw new SystemError({ code: "unreachable" }, { message: "Jira's search gives the same page again and again" });
    }
    seen.add(token);
  }
}

type Base = Pick<WorkItem, "system" | "account" | "facts">;

function issueItem(client: Client, base: Base, issue: Issue): WorkItem {
  const { summary, status, reporter, project, priority, duedate, created, updated } = issue.fields;
  const [made, changed] = [isoOf(created), isoOf(updated)];
  return {
    ...base,
    id: `issue:${issue.id}`,
    kind: "issue",
    title: `${issue.key} ${summary ?? ""}`.trim(),
    container: project?.name ?? project?.key ?? client.site,
    url: `https://${client.site}/browse/${encodeURIComponent(issue.key)}`,
    ...(made ? { createdAt: made } : {}),
    ...(changed ? { updatedAt: changed } : {}),
    facts: [
      ...(status?.name ? [`status ${status.name}`] : []),
      ...(priority?.name ? [`priority ${priority.name}`] : []),
      ...(duedate ? [`due ${duedate}`] : []),
      ...(reporter?.displayName && reporter.accountId !== base.account ? [`reported by ${reporter.displayName}`] : []),
    ],
  };
}

function componentItem(base: Base, component: Component, project: Project | undefined): WorkItem {
  return {
    ...base,
    id: `component-lead:${component.id}`,
    kind: "component-lead",
    title: `Lead of component ${component.name}`,
    container: project?.key ?? component.project ?? "",
    facts: ["new tickets of the component may be assigned to the lead by themselves"],
  };
}

/** Jira writes `+0000` where ISO 8601 in JSON schemas has `Z`. */
function isoOf(time: string | null | undefined): string | undefined {
  const parsed = Date.parse(time ?? "");
  return Number.isNaN(parsed) ? undefined : new Date(parsed).toISOString();
}
