import { afterEach, describe, expect, it } from "vitest";
import {
  addGroup,
  addIssue,
  addProject,
  isChange,
  type JiraSeed,
  type JiraService,
  startJira,
} from "./services/jira.ts";

const SEED: JiraSeed = {
  site: "acme.atlassian.net",
  token: "ATATT-secret",
  email: "signoff@acme.example",
  tokenOf: "5b10-signoff",
  orgKey: "org-secret",
  users: [
    { accountId: "5b10-signoff", displayName: "Signoff", email: "signoff@acme.example" },
    { accountId: "5b10-alice", displayName: "Alice", email: "alice@acme.example", apiTokens: ["laptop"] },
    { accountId: "5b10-bob", displayName: "Bob", email: "bob@acme.example", emailHidden: true },
  ],
  groups: [{ name: "developers", members: ["5b10-alice"] }],
  roles: [{ name: "Developers" }],
  projects: [
    {
      key: "PAY",
      name: "Payments",
      lead: "5b10-alice",
      actors: { Developers: { users: ["5b10-alice"], groups: ["developers"] } },
      components: [{ name: "Ledger", lead: "5b10-alice" }],
      issues: [{ summary: "Rounding", assignee: "5b10-alice", components: ["Ledger"], assignedBefore: ["5b10-bob"] }],
    },
  ],
  filters: [{ name: "Mine", owner: "5b10-alice", shared: false }],
  dashboards: [{ name: "Payments", owner: "5b10-alice" }],
};

let jira: JiraService;
afterEach(async () => {
  await jira.stop();
  expect(jira.faults).toEqual([]);
});

async function ask(method: string, path: string, body?: unknown, authorization = BASIC): Promise<unknown> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(jira.url + path, { method, headers, ...sent });
  const text = await answer.text();
  return text === "" ? answer.status : JSON.parse(text);
}
const BASIC = `Basic ${Buffer.from("signoff@acme.example:ATATT-secret").toString("base64")}`;

describe("the stand-in of Jira", () => {
  it("answers each route as Jira describes it", async () => {
    jira = await startJira({ seed: SEED });
    const [project] = jira.state.projects;
    const [role] = jira.state.roles;
    const at = `/rest/api/3/project/${project?.id}`;
    for (const path of [
      "/rest/api/3/myself",
      "/rest/api/3/mypermissions?permissions=ADMINISTER,BROWSE_PROJECTS",
      "/rest/api/3/user?accountId=5b10-alice",
      "/rest/api/3/user/search?query=alice%40acme.example",
      "/rest/api/3/user/groups?accountId=5b10-alice",
      "/rest/api/3/group/bulk?accessType=site-admin",
      `/rest/api/3/group/member?groupId=${jira.state.groups[1]?.groupId}`,
      "/rest/api/3/project/search?expand=lead",
      at,
      `${at}/role`,
      `${at}/role/${role?.id}`,
      "/rest/api/3/role",
      `/rest/api/3/role/${role?.id}/actors`,
      `${at}/component`,
      `/rest/api/3/component/${jira.state.components[0]?.id}`,
      "/rest/api/3/issue/PAY-1?fields=summary,assignee,status",
      "/rest/api/3/issue/PAY-1/comment?expand=properties",
      "/rest/api/3/issue/PAY-1/changelog",
      "/rest/api/3/user/assignable/search?issueKey=PAY-1&accountId=5b10-bob",
      "/rest/api/3/filter/search?accountId=5b10-alice&overrideSharePermissions=true",
      `/rest/api/3/filter/${jira.state.filters[0]?.id}?overrideSharePermissions=true`,
      "/rest/api/3/dashboard/search?accountId=5b10-alice&expand=owner",
    ]) {
      expect(await ask("GET", path), path).not.toHaveProperty("errorMessages");
    }
    const jql = 'assignee = "5b10-alice" AND statusCategory != Done ORDER BY key';
    expect(await ask("POST", "/rest/api/3/search/jql", { jql, fields: ["summary"] })).toMatchObject({
      isLast: true,
      issues: [{ key: "PAY-1", fields: { summary: "Rounding" } }],
    });
    expect(await ask("GET", "/rest/api/3/user?accountId=5b10-bob")).not.toHaveProperty("emailAddress");
  });

  it("keeps what is changed, and shows it", async () => {
    jira = await startJira({ seed: SEED });
    const key = addIssue(jira.state, jira.state.projects[0]?.id ?? "", { summary: "Late", assignee: "5b10-alice" });
    expect(await ask("PUT", `/rest/api/3/issue/${key}/assignee`, { accountId: "5b10-bob" })).toBe(204);
    expect(await ask("GET", `/rest/api/3/issue/${key}?fields=assignee`)).toMatchObject({
      fields: { assignee: { accountId: "5b10-bob" } },
    });
    const id = addGroup(jira.state, { name: "late", members: ["5b10-alice"] });
    expect(await ask("DELETE", `/rest/api/3/group/user?groupId=${id}&accountId=5b10-alice`)).toBe(200);
    expect(await ask("GET", "/rest/api/3/user/groups?accountId=5b10-alice")).toHaveLength(1);
    addProject(jira.state, { key: "OPS", name: "Operations", lead: "5b10-bob" });
    expect(await ask("GET", "/rest/api/3/project/search")).toMatchObject({ total: 2 });
  });

  it("knows two credentials that do not stand in for each other", async () => {
    jira = await startJira({ seed: SEED });
    const org = `/admin/v2/orgs/${jira.orgId}/directories`;
    expect(await ask("GET", org)).toHaveProperty("errorMessages");
    expect(await ask("GET", org, undefined, "Bearer org-secret")).toHaveProperty("data");
    expect(await ask("GET", "/rest/api/3/myself", undefined, "Bearer org-secret")).toHaveProperty("errorMessages");
  });

  it("can say yes and do nothing, and do it and say nothing", async () => {
    jira = await startJira({ seed: SEED });
    const groupId = jira.state.groups[1]?.groupId;
    const path = `/rest/api/3/group/user?groupId=${groupId}&accountId=5b10-alice`;
    jira.behave({ when: isChange, then: "ignore" });
    expect(await ask("DELETE", path)).toBe(200);
    expect(jira.state.groups[1]?.members).toEqual(["5b10-alice"]);
    jira.behave({ when: isChange, then: "cut-after" });
    await expect(ask("DELETE", path)).rejects.toThrow();
    expect(jira.state.groups[1]?.members).toEqual([]);
  });
});
