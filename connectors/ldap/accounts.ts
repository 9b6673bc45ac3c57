import { createHash } from "node:crypto";
import { type Account, type Match, type Person, SystemError, textOfBytes } from "../connector.ts";
import { isDisabled } from "./account-control.ts";
import type { Directory } from "./client.ts";
import { dnKey } from "./dn.ts";
import { type Entry, UUID } from "./entry.ts";
import { allOf, anyOf, type Condition, equal, filterText } from "./filter.ts";

const KNOWN_ID = /^id:(.+)$/;

/** Throws unless the base is visible: whoever may read nothing finds nothing, which would look like "gone". */
export async function ensureSight(directory: Directory): Promise<void> {
  const { baseDn, groupsDn } = directory.options;
  for (const base of new Set([baseDn, groupsDn ?? baseDn])) {
    const [entry] = await directory.search({ base, scope: "base", attributes: ["objectClass"] });
    if (!entry) throw new SystemError({ code: "forbidden", scope: `to read ${base}, if it exists` });
  }
}

/** Throws unless some entry of this kind is visible, so that "not found" may mean "gone". */
export async function ensureSees(directory: Directory, what: Condition, base: string): Promise<void> {
  const found = await directory.search({ base, scope: "sub", filter: what, attributes: ["1.1"], enough: 1 });
  if (found.length === 0) {
    throw new SystemError({ code: "forbidden", scope: `to read anything below ${base} with ${filterText(what)}` });
  }
}

/** Throws unless "has no such value" means that: OpenLDAP says so itself, Active Directory shows what we may change. */
export async function ensureReads(directory: Directory, dn: string, attribute: string, value: string): Promise<void> {
  if (directory.dialect.kind === "openldap") {
    await directory.compare(dn, attribute, value);
    return;
  }
  const right = "allowedAttributesEffective";
  const [entry] = await directory.search({ base: dn, scope: "base", attributes: [right] });
  const may = entry?.texts(right).some((name) => name.toLowerCase() === attribute.toLowerCase());
  if (!may) throw new SystemError({ code: "forbidden", scope: `to change ${attribute} of ${dn}` });
}

/** The entry with this immutable id, wherever it was moved; undefined when it is no more, or outside of the base. */
export async function findById(directory: Directory, id: string): Promise<Entry | undefined> {
  const { dialect, options } = directory;
  const filter = dialect.byId(id);
  if (!filter) throw new SystemError({ code: "refused", reason: `${id} is no ${dialect.id}` });
  const found = await directory.search({
    base: options.baseDn,
    scope: "sub",
    filter,
    attributes: dialect.attributes,
  });
  if (found.length > 1) throw new SystemError({ code: "conflict", blockers: [`several entries have the id ${id}`] });
  return found[0];
}

/** The entry at a name, with its id; undefined when there is none, or none that we may read. */
export async function findByDn(directory: Directory, dn: string): Promise<Entry | undefined> {
  const { attributes } = directory.dialect;
  return (await directory.search({ base: dn, scope: "base", attributes }))[0];
}

/** The account that we bind as. */
export async function isOurs(directory: Directory, id: string): Promise<boolean> {
  const own = await findByDn(directory, directory.options.bindDn);
  return own !== undefined && directory.dialect.idOf(own) === id;
}

/**
 * Accounts by known ids (`id:UUID`), vouched-for logins and mail addresses, each exact. Known ids win: beside one, a
 * login or an address counts only if it still belongs to a known id, since both can be given to somebody else.
 */
export async function findAccounts(directory: Directory, person: Person): Promise<Match[]> {
  await ensureSight(directory);
  const { dialect } = directory;
  const given = [...(person.logins[directory.system] ?? []), ...(person.logins["ldap"] ?? [])];
  const ids = new Set(given.flatMap((entry) => KNOWN_ID.exec(entry)?.[1] ?? []).filter((id) => UUID.test(id)));
  const matches = new Map<string, Match>();
  for (const id of ids) {
    const entry = await findById(directory, id);
    const account = entry && accountOf(directory, entry);
    if (account) matches.set(account.id, { account, rule: "account-id", why: `${dialect.id} ${id}, on record` });
  }
  let strangers = 0;
  const consider = (entries: readonly Entry[], rule: Match["rule"], why: string) => {
    for (const entry of entries) {
      const account = accountOf(directory, entry);
      if (!account || matches.has(account.id)) continue;
      if (ids.size > 0) strangers += 1;
      else matches.set(account.id, { account, rule, why });
    }
  };
  for (const login of new Set(given.filter((entry) => !KNOWN_ID.test(entry) && isSendable(entry)))) {
    consider(await findBy(directory, dialect.logins, login), "login", `login ${login}, vouched for by the directory`);
  }
  for (const mail of new Set(person.emails.filter(isSendable))) {
    consider(await findBy(directory, dialect.mails, mail), "email", `mail address ${mail}`);
  }
  if (strangers === 0) return [...matches.values()];
  directory.call.log.warn({ system: directory.system, entries: strangers }, "an identifier belongs to an unknown id");
  const left = `; ${strangers} other entries with such a login or address were left alone`;
  return [...matches.values()].map((match) => ({ ...match, why: match.why + left }));
}

/** People whose attribute has exactly this value; a server's rules of matching forgive spaces, which we do not. */
async function findBy(directory: Directory, attributes: readonly string[], value: string): Promise<Entry[]> {
  const { dialect, options } = directory;
  const wanted = attributes.map((attribute) => [attribute, valueIn(attribute, value)] as const);
  const found = await directory.search({
    base: options.baseDn,
    scope: "sub",
    filter: allOf(dialect.people, anyOf(...wanted.map(([attribute, text]) => equal(attribute, text)))),
    attributes: dialect.attributes,
  });
  return found.filter((entry) =>
    wanted.some(([attribute, text]) => entry.texts(attribute).some((one) => one.toLowerCase() === text.toLowerCase())),
  );
}

function valueIn(attribute: string, value: string): string {
  return attribute === "proxyAddresses" ? `smtp:${value}` : value;
}

/** Longer than every login and address; a server may refuse to compare what is longer still. */
const LONGEST = 320;

function isSendable(value: string): boolean {
  return value !== "" && value.length <= LONGEST && value.isWellFormed() && !value.includes("\0");
}

/** The entry as an account; undefined where the server does not show its immutable id. */
export function accountOf(directory: Directory, entry: Entry): Account | undefined {
  const { dialect, system } = directory;
  const id = dialect.idOf(entry);
  if (id === undefined) return undefined;
  const name = entry.text("displayName") ?? entry.text("cn");
  const login = dialect.logins.flatMap((attribute) => entry.texts(attribute))[0] ?? entry.dn;
  const publicKeys = entry.bytes(directory.options.keyAttribute).flatMap((value) => fingerprintIn(value) ?? []);
  return {
    system,
    id,
    login,
    kind: "human",
    ...(name === undefined ? {} : { name }),
    ...(publicKeys.length === 0 ? {} : { publicKeys }),
  };
}

/** `SHA256:…` of the key in a value, options and comments aside; the fingerprint is of the blob (RFC 4253, 6.6). */
export function fingerprintIn(value: Buffer): string | undefined {
  const [, blob] = /(?:^|\s)(AAAA[\w+/]+={0,2})(?:\s|$)/.exec(textOfBytes(value)) ?? [];
  if (blob === undefined) return undefined;
  return `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
}

/** Says whether the account can be used: by its bit in Active Directory, by the configured attribute elsewhere. */
export function isEnabled(directory: Directory, entry: Entry): boolean {
  const { dialect, options } = directory;
  if (dialect.kind === "active-directory") {
    const control = entry.text("userAccountControl");
    if (control === undefined) {
      throw new SystemError({ code: "forbidden", scope: `to read userAccountControl of ${entry.dn}` });
    }
    return !isDisabled(control);
  }
  return !entry.texts(options.disableAttribute).includes(options.disableValue);
}

/** Everybody below the base, complete or an error. Mail addresses in lower case; a manager by the id of their entry. */
export async function listPeople(directory: Directory): Promise<Person[]> {
  await ensureSight(directory);
  const { dialect, options, system } = directory;
  const entries = await directory.search({
    base: options.baseDn,
    scope: "sub",
    filter: dialect.people,
    attributes: dialect.attributes,
  });
  const known = entries.flatMap((entry) => {
    const account = accountOf(directory, entry);
    return account ? [{ entry, account }] : [];
  });
  if (known.length < entries.length) throw new SystemError({ code: "forbidden", scope: `to read ${dialect.id}` });
  const ids = new Map(known.map(({ entry, account }) => [dnKey(entry.dn), account.id]));
  return known.map(({ entry, account }) => {
    const manager = entry.text("manager");
    const managerId = manager === undefined ? undefined : ids.get(dnKey(manager));
    const logins = dialect.logins.flatMap((attribute) => entry.texts(attribute));
    return {
      id: account.id,
      name: account.name ?? account.login,
      emails: [...new Set(dialect.mails.flatMap((attribute) => entry.texts(attribute).flatMap(mailOf(attribute))))],
      logins: { [system]: [`id:${account.id}`, ...logins] },
      ...(managerId === undefined ? {} : { managerId }),
      active: isEnabled(directory, entry),
    };
  });
}

function mailOf(attribute: string): (value: string) => string[] {
  if (attribute !== "proxyAddresses") return (value) => [value.toLowerCase()];
  return (value) => (/^smtp:/i.test(value) ? [value.slice("smtp:".length).toLowerCase()] : []);
}
