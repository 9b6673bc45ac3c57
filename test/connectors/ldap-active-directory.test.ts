import { afterAll, beforeAll, describe } from "vitest";
import { HAS_SAMBA, startSamba } from "../peers/samba.ts";
import type { DirectoryPeer } from "../peers/slapd.ts";
import { conformance } from "./conformance.ts";
import { domainBench } from "./ldap-domain.ts";

describe.skipIf(!HAS_SAMBA && !process.env["CI"])("on Samba's Active Directory (needs samba, as root)", () => {
  let peer: DirectoryPeer;
  beforeAll(async () => {
    peer = await startSamba();
  }, 180_000);
  afterAll(() => peer?.stop());

  conformance("ldap for Active Directory", {
    start: () => domainBench(peer),
    kinds: ["account", "group-membership"],
  });
});
