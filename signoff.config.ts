import { github } from "./connectors/github/index.ts";
import { postgres } from "./connectors/postgres/index.ts";
import { defineConfig } from "./src/config.ts";

// What this installation offboards people from. A system is on as soon as its variables are set (.env.example names all);
// a second GitHub organization is one more line: github({ org: "acme-labs", token: env.text("GITHUB_LABS_TOKEN") }).
export default defineConfig((env) => ({
  systems: [...env.whenSet(github), ...env.whenSet(postgres)],
  roles: {
    requesters: env.list("SIGNOFF_REQUESTERS"),
    approvers: env.list("SIGNOFF_APPROVERS"),
    auditors: env.list("SIGNOFF_AUDITORS"),
    operators: env.list("SIGNOFF_OPERATORS"),
  },
  chat: { slack: env.slack(), approversChannel: env.optional("SIGNOFF_APPROVERS_CHANNEL") },
}));
