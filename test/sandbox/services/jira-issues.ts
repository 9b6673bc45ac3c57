import { findUser, jiraTime, lacks, page, refuse, type Site, shownUser } from "./jira-answers.ts";
import { newId } from "./jira-seed.ts";
import type { JiraIssue, JiraState } from "./jira-state.ts";

const OURS = /^assignee = "([^"]+)" AND statusCategory != Done(?: ORDER BY key)?$/;

/** Issues: search by token, assignees, comments and history. */
export function mountIssues(site: Site): void {
  const { app, state } = site;
  const findIssue = (ref: string) => state.issues.find((one) => one.key === ref || one.id === ref);
  const nameOf = (accountId: string | undefined) => findUser(state, accountId)?.displayName ?? "";
  const hidden = "Issue does not exist or you do not have permission to see it.";

  // The address of before: gone for good, and never to be taken for "no issues".
  for (const method of ["GET", "POST"]) {
    app.on(method, "/rest/api/3/search", (c) => refuse(c, 410, "The requested API has been removed."));
  }

  app.post("/rest/api/3/search/jql", async (c) => {
    const asked = await c.req.json<{ jql?: string; nextPageToken?: string; maxResults?: number; fields?: string[] }>();
    const [, assignee] = OURS.exec(asked.jql ?? "") ?? [];
    if (assignee === undefined) return refuse(c, 400, "Unbounded or unknown JQL queries are not allowed here.");
    const { nextPageToken: token } = asked;
    const isStart = token === undefined || token === state.stuckToken;
    const from = isStart ? 0 : Number(/^at-(\d+)-\d+$/.exec(token)?.[1]);
    if (Number.isNaN(from)) return refuse(c, 400, "The page token is not valid.");
    const index = state.searchIndex ?? state.issues;
    const hits = lacks(c, site, "BROWSE_PROJECTS")
      ? []
      : index.filter((issue) => issue.assignee === assignee && issue.category !== "done");
    const length = state.searchPages.shift() ?? Math.min(asked.maxResults ?? 50, 100);
    const issues = hits.slice(from, from + length).map((issue) => shownIssue(state, issue, asked.fields ?? []));
    const more = hits.length > from + length;
    if (state.stuckToken !== undefined) return c.json({ issues, isLast: false, nextPageToken: state.stuckToken });
    return c.json({ issues, isLast: !more, ...(more ? { nextPageToken: `at-${from + length}-${newId(state)}` } : {}) });
  });

  app.get("/rest/api/3/issue/:ref", (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, hidden);
    const fields = (c.req.queries("fields") ?? []).flatMap((some) => some.split(","));
    return c.json(shownIssue(state, issue, fields));
  });

  app.put("/rest/api/3/issue/:ref/assignee", async (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue) return refuse(c, 404, hidden);
    const denied = lacks(c, site, "ASSIGN_ISSUES");
    if (denied) return denied;
    const { accountId } = await c.req.json<{ accountId?: string | null }>();
    if (accountId === null || accountId === undefined) return refuse(c, 400, "Issues must be assigned.");
    if (!canBeAssigned(state, issue, accountId)) return refuse(c, 400, "The user cannot be assigned issues.");
    const change = { id: newId(state), author: state.credential.accountId, created: jiraTime(), field: "assignee" };
    issue.changes.push({ ...change, ...(issue.assignee ? { from: issue.assignee } : {}), to: accountId });
    issue.assignee = accountId;
    issue.updated = jiraTime();
    return c.body(null, 204);
  });

  // Whoever may not transition issues is shown no transitions.
  app.get("/rest/api/3/issue/:ref/transitions", (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, hidden);
    const next = issue.category === "done" ? [] : ["indeterminate", "done"];
    const transitions = next.map((key, at) => ({
      id: String(21 + at),
      name: key,
      to: { name: key, statusCategory: { key } },
    }));
    return c.json({ transitions: lacks(c, site, "TRANSITION_ISSUES") ? [] : transitions });
  });

  app.post("/rest/api/3/issue/:ref/transitions", async (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue) return refuse(c, 404, hidden);
    const { transition } = await c.req.json<{ transition?: { id?: string } }>();
    if (!["21", "22"].includes(transition?.id ?? ""))
      return refuse(c, 400, "It seems that you have tried to perform an illegal workflow operation.");
    issue.category = transition?.id === "22" ? "done" : "indeterminate";
    issue.updated = jiraTime();
    return c.body(null, 204);
  });

  app.get("/rest/api/3/user/assignable/search", (c) => {
    const issue = findIssue(c.req.query("issueKey") ?? c.req.query("issueId") ?? "");
    if (!issue) return refuse(c, 404, hidden);
    const accountId = c.req.query("accountId");
    const able = state.users.filter(
      (user) =>
        (accountId === undefined || user.accountId === accountId) && canBeAssigned(state, issue, user.accountId),
    );
    return c.json(able.slice(0, 50).map((user) => shownUser(state, user.accountId)));
  });

  app.get("/rest/api/3/issue/:ref/comment", (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, hidden);
    const startAt = Number(c.req.query("startAt") ?? 0);
    const maxResults = Math.min(Number(c.req.query("maxResults") ?? 100), 100);
    const withProperties = (c.req.query("expand") ?? "").includes("properties");
    const comments = issue.comments.slice(startAt, startAt + maxResults).map(({ author, properties, ...comment }) => ({
      ...comment,
      author: shownUser(state, author),
      ...(withProperties ? { properties } : {}),
    }));
    return c.json({ startAt, maxResults, total: issue.comments.length, comments });
  });

  app.post("/rest/api/3/issue/:ref/comment", async (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue) return refuse(c, 404, hidden);
    const denied = lacks(c, site, "ADD_COMMENTS", 404);
    if (denied) return denied;
    const { body, properties = [] } = await c.req.json<{
      body?: unknown;
      properties?: { key: string; value: unknown }[];
    }>();
    const comment = { id: newId(state), author: state.credential.accountId, body, created: jiraTime(), properties };
    issue.comments.push(comment);
    return c.json({ ...comment, author: shownUser(state, comment.author) }, 201);
  });

  app.get("/rest/api/3/issue/:ref/changelog", (c) => {
    const issue = findIssue(c.req.param("ref"));
    if (!issue || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, hidden);
    return page(
      c,
      issue.changes.map((change) => ({
        id: change.id,
        author: shownUser(state, change.author),
        created: change.created,
        items: [
          {
            field: change.field,
            fieldId: change.field,
            ...(change.from ? { from: change.from, fromString: nameOf(change.from) } : {}),
            // Always there, or the object's own method would be taken for it.
            toString: nameOf(change.to),
            ...(change.to ? { to: change.to } : {}),
          },
        ],
      })),
      100,
    );
  });
}

function canBeAssigned(state: JiraState, issue: JiraIssue, accountId: string): boolean {
  const user = findUser(state, accountId);
  const project = state.projects.find((one) => one.id === issue.projectId);
  if (!user?.active || user.suspended) return false;
  return project?.assignable?.includes(accountId) ?? true;
}

/** Only the fields that were asked for, as the search by token does; ids alone when none were. */
function shownIssue(state: JiraState, issue: JiraIssue, asked: readonly string[]): object {
  const project = state.projects.find((one) => one.id === issue.projectId);
  const components = state.components.filter((one) => issue.componentIds.includes(one.id));
  const all: Record<string, unknown> = {
    summary: issue.summary,
    status: { name: issue.category, statusCategory: { key: issue.category } },
    assignee: shownUser(state, issue.assignee) ?? null,
    reporter: shownUser(state, issue.reporter) ?? null,
    project: { id: issue.projectId, key: project?.key, name: project?.name },
    components: components.map(({ id, name }) => ({ id, name })),
    priority: { name: issue.priority },
    duedate: issue.dueDate ?? null,
    created: issue.created,
    updated: issue.updated,
  };
  const fields = Object.fromEntries(Object.entries(all).filter(([name]) => asked.includes(name)));
  const self = `https://${state.site}/rest/api/3/issue/${issue.id}`;
  return { id: issue.id, key: issue.key, self, ...(asked.length > 0 ? { fields } : {}) };
}
