import { randomBytes } from "node:crypto";
import { Attribute, Change } from "ldapts";
import { startSlapd } from "../../peers/slapd.ts";
import { EMPLOYEES, emailOf } from "../company.ts";
import type { KeyRing } from "./keys.ts";

/** Acme's own directory: a real OpenLDAP. */
export interface CompanyDirectory {
  /** What the app must be told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the groups that hold somebody, and whether the account is locked; asked as the directory's administrator. */
  look(handle: string): Promise<{ readonly groups: readonly string[]; readonly locked: boolean }>;
  stop(): Promise<void>;
}

/** Who is in which group. Everybody of engineering may open the VPN, and Alice more than that. */
const GROUPS = {
  engineering: ["alice", "bob", "carol", "zoe", "hanako", "mira"],
  "payments-production": ["alice", "bob"],
  "backup-operators": ["alice", "carol"],
  admins: ["alice", "ivo"],
} as const;
const VPN = ["alice", "bob", "carol", "zoe", "hanako"];

/** Starts it with Acme's people, and Alice's key that she put there. Needs Debian's slapd. */
export async function startCompanyDirectory(keys: KeyRing): Promise<CompanyDirectory> {
  const peer = await startSlapd();
  try {
    const admin = await peer.admin();
    const password = randomBytes(18).toString("base64url");
    const { suffix } = peer;
    const bot = `cn=signoff-robot,ou=rights,${suffix}`;
    const personOf = (handle: string) => `uid=${handle},ou=people,${suffix}`;
    for (const ou of ["people", "groups"]) {
      await admin.add(`ou=${ou},${suffix}`, { objectClass: "organizationalUnit", ou });
    }
    for (const { handle, name } of EMPLOYEES.filter(({ guest }) => guest !== true)) {
      await admin.add(personOf(handle), {
        objectClass: ["inetOrgPerson", "ldapPublicKey"],
        uid: handle,
        cn: name,
        sn: name.split(" ").at(-1) ?? name,
        mail: emailOf(handle),
        ...(handle === "alice" ? { sshPublicKey: `${keys.get("alice", "laptop").line} alice@laptop` } : {}),
      });
    }
    for (const [cn, members] of Object.entries(GROUPS)) {
      await admin.add(`cn=${cn},ou=groups,${suffix}`, {
        objectClass: "groupOfNames",
        cn,
        member: members.map(personOf),
      });
    }
    await admin.add(`cn=vpn,ou=groups,${suffix}`, {
      objectClass: "posixGroup",
      cn: "vpn",
      gidNumber: "5001",
      memberUid: VPN,
    });
    await admin.add(bot, {
      objectClass: ["device", "simpleSecurityObject"],
      cn: "signoff-robot",
      userPassword: password,
    });
    const modification = new Attribute({ type: "member", values: [Buffer.from(bot)] });
    await admin.modify(`cn=signoff,ou=rights,${suffix}`, new Change({ operation: "add", modification }));
    await admin.unbind();
    return {
      variables: {
        LDAP_NAME: "corp",
        LDAP_URL: `ldaps://127.0.0.1:${peer.tlsPort}`,
        LDAP_KIND: "openldap",
        LDAP_BIND_DN: bot,
        LDAP_PASSWORD: password,
        LDAP_BASE_DN: suffix,
        LDAP_CA_FILE: peer.caFile,
      },
      async look(handle) {
        const looking = await peer.admin();
        try {
          const groups = await looking.search(`ou=groups,${suffix}`, {
            filter: `(|(member=${personOf(handle)})(memberUid=${handle}))`,
            attributes: ["cn"],
          });
          const own = await looking.search(personOf(handle), { scope: "base", attributes: ["pwdAccountLockedTime"] });
          return {
            groups: groups.searchEntries.map((entry) => String(entry["cn"])).sort(),
            locked: [own.searchEntries[0]?.["pwdAccountLockedTime"] ?? []].flat().length > 0,
          };
        } finally {
          await looking.unbind();
        }
      },
      stop: () => peer.stop(),
    };
  } catch (cause) {
    await peer.stop();
    throw cause;
  }
}
