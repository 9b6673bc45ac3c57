import { afterAll, beforeAll, describe } from "vitest";
import { conformance } from "./conformance.ts";
import { bench, isMissing, SERVERS, startTarget, type Target } from "./postgres-bench.ts";

for (const { name, binaries } of SERVERS)
  describe.skipIf(isMissing(binaries))(`on ${name}`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(binaries);
    });
    afterAll(() => target.stop());

    conformance("postgres", {
      start: () => bench(target),
      kinds: ["login", "attribute", "membership", "privilege"],
      counts: [0, 1, 100, 101, 1001],
    });
    conformance("postgres, the password", {
      start: () => bench(target),
      kinds: ["password"],
      counts: [0],
      leftOut: {
        restore: "a password is not kept, so it is never given back: it is the last step",
        "bad-names": "names are tried with the other kinds of grants",
      },
    });
    conformance("postgres, sessions", {
      start: () => bench(target),
      kinds: ["session"],
      counts: [0],
      leftOut: {
        restore: "an ended session is not given back: the role connects again once its login is",
        "bad-names": "names are tried with the other kinds of grants",
      },
    });
  });
