import { defineEmulator } from "emulate";
import { refuse, type Site } from "./jira-answers.ts";
import { mountIssues } from "./jira-issues.ts";
import { mountOrganization } from "./jira-org.ts";
import { mountPeople } from "./jira-people.ts";
import { mountProjects } from "./jira-projects.ts";
import { type JiraSeed, stateOf } from "./jira-seed.ts";
import { mountShared } from "./jira-shared.ts";

/** A Jira Cloud site with the organization above it, as an emulator of its own. `live` is handed the state it works on. */
export function jiraEmulator(seed: JiraSeed, live: (state: Site["state"]) => void = () => undefined) {
  return defineEmulator({
    name: "jira",
    state: () => stateOf(seed),
    cors: false,
    setup(context) {
      const { app, state } = context;
      live(state);
      // Three credentials that do not stand in for each other: a site's token is refused by the organization.
      app.use(async (c, next) => {
        const sent = c.req.header("authorization") ?? "";
        const { email, token } = state.credential;
        const expected = c.req.path.startsWith("/rest/")
          ? `Basic ${Buffer.from(`${email}:${token}`).toString("base64")}`
          : `Bearer ${state.organization.key}`;
        if (sent !== expected) return refuse(c, 401, "Client must be authenticated to access this resource.");
        return next();
      });
      mountPeople(context);
      mountProjects(context);
      mountIssues(context);
      mountShared(context);
      mountOrganization(context);
    },
  });
}
