import ssh2 from "ssh2";
import { z } from "zod";
import {
  type Account,
  type Call,
  defineConnector,
  type Match,
  type Person,
  Secret,
  type System,
} from "../connector.ts";
import { restore, revoke } from "./acts.ts";
import { check } from "./check.ts";
import { type Fleet, notesOf } from "./fleet.ts";
import { listKeyGrants } from "./grants.ts";
import { openGate, parseHost } from "./hosts.ts";
import { findFingerprint, fingerprintOf } from "./key-line.ts";
import { isKnownHosts } from "./known-hosts.ts";
import { readBack } from "./read-back.ts";
import { listUserGrants, userOf } from "./user-grants.ts";

/** What no login to a host can show. */
const ALWAYS_BLIND = [
  "keys that the person made and nobody vouches for, and who knows a password or a private key of a shared account",
  "what somebody who was root left behind: jobs, services, programs, further accounts",
  "sessions older than the host's log of logins, and ones whose processes hide where they come from",
];

/** Several values in one text, parted by blanks or commas, or a list. */
const list = z.union([z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean)), z.array(z.string())]);

/** Public keys in every file that the sshd of many hosts reads, and the sessions opened with them. */
export const ssh = defineConnector({
  kind: "ssh",
  options: z.object({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, "must be a short name in lower case, such as production")
      .meta({ env: "SSH_NAME", about: "short name of this group of hosts, such as production" }),
    hosts: list
      .refine((hosts) => hosts.length > 0 && hosts.every(parseHost), "must be names like web1.example.com or web1:2222")
      .refine(isEachOnce, "must not give one name to two hosts")
      .meta({
        env: "SSH_HOSTS",
        about: "the hosts, parted by blanks: web1.example.com web2.example.com:2222 db1=192.0.2.7",
      }),
    user: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, "must be the name of an account")
      .meta({
        env: "SSH_USER",
        about: "account to log in as on every host: root, or one that may run sudo /bin/sh -s",
      }),
    privateKey: z
      .string()
      .refine(
        (text) => publicKeyOf(text) !== undefined,
        "must be a private key without a passphrase, in OpenSSH's form",
      )
      .transform((text) => new Secret(text))
      .meta({ env: "SSH_PRIVATE_KEY", about: "private key to log in with, best as a file", secret: true }),
    knownHosts: z
      .string()
      .refine(isKnownHosts, "must be lines of known_hosts, as ssh-keyscan writes them")
      .meta({ env: "SSH_KNOWN_HOSTS", about: "the hosts' public keys as in known_hosts, best as a file" }),
    protectedKeys: list
      .default([])
      .refine(
        (keys) => keys.every((key) => findFingerprint(key) === key),
        "must be fingerprints as ssh-keygen -l prints them: SHA256:…",
      )
      .meta({ env: "SSH_PROTECTED_KEYS", about: "fingerprints of break-glass keys, which are never removed" }),
    parallel: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .default(8)
      .meta({ env: "SSH_PARALLEL", about: "how many hosts are talked to at once, 8 if not set" }),
  }),
  connect({ name, hosts, user, privateKey, knownHosts, protectedKeys, parallel }): System {
    const fleet: Fleet = {
      system: `ssh:${name}`,
      login: { user, privateKey, knownHosts },
      addresses: [...new Set(hosts)].flatMap((host) => parseHost(host) ?? []),
      gate: openGate(parallel),
      ownKey: fingerprintOf(publicKeyOf(privateKey.reveal()) ?? Buffer.alloc(0)),
      protectedKeys,
      pictures: new WeakMap(),
      seen: new WeakMap(),
      notes: new WeakMap(),
    };
    return {
      id: fleet.system,
      title: `SSH ${name}`,
      connector: "ssh/1",
      // Each call logs in to every host it concerns, and with more than ten logins under way sshd drops some (MaxStartups).
      limit: { concurrent: 4 },
      sight: { kind: "partial", blind: ALWAYS_BLIND },
      sightOf(call) {
        const { blind, unanswered } = notesOf(fleet, call);
        return { kind: "partial", blind: [...ALWAYS_BLIND, ...blind], unanswered: [...unanswered] };
      },
      keyed: true,
      seenAccounts: (call) => fleet.seen.get(call) ?? [],
      check: (call) => check(fleet, call),
      findAccounts: async (person) => findAccounts(fleet, person),
      async *listGrants(account: Account, call: Call) {
        const user = userOf(account.id);
        yield* user === undefined
          ? await listKeyGrants(fleet, account, call)
          : await listUserGrants(fleet, account, user, call);
      },
      revoke: (grant, call) => revoke(fleet, grant, call),
      readBack: (grant, call) => readBack(fleet, grant, call),
      restore: (grant, call) => restore(fleet, grant, call),
    };
  },
});

/** Grants are known by their host's name, so it means one host. The same host written twice is no matter. */
function isEachOnce(hosts: readonly string[]): boolean {
  const ids = [...new Set(hosts)].map((host) => parseHost(host)?.id);
  return new Set(ids).size === ids.length;
}

/**
 * A person's accounts are the keys that a directory vouches for, or that another system shows as theirs, and the Unix
 * accounts that a directory names as `user:alice`. A comment beside a key says nothing.
 */
function findAccounts(fleet: Fleet, person: Person): Match[] {
  const matches = new Map<string, Match>();
  const add = (id: string | undefined, why: string) => {
    if (id === undefined || matches.has(id)) return;
    const account: Account = { system: fleet.system, id, login: id, kind: "human" };
    matches.set(id, { account, rule: "account-id", why });
  };
  for (const key of [fleet.system, "ssh"]) {
    for (const vouched of person.logins[key] ?? []) {
      const text = vouched.replace(/^id:/, "");
      const user = userOf(text);
      if (user !== undefined) add(text, `a directory names the Unix account ${user} as theirs, under ${key}`);
      const id = findFingerprint(text);
      if (id !== undefined) add(id, `a directory vouches for the key ${id} as theirs, under ${key}`);
    }
  }
  for (const { fingerprint, system } of person.keys ?? []) {
    add(findFingerprint(fingerprint), `${system} shows the key ${fingerprint} on an account of theirs`);
  }
  return [...matches.values()];
}

function publicKeyOf(text: string): Buffer | undefined {
  const key = ssh2.utils.parseKey(text);
  return key instanceof Error || !key.isPrivateKey() ? undefined : key.getPublicSSH();
}
