import { conformance } from "./conformance.ts";
import { startBench } from "./okta-bench.ts";

conformance("okta, what can be given back,", {
  start: startBench,
  kinds: ["admin-role", "group", "app", "account"],
});

conformance("okta, what cannot be given back,", {
  start: startBench,
  kinds: ["session", "factor", "api-token", "lifecycle"],
  counts: [1001],
  leftOut: { restore: "a session is signed in to anew, a factor enrolled anew, and the rest is final on Okta's side" },
});
