import { Client } from "ldapts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Account, Grant, Person, System } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import { ldap } from "../../connectors/ldap/index.ts";
import { type DirectoryPeer, HAS_SLAPD, startSlapd } from "../peers/slapd.ts";
import {
  accountOf,
  BOT_PASSWORD,
  CALL,
  type Company,
  grantsOf,
  KEY,
  LEAVER,
  LEAVER_PASSWORD,
  LOCK,
  LOCKED,
  openCompany,
} from "./ldap-bench.ts";

describe.skipIf(!HAS_SLAPD && !process.env["CI"])("a company on OpenLDAP (needs slapd)", () => {
  let peer: DirectoryPeer;
  let company: Company;
  let system: System;
  let alice: string;
  let bob: string;
  beforeAll(async () => {
    peer = await startSlapd();
  }, 60_000);
  afterAll(() => peer?.stop());
  beforeEach(async () => {
    company = await openCompany(peer);
    system = company.system();
    bob = await company.addPerson("bob");
    alice = await company.addPerson("alice");
  });
  afterEach(() => company.stop());

  const listed = async (login = "alice") => grantsOf(system, await accountOf(system, login));
  const find = async (resource: string) => {
    const grant = (await listed()).find((one) => one.resource === resource);
    if (!grant) throw new Error(`nothing is listed for ${resource}`);
    return grant;
  };
  const state = async (grant: Grant) => (await system.readBack(grant, CALL)).state;

  it("refuses the leaver's own bind once the account is disabled, and takes it again after a restore", async () => {
    const login = async () => {
      const client = new Client({ url: `ldap://127.0.0.1:${peer.port}` });
      try {
        await client.bind(alice, LEAVER_PASSWORD);
        return "in";
      } catch {
        return "refused";
      } finally {
        await client.unbind();
      }
    };
    expect(await login()).toBe("in");
    const grant = await find("the login of alice");
    await system.revoke(grant, CALL);
    expect(await login()).toBe("refused");
    expect(await state(grant)).toBe("absent");
    await system.restore?.(grant, CALL);
    expect(await login()).toBe("in");
    expect(await company.read(alice, LOCK)).toEqual([]);
  });

  it("does not take a lock that ends by itself for a disabled account, and puts it back", async () => {
    await company.change(alice, "add", LOCK, "20260101000000Z");
    const grant = await find("the login of alice");
    await system.revoke(grant, CALL);
    expect(await company.read(alice, LOCK)).toEqual([LOCKED]);
    await system.restore?.(grant, CALL);
    expect(await company.read(alice, LOCK)).toEqual(["20260101000000Z"]);
  });

  it.each(["Doe\\, Ann (contractor)", "Zoë Müßig", '#1 \\+ \\"x\\" \\\\ \\<y\\>', "\\ leading*"])(
    "finds the groups and memberOf of an entry called %s",
    async (cn) => {
      const dn = `cn=${cn.startsWith("#") ? `\\${cn}` : cn},ou=people,${company.base}`;
      await company.admin.add(dn, { objectClass: "inetOrgPerson", uid: "odd", sn: "x", mail: "odd@acme.example" });
      await company.addGroup("odd (*)", [bob, dn]);
      const [grant, ...others] = (await listed("odd")).filter((one) => one.kind === "group-membership");
      expect({ resource: grant?.resource, others }).toEqual({ resource: "odd (*)", others: [] });
      if (!grant) return;
      expect((await system.revoke(grant, CALL)).status).toBe("revoked");
      expect(await state(grant)).toBe("absent");
      expect(await company.read(`cn=odd (*),ou=groups,${company.base}`, "member")).toEqual([bob]);
      await system.restore?.(grant, CALL);
      expect(await state(grant)).toBe("present");
    },
  );

  it("lists nested groups through each way that leads there, survives a loop, and knows what is privileged", async () => {
    const team = await company.addGroup("team", [bob, alice]);
    const guild = await company.addGroup("guild", [bob, alice]);
    const middle = await company.addGroup("middle", [team, guild]);
    await company.addGroup("admins", [middle]);
    await company.change(team, "add", "member", middle);
    const grants = (await listed()).filter((one) => one.kind !== "account");
    const ids = new Map(grants.map((one) => [one.id, one.resource]));
    const shown = grants.map(({ resource, via, privileged }) => ({ resource, via: via && ids.get(via), privileged }));
    expect(shown.sort((one, other) => (one.resource < other.resource ? -1 : 1))).toEqual([
      { resource: "admins, through guild", via: "guild", privileged: true },
      { resource: "admins, through team", via: "team", privileged: true },
      { resource: "guild", via: undefined, privileged: true },
      { resource: "middle, through guild", via: "guild", privileged: false },
      { resource: "middle, through team", via: "team", privileged: false },
      { resource: "team", via: undefined, privileged: true },
      { resource: "team, through guild", via: "guild", privileged: false },
    ]);
    const nested = await find("admins, through team");
    expect((await system.revoke(nested, CALL)).status).toBe("elsewhere");
    await system.revoke(await find("team"), CALL);
    expect(await state(nested)).toBe("absent");
    expect(await state(await find("admins, through guild"))).toBe("present");
  });

  it("lists the primary group by number, which ends with the account", async () => {
    const dn = await company.addPerson("unix", {
      objectClass: ["inetOrgPerson", "posixAccount"],
      uidNumber: "7",
      gidNumber: "5001",
      homeDirectory: "/home/unix",
    });
    await company.addGroup("staff", [], "posixGroup");
    const grants = await listed("unix");
    const primary = grants.find((one) => one.kind === "primary-group");
    expect(primary).toMatchObject({ resource: "staff", via: "account" });
    expect(grants.map((one) => one.id)).toContain("account");
    await company.change(dn, "add", LOCK, LOCKED);
    if (primary) expect(await state(primary)).toBe("absent");
  });

  it("puts memberships and keys before the account, which is disabled last", async () => {
    await company.addGroup("team", [bob, alice]);
    await company.addGroup("unix", ["alice"], "posixGroup");
    await company.change(alice, "add", "sshPublicKey", KEY);
    const account = await find("the login of alice");
    const others = (await listed()).filter((one) => one.id !== "account").map((one) => one.id);
    expect(others).toHaveLength(3);
    expect([...account.after].sort()).toEqual(others.sort());
  });

  it("reads more entries than a server gives at once, and fails where a limit cuts the list", async () => {
    for (let at = 0; at < 1001; at += 1) await company.addGroup(`team-${at}`, [bob, alice]);
    expect((await listed()).filter((one) => one.kind === "group-membership")).toHaveLength(1001);
    // Outside of ou=rights the server's own limit of 500 holds.
    const dn = `cn=limited,${company.base}`;
    await company.admin.add(dn, {
      objectClass: ["device", "simpleSecurityObject"],
      cn: "limited",
      userPassword: BOT_PASSWORD,
    });
    await company.change(`cn=signoff,ou=rights,${peer.suffix}`, "add", "member", dn);
    const account = await accountOf(system, "alice");
    await expect(grantsOf(company.system({ bindDn: dn }), account)).rejects.toMatchObject({
      failure: { code: "refused" },
    });
  });

  it("follows an entry that was moved and renamed by its id, and takes what its old name left in groups", async () => {
    const team = await company.addGroup("team", [bob, alice]);
    const unix = await company.addGroup("unix", ["bob", "alice"], "posixGroup");
    const grants = (await listed()).filter((one) => one.id !== "account");
    await company.admin.add(`ou=leavers,${company.base}`, { objectClass: "organizationalUnit", ou: "leavers" });
    await company.admin.modifyDN(alice, `uid=gone,ou=leavers,${company.base}`);
    expect(await company.read(team, "member")).toContain(alice);
    for (const grant of grants) {
      expect(await state(grant)).toBe("present");
      expect((await system.revoke(grant, CALL)).status).toBe("revoked");
      expect(await state(grant)).toBe("absent");
    }
    expect([await company.read(team, "member"), await company.read(unix, "memberUid")]).toEqual([[bob], ["bob"]]);
  });

  it("leaves alone what an old name left behind once somebody else has that name", async () => {
    const team = await company.addGroup("team", [bob, alice]);
    const grant = await find("team");
    await company.admin.modifyDN(alice, "uid=alice-before");
    await company.addPerson("alice");
    expect(await state(grant)).toBe("absent");
    expect((await system.revoke(grant, CALL)).status).toBe("already-gone");
    expect(await company.read(team, "member")).toEqual([alice, bob]);
  });

  it("says what blocks: the last member of a group that may not be empty, and our own account", async () => {
    await company.addGroup("only-alice", [alice]);
    const last = await system.revoke(await find("only-alice"), CALL);
    expect(last).toMatchObject({
      status: "blocked",
      by: [{ what: expect.stringContaining("last member of only-alice") }],
    });
    await company.change(`cn=signoff,ou=rights,${peer.suffix}`, "add", "member", alice);
    system = company.system({ bindDn: alice, password: LEAVER_PASSWORD });
    const own = await find("the login of alice");
    expect(own.place?.at, "it is planned after everything else").toBe("last");
    expect(await system.revoke(own, CALL)).toMatchObject({ status: "blocked" });
    expect(await state(own)).toBe("present");
  });

  it("follows memberOf to a group outside of where groups are, and fails when it cannot be read", async () => {
    await company.addGroup("team", [bob, alice]);
    system = company.system({ groupsDn: `ou=people,${company.base}` });
    const grant = await find("team");
    expect(await state(grant)).toBe("present");
    expect((await system.revoke(grant, CALL)).status).toBe("revoked");
    expect(await state(grant)).toBe("absent");
    await system.restore?.(grant, CALL);
    expect(await state(grant)).toBe("present");
    const hidden = `cn=hidden,ou=hidden,${peer.suffix}`;
    await company.admin.add(hidden, { objectClass: "groupOfNames", cn: "hidden", member: alice });
    await expect(listed()).rejects.toMatchObject({ failure: { code: "forbidden" } });
    await company.admin.del(hidden);
    await company.admin.del(`cn=team,ou=groups,${company.base}`);
    expect((await listed()).map((one) => one.id)).toEqual(["account"]);
  });

  it("tells what it may not read from what is gone, attribute by attribute", async () => {
    const team = await company.addGroup("team", [bob, alice]);
    await company.addGroup("unix", ["alice"], "posixGroup");
    await company.change(alice, "add", "sshPublicKey", KEY);
    const grants = await listed();
    const dn = `cn=reader,${company.base}`;
    const entry = { objectClass: ["device", "simpleSecurityObject"], cn: "reader", userPassword: BOT_PASSWORD };
    await company.admin.add(dn, entry);
    await company.change(`cn=readers,ou=rights,${peer.suffix}`, "add", "member", dn);
    const reader = company.system({ bindDn: dn });
    expect(grants).toHaveLength(4);
    for (const grant of grants.filter((one) => one.id !== "account")) {
      await expect(reader.readBack(grant, CALL)).rejects.toMatchObject({ failure: { code: "forbidden" } });
      await expect(reader.revoke(grant, CALL)).rejects.toMatchObject({ failure: { code: "forbidden" } });
    }
    const account = await accountOf(system, "alice");
    const refused = { failure: { code: "forbidden" } };
    await expect(grantsOf(reader, account)).rejects.toMatchObject(refused);
    // Without memberOf nothing in the entry says that there are groups.
    await company.change(team, "delete", "member", alice);
    await expect(grantsOf(reader, account)).rejects.toMatchObject(refused);
    const keysElsewhere = company.system({ bindDn: dn, keyAttribute: "title" });
    await expect(grantsOf(keysElsewhere, account)).rejects.toMatchObject(refused);
    // Whoever may read nothing has not found that nobody is there.
    await company.change(`cn=readers,ou=rights,${peer.suffix}`, "delete", "member", dn);
    await expect(reader.findAccounts(LEAVER, CALL)).rejects.toMatchObject(refused);
  });

  it("removes exactly one key by its bytes, and gives the same bytes back", async () => {
    const odd = Buffer.concat([Buffer.from("\ufeff"), Buffer.from(KEY), Buffer.from([0x0d, 0x0a, 0xff])]);
    await company.change(alice, "add", "sshPublicKey", KEY, odd, "no key at all");
    const keys = (await listed()).filter((one) => one.kind === "ssh-key");
    expect(keys).toHaveLength(3);
    expect(keys.every((one) => one.outlivesSignOn)).toBe(true);
    const [match] = await system.findAccounts(LEAVER, CALL);
    const prints = keys.flatMap(({ resource }) => /SHA256:\S+/.exec(resource) ?? []);
    expect(match?.account.publicKeys?.toSorted(), "what hosts may be asked for").toEqual(prints.toSorted());
    for (const key of keys) {
      const before = await bytesOf(alice);
      await system.revoke(key, CALL);
      expect(await bytesOf(alice)).toHaveLength(2);
      await system.restore?.(key, CALL);
      expect(await bytesOf(alice)).toEqual(before);
    }
  });

  async function bytesOf(dn: string): Promise<string[]> {
    const attributes = ["sshPublicKey"];
    const found = await company.admin.search(dn, { scope: "base", attributes, explicitBufferAttributes: attributes });
    return [found.searchEntries[0]?.["sshPublicKey"] ?? []]
      .flat()
      .map((one) => Buffer.from(one).toString("hex"))
      .sort();
  }

  it("disables by another attribute where the directory has its own, and gives the old value back", async () => {
    const shell = { disableAttribute: "description", disableValue: "nologin" };
    await company.change(alice, "add", "description", "/bin/zsh");
    // Only an administrator may change it here; what the bot may not do is said.
    const grant = (await grantsOf(company.system(shell), await accountOf(system, "alice"))).find(
      (one) => one.id === "account",
    );
    if (!grant) throw new Error("no account");
    await expect(company.system(shell).revoke(grant, CALL)).rejects.toMatchObject({ failure: { code: "forbidden" } });
    const root = company.system({ ...shell, bindDn: `cn=root,${peer.suffix}`, password: "root-of-the-peer" });
    await root.revoke(grant, CALL);
    expect(await company.read(alice, "description")).toEqual(["nologin"]);
    await root.restore?.(grant, CALL);
    expect(await company.read(alice, "description")).toEqual(["/bin/zsh"]);
  });

  it("finds accounts by id, login or exact mail address, and leaves a recycled login alone", async () => {
    const account = await accountOf(system, "alice");
    const by = async (person: Partial<Person>) =>
      (await system.findAccounts({ ...LEAVER, emails: [], logins: {}, ...person }, CALL)).map((one) => [
        one.rule,
        one.account.id,
      ]);
    expect(await by({ emails: ["ALICE@acme.example"] })).toEqual([["email", account.id]]);
    expect(await by({ emails: ["*@acme.example", "a*", "alice@acme.example)(uid=*"] })).toEqual([]);
    expect(await by({ logins: { "ldap:corp": [`id:${account.id}`, "bob"] } })).toEqual([["account-id", account.id]]);
    expect(await by({ logins: { ldap: ["alice"] } })).toEqual([["login", account.id]]);
    expect(await by({ name: "alice" })).toEqual([]);
  });

  it("lists people with addresses, logins, manager and whether they are active", async () => {
    await company.change(alice, "add", "manager", bob.replace("uid=bob,", "UID=Bob, "));
    await company.change(bob, "add", LOCK, LOCKED);
    const people: Person[] = [];
    for await (const person of system.directory?.listPeople(CALL) ?? []) people.push(person);
    const ids = Object.fromEntries(people.map((one) => [one.name, one.id]));
    expect(people.find((one) => one.name === "alice")).toEqual({
      id: ids["alice"],
      name: "alice",
      emails: ["alice@acme.example"],
      logins: { "ldap:corp": [`id:${ids["alice"]}`, "alice"] },
      managerId: ids["bob"],
      active: true,
    });
    expect(people.find((one) => one.name === "bob")).toMatchObject({ active: false });
    company.proxy.behave("refuse");
    await expect(system.directory?.listPeople(CALL)[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(SystemError);
  });

  it("names a server that it was referred to as blind", async () => {
    const referral = "ldap://elsewhere.example/ou=x,dc=acme,dc=example";
    await company.admin.add(`cn=far,${company.base}`, {
      objectClass: ["referral", "extensibleObject"],
      cn: "far",
      ref: referral,
    });
    await listed();
    const { sight } = system;
    expect(sight.kind === "partial" && sight.blind.some((part) => part.includes("ldap://elsewhere.example"))).toBe(
      true,
    );
  });

  it("binds over LDAPS and StartTLS only if the certificate is to be trusted", async () => {
    const secure = { plaintext: false, caFile: peer.caFile };
    const ways = [`ldaps://127.0.0.1:${peer.tlsPort}`, `ldap://127.0.0.1:${peer.port}`];
    for (const url of ways) {
      const there: Account = await accountOf(company.system({ ...secure, url }), "alice");
      expect(there.login).toBe("alice");
      const untrusted = company.system({ url, plaintext: false });
      const failed = await untrusted.check(CALL);
      expect(failed).toEqual([{ name: "bind", ok: false, fix: expect.stringContaining("certificate") }]);
      // The name in the certificate is 127.0.0.1.
      const other = company.system({ ...secure, url: url.replace("127.0.0.1", "localhost") });
      await expect(accountOf(other, "alice")).rejects.toMatchObject({ failure: { code: "refused" } });
      const noFile = company.system({ ...secure, url, caFile: "/does/not/exist.pem" });
      await expect(accountOf(noFile, "alice")).rejects.toMatchObject({ failure: { code: "refused" } });
    }
  });

  it("says in its check what is missing: a right, a base, an attribute, a password", async () => {
    await company.addGroup("team", [bob]);
    const faults = async (options: Partial<Parameters<typeof ldap>[0]>) =>
      (await company.system(options).check(CALL)).flatMap((one) => (one.ok ? [] : [`${one.name}: ${one.fix}`]));
    expect(await faults({})).toEqual([]);
    expect(await faults({ password: "wrong" })).toEqual([expect.stringMatching(/^bind: .*LDAP_PASSWORD/)]);
    expect(await faults({ baseDn: `ou=nowhere,${company.base}` })).toContainEqual(expect.stringMatching(/^base: /));
    expect(await faults({ disableAttribute: "nsAccountLock" })).toEqual([
      expect.stringMatching(/^people: .*nsAccountLock/),
    ]);
    expect(await faults({ disableAttribute: "description" })).toEqual([expect.stringMatching(/^people: .*may not/)]);
  });

  it("reports faults of its options by their variables", () => {
    const { faults } = ldap({
      name: "Corp",
      url: "ldap://user:pass@host",
      kind: "openldap",
      bindDn: "admin",
      password: "x",
      baseDn: "dc=x",
    });
    expect(faults.map((fault) => fault.variable)).toEqual(["LDAP_NAME", "LDAP_URL", "LDAP_BIND_DN"]);
  });
});
