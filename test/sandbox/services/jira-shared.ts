import { findUser, lacks, page, refuse, type Site, shownUser } from "./jira-answers.ts";
import type { JiraShareable, JiraState } from "./jira-state.ts";

/** Filters and dashboards, and who owns them. */
export function mountShared(site: Site): void {
  const { app, state } = site;

  app.get("/rest/api/3/filter/search", (c) => {
    const all = c.req.query("overrideSharePermissions") === "true" && !lacks(c, site, "ADMINISTER");
    return page(
      c,
      visible(state.filters, c.req.query("accountId"), all).map((filter) => shownFilter(state, filter)),
    );
  });

  app.get("/rest/api/3/filter/:id", (c) => {
    const all = c.req.query("overrideSharePermissions") === "true" && !lacks(c, site, "ADMINISTER");
    const filter = visible(state.filters, undefined, all).find((one) => one.id === c.req.param("id"));
    return filter ? c.json(shownFilter(state, filter)) : refuse(c, 400, "The selected filter is not available to you.");
  });

  app.put("/rest/api/3/filter/:id/owner", async (c) => {
    const filter = state.filters.find((one) => one.id === c.req.param("id"));
    if (!filter) return refuse(c, 404, "The filter does not exist.");
    const denied = lacks(c, site, "ADMINISTER");
    if (denied) return denied;
    const { accountId = "" } = await c.req.json<{ accountId?: string }>();
    if (!findUser(state, accountId)?.active) return refuse(c, 400, "The new owner is not valid.");
    filter.owner = accountId;
    return c.body(null, 204);
  });

  // Jira shows administrators no dashboard that is not shared with them.
  app.get("/rest/api/3/dashboard/search", (c) =>
    page(
      c,
      visible(state.dashboards, c.req.query("accountId"), false).map(({ id, name, owner }) => ({
        id,
        name,
        self: `https://${state.site}/rest/api/3/dashboard/${id}`,
        view: `https://${state.site}/jira/dashboards/${id}`,
        ...((c.req.query("expand") ?? "").includes("owner") ? { owner: shownOwner(state, owner) } : {}),
      })),
    ),
  );

  app.put("/rest/api/3/dashboard/bulk/edit", async (c) => {
    const asked = await c.req.json<{
      entityIds?: number[];
      changeOwnerDetails?: { newOwner: string };
      extendAdminPermissions?: boolean;
    }>();
    const mayAll = asked.extendAdminPermissions === true && !lacks(c, site, "ADMINISTER");
    const entityErrors: Record<string, object> = {};
    for (const id of asked.entityIds ?? []) {
      const dashboard = state.dashboards.find((one) => one.id === String(id));
      const owner = findUser(state, asked.changeOwnerDetails?.newOwner);
      if (dashboard && owner?.active && mayAll) dashboard.owner = owner.accountId;
      else entityErrors[String(id)] = { errorMessages: ["The owner cannot be changed."], errors: {} };
    }
    return c.json({ action: "changeOwner", ...(Object.keys(entityErrors).length > 0 ? { entityErrors } : {}) });
  });
}

function visible(things: readonly JiraShareable[], owner: string | undefined, all: boolean): readonly JiraShareable[] {
  return things.filter((one) => (owner === undefined || one.owner === owner) && (all || one.shared));
}

function shownFilter(state: JiraState, filter: JiraShareable): object {
  return {
    self: `https://${state.site}/rest/api/3/filter/${filter.id}`,
    id: filter.id,
    name: filter.name,
    owner: shownUser(state, filter.owner),
    viewUrl: `https://${state.site}/issues/?filter=${filter.id}`,
  };
}

function shownOwner(state: JiraState, accountId: string): object {
  const user = findUser(state, accountId);
  return { accountId, active: user?.active ?? false, displayName: user?.displayName ?? "" };
}
