import { conformance } from "./conformance.ts";
import { startBench } from "./jira-bench.ts";

conformance("jira, what can be given back,", {
  start: () => startBench(),
  kinds: ["group", "project-role", "default-role", "account"],
});

conformance("jira, what cannot be given back,", {
  start: () => startBench(),
  kinds: ["api-token"],
  counts: [1001],
  leftOut: { restore: "Atlassian keeps no API token that was revoked, so nobody can give it back" },
});
