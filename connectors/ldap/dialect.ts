import type { Options } from "./client.ts";
import { type Entry, guidBytes, guidText, UUID } from "./entry.ts";
import { allOf, anyOf, type Condition, equal } from "./filter.ts";

/** Where the kinds of directories differ in names and forms. */
export interface Dialect {
  readonly kind: Options["kind"];
  /** The attribute that a server never changes nor reuses. */
  readonly id: string;
  readonly logins: readonly string[];
  readonly mails: readonly string[];
  readonly people: Condition;
  readonly groups: Condition;
  /** Attributes of groups that hold names of entries. */
  readonly members: readonly string[];
  /** Attributes of groups that hold logins. */
  readonly memberLogins: readonly string[];
  /** Read with every person. */
  readonly attributes: readonly string[];
  /** The condition that only the entry with this id meets; undefined for what is no id. */
  byId(id: string): Condition | undefined;
  /** The id as text; undefined where the server does not show it. */
  idOf(entry: Entry): string | undefined;
}

const NAMES = ["cn", "displayName", "manager", "memberOf"] as const;

/** The dialect of a configured directory. */
export function dialectOf(options: Options): Dialect {
  return options.kind === "active-directory" ? activeDirectory(options) : openLdap(options);
}

function openLdap(options: Options): Dialect {
  return {
    kind: "openldap",
    id: "entryUUID",
    logins: ["uid"],
    mails: ["mail"],
    people: anyOf(
      equal("objectClass", "person"),
      equal("objectClass", "posixAccount"),
      equal("objectClass", "account"),
    ),
    groups: anyOf(
      equal("objectClass", "groupOfNames"),
      equal("objectClass", "groupOfUniqueNames"),
      equal("objectClass", "posixGroup"),
    ),
    members: ["member", "uniqueMember"],
    memberLogins: ["memberUid"],
    attributes: [...NAMES, "entryUUID", "uid", "mail", "gidNumber", options.disableAttribute, options.keyAttribute],
    byId: (id) => (UUID.test(id) ? equal("entryUUID", id.toLowerCase()) : undefined),
    idOf: (entry) => entry.text("entryUUID")?.toLowerCase(),
  };
}

function activeDirectory(options: Options): Dialect {
  return {
    kind: "active-directory",
    id: "objectGUID",
    logins: ["sAMAccountName", "userPrincipalName"],
    mails: ["mail", "proxyAddresses"],
    people: allOf(equal("objectCategory", "person"), equal("objectClass", "user")),
    groups: equal("objectClass", "group"),
    members: ["member"],
    memberLogins: [],
    attributes: [
      ...NAMES,
      "objectGUID",
      "objectSid",
      "primaryGroupID",
      "sAMAccountName",
      "userPrincipalName",
      "mail",
      "proxyAddresses",
      "userAccountControl",
      options.keyAttribute,
    ],
    byId(id) {
      const bytes = guidBytes(id);
      return bytes && equal("objectGUID", bytes);
    },
    idOf(entry) {
      const [bytes] = entry.bytes("objectGUID");
      return bytes && guidText(bytes);
    },
  };
}
