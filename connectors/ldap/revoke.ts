import { type Grant, type Revoked, SystemError } from "../connector.ts";
import { disabled, enabled, isDisabled } from "./account-control.ts";
import { ensureSight, findById, isOurs } from "./accounts.ts";
import type { Directory, Modification } from "./client.ts";
import type { Entry } from "./entry.ts";
import { RESULT, resultCode } from "./failure.ts";
import { keyId } from "./grants.ts";
import { findGroup, type Group } from "./groups.ts";
import { heldValues, placeOf, readBack } from "./read-back.ts";

/** Takes one grant away. A fresh read comes first, so that what is gone already is told from what we cannot see. */
export async function revoke(directory: Directory, grant: Grant): Promise<Revoked> {
  await ensureSight(directory);
  const place = placeOf(directory, grant.id);
  const reading = await readBack(directory, grant);
  if (reading.state === "absent") return { status: "already-gone" };
  const entry = await findById(directory, grant.account);
  if (entry && (await isOurs(directory, grant.account))) {
    return { status: "blocked", by: [{ what: `we bind as this account: give us another bind DN than ${entry.dn}` }] };
  }
  switch (place.kind) {
    case "account":
      return entry ? disable(directory, entry) : { status: "already-gone" };
    case "key":
      return entry ? revokeKey(directory, entry, place.id) : { status: "already-gone" };
    case "membership": {
      const group = await findGroup(directory, place.group, grant.before?.["group"]);
      return group ? revokeMembership(directory, grant, entry, group, place.attribute) : { status: "already-gone" };
    }
    case "primary":
      return { status: "elsewhere", where: "it is the account's primary group and ends when the account is disabled" };
    case "nested":
      return { status: "elsewhere", where: `it ends with the membership that leads there: ${grant.resource}` };
    default:
      return place satisfies never;
  }
}

async function disable(directory: Directory, entry: Entry): Promise<Revoked> {
  const { dialect, options } = directory;
  if (dialect.kind === "active-directory") {
    const control = controlOf(entry);
    if (isDisabled(control)) return { status: "already-gone" };
    return swapped(directory, entry, "userAccountControl", control, disabled(control));
  }
  if (entry.texts(options.disableAttribute).includes(options.disableValue)) return { status: "already-gone" };
  return swapped(
    directory,
    entry,
    options.disableAttribute,
    entry.text(options.disableAttribute),
    options.disableValue,
  );
}

/** Changes one value for another in one request, which fails if it is another one by now: nobody's change is lost. */
async function swapped(
  directory: Directory,
  entry: Entry,
  attribute: string,
  from: string | undefined,
  to: string | undefined,
): Promise<Revoked> {
  const changes: Modification[] = [
    ...(from === undefined ? [] : [{ operation: "delete" as const, attribute, values: [from] }]),
    ...(to === undefined ? [] : [{ operation: "add" as const, attribute, values: [to] }]),
  ];
  try {
    await directory.modify(entry.dn, changes);
  } catch (error) {
    if (resultCode(error) !== RESULT.noSuchAttribute) throw error;
    throw new SystemError({ code: "conflict", blockers: [`${attribute} changed meanwhile`] }, { cause: error });
  }
  return { status: "revoked" };
}

function controlOf(entry: Entry): string {
  const control = entry.text("userAccountControl");
  if (control === undefined) throw new SystemError({ code: "forbidden", scope: "to read userAccountControl" });
  return control;
}

async function revokeKey(directory: Directory, entry: Entry, id: string): Promise<Revoked> {
  const { keyAttribute } = directory.options;
  const values = entry.bytes(keyAttribute).filter((value) => keyId(value) === id);
  return removed(directory, entry.dn, keyAttribute, values);
}

async function revokeMembership(
  directory: Directory,
  grant: Grant,
  entry: Entry | undefined,
  group: Group,
  attribute: string,
): Promise<Revoked> {
  const values = await heldValues(directory, grant, entry, group, attribute);
  try {
    return await removed(directory, group.dn, attribute, values);
  } catch (error) {
    if (resultCode(error) !== RESULT.objectClassViolation) throw error;
    // groupOfNames and groupOfUniqueNames must have a member (RFC 4519, sections 3.5 and 3.6).
    const what = `it is the last member of ${group.name}, which may not be empty: add another member, or delete the group`;
    return { status: "blocked", by: [{ what }] };
  }
}

async function removed(
  directory: Directory,
  dn: string,
  attribute: string,
  values: readonly (string | Buffer)[],
): Promise<Revoked> {
  if (values.length === 0) return { status: "already-gone" };
  try {
    await directory.modify(dn, [{ operation: "delete", attribute, values }]);
  } catch (error) {
    if (resultCode(error) === RESULT.noSuchAttribute) return { status: "already-gone" };
    throw error;
  }
  return { status: "revoked" };
}

/** Gives a grant back, to the entry as it is called now. What is there already is left alone. */
export async function restore(directory: Directory, grant: Grant): Promise<void> {
  await ensureSight(directory);
  const place = placeOf(directory, grant.id);
  const entry = await findById(directory, grant.account);
  if (!entry) throw new SystemError({ code: "refused", reason: "the entry was deleted" });
  switch (place.kind) {
    case "account":
      return enable(directory, entry, grant);
    case "key": {
      const value = Buffer.from(grant.before?.["value"] ?? "", "base64");
      if (keyId(value) !== place.id) throw new SystemError({ code: "refused", reason: "the key was not kept" });
      return added(directory, entry.dn, directory.options.keyAttribute, value);
    }
    case "membership": {
      const group = await findGroup(directory, place.group, grant.before?.["group"]);
      if (!group) throw new SystemError({ code: "refused", reason: "the group was deleted" });
      const byLogin = directory.dialect.memberLogins.includes(place.attribute);
      const value = byLogin ? entry.text("uid") : entry.dn;
      if (value === undefined) throw new SystemError({ code: "refused", reason: "the entry has no login any more" });
      return added(directory, group.dn, place.attribute, value);
    }
    case "primary":
    case "nested":
      // It comes back with what it ended with.
      return;
    default:
      return place satisfies never;
  }
}

async function enable(directory: Directory, entry: Entry, grant: Grant): Promise<void> {
  const { dialect, options } = directory;
  if (dialect.kind === "active-directory") {
    const control = controlOf(entry);
    if (isDisabled(control)) await swapped(directory, entry, "userAccountControl", control, enabled(control));
    return;
  }
  const { disableAttribute, disableValue } = options;
  if (!entry.texts(disableAttribute).includes(disableValue)) return;
  await swapped(directory, entry, disableAttribute, disableValue, grant.before?.["previous"]);
}

async function added(directory: Directory, dn: string, attribute: string, value: string | Buffer): Promise<void> {
  try {
    await directory.modify(dn, [{ operation: "add", attribute, values: [value] }]);
  } catch (error) {
    const code = resultCode(error);
    if (code !== RESULT.valueExists && code !== RESULT.entryExists) throw error;
  }
}
