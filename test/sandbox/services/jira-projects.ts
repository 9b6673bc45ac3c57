import { findUser, lacks, page, refuse, type Site, shownUser } from "./jira-answers.ts";
import type { JiraActors, JiraComponent, JiraProject, JiraRole, JiraState } from "./jira-state.ts";

/** Projects, their roles and leads, and their components. */
export function mountProjects(site: Site): void {
  const { app, state } = site;
  const findProject = (ref: string) => state.projects.find((one) => one.id === ref || one.key === ref);

  app.get("/rest/api/3/project/search", (c) => {
    const shown = lacks(c, site, "BROWSE_PROJECTS") ? [] : state.projects.filter((one) => !one.archived);
    return page(
      c,
      shown.map((one) => shownProject(state, one, (c.req.query("expand") ?? "").includes("lead"))),
    );
  });

  app.get("/rest/api/3/project/:ref", (c) => {
    const project = findProject(c.req.param("ref"));
    if (!project || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, "No project could be found.");
    return c.json(shownProject(state, project, true));
  });

  app.put("/rest/api/3/project/:ref", async (c) => {
    const project = findProject(c.req.param("ref"));
    if (!project) return refuse(c, 404, "No project could be found.");
    const denied = lacks(c, site, "ADMINISTER_PROJECTS");
    if (denied) return denied;
    const { leadAccountId } = await c.req.json<{ leadAccountId?: string }>();
    if (leadAccountId !== undefined) {
      if (!findUser(state, leadAccountId)?.active) return refuse(c, 400, "The lead must be an active user.");
      project.lead = leadAccountId;
    }
    return c.json(shownProject(state, project, true));
  });

  app.get("/rest/api/3/project/:ref/role", (c) => {
    const project = findProject(c.req.param("ref"));
    if (!project) return refuse(c, 404, "No project could be found.");
    const denied = lacks(c, site, "ADMINISTER_PROJECTS", 401);
    if (denied) return denied;
    const held = project.actors.map(({ roleId }) => roleId);
    const roles = state.roles.filter((role) => held.includes(role.id));
    const at = (id: number) => `https://${state.site}/rest/api/3/project/${project.id}/role/${id}`;
    return c.json(Object.fromEntries(roles.map((role) => [role.name, at(role.id)])));
  });

  app.get("/rest/api/3/project/:ref/role/:id", (c) => {
    const found = findRole(c.req.param("ref"), c.req.param("id"));
    if (!found) return refuse(c, 404, "The project or role does not exist.");
    return lacks(c, site, "ADMINISTER_PROJECTS", 401) ?? c.json(shownRole(state, found.role, found.actors));
  });

  app.delete("/rest/api/3/project/:ref/role/:id", (c) => {
    const found = findRole(c.req.param("ref"), c.req.param("id"));
    if (!found) return refuse(c, 404, "The project or role does not exist.");
    const denied = lacks(c, site, "ADMINISTER_PROJECTS", 401);
    if (denied) return denied;
    const user = c.req.query("user") ?? "";
    if (!found.actors.users.includes(user)) return refuse(c, 404, "The user is not an actor of the role.");
    found.actors.users = found.actors.users.filter((id) => id !== user);
    return c.body(null, 204);
  });

  app.post("/rest/api/3/project/:ref/role/:id", async (c) => {
    const found = findRole(c.req.param("ref"), c.req.param("id"));
    if (!found) return refuse(c, 404, "The project or role does not exist.");
    const denied = lacks(c, site, "ADMINISTER_PROJECTS", 401);
    if (denied) return denied;
    const { user = [] } = await c.req.json<{ user?: string[] }>();
    found.actors.users.push(...user.filter((id) => !found.actors.users.includes(id)));
    return c.json(shownRole(state, found.role, found.actors));
  });

  app.get("/rest/api/3/role", (c) => {
    const denied = lacks(c, site, "ADMINISTER");
    return denied ?? c.json(state.roles.map((role) => shownRole(state, role, defaultsOf(role))));
  });

  app.get("/rest/api/3/role/:id/actors", (c) => {
    const role = state.roles.find((one) => String(one.id) === c.req.param("id"));
    if (!role) return refuse(c, 404, "The role does not exist.");
    return lacks(c, site, "ADMINISTER") ?? c.json(shownRole(state, role, defaultsOf(role)));
  });

  app.delete("/rest/api/3/role/:id/actors", (c) => {
    const role = state.roles.find((one) => String(one.id) === c.req.param("id"));
    if (!role) return refuse(c, 404, "The role does not exist.");
    const denied = lacks(c, site, "ADMINISTER");
    if (denied) return denied;
    role.defaultUsers = role.defaultUsers.filter((id) => id !== c.req.query("user"));
    return c.json(shownRole(state, role, defaultsOf(role)));
  });

  app.post("/rest/api/3/role/:id/actors", async (c) => {
    const role = state.roles.find((one) => String(one.id) === c.req.param("id"));
    if (!role) return refuse(c, 404, "The role does not exist.");
    const denied = lacks(c, site, "ADMINISTER");
    if (denied) return denied;
    const { user = [] } = await c.req.json<{ user?: string[] }>();
    role.defaultUsers.push(...user.filter((id) => !role.defaultUsers.includes(id)));
    return c.json(shownRole(state, role, defaultsOf(role)));
  });

  app.get("/rest/api/3/project/:ref/component", (c) => {
    const project = findProject(c.req.param("ref"));
    if (!project || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, "No project could be found.");
    const components = state.components.filter((one) => one.projectId === project.id);
    return page(
      c,
      components.map((one) => shownComponent(state, one, project)),
    );
  });

  app.get("/rest/api/3/component/:id", (c) => {
    const component = state.components.find((one) => one.id === c.req.param("id"));
    const project = findProject(component?.projectId ?? "");
    if (!component || !project || lacks(c, site, "BROWSE_PROJECTS")) return refuse(c, 404, "It does not exist.");
    return c.json(shownComponent(state, component, project));
  });

  app.put("/rest/api/3/component/:id", async (c) => {
    const component = state.components.find((one) => one.id === c.req.param("id"));
    const project = findProject(component?.projectId ?? "");
    if (!component || !project) return refuse(c, 404, "It does not exist.");
    const denied = lacks(c, site, "ADMINISTER_PROJECTS");
    if (denied) return denied;
    const { leadAccountId } = await c.req.json<{ leadAccountId?: string }>();
    if (leadAccountId) component.lead = leadAccountId;
    else if (leadAccountId === "") delete component.lead;
    return c.json(shownComponent(state, component, project));
  });

  function findRole(ref: string, id: string): { role: JiraRole; actors: JiraActors } | undefined {
    const role = state.roles.find((one) => String(one.id) === id);
    const actors = findProject(ref)?.actors.find((one) => String(one.roleId) === id);
    return role && actors && { role, actors };
  }
}

function defaultsOf(role: JiraRole): JiraActors {
  return { roleId: role.id, users: role.defaultUsers, groups: [] };
}

function shownProject(state: JiraState, project: JiraProject, withLead: boolean): object {
  return {
    self: `https://${state.site}/rest/api/3/project/${project.id}`,
    id: project.id,
    key: project.key,
    name: project.name,
    ...(withLead ? { lead: shownUser(state, project.lead) } : {}),
  };
}

function shownRole(state: JiraState, role: JiraRole, actors: JiraActors): object {
  const people = actors.users.map((accountId, index) => ({
    id: role.id * 1000 + index,
    displayName: findUser(state, accountId)?.displayName ?? accountId,
    type: "atlassian-user-role-actor",
    actorUser: { accountId },
  }));
  const groups = actors.groups.map((groupId, index) => {
    const name = state.groups.find((group) => group.groupId === groupId)?.name ?? groupId;
    const actorGroup = { groupId, name, displayName: name };
    return { id: role.id * 1000 + 500 + index, displayName: name, type: "atlassian-group-role-actor", actorGroup };
  });
  return { id: role.id, name: role.name, admin: role.admin, actors: [...people, ...groups] };
}

function shownComponent(state: JiraState, component: JiraComponent, project: JiraProject): object {
  return {
    self: `https://${state.site}/rest/api/3/component/${component.id}`,
    id: component.id,
    name: component.name,
    project: project.key,
    projectId: Number(project.id),
    ...(component.lead ? { lead: shownUser(state, component.lead) } : {}),
  };
}
