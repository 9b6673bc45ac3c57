import { findUser, refuse, type Site } from "./jira-answers.ts";

// The organization's own APIs (api.atlassian.com), as far as their pages describe them:
// https://developer.atlassian.com/cloud/admin/organization/rest/ and .../cloud/admin/user-management/rest/

/** Directories, suspension, and the API tokens of managed accounts. */
export function mountOrganization(site: Site): void {
  const { app, state } = site;
  const root = "/admin/v2/orgs/:org/directories";
  const isOurs = (org: string, directory: string) =>
    org === state.organization.id && directory === state.organization.directoryId;

  app.get(root, (c) => {
    if (c.req.param("org") !== state.organization.id) return refuse(c, 404, "No such organization.");
    return c.json({ data: [{ directoryId: state.organization.directoryId, name: "Acme" }], links: {} });
  });

  app.get(`${root}/:directory/users`, (c) => {
    if (!isOurs(c.req.param("org"), c.req.param("directory"))) return refuse(c, 404, "No such directory.");
    const ids = c.req.queries("accountIds") ?? [];
    const users = state.users.filter((user) => ids.length === 0 || ids.includes(user.accountId));
    const data = users.map((user) => ({
      accountId: user.accountId,
      accountType: user.accountType,
      accountStatus: user.active ? "active" : "inactive",
      membershipStatus: user.suspended ? "suspended" : "active",
      claimStatus: user.managed ? "managed" : "unmanaged",
    }));
    return c.json({ data, links: {} });
  });

  for (const act of ["suspend", "restore"] as const) {
    app.post(`${root}/:directory/users/:id/${act}`, (c) => {
      const user = findUser(state, c.req.param("id"));
      if (!isOurs(c.req.param("org"), c.req.param("directory")) || !user) return refuse(c, 404, "No such user.");
      user.suspended = act === "suspend";
      return c.body(null, 204);
    });
  }

  app.get("/users/:id/manage/api-tokens", (c) => {
    const user = findUser(state, c.req.param("id"));
    if (!user?.managed) return refuse(c, 403, "The account is not managed by your organization.");
    return c.json(user.apiTokens.map((token) => ({ ...token, createdAt: "2026-01-02T03:04:05.000Z" })));
  });

  app.delete("/users/:id/manage/api-tokens/:token", (c) => {
    const user = findUser(state, c.req.param("id"));
    if (!user?.managed) return refuse(c, 403, "The account is not managed by your organization.");
    user.apiTokens = user.apiTokens.filter((token) => token.id !== c.req.param("token"));
    return c.body(null, 204);
  });
}
