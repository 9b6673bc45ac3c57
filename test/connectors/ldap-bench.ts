import { Attribute, Change, type Client } from "ldapts";
import type { Account, Call, Grant, Person, System } from "../../connectors/connector.ts";
import { ldap } from "../../connectors/ldap/index.ts";
import { type DirectoryProxy, type DirectoryRule, startDirectoryProxy } from "../peers/ldap-proxy.ts";
import type { DirectoryPeer } from "../peers/slapd.ts";
import type { Bench, Misbehaviour } from "./conformance.ts";

export const BOT_PASSWORD = "Bot-passw0rd-of-the-test";
export const LEAVER_PASSWORD = "Leaver-passw0rd-1";
export const LOCK = "pwdAccountLockedTime";
export const LOCKED = "000001010000Z";
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNvbmZvcm1hbmNlLXRlc3Qta2V5LTAwMDAwMDAx alice@laptop";

/** A part of a directory of its own, with a leaver, as the real server holds it. */
export interface Company {
  readonly peer: DirectoryPeer;
  readonly admin: Client;
  readonly base: string;
  readonly bot: string;
  readonly proxy: DirectoryProxy;
  /** Connected through the proxy; options are added or replaced. */
  system(options?: Partial<Parameters<typeof ldap>[0]>): System;
  addPerson(uid: string, more?: Record<string, string | string[]>): Promise<string>;
  addGroup(cn: string, members: readonly string[], kind?: GroupKind): Promise<string>;
  change(
    dn: string,
    operation: "add" | "delete" | "replace",
    attribute: string,
    ...values: (string | Buffer)[]
  ): Promise<void>;
  read(dn: string, attribute: string): Promise<string[]>;
  stop(): Promise<void>;
}

export type GroupKind = "groupOfNames" | "groupOfUniqueNames" | "posixGroup";

const HOLDS = { groupOfNames: "member", groupOfUniqueNames: "uniqueMember", posixGroup: "memberUid" } as const;

let companies = 0;

/** Founds a company in the directory. Its bot has the documented rights through the group that gives them. */
export async function openCompany(peer: DirectoryPeer): Promise<Company> {
  companies += 1;
  const admin = await peer.admin();
  const base = `o=company ${companies},${peer.suffix}`;
  await admin.add(base, { objectClass: "organization", o: `company ${companies}` });
  for (const ou of ["people", "groups"]) await admin.add(`ou=${ou},${base}`, { objectClass: "organizationalUnit", ou });
  const bot = `cn=bot ${companies},ou=rights,${peer.suffix}`;
  await admin.add(bot, {
    objectClass: ["device", "simpleSecurityObject"],
    cn: `bot ${companies}`,
    userPassword: BOT_PASSWORD,
  });
  const change: Company["change"] = (dn, operation, type, ...values) =>
    admin.modify(
      dn,
      new Change({ operation, modification: new Attribute({ type, values: values.map((one) => Buffer.from(one)) }) }),
    );
  await change(`cn=signoff,ou=rights,${peer.suffix}`, "add", "member", bot);
  const proxy = await startDirectoryProxy(peer.host, peer.port);
  let numbers = 5000;
  const company: Company = {
    peer,
    admin,
    base,
    bot,
    proxy,
    system: (options) =>
      ldap({
        name: "corp",
        url: `ldap://127.0.0.1:${proxy.port}`,
        plaintext: true,
        kind: "openldap",
        bindDn: bot,
        password: BOT_PASSWORD,
        baseDn: base,
        pageSize: 50,
        ...options,
      }).connect({ fetch }),
    async addPerson(uid, more = {}) {
      const dn = `uid=${uid},ou=people,${base}`;
      await admin.add(dn, {
        objectClass: ["inetOrgPerson", "ldapPublicKey"],
        uid,
        cn: uid,
        sn: uid,
        mail: `${uid}@acme.example`,
        userPassword: LEAVER_PASSWORD,
        ...more,
      });
      return dn;
    },
    async addGroup(cn, members, kind = "groupOfNames") {
      const dn = `cn=${cn},ou=groups,${base}`;
      numbers += 1;
      await admin.add(dn, {
        objectClass: kind,
        cn: cn.replaceAll("\\", ""),
        ...(kind === "posixGroup" ? { gidNumber: String(numbers) } : {}),
        ...(members.length > 0 ? { [HOLDS[kind]]: [...members] } : {}),
      });
      return dn;
    },
    change,
    async read(dn, attribute) {
      const { searchEntries } = await admin.search(dn, { scope: "base", attributes: [attribute] });
      return [searchEntries[0]?.[attribute] ?? []].flat().map(String).sort();
    },
    async stop() {
      await admin.unbind();
      await proxy.stop();
    },
  };
  return company;
}

export const LEAVER: Person = {
  id: "p-1",
  name: "Alice Adams",
  emails: ["alice@acme.example"],
  logins: { "ldap:corp": ["alice"] },
  active: true,
};

const RULES: Readonly<Record<Exclude<Misbehaviour, "forbidden">, DirectoryRule>> = {
  well: "pass",
  "page-fails": "cut-page",
  "does-nothing": "change-nothing",
  "answer-lost": "lose-answer",
  "rate-limited": "busy",
  unreachable: "refuse",
};

/** A company fitted to the suite. */
export async function bench(peer: DirectoryPeer): Promise<Bench> {
  const company = await openCompany(peer);
  const other = await company.addPerson("bob");
  const alice = await company.addPerson("alice");
  await company.addGroup("everybody-else", [other]);
  const give = async (kind: string, dn: string, uid: string) => {
    if (kind === "group-membership") await company.addGroup(`team-${uid}`, [other, dn]);
    else if (kind === "login-membership") await company.addGroup(`unix-${uid}`, ["bob", uid], "posixGroup");
    else if (kind === "ssh-key") await company.change(dn, "add", "sshPublicKey", KEY);
  };
  let given = "";
  const rights = `cn=signoff,ou=rights,${peer.suffix}`;
  return {
    system: company.system(),
    secrets: [BOT_PASSWORD, LEAVER_PASSWORD],
    person: LEAVER,
    namesake: { ...LEAVER, id: "p-2", emails: [], logins: {} },
    async grant(count) {
      if (count === 0) await company.change(alice, "add", LOCK, LOCKED);
      for (let at = 1; at < count; at += 1) await company.addGroup(`team-${at}`, [other, alice]);
    },
    async grantOf(kind) {
      given = kind;
      await give(kind, alice, "alice");
    },
    async behave(how) {
      if (how === "forbidden") return company.change(rights, "delete", "member", company.bot);
      if (how === "well" && !(await company.read(rights, "member")).includes(company.bot)) {
        await company.change(rights, "add", "member", company.bot);
      }
      company.proxy.behave(RULES[how]);
    },
    async replaceLogin() {
      // As an administrator would: renamed, and by the new name in each group.
      const renamed = `uid=alice-before,ou=people,${company.base}`;
      await company.admin.modifyDN(alice, "uid=alice-before");
      if (given === "group-membership") {
        await company.change(`cn=team-alice,ou=groups,${company.base}`, "add", "member", renamed);
      }
      if (given === "login-membership") {
        await company.change(`cn=unix-alice,ou=groups,${company.base}`, "add", "memberUid", "alice-before");
      }
      await company.addPerson("alice");
      if (given === "ssh-key") await give(given, alice, "alice");
      return { holds: () => holdings(company, alice, "alice") };
    },
    async nameBadly() {
      await company.change(alice, "replace", "displayName", "Al\u202eice \u0000 \u2066");
      await company.addGroup('te\\"am\\, \u202eone\\+\\\\ #(*)', [other, alice]);
      await company.change(alice, "add", "sshPublicKey", Buffer.from([0x73, 0x00, 0xe9, 0xe2, 0x80]));
    },
    stop: () => company.stop(),
  };
}

/** What an entry holds, seen as the directory's administrator. */
export async function holdings(company: Company, dn: string, uid: string): Promise<string[]> {
  const { searchEntries } = await company.admin.search(`ou=groups,${company.base}`, {
    attributes: ["member", "memberUid"],
  });
  const groups = searchEntries.filter((entry) =>
    [entry["member"] ?? [], entry["memberUid"] ?? []].flat().some((one) => one === dn || one === uid),
  );
  const keys = await company.read(dn, "sshPublicKey");
  const locks = await company.read(dn, LOCK);
  return [...groups.map((entry) => entry.dn), ...keys, ...(locks.length === 0 ? ["login"] : [])].sort();
}

/** A call as the workflow lends it. */
export const CALL: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

/** The account found by a vouched login. */
export async function accountOf(system: System, login: string): Promise<Account> {
  const [match] = await system.findAccounts({ ...LEAVER, emails: [], logins: { [system.id]: [login] } }, CALL);
  if (!match) throw new Error(`no account ${login}`);
  return match.account;
}

/** Everything that is listed. */
export async function grantsOf(system: System, account: Account): Promise<Grant[]> {
  const grants: Grant[] = [];
  for await (const grant of system.listGrants(account, CALL)) grants.push(grant);
  return grants;
}
