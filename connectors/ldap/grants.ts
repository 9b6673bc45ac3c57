import { createHash } from "node:crypto";
import { type Account, type Grant, ofOurAccount, type Sight, SystemError, textOfBytes } from "../connector.ts";
import { ensureReads, ensureSight, findById, isEnabled, isOurs } from "./accounts.ts";
import type { Directory, Options } from "./client.ts";
import type { Entry } from "./entry.ts";
import { findPrimaryGroup, type Group, listAncestors, listMemberships } from "./groups.ts";

/** What no read of the directory can show, whoever binds. */
export function sightOf(options: Options, referrals: Iterable<string>): Sight {
  const blind = [
    "applications and machines that let a login in by themselves, and sessions or tickets that are open already",
    "rights that the directory's own access rules give to the entry's name",
    "passwords of other entries, of services among them, that the person knows",
    options.kind === "active-directory"
      ? "groups of other domains, local groups of machines, rights delegated on objects, other domain controllers until they replicate; proven on Samba's Active Directory, not on Microsoft's"
      : "groups that are computed (groupOfURLs), netgroups, and sudo rules that name the login",
    ...[...referrals].map((referral) => `what ${referral} holds, to which the directory refers`),
  ];
  return { kind: "partial", blind };
}

/** Memberships, keys and the account itself: complete, or an error. */
export async function listGrants(directory: Directory, account: Account): Promise<Grant[]> {
  await ensureSight(directory);
  const entry = await findById(directory, account.id);
  if (!entry) {
    const scope = `to read the entry with ${directory.dialect.id} ${account.id}, if it exists`;
    throw new SystemError({ code: "forbidden", scope });
  }
  const { keyAttribute } = directory.options;
  if (directory.dialect.kind === "openldap" && entry.bytes(keyAttribute).length === 0) {
    await ensureReads(directory, entry.dn, keyAttribute, "x");
  }
  const enabled = isEnabled(directory, entry);
  const memberships = await listMemberships(directory, entry);
  const primary = enabled ? await findPrimaryGroup(directory, entry) : undefined;
  const roots = [...new Map(memberships.map(({ group }) => [group.id, group])).values()];
  const ancestors = await listAncestors(directory, primary ? [...roots, primary] : roots);
  const base = { system: directory.system, account: account.id };
  const own = [
    ...memberships.map((membership) => membershipGrant(base, entry, membership, ancestors.get(membership.group.id))),
    ...keyGrants(directory, base, entry),
  ];
  const all = [
    ...own,
    ...(primary ? [primaryGrant(base, primary, ancestors.get(primary.id))] : []),
    ...memberships.flatMap(({ attribute, group }) =>
      nestedGrants(base, entry, idOf(attribute, group), group, ancestors.get(group.id)),
    ),
    ...(primary ? nestedGrants(base, entry, idOf("primary", primary), primary, ancestors.get(primary.id)) : []),
    ...(enabled ? [accountGrant(directory, base, entry, account, own)] : []),
  ];
  return (await isOurs(directory, account.id)) ? all.map(ofOurAccount) : all;
}

type Base = Pick<Grant, "system" | "account">;

function idOf(attribute: string, group: Group): string {
  return `${attribute}:${group.id}`;
}

function membershipGrant(
  base: Base,
  entry: Entry,
  { group, attribute }: { readonly group: Group; readonly attribute: string },
  ancestors: readonly Group[] = [],
): Grant {
  return {
    ...base,
    id: idOf(attribute, group),
    kind: attribute === "memberUid" ? "login-membership" : "group-membership",
    resource: group.name,
    role: attribute,
    stage: "memberships",
    after: [],
    outlivesSignOn: false,
    reversible: "always",
    privileged: group.privileged || ancestors.some((one) => one.privileged),
    secrets: [],
    breaks: [],
    before: beforeOf(entry, group),
  };
}

/** The names that group and account have now: what they leave behind when they are renamed is found by them. */
function beforeOf(entry: Entry, group: Group): Record<string, string> {
  const uid = entry.text("uid");
  return { group: group.dn, dn: entry.dn, ...(uid === undefined ? {} : { uid }) };
}

/** Primary by a number in the account, not by a list of members: nobody can leave it, so it ends with the account. */
function primaryGrant(base: Base, group: Group, ancestors: readonly Group[] = []): Grant {
  return {
    ...base,
    id: idOf("primary", group),
    kind: "primary-group",
    resource: group.name,
    role: "primary",
    stage: "account",
    via: "account",
    after: [],
    outlivesSignOn: false,
    reversible: "always",
    privileged: group.privileged || ancestors.some((one) => one.privileged),
    secrets: [],
    breaks: [],
  };
}

/** One grant for each way into a group, since each ends with the membership that it starts from. */
function nestedGrants(
  base: Base,
  entry: Entry,
  root: string,
  through: Group,
  ancestors: readonly Group[] = [],
): Grant[] {
  return ancestors.map((group) => ({
    ...base,
    id: `nested:${group.id}/${root}`,
    kind: "nested-membership",
    resource: `${group.name}, through ${through.name}`,
    stage: root.startsWith("primary:") ? "account" : "memberships",
    via: root,
    after: [],
    outlivesSignOn: false,
    reversible: "always",
    privileged: group.privileged,
    secrets: [],
    breaks: [],
    before: beforeOf(entry, through),
  }));
}

/** Named by what the value is, so that a comment or an option that changes makes it another grant. */
export function keyId(value: Buffer): string {
  return `key:${createHash("sha256").update(value).digest("base64url")}`;
}

function keyGrants(directory: Directory, base: Base, entry: Entry): Grant[] {
  const values = new Map(entry.bytes(directory.options.keyAttribute).map((value) => [keyId(value), value]));
  return [...values].map(([id, value]) => ({
    ...base,
    id,
    kind: "ssh-key",
    resource: keyTitle(value),
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    reversible: "always",
    privileged: false,
    secrets: [],
    breaks: [],
    before: { value: value.toString("base64") },
  }));
}

/** `ssh-ed25519 SHA256:… (alice@laptop)`, as ssh-keygen -l shows it; the fingerprint is of the blob (RFC 4253, 6.6). */
function keyTitle(value: Buffer): string {
  const text = textOfBytes(value);
  const [, type, blob, comment] = /(?:^|\s)([a-z\d@.-]+)\s+(AAAA[\w+/]+=*)\s*(.*)$/s.exec(text) ?? [];
  if (!type || !blob) return "a value that is no SSH key";
  const print = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "");
  return `${type} SHA256:${print}${comment ? ` (${comment})` : ""}`;
}

function accountGrant(directory: Directory, base: Base, entry: Entry, account: Account, own: readonly Grant[]): Grant {
  const { dialect, options } = directory;
  const previous = dialect.kind === "openldap" ? entry.text(options.disableAttribute) : undefined;
  return {
    ...base,
    id: "account",
    kind: "account",
    resource: `the login of ${account.login}`,
    stage: "account",
    // Groups can lose sight of an entry that is disabled and moved: they go first.
    after: own.map((grant) => grant.id),
    outlivesSignOn: true,
    reversible: "always",
    privileged: false,
    secrets: [],
    breaks: [],
    before: { dn: entry.dn, ...(previous === undefined ? {} : { previous }) },
  };
}
