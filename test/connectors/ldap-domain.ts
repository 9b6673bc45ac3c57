import { Attribute, Change, type Client } from "ldapts";
import type { Person, System } from "../../connectors/connector.ts";
import { ldap } from "../../connectors/ldap/index.ts";
import { type DirectoryProxy, type DirectoryRule, startDirectoryProxy } from "../peers/ldap-proxy.ts";
import { addUser, BOT, COMPANIES } from "../peers/samba.ts";
import type { DirectoryPeer } from "../peers/slapd.ts";
import type { Bench, Misbehaviour } from "./conformance.ts";

export const USER_PASSWORD = "Leaver-passw0rd-1";

/** A part of a domain of its own, with a leaver. Logins are of the whole domain, so they carry the part's number. */
export interface Part {
  readonly peer: DirectoryPeer;
  readonly admin: Client;
  readonly number: number;
  readonly base: string;
  readonly proxy: DirectoryProxy;
  readonly leaver: { readonly dn: string; readonly login: string };
  system(options?: Partial<Parameters<typeof ldap>[0]>): System;
  addPerson(cn: string, login: string): Promise<string>;
  addGroup(name: string, members: readonly string[]): Promise<string>;
  change(dn: string, operation: "add" | "delete" | "replace", attribute: string, ...values: string[]): Promise<void>;
  read(dn: string, attribute: string): Promise<string[]>;
  stop(): Promise<void>;
}

let parts = 0;

export async function openPart(peer: DirectoryPeer): Promise<Part> {
  parts += 1;
  const number = parts;
  const admin = await peer.admin();
  const base = `OU=part ${number},${COMPANIES}`;
  await admin.add(base, { objectClass: "organizationalUnit", ou: `part ${number}` });
  const proxy = await startDirectoryProxy(peer.host, peer.port);
  const change: Part["change"] = (dn, operation, type, ...values) =>
    admin.modify(dn, new Change({ operation, modification: new Attribute({ type, values }) }));
  const addPerson = async (cn: string, login: string) => {
    const dn = `CN=${cn},${base}`;
    await addUser(admin, dn, { sAMAccountName: login, mail: `${login}@acme.example` }, USER_PASSWORD);
    return dn;
  };
  const login = `alice${number}`;
  const leaver = { dn: await addPerson("Alice Adams", login), login };
  return {
    peer,
    admin,
    number,
    base,
    proxy,
    leaver,
    system: (options) =>
      ldap({
        name: "corp",
        url: `ldap://127.0.0.1:${proxy.port}`,
        plaintext: true,
        kind: "active-directory",
        bindDn: BOT.dn,
        password: BOT.password,
        baseDn: base,
        groupsDn: peer.suffix,
        pageSize: 50,
        ...options,
      }).connect({ fetch }),
    addPerson,
    async addGroup(name, members) {
      const dn = `CN=${name},${base}`;
      // A login of the whole domain, made of letters that it allows.
      const sAMAccountName = `${name.replace(/[^\w-]/g, "")}-${number}`;
      await admin.add(dn, {
        objectClass: "group",
        sAMAccountName,
        ...(members.length > 0 ? { member: [...members] } : {}),
      });
      return dn;
    },
    change,
    async read(dn, attribute) {
      const { searchEntries } = await admin.search(dn, { scope: "base", attributes: [attribute] });
      return [searchEntries[0]?.[attribute] ?? []].flat().map(String).sort();
    },
    async stop() {
      await change(BOT.dn, "replace", "userAccountControl", "512");
      await admin.unbind();
      await proxy.stop();
    },
  };
}

/** The leaver of a part, by the login that HR knows. */
export function leaverOf(part: Part): Person {
  const { login } = part.leaver;
  return { id: "p-1", name: "Alice Adams", emails: [], logins: { "ldap:corp": [login] }, active: true };
}

const RULES: Readonly<Record<Exclude<Misbehaviour, "forbidden">, DirectoryRule>> = {
  well: "pass",
  "page-fails": "cut-page",
  "does-nothing": "change-nothing",
  "answer-lost": "lose-answer",
  "rate-limited": "busy",
  unreachable: "refuse",
};

/** A part fitted to the suite. */
export async function domainBench(peer: DirectoryPeer): Promise<Bench> {
  const part = await openPart(peer);
  const { leaver } = part;
  await part.addGroup("everybody", []);
  const person = leaverOf(part);
  let given = "";
  return {
    system: part.system(),
    secrets: [BOT.password, USER_PASSWORD],
    person,
    namesake: { ...person, id: "p-2", logins: {} },
    async grant(count) {
      // Enabled it would have its primary group as well, and what that is in.
      await part.change(leaver.dn, "replace", "userAccountControl", "514");
      for (let at = 0; at < count; at += 1) await part.addGroup(`team ${at}`, [leaver.dn]);
    },
    async grantOf(kind) {
      given = kind;
      if (kind === "group-membership") await part.addGroup("team", [leaver.dn]);
    },
    async behave(how) {
      if (how === "forbidden") return part.change(BOT.dn, "replace", "userAccountControl", "514");
      if (how === "well") await part.change(BOT.dn, "replace", "userAccountControl", "512");
      part.proxy.behave(RULES[how]);
    },
    async replaceLogin() {
      await part.admin.modifyDN(leaver.dn, "CN=Alice Before");
      const renamed = `CN=Alice Before,${part.base}`;
      await part.change(renamed, "replace", "sAMAccountName", `before${part.number}`);
      const stranger = await part.addPerson("Alice Adams", leaver.login);
      if (given === "group-membership") await part.change(`CN=team,${part.base}`, "add", "member", stranger);
      return {
        async holds() {
          const control = await part.read(stranger, "userAccountControl");
          return [...control, ...(await part.read(stranger, "memberOf"))];
        },
      };
    },
    async nameBadly() {
      await part.change(leaver.dn, "replace", "displayName", "Al\u202eice \u2066");
      await part.addGroup('te\\"am\\, \u202eone\\+\\\\ (*)', [leaver.dn]);
    },
    stop: () => part.stop(),
  };
}
