import { type Grant, type Reading, SystemError } from "../connector.ts";
import { ensureReads, ensureSees, ensureSight, findByDn, findById, isEnabled } from "./accounts.ts";
import type { Directory } from "./client.ts";
import { dnKey } from "./dn.ts";
import type { Entry } from "./entry.ts";
import { equal, filterText } from "./filter.ts";
import { keyId } from "./grants.ts";
import { ancestorsOf, findGroup, findPrimaryGroup, type Group } from "./groups.ts";

/** What a grant's id names. */
export type Place =
  | { readonly kind: "account" }
  | { readonly kind: "key"; readonly id: string }
  | { readonly kind: "membership"; readonly attribute: string; readonly group: string }
  | { readonly kind: "primary"; readonly group: string }
  | { readonly kind: "nested"; readonly group: string; readonly root: Place };

/** Reads `account`, `key:…`, `member:UUID`, `primary:UUID`, `nested:UUID/member:UUID`. */
export function placeOf(directory: Directory, id: string): Place {
  const { members, memberLogins } = directory.dialect;
  const [, name, rest = ""] = /^([a-z]+)(?::(.+))?$/i.exec(id) ?? [];
  if (name === "account" && rest === "") return { kind: "account" };
  if (name === "key" && rest !== "") return { kind: "key", id };
  if (name === "primary" && rest !== "") return { kind: "primary", group: rest };
  if (name && rest !== "" && [...members, ...memberLogins].includes(name)) {
    return { kind: "membership", attribute: name, group: rest };
  }
  const [, group, root] = name === "nested" ? (/^([^/]+)\/([^/]+)$/.exec(rest) ?? []) : [];
  if (group && root) return { kind: "nested", group, root: placeOf(directory, root) };
  throw new SystemError({ code: "refused", reason: `${id} is no grant of a directory` });
}

/** Only what decided the reading: whole entries and lists name everything and everybody else. */
export interface Seen {
  readonly present: boolean;
  readonly request: string;
  readonly answer: Readonly<Record<string, string | number | boolean | null>>;
}

/** Reads afresh, by the immutable ids of account and group. "Gone" counts only where we can see such things. */
export async function readBack(directory: Directory, grant: Grant): Promise<Reading> {
  await ensureSight(directory);
  const entry = await findById(directory, grant.account);
  if (!entry) await ensureSees(directory, directory.dialect.people, directory.options.baseDn);
  const seen = await look(directory, grant, entry, placeOf(directory, grant.id));
  const { dialect } = directory;
  return {
    state: seen.present ? "present" : "absent",
    readAt: directory.call.now(),
    evidence: {
      request: seen.request,
      answer: JSON.stringify({ [dialect.id]: grant.account, dn: entry?.dn ?? null, ...seen.answer }),
    },
  };
}

async function look(directory: Directory, grant: Grant, entry: Entry | undefined, place: Place): Promise<Seen> {
  switch (place.kind) {
    case "account":
      return lookAtAccount(directory, grant, entry);
    case "key":
      return lookAtKey(directory, grant, entry, place.id);
    case "membership":
      return lookAtMembership(directory, grant, entry, place);
    case "primary":
      return lookAtPrimary(directory, grant, entry, place.group);
    case "nested":
      return lookAtNested(directory, grant, entry, place);
    default:
      return place satisfies never;
  }
}

function searchText(directory: Directory, grant: Grant, attribute: string): string {
  const { dialect, options } = directory;
  const filter = dialect.byId(grant.account);
  return `SEARCH ${options.baseDn} ${filter ? filterText(filter) : ""} ${attribute}`;
}

function lookAtAccount(directory: Directory, grant: Grant, entry: Entry | undefined): Seen {
  const attribute =
    directory.dialect.kind === "active-directory" ? "userAccountControl" : directory.options.disableAttribute;
  return {
    present: entry !== undefined && isEnabled(directory, entry),
    request: searchText(directory, grant, attribute),
    answer: { [attribute]: entry?.text(attribute) ?? null },
  };
}

async function lookAtKey(directory: Directory, grant: Grant, entry: Entry | undefined, id: string): Promise<Seen> {
  const { keyAttribute } = directory.options;
  const keys = entry?.bytes(keyAttribute) ?? [];
  // An attribute that may not be read looks like one without values; comparing tells.
  if (entry && keys.length === 0) await ensureReads(directory, entry.dn, keyAttribute, "x");
  return {
    present: keys.some((value) => keyId(value) === id),
    request: searchText(directory, grant, keyAttribute),
    answer: { keys: keys.length, key: id },
  };
}

async function lookAtMembership(
  directory: Directory,
  grant: Grant,
  entry: Entry | undefined,
  place: Place & { readonly kind: "membership" },
): Promise<Seen> {
  const group = await findGroup(directory, place.group, grant.before?.["group"]);
  if (!group) {
    await ensureSees(directory, directory.dialect.groups, directory.options.groupsDn ?? directory.options.baseDn);
    return {
      present: false,
      request: `SEARCH the group ${place.group}`,
      answer: { group: place.group, exists: false },
    };
  }
  const held = await heldValues(directory, grant, entry, group, place.attribute);
  const [value = grant.before?.["dn"] ?? ""] = held;
  if (held.length === 0) await ensureReads(directory, group.dn, place.attribute, value);
  return {
    present: held.length > 0,
    request: `COMPARE ${group.dn} ${place.attribute}`,
    answer: { group: place.group, member: held.length > 0, value: held[0] ?? null },
  };
}

/**
 * The values by which the account is in the group now: its name or logins of this moment, and those it had when the plan
 * was made, unless somebody else has them by now. An entry that was renamed or moved leaves its old name behind in groups,
 * and whoever gets that name gets the membership.
 */
export async function heldValues(
  directory: Directory,
  grant: Grant,
  entry: Entry | undefined,
  group: Group,
  attribute: string,
): Promise<string[]> {
  const byLogin = directory.dialect.memberLogins.includes(attribute);
  const now = entry === undefined ? [] : byLogin ? [...entry.texts("uid")] : [entry.dn];
  const then = grant.before?.[byLogin ? "uid" : "dn"];
  const key = byLogin ? (value: string) => value : dnKey;
  if (then !== undefined && !now.some((value) => key(value) === key(then))) {
    const taken = byLogin ? await isLoginTaken(directory, then) : (await findByDn(directory, then)) !== undefined;
    if (!taken) now.push(then);
  }
  const held: string[] = [];
  for (const value of now) if (await directory.compare(group.dn, attribute, value)) held.push(value);
  return held;
}

async function isLoginTaken(directory: Directory, uid: string): Promise<boolean> {
  const filter = equal("uid", uid);
  const base = directory.options.baseDn;
  return (await directory.search({ base, scope: "sub", filter, attributes: ["1.1"], enough: 1 })).length > 0;
}

async function lookAtPrimary(
  directory: Directory,
  grant: Grant,
  entry: Entry | undefined,
  group: string,
): Promise<Seen> {
  const attribute = directory.dialect.kind === "active-directory" ? "primaryGroupID" : "gidNumber";
  const primary = entry && (await findPrimaryGroup(directory, entry));
  const enabled = entry !== undefined && isEnabled(directory, entry);
  return {
    present: enabled && primary?.id === group,
    request: searchText(directory, grant, attribute),
    answer: { enabled, primary: primary?.id ?? null },
  };
}

async function lookAtNested(
  directory: Directory,
  grant: Grant,
  entry: Entry | undefined,
  place: Place & { readonly kind: "nested" },
): Promise<Seen> {
  const through = await look(directory, grant, entry, place.root);
  if (!through.present || !("group" in place.root)) return through;
  const root = await findGroup(directory, place.root.group, grant.before?.["group"]);
  const present = root !== undefined && (await ancestorsOf(directory, root)).some((group) => group.id === place.group);
  const request = `${through.request}; SEARCH the groups of ${root?.dn ?? place.root.group}`;
  return { present, request, answer: { ...through.answer, nested: present } };
}
