import { SystemError } from "../connector.ts";
import { ensureReads } from "./accounts.ts";
import type { Directory } from "./client.ts";
import { dnKey, leafOf } from "./dn.ts";
import { type Entry, ridOf, sidText, sidWithRid } from "./entry.ts";
import { allOf, anyOf, type Condition, equal } from "./filter.ts";

/** A group as a grant shows it. */
export interface Group {
  readonly id: string;
  readonly dn: string;
  readonly name: string;
  readonly privileged: boolean;
}

/** A membership that stands in a group's own attribute. */
export interface Membership {
  readonly group: Group;
  /** `member`, `uniqueMember`, `memberUid`. */
  readonly attribute: string;
}

const ATTRIBUTES = ["cn", "adminCount", "objectSid"] as const;

/** How many groups are asked about at once whether they are in others. */
const BATCH = 50;
/** How many searches wait for their answers at once. */
const WIDTH = 8;

// Domain, schema and enterprise admins, group policy and key admins; of the built-in ones: administrators, account,
// server, print and backup operators
// (https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/plan/security-best-practices/appendix-c--protected-accounts-and-groups-in-active-directory).
const PRIVILEGED_RIDS: readonly number[] = [512, 516, 518, 519, 520, 526, 527];
const PRIVILEGED_BUILTIN: readonly number[] = [544, 548, 549, 550, 551];

/** Groups that hold the entry itself, by each attribute that can. */
export async function listMemberships(directory: Directory, entry: Entry): Promise<Membership[]> {
  const { dialect } = directory;
  await ensureReadsMembers(directory, entry);
  const found: Membership[] = [];
  for (const attribute of dialect.members) {
    const groups = await searchGroups(directory, equal(attribute, entry.dn));
    found.push(...groups.map((group) => ({ group, attribute })));
  }
  for (const attribute of dialect.memberLogins) {
    const logins = entry.texts("uid").map((uid) => equal(attribute, uid));
    if (logins.length === 0) continue;
    found.push(...(await searchGroups(directory, anyOf(...logins))).map((group) => ({ group, attribute })));
  }
  found.push(...(await listByBackLink(directory, entry, found)));
  return found;
}

/** Throws where members may not be read: no group would be found. Active Directory shows them to every user. */
async function ensureReadsMembers(directory: Directory, entry: Entry): Promise<void> {
  if (directory.dialect.kind !== "openldap") return;
  const { dialect } = directory;
  const [group] = await searchGroups(directory, { kind: "present", attribute: "objectClass" }, 1);
  for (const attribute of [...dialect.members, ...dialect.memberLogins]) {
    const value = dialect.members.includes(attribute) ? entry.dn : (entry.text("uid") ?? "nobody");
    if (group) await ensureReads(directory, group.dn, attribute, value);
  }
}

/**
 * Groups that the entry's own memberOf names and the search did not find: outside of where groups are looked for, or
 * hidden from us. What cannot be read is an error, since "no groups" would be half an answer.
 */
async function listByBackLink(directory: Directory, entry: Entry, found: readonly Membership[]): Promise<Membership[]> {
  const seen = new Set(found.map(({ group }) => dnKey(group.dn)));
  const more: Membership[] = [];
  for (const dn of entry.texts("memberOf")) {
    if (seen.has(dnKey(dn))) continue;
    const group = await findGroupByDn(directory, dn);
    const attribute = group && (await holdingAttribute(directory, group, entry.dn));
    if (!group || !attribute) {
      const scope = `to read the members of ${dn}, which memberOf of ${entry.dn} names (or that value is stale)`;
      throw new SystemError({ code: "forbidden", scope });
    }
    more.push({ group, attribute });
  }
  return more;
}

async function holdingAttribute(directory: Directory, group: Group, dn: string): Promise<string | undefined> {
  for (const attribute of directory.dialect.members) {
    if (await directory.compare(group.dn, attribute, dn)) return attribute;
  }
  return undefined;
}

/**
 * The group that is primary by number and stands in no list of members: primaryGroupID with the domain's SID in Active
 * Directory, where there always is one; gidNumber elsewhere, where a number needs no group.
 */
export async function findPrimaryGroup(directory: Directory, entry: Entry): Promise<Group | undefined> {
  if (directory.dialect.kind === "active-directory") {
    const [sid] = entry.bytes("objectSid");
    const rid = entry.text("primaryGroupID");
    if (sid === undefined || rid === undefined) return undefined;
    const text = sidText(sidWithRid(sid, Number(rid)));
    // By its SID it is found wherever it is in the domain ([MS-ADTS] 3.1.1.3.1.2.4): mostly not below the people's base.
    const group = await findGroupByDn(directory, `<SID=${text}>`);
    if (!group) throw new SystemError({ code: "forbidden", scope: `to read the primary group ${text}` });
    return group;
  }
  const gid = entry.text("gidNumber");
  return gid === undefined ? undefined : (await searchGroups(directory, equal("gidNumber", gid)))[0];
}

/** The groups that each of these is in, directly or through others. A group that is in itself by a loop is not among them. */
export async function listAncestors(
  directory: Directory,
  groups: readonly Group[],
): Promise<ReadonlyMap<string, readonly Group[]>> {
  const inOthers: Group[] = [];
  for (let at = 0; at < groups.length; at += BATCH) {
    const batch = groups.slice(at, at + BATCH);
    // Mostly no group of a batch is in another one, and one question answers for all.
    const filter = anyOf(...batch.map((group) => heldBy(directory, group.dn)));
    if ((await searchGroups(directory, filter, 1)).length > 0) inOthers.push(...batch);
  }
  const parents = new Map<string, Promise<readonly Group[]>>();
  const found = await eachOf(inOthers, (group) => ancestorsOf(directory, group, parents));
  return new Map(inOthers.map((group, at) => [group.id, found[at] ?? []]));
}

/** The groups that one group is in. Active Directory follows the chain itself; elsewhere it is walked, each group once. */
export async function ancestorsOf(
  directory: Directory,
  root: Group,
  parents: Map<string, Promise<readonly Group[]>> = new Map(),
): Promise<readonly Group[]> {
  if (directory.dialect.kind === "active-directory") {
    const found = await searchGroups(directory, { kind: "in-chain", attribute: "member", dn: root.dn });
    return found.filter((group) => group.id !== root.id);
  }
  const seen = new Map<string, Group>([[root.id, root]]);
  for (const group of seen.values()) {
    const known = parents.get(group.id) ?? searchGroups(directory, heldBy(directory, group.dn));
    parents.set(group.id, known);
    // A map is walked on over what is added meanwhile; what it has already, such as a loop's start, is not added again.
    for (const parent of await known) if (!seen.has(parent.id)) seen.set(parent.id, parent);
  }
  return [...seen.values()].slice(1);
}

function heldBy(directory: Directory, dn: string): Condition {
  return anyOf(...directory.dialect.members.map((attribute) => equal(attribute, dn)));
}

/**
 * The group with this immutable id; undefined when it is no more. It is looked for where groups are, and then at the name
 * it had: memberOf can lead to a group elsewhere, which must not read as gone.
 */
export async function findGroup(directory: Directory, id: string, dn?: string): Promise<Group | undefined> {
  const filter = directory.dialect.byId(id);
  if (!filter) throw new SystemError({ code: "refused", reason: `${id} is no ${directory.dialect.id}` });
  const [found] = await searchGroups(directory, filter);
  if (found || dn === undefined) return found;
  const there = await findGroupByDn(directory, dn);
  return there?.id === id ? there : undefined;
}

async function findGroupByDn(directory: Directory, dn: string): Promise<Group | undefined> {
  const attributes = [directory.dialect.id, ...ATTRIBUTES];
  const [entry] = await directory.search({ base: dn, scope: "base", attributes });
  return entry && groupOf(directory, entry);
}

async function searchGroups(directory: Directory, filter: Condition, enough?: number): Promise<Group[]> {
  const { dialect, options } = directory;
  const found = await directory.search({
    base: options.groupsDn ?? options.baseDn,
    scope: "sub",
    filter: allOf(dialect.groups, filter),
    attributes: [dialect.id, ...ATTRIBUTES],
    ...(enough === undefined ? {} : { enough }),
  });
  return found.map((entry) => groupOf(directory, entry));
}

function groupOf(directory: Directory, entry: Entry): Group {
  const id = directory.dialect.idOf(entry);
  if (id === undefined) {
    throw new SystemError({ code: "forbidden", scope: `to read ${directory.dialect.id} of ${entry.dn}` });
  }
  const name = entry.text("cn") ?? leafOf(entry.dn);
  const named = directory.options.privilegedGroups.includes(name.toLowerCase());
  return { id, dn: entry.dn, name, privileged: named || isProtected(entry) };
}

function isProtected(entry: Entry): boolean {
  if (entry.text("adminCount") === "1") return true;
  const [sid] = entry.bytes("objectSid");
  if (sid === undefined || sid.length < 12) return false;
  const { rid, builtin } = ridOf(sid);
  return (builtin ? PRIVILEGED_BUILTIN : PRIVILEGED_RIDS).includes(rid);
}

async function eachOf<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += WIDTH) {
    answers.push(...(await Promise.all(items.slice(at, at + WIDTH).map(ask))));
  }
  return answers;
}
