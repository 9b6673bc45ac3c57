import { github } from "./connectors/github/index.ts";
import { jira } from "./connectors/jira/index.ts";
import { ldap } from "./connectors/ldap/index.ts";
import { manual } from "./connectors/manual/index.ts";
import { okta } from "./connectors/okta/index.ts";
import { postgres } from "./connectors/postgres/index.ts";
import { ssh } from "./connectors/ssh/index.ts";
import { defineConfig } from "./src/config.ts";

// What this installation offboards people from. A system is on as soon as its variables are set (.env.example names all).
// A second GitHub organization is one more line: github({ org: "acme-labs", token: env.text("GITHUB_LABS_TOKEN") }).
export default defineConfig((env) => {
  const itOwner = env.optional("SIGNOFF_IT_OWNER");
  return {
    systems: [
      ...env.whenSet(github),
      ...env.whenSet(jira),
      ...env.whenSet(ldap),
      ...env.whenSet(okta),
      ...env.whenSet(postgres),
      ...env.whenSet(ssh),
      // What has no connector is on every plan, with an owner and a deadline in hours. Add what your company hands out.
      ...(itOwner === undefined
        ? []
        : [manual({ title: "Laptop and badge", owner: itOwner, appliesTo: "everyone", dueHours: 72 })]),
    ],
    roles: {
      requesters: env.list("SIGNOFF_REQUESTERS"),
      approvers: env.list("SIGNOFF_APPROVERS"),
      auditors: env.list("SIGNOFF_AUDITORS"),
      operators: env.list("SIGNOFF_OPERATORS"),
      restrictedApprovers: env.list("SIGNOFF_RESTRICTED_APPROVERS"),
    },
    people: {
      restricted: env.list("SIGNOFF_RESTRICTED_PEOPLE"),
      protected: env.list("SIGNOFF_PROTECTED_PEOPLE"),
    },
    chat: {
      slack: env.slack(),
      teams: env.teams(),
      approversChannel: env.optional("SIGNOFF_APPROVERS_CHANNEL"),
      restrictedChannel: env.optional("SIGNOFF_RESTRICTED_CHANNEL"),
    },
    // policy: { offerDeadlineHours: 48 }, // src/core/policy.ts has every rule
  };
});
