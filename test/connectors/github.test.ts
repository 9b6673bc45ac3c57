import { conformance } from "./conformance.ts";
import { startBench } from "./github-bench.ts";

conformance("github", {
  start: startBench,
  counts: [0, 1, 100, 101, 1001],
  kinds: [
    "org-membership",
    "org-invitation",
    "email-invitation",
    "team-membership",
    "repo-collaborator",
    "outside-collaborator",
    "repo-invitation",
    "deploy-key",
  ],
});
