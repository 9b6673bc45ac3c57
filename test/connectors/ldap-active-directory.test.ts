import { Client } from "ldapts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Grant, Person, System } from "../../connectors/connector.ts";
import { BOT, HAS_SAMBA, startSamba } from "../peers/samba.ts";
import type { DirectoryPeer } from "../peers/slapd.ts";
import { conformance } from "./conformance.ts";
import { accountOf, CALL, grantsOf } from "./ldap-bench.ts";
import { domainBench, openPart, type Part, USER_PASSWORD } from "./ldap-domain.ts";

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

  describe("a part of the domain", () => {
    let part: Part;
    let system: System;
    beforeEach(async () => {
      part = await openPart(peer);
      system = part.system();
    });
    afterEach(() => part.stop());

    const listed = async () => grantsOf(system, await accountOf(system, part.leaver.login));
    const find = async (id: RegExp) => {
      const grant = (await listed()).find((one) => id.test(one.id));
      if (!grant) throw new Error(`nothing is listed for ${id}`);
      return grant;
    };
    const state = async (grant: Grant) => (await system.readBack(grant, CALL)).state;
    const bindAs = async (dn: string, password: string) => {
      const client = new Client({ url: `ldap://${peer.host}:${peer.port}` });
      try {
        await client.bind(dn, password);
        return "in";
      } catch {
        return "refused";
      } finally {
        await client.unbind();
      }
    };

    it("disables by one bit and keeps the others, so that the leaver's own bind is refused; and gives it back", async () => {
      // A normal account whose password does not expire, not delegated: 0x200 + 0x10000 + 0x100000.
      await part.change(part.leaver.dn, "replace", "userAccountControl", "1114624");
      const grant = await find(/^account$/);
      expect(await bindAs(part.leaver.dn, USER_PASSWORD)).toBe("in");
      expect((await system.revoke(grant, CALL)).status).toBe("revoked");
      expect(await part.read(part.leaver.dn, "userAccountControl")).toEqual(["1114626"]);
      expect(await bindAs(part.leaver.dn, USER_PASSWORD)).toBe("refused");
      expect(await state(grant)).toBe("absent");
      await system.restore?.(grant, CALL);
      expect(await part.read(part.leaver.dn, "userAccountControl")).toEqual(["1114624"]);
      expect(await bindAs(part.leaver.dn, USER_PASSWORD)).toBe("in");
    });

    it("lists nested groups by the chain rule, each through its way, privileged ones known", async () => {
      const team = await part.addGroup("Doe\\, team (Zoë)", [part.leaver.dn]);
      const middle = await part.addGroup("middle", [team]);
      await part.change(team, "add", "member", middle);
      await part.change(`CN=Domain Admins,CN=Users,${peer.suffix}`, "add", "member", middle);
      try {
        const grants = await listed();
        const nested = grants.filter((one) => one.via?.startsWith("member:"));
        expect(nested.map((one) => one.resource).sort()).toEqual([
          "Administrators, through Doe, team (Zoë)",
          "Denied RODC Password Replication Group, through Doe, team (Zoë)",
          "Domain Admins, through Doe, team (Zoë)",
          "middle, through Doe, team (Zoë)",
        ]);
        const direct = grants.find((one) => one.kind === "group-membership");
        expect(direct).toMatchObject({ resource: "Doe, team (Zoë)", privileged: true });
        if (!direct) return;
        await system.revoke(direct, CALL);
        for (const grant of nested) expect(await state(grant)).toBe("absent");
      } finally {
        await part.change(`CN=Domain Admins,CN=Users,${peer.suffix}`, "delete", "member", middle);
      }
    });

    it("lists the primary group by its number, also outside of the base, and ends it with the account", async () => {
      const admins = `CN=Domain Admins,CN=Users,${peer.suffix}`;
      await part.change(admins, "add", "member", part.leaver.dn);
      await part.change(part.leaver.dn, "replace", "primaryGroupID", "512");
      expect(await part.read(part.leaver.dn, "memberOf")).not.toContain(admins);
      system = part.system({ groupsDn: part.base });
      const grants = await listed();
      const primary = grants.find((one) => one.kind === "primary-group");
      expect(primary).toMatchObject({ resource: "Domain Admins", privileged: true, via: "account" });
      if (!primary) return;
      expect(await state(primary)).toBe("present");
      expect((await system.revoke(primary, CALL)).status).toBe("elsewhere");
      await system.revoke(await find(/^account$/), CALL);
      expect(await state(primary)).toBe("absent");
    });

    it("follows an account by its objectGUID when it is moved and renamed", async () => {
      await part.addGroup("team", [part.leaver.dn]);
      const grant = await find(/^member:/);
      const account = await accountOf(system, part.leaver.login);
      expect(account.id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      await part.admin.add(`OU=leavers,${part.base}`, { objectClass: "organizationalUnit", ou: "leavers" });
      await part.admin.modifyDN(part.leaver.dn, `CN=Gone,OU=leavers,${part.base}`);
      expect(await state(grant)).toBe("present");
      expect((await system.revoke(grant, CALL)).status).toBe("revoked");
      expect(await state(grant)).toBe("absent");
    });

    it("binds with TLS by the domain's own authority, and works with the documented rights only", async () => {
      const secure = part.system({ url: `ldaps://${peer.host}`, plaintext: false, caFile: peer.caFile });
      await part.addGroup("team", []);
      expect((await secure.check(CALL)).filter((one) => !one.ok)).toEqual([]);
      const startTls = part.system({ url: `ldap://${peer.host}`, plaintext: false, caFile: peer.caFile });
      expect((await startTls.check(CALL)).filter((one) => !one.ok)).toEqual([]);
      // An ordinary user reads everything and may change nothing.
      const weak = part.system({ bindDn: part.leaver.dn, password: USER_PASSWORD });
      const faults = (await weak.check(CALL)).flatMap((one) => (one.ok ? [] : [one.name]));
      expect(faults).toEqual(["people", "groups"]);
      expect(BOT.dn).not.toContain("Admin");
    });

    it("lists people of the domain, the disabled among them", async () => {
      const boss = await part.addPerson("Bo Boss", `boss${part.number}`);
      await part.change(part.leaver.dn, "add", "manager", boss);
      await part.change(part.leaver.dn, "add", "proxyAddresses", "SMTP:Alice.Adams@acme.example", "x500:/o=acme");
      await part.change(boss, "replace", "userAccountControl", "66050");
      const people: Person[] = [];
      for await (const person of system.directory?.listPeople(CALL) ?? []) people.push(person);
      const [alice, bo] = people.sort((one, other) => (one.name < other.name ? -1 : 1));
      expect(people).toHaveLength(2);
      expect(alice).toMatchObject({ name: "Alice Adams", managerId: bo?.id, active: true });
      expect(alice?.emails).toEqual([`alice${part.number}@acme.example`, "alice.adams@acme.example"]);
      expect(bo?.active).toBe(false);
    });
  });
});
