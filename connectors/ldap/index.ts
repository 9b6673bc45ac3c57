import { z } from "zod";
import { type Account, type Call, defineConnector, type Grant, type System, secretField } from "../connector.ts";
import { findAccounts, listPeople } from "./accounts.ts";
import { check } from "./check.ts";
import { type Options, systemId, withDirectory } from "./client.ts";
import { parseDn } from "./dn.ts";
import { listGrants, sightOf } from "./grants.ts";
import { readBack } from "./read-back.ts";
import { restore, revoke } from "./revoke.ts";

const ATTRIBUTE = /^[a-z][a-z\d-]*$/i;

const dnField = (env: string, about: string) =>
  z
    .string()
    .refine((dn) => (parseDn(dn)?.length ?? 0) > 0, "is not a distinguished name, such as ou=people,dc=acme,dc=example")
    .meta({ env, about });

const attributeField = (env: string, fallback: string, about: string) =>
  z.string().regex(ATTRIBUTE, "is not the name of an attribute").default(fallback).meta({ env, about });

/** One directory: OpenLDAP and what is like it, or a domain of Active Directory. */
export const ldap = defineConnector({
  kind: "ldap",
  options: z.object({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, "must be a short name in lower case, such as corp")
      .meta({ env: "LDAP_NAME", about: "Short name of the directory, such as corp" }),
    url: z
      .string()
      .refine(isServerUrl, "must be ldaps://HOST, ldaps://HOST:PORT or ldap://HOST, with nothing else")
      .meta({ env: "LDAP_URL", about: "The directory's address: ldaps://HOST, or ldap://HOST for StartTLS" }),
    kind: z
      .enum(["openldap", "active-directory"], "must be openldap or active-directory")
      .meta({ env: "LDAP_KIND", about: "openldap or active-directory" }),
    bindDn: dnField("LDAP_BIND_DN", "Distinguished name of the entry we bind as; it should belong to nobody"),
    password: secretField("LDAP_PASSWORD", "Its password"),
    baseDn: dnField("LDAP_BASE_DN", "Where people are, such as dc=acme,dc=example"),
    groupsDn: dnField("LDAP_GROUPS_DN", "Where groups are, if not below the base").optional().meta({
      env: "LDAP_GROUPS_DN",
      about: "Where groups are, if not below LDAP_BASE_DN",
    }),
    caFile: z.string().min(1).optional().meta({
      env: "LDAP_CA_FILE",
      about: "File (PEM) of the certificate authority of the directory, if this machine does not trust it already",
    }),
    plaintext: z
      .union([z.boolean(), z.stringbool()])
      .default(false)
      .meta({ env: "LDAP_PLAINTEXT", about: "The word true, to send the password unencrypted over ldap://" }),
    pageSize: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(500)
      .meta({ env: "LDAP_PAGE_SIZE", about: "How many entries are read at once; 500 if unset" }),
    disableAttribute: attributeField(
      "LDAP_DISABLE_ATTRIBUTE",
      "pwdAccountLockedTime",
      "OpenLDAP: the attribute that disables an account; pwdAccountLockedTime if unset",
    ),
    disableValue: z
      .string()
      .min(1)
      .default("000001010000Z")
      .meta({ env: "LDAP_DISABLE_VALUE", about: "OpenLDAP: its value in a disabled account; 000001010000Z if unset" }),
    keyAttribute: attributeField(
      "LDAP_KEY_ATTRIBUTE",
      "sshPublicKey",
      "Attribute with SSH keys; sshPublicKey if unset",
    ),
    privilegedGroups: z
      .union([z.array(z.string()), z.string().transform((text) => text.split(",").map((name) => name.trim()))])
      .default(["admin", "admins", "administrators", "root", "sudo", "wheel"])
      .transform((names) => names.map((name) => name.toLowerCase()))
      .meta({
        env: "LDAP_PRIVILEGED_GROUPS",
        about: "Names of privileged groups, separated by commas, besides those that Active Directory protects",
      }),
  }),
  connect,
});

function connect(options: Options): System {
  // Servers that a listing was referred to: what they hold was not seen.
  const referrals = new Set<string>();
  const within = <T>(call: Call, work: Parameters<typeof withDirectory<T>>[2]) =>
    withDirectory(options, call, async (directory) => {
      const result = await work(directory);
      for (const referral of directory.referrals) referrals.add(referral);
      return result;
    });
  return {
    id: systemId(options),
    title: `${options.kind === "openldap" ? "LDAP" : "Active Directory"} ${options.name}`,
    connector: "ldap/1",
    // Each call is a connection of its own, and small directories take few of one address.
    limit: { concurrent: 5 },
    get sight() {
      return sightOf(options, referrals);
    },
    check: (call) => check(options, call),
    findAccounts: (person, call) => within(call, (directory) => findAccounts(directory, person)),
    async *listGrants(account: Account, call: Call) {
      yield* await within(call, (directory) => listGrants(directory, account));
    },
    revoke: (grant: Grant, call: Call) => within(call, (directory) => revoke(directory, grant)),
    readBack: (grant: Grant, call: Call) => within(call, (directory) => readBack(directory, grant)),
    restore: (grant: Grant, call: Call) => within(call, (directory) => restore(directory, grant)),
    directory: {
      async *listPeople(call: Call) {
        yield* await within(call, (directory) => listPeople(directory));
      },
    },
  };
}

function isServerUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, pathname, search } = new URL(value);
  return (
    /^ldaps?:$/.test(protocol) && hostname !== "" && `${username}${password}${search}` === "" && /^\/?$/.test(pathname)
  );
}
