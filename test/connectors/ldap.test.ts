import { afterAll, beforeAll, describe } from "vitest";
import { type DirectoryPeer, HAS_SLAPD, startSlapd } from "../peers/slapd.ts";
import { conformance } from "./conformance.ts";
import { bench } from "./ldap-bench.ts";

describe.skipIf(!HAS_SLAPD && !process.env["CI"])("on OpenLDAP (needs slapd)", () => {
  let peer: DirectoryPeer;
  beforeAll(async () => {
    peer = await startSlapd();
  }, 60_000);
  afterAll(() => peer?.stop());

  conformance("ldap", {
    start: () => bench(peer),
    kinds: ["account", "group-membership", "login-membership", "ssh-key"],
    counts: [0, 1, 100, 101, 1001],
  });
});
