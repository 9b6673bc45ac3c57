import { describe } from "vitest";
import { conformance } from "./conformance.ts";
import { bench, SKIPS, titled } from "./ssh-bench.ts";

describe.skipIf(SKIPS)(titled("as the documented account with sudo"), () => {
  conformance("ssh", {
    start: bench,
    kinds: ["authorized-key"],
    counts: [0, 1, 100, 101, 1001],
    timeout: 120_000,
    leftOut: {
      stranger: "an account is a public key itself: nobody else can take over its fingerprint",
      "rate-limit": "sshd has no limit that says until when: it drops connections, which is unreachable",
    },
  });
});
