import { findUser, lacks, lacksSiteAdmin, page, refuse, type Site, shownUser } from "./jira-answers.ts";
import type { JiraUser } from "./jira-state.ts";

/** Who we are, users and groups. */
export function mountPeople(site: Site): void {
  const { app, state } = site;

  app.get("/rest/api/3/myself", (c) => c.json(shownUser(state, state.credential.accountId)));

  app.get("/rest/api/3/mypermissions", (c) => {
    const asked = (c.req.query("permissions") ?? "").split(",").filter(Boolean);
    const known = asked.map((key, index) => {
      const havePermission = state.credential.permissions.includes(key);
      const type = ["ADMINISTER", "USER_PICKER"].includes(key) ? "GLOBAL" : "PROJECT";
      return [key, { id: String(index), key, name: key, type, description: key, havePermission }];
    });
    return c.json({ permissions: Object.fromEntries(known) });
  });

  app.post("/rest/api/3/permissions/check", async (c) => {
    const denied = lacks(c, site, "ADMINISTER");
    if (denied) return denied;
    const { accountId, globalPermissions = [] } = await c.req.json<{
      accountId?: string;
      globalPermissions?: string[];
    }>();
    const admin = state.groups.some(
      ({ accessType, members }) => accessType !== "user" && members.includes(accountId ?? ""),
    );
    const works = isThere(findUser(state, accountId));
    const held = globalPermissions.filter((key) => works && (key !== "ADMINISTER" || admin));
    return c.json({ globalPermissions: held, projectPermissions: [] });
  });

  app.get("/rest/api/3/user", (c) => {
    const denied = lacks(c, site, "USER_PICKER");
    if (denied) return denied;
    const user = shownUser(state, c.req.query("accountId"));
    return user
      ? c.json(user)
      : refuse(c, 404, "Specified user does not exist or you do not have required permissions");
  });

  // Only active accounts, and an empty list rather than a refusal to who may not browse users: as in Jira.
  app.get("/rest/api/3/user/search", (c) => {
    if (lacks(c, site, "USER_PICKER")) return c.json([]);
    const query = (c.req.query("query") ?? "").toLowerCase();
    const accountId = c.req.query("accountId");
    const hits = state.users.filter((user) => {
      if (!isThere(user)) return false;
      if (accountId !== undefined) return user.accountId === accountId;
      const email = user.emailHidden ? "" : user.emailAddress.toLowerCase();
      return user.displayName.toLowerCase().includes(query) || email.startsWith(query);
    });
    const startAt = Number(c.req.query("startAt") ?? 0);
    const maxResults = Number(c.req.query("maxResults") ?? 50);
    return c.json(hits.slice(startAt, startAt + maxResults).map((user) => shownUser(state, user.accountId)));
  });

  app.get("/rest/api/3/user/groups", (c) => {
    const denied = lacks(c, site, "USER_PICKER");
    if (denied) return denied;
    const accountId = c.req.query("accountId") ?? "";
    if (!findUser(state, accountId)) return refuse(c, 404, "The user does not exist.");
    const groups = state.groups.filter((group) => group.members.includes(accountId));
    return c.json(groups.map(({ name, groupId }) => ({ name, groupId })));
  });

  app.get("/rest/api/3/group/bulk", (c) => {
    const denied = lacks(c, site, "USER_PICKER");
    if (denied) return denied;
    const accessType = c.req.query("accessType");
    const ids = c.req.queries("groupId") ?? [];
    const groups = state.groups
      .filter((group) => accessType === undefined || group.accessType === accessType)
      .filter((group) => ids.length === 0 || ids.includes(group.groupId));
    return page(
      c,
      groups.map(({ name, groupId }) => ({ name, groupId })),
    );
  });

  app.get("/rest/api/3/group/member", (c) => {
    const denied = lacks(c, site, "USER_PICKER");
    if (denied) return denied;
    const group = state.groups.find((one) => one.groupId === c.req.query("groupId"));
    if (!group) return refuse(c, 404, "The group does not exist.");
    const inactiveToo = c.req.query("includeInactiveUsers") === "true";
    const members = group.members.filter((id) => inactiveToo || isThere(findUser(state, id)));
    return page(
      c,
      members.map((id) => shownUser(state, id)),
    );
  });

  app.delete("/rest/api/3/group/user", (c) => {
    const denied = lacksSiteAdmin(c, site);
    if (denied) return denied;
    const accountId = c.req.query("accountId") ?? "";
    const group = state.groups.find((one) => one.groupId === c.req.query("groupId"));
    if (!group) return refuse(c, 404, "The group does not exist.");
    if (group.synced) return refuse(c, 403, "The group is managed by an identity provider.");
    if (!group.members.includes(accountId)) return refuse(c, 404, "The user is not in the group.");
    group.members = group.members.filter((id) => id !== accountId);
    return c.body(null, 200);
  });

  app.post("/rest/api/3/group/user", async (c) => {
    const denied = lacksSiteAdmin(c, site);
    if (denied) return denied;
    const { accountId = "" } = await c.req.json<{ accountId?: string }>();
    const group = state.groups.find((one) => one.groupId === c.req.query("groupId"));
    if (!group || !findUser(state, accountId)) return refuse(c, 404, "The group or the user does not exist.");
    if (group.members.includes(accountId)) return refuse(c, 400, "The user is already a member of the group.");
    group.members.push(accountId);
    return c.json({ name: group.name, groupId: group.groupId }, 201);
  });
}

function isThere(user: JiraUser | undefined): boolean {
  return user?.active === true && !user.suspended;
}
