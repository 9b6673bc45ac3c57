import { z } from "zod";
import { type Account, type Call, type Reading, type Suggestion, SystemError, type WorkItem } from "../connector.ts";
import type { Cluster, Connection, Sql } from "./connect.ts";
import { enter, findDatabase, listDatabases } from "./databases.ts";
import { Blocked } from "./errors.ts";
import { refuseHerTriggers } from "./privileges.ts";
import { clusterId, execute, findRole, hex, parseAccount, quotedRole, toAccount } from "./roles.ts";
import { Dependency, Membership, Oid, type Role } from "./schema.ts";

// Owned objects, one work item for each database. REASSIGN OWNED acts in the connected database only, and its first run
// moves what all databases share too (databases, tablespaces). It drops nothing and moves no data.
// https://www.postgresql.org/docs/current/sql-reassign-owned.html

/** Owned, and moved by REASSIGN OWNED: it leaves user mappings and default privileges alone. */
const OWNED = `FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
  AND s.classid NOT IN ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass)`;
const HERE = "s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))";
/** Names shown in a reading; the count says how many there are. */
const SHOWN = 200;

const Owned = z.object({
  type: z.string(),
  shown: Dependency.shape.shown,
  shared: z.boolean(),
  /** Runs with its owner's rights, or by itself. */
  executes: z.boolean(),
  trigger: z.boolean(),
  /** A table whose policies do not bind its owner. */
  passesBy: z.boolean(),
});
type Owned = Readonly<z.infer<typeof Owned>>;

/** One item for each database in which the role owns something; complete or an error. */
export async function listWork(cluster: Cluster, account: Account, call: Call): Promise<WorkItem[]> {
  const ref = parseAccount(account.id);
  const { role, databases, shared } = await cluster.use(call, async (sql) => {
    const found = await findRole(sql, ref);
    if (found === undefined) return { role: undefined, databases: [], shared: [] };
    const owned = await listOwned(sql, found.oid);
    return { role: found, databases: await listDatabases(sql, found.oid), shared: owned.filter((one) => one.shared) };
  });
  if (role === undefined) return [];
  const items: WorkItem[] = [];
  const item = (database: string, container: string, title: string, facts: string[]): WorkItem => ({
    system: account.system,
    account: account.id,
    id: `owned:${database}`,
    kind: "owned-objects",
    title,
    container,
    facts,
  });
  const moves = shared.map(
    (one) => `${capital(one.type)} ${one.shown} moves with the first of these items to be accepted.`,
  );
  for (const database of databases.filter((one) => one.owned > 0)) {
    const owned = await enter(cluster, database, call, (sql) => listOwned(sql, role.oid));
    const cannot = `Database ${database.name} cannot be entered, so nothing in it can be named or moved.`;
    if (owned === undefined)
      items.push(item(database.oid, database.name, `${database.owned} objects in ${database.name}`, [cannot]));
    else {
      const local = owned.filter((one) => !one.shared);
      items.push(item(database.oid, database.name, `${count(local)} in ${database.name}`, [...facts(local), ...moves]));
    }
  }
  // Shared objects alone still need an heir: REASSIGN in the database of the URL moves them.
  if (items.length === 0 && shared.length > 0) items.push(item("0", "all databases", count(shared), facts(shared)));
  return items;
}

/** Active login roles that share most of the leaver's direct memberships, at most three. */
export async function suggestOwners(cluster: Cluster, item: WorkItem, call: Call): Promise<Suggestion[]> {
  const ref = parseAccount(item.account);
  return cluster.use(call, async (sql) => {
    const id = await clusterId(sql);
    const rows = await sql.unsafe(
      `SELECT other.member::text AS member, ${hex("string_agg(g.rolname::text, ', ' ORDER BY g.rolname::text)")} AS shared
       FROM pg_auth_members mine JOIN pg_auth_members other ON other.roleid = mine.roleid AND other.member <> mine.member
       JOIN pg_roles g ON g.oid = mine.roleid JOIN pg_roles r ON r.oid = other.member
       WHERE mine.member = $1::text::oid AND r.rolcanlogin AND NOT r.rolsuper
         AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil > now())
       GROUP BY other.member ORDER BY count(DISTINCT mine.roleid) DESC, other.member LIMIT 8`,
      [ref.oid],
    );
    const suggestions: Suggestion[] = [];
    for (const row of rows) {
      const role = await findRole(sql, { oid: Oid.parse(row["member"]), cluster: id });
      const shared = Membership.shape.name.parse(row["shared"]);
      if (role && !role.reserved && suggestions.length < 3)
        suggestions.push({ account: toAccount(item.system, role, id), why: `is a member of ${shared} as well` });
    }
    return suggestions;
  });
}

/**
 * Moves everything the leaver owns in one database to another role, and reads it back on a new connection.
 * @throws SystemError `conflict` when the heir is a superuser or reserved, `forbidden` with the memberships we lack.
 */
export async function reassign(cluster: Cluster, item: WorkItem, to: Account, call: Call): Promise<Reading> {
  const ref = parseAccount(item.account);
  const heir = parseAccount(to.id);
  const oid = item.id.replace(/^owned:/, "");
  const database = oid === "0" ? undefined : await findDatabase(cluster, ref, oid, call);
  if (oid !== "0" && database === undefined) return reading(call, "absent", { database: "does not exist any more" });
  const within = async <T>(act: (sql: Connection) => Promise<T>): Promise<T> => {
    if (database === undefined) return cluster.use(call, act);
    const done = await enter(cluster, database, call, async (sql) => ({ value: await act(sql) }));
    if (done === undefined) throw conflict(`database ${database.name} cannot be entered`);
    return done.value;
  };
  try {
    await within(async (sql) => {
      const from = await findRole(sql, ref);
      const next = await findRole(sql, heir);
      if (from === undefined) return;
      await refuseHeir(sql, from, next);
      await sql.begin(async (tx) => {
        await refuseHerTriggers(tx, from);
        await execute(tx, `'REASSIGN OWNED BY ' || ${quotedRole(from.oid)} || ' TO ' || ${quotedRole(heir.oid)}`);
        const left = await countOwned(tx, from.oid);
        const [again, to2] = [await findRole(tx, ref), await findRole(tx, heir)];
        if (left > 0 || again?.name !== from.name || to2?.name !== next?.name)
          throw new SystemError({ code: "rate-limited", retryAt: call.now() }, { message: "a role changed meanwhile" });
      });
    });
  } catch (error) {
    if (error instanceof Blocked) throw conflict(error.message);
    throw error;
  }
  return within(async (sql) => {
    const left = await countOwned(sql, ref.oid);
    if (left > 0) throw conflict(`${left} objects still belong to the leaver`);
    const theirs = await listOwned(sql, heir.oid);
    return reading(call, theirs.length > 0 ? "present" : "absent", {
      leftWithFormerOwner: left,
      ownedByNewOwner: theirs.length,
      names: theirs.slice(0, SHOWN).map((one) => `${one.type} ${one.shown}`),
    });
  });
}

async function refuseHeir(sql: Sql, from: Role, heir: Role | undefined): Promise<void> {
  if (heir === undefined) throw conflict("the new owner's role does not exist any more");
  if (heir.oid === from.oid) throw conflict("the new owner is the leaver");
  if (from.reserved) throw conflict(`role ${from.name} belongs to the server, its provider or to us`);
  // Functions and triggers run with their owner's rights: a superuser heir would hand the leaver's code the whole server.
  if (heir.superuser || heir.reserved) throw conflict(`role ${heir.name} is a superuser or belongs to the server`);
  await refuseSuperusersOwn(sql, from);
  const rows = await sql.unsafe(
    `SELECT ${hex("format('GRANT %I TO %I', r.rolname, SESSION_USER)")} AS fix FROM pg_roles r
     WHERE r.oid IN ($1::text::oid, $2::text::oid) AND NOT pg_has_role(SESSION_USER, r.oid, 'USAGE') ORDER BY r.oid`,
    [from.oid, heir.oid],
  );
  if (rows.length === 0) return;
  const missing = rows.map((row) => Membership.shape.name.parse(row["fix"]));
  throw new SystemError({ code: "forbidden", scope: missing.join("; ") });
}

/** What only a superuser may own stops REASSIGN OWNED as a whole, so it is named before. */
async function refuseSuperusersOwn(sql: Sql, from: Role): Promise<void> {
  const rows = await sql.unsafe(
    `SELECT i.type, ${hex("i.identity")} AS shown FROM (SELECT s.* ${OWNED} AND ${HERE} AND s.refobjid = $1::text::oid) s,
       LATERAL pg_identify_object(s.classid, s.objid, 0) i
     WHERE s.classid IN ('pg_event_trigger'::regclass, 'pg_foreign_data_wrapper'::regclass)
       OR (s.classid = 'pg_subscription'::regclass AND current_setting('server_version_num')::int < 160000) ORDER BY 1, 2`,
    [from.oid],
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => `${String(row["type"])} ${Membership.shape.name.parse(row["shown"])}`);
  throw conflict(`only a superuser may own ${names.join(", ")}: give it to one, or drop it, first`);
}

async function countOwned(sql: Sql, role: string): Promise<number> {
  const [row] = await sql.unsafe(`SELECT count(*)::int AS n ${OWNED} AND ${HERE} AND s.refobjid = $1::text::oid`, [
    role,
  ]);
  return z.number().parse(row?.["n"]);
}

async function listOwned(sql: Sql, role: string): Promise<Owned[]> {
  const rows = await sql.unsafe(
    `SELECT i.type, ${hex("coalesce(i.identity, s.objid::text)")} AS shown, s.dbid = 0 AS shared,
       s.classid = 'pg_event_trigger'::regclass OR coalesce((SELECT p.prosecdef FROM pg_proc p
         WHERE s.classid = 'pg_proc'::regclass AND p.oid = s.objid), false) AS executes, false AS trigger,
       coalesce((SELECT c.relrowsecurity AND NOT c.relforcerowsecurity FROM pg_class c
         WHERE s.classid = 'pg_class'::regclass AND c.oid = s.objid), false) AS "passesBy"
     FROM (SELECT s.* ${OWNED} AND ${HERE} AND s.refobjid = $1::text::oid) s,
       LATERAL pg_identify_object(s.classid, s.objid, 0) i
     UNION ALL
     SELECT 'trigger', ${hex("format('%s on %s.%s runs %s', t.tgname, n.nspname, c.relname, t.tgfoid::regprocedure)")}, false, true, true, false
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND c.relowner = $1::text::oid
     ORDER BY 1, 2`,
    [role],
  );
  return z.array(Owned).parse([...rows]);
}

function facts(owned: readonly Owned[]): string[] {
  const names = owned.filter((one) => !one.trigger).map((one) => `${one.type} ${one.shown}`);
  const shown = names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "");
  return [
    `Owned: ${shown}.`,
    ...owned.filter((one) => one.executes).map(danger),
    ...owned
      .filter((one) => one.passesBy)
      .map((one) => `Row security on ${one.shown} does not bind its owner: the new owner sees every row.`),
    ...owned.flatMap((one) => (one.type in MORE ? [`${capital(one.type)} ${one.shown} ${MORE[one.type]}.`] : [])),
    ...(owned.some((one) => one.type === "function" || one.type === "procedure" || one.trigger)
      ? ["Functions that run with their owner's rights, and views, act with the new owner's rights from then on."]
      : []),
  ];
}

/** What comes with an object besides itself. */
const MORE: Readonly<Record<string, string>> = {
  subscription: "writes here with its owner's rights, and keeps a connection string whose password is to be rotated",
  publication: "is what other servers read from here",
  server: "is reached with user mappings, whose passwords its owner can read: they are to be rotated",
};

function danger(one: Owned): string {
  if (one.trigger) return `Trigger ${one.shown} whenever somebody changes the table.`;
  if (one.type === "event trigger") return `Event trigger ${one.shown} runs on changes of the schema.`;
  return `${capital(one.type)} ${one.shown} is SECURITY DEFINER: whoever may call it acts with the new owner's rights.`;
}

function count(owned: readonly Owned[]): string {
  const kinds = Map.groupBy(
    owned.filter((one) => !one.trigger),
    (one) => one.type,
  );
  const words = [...kinds].map(([type, all]) => `${all.length} ${plural(type, all.length)}`);
  return words.join(", ");
}

function plural(type: string, n: number): string {
  if (n === 1) return type;
  return /y$/.test(type) ? type.replace(/y$/, "ies") : /x$/.test(type) ? `${type}es` : `${type}s`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function conflict(what: string): SystemError {
  return new SystemError({ code: "conflict", blockers: [what] });
}

function reading(call: Call, state: "present" | "absent", answer: object): Reading {
  const evidence = { request: "pg_shdepend, owners in this database", answer: JSON.stringify(answer) };
  return { state, readAt: call.now(), evidence };
}
