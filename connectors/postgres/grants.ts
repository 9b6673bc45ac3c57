import { z } from "zod";
import type { Account, Call, Grant } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { enter, listDatabases } from "./databases.ts";
import { listPrivileges, privilegeGrants } from "./privileges.ts";
import { findRole, hex, POWERFUL, parseAccount } from "./roles.ts";
import { type Database, Dependency, Membership, type Role, Session } from "./schema.ts";

/** What a role may do by itself, as ALTER ROLE says it; each is a grant of its own, all are privileged. */
export const ATTRIBUTES = ["superuser", "createrole", "createdb", "replication", "bypassrls"] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Everything the role can still reach, complete, and which databases could not be entered although it has something there. */
export interface Listing {
  readonly grants: readonly Grant[];
  readonly blind: readonly string[];
}

/** Reads the cluster and then every database that lets us in. */
export async function listGrants(cluster: Cluster, account: Account, call: Call): Promise<Listing> {
  const ref = parseAccount(account.id);
  const shared = await cluster.use(call, async (sql) => {
    const role = await findRole(sql, ref);
    const sessions = await listSessions(sql, ref.oid);
    // A dropped role's sessions run on.
    if (role === undefined)
      return { role, sessions, members: [], memberships: [], databases: [], rights: [], standbys: 0 };
    return {
      role,
      sessions,
      members: await listMembers(sql, role.oid),
      memberships: await listMemberships(sql, role.oid),
      databases: await listDatabases(sql, role.oid),
      rights: await listPrivileges(sql, role, "shared"),
      standbys: await countStandbys(sql),
    };
  });
  const { role, members } = shared;
  const base = { system: account.system, account: account.id };
  const grants: Grant[] = role === undefined ? [] : roleGrants(base, role);
  grants.push(...shared.sessions.map((session) => sessionGrant(base, session, role?.login === true)));
  grants.push(...membershipGrants(base, shared.memberships, members));
  grants.push(...privilegeGrants(shared.rights, { ...base, database: "0" }, members));
  const blind: string[] = [];
  if (shared.standbys > 0) blind.push(`sessions on ${shared.standbys} standby server(s): they end there, not here`);
  for (const database of shared.databases) {
    if (role === undefined) break;
    // A connection to a template stands in the way of CREATE DATABASE, and the cluster knows that nothing is in it.
    if (database.template && database.references === 0) continue;
    const found = await enter(cluster, database, call, (sql) => localGrants(sql, role, base, database, members));
    if (found !== undefined) grants.push(...found);
    else if (database.references > 0) blind.push(`database ${database.name} cannot be entered`);
  }
  return { grants, blind };
}

/** Server processes that authenticated as this role: SET ROLE and SET SESSION AUTHORIZATION do not hide them. */
export async function listSessions(sql: Sql, role: string): Promise<Session[]> {
  const rows = await sql.unsafe(
    `SELECT pid::text AS pid, coalesce(trunc(extract(epoch FROM backend_start) * 1000000)::bigint::text, 'unknown') AS started,
       ${hex("datname")} AS database, host(client_addr) AS client, backend_type AS backend,
       to_char(state_change AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed
     FROM pg_stat_activity WHERE usesysid = $1::text::oid AND leader_pid IS NULL ORDER BY backend_start, pid`,
    [role],
  );
  return z.array(Session).parse([...rows]);
}

/** Direct memberships and every role reached through each of them. */
export async function listMemberships(sql: Sql, role: string): Promise<Membership[]> {
  // to_jsonb: inherit_option and set_option exist since version 16.
  const rows = await sql.unsafe(
    `WITH RECURSIVE reach AS (
       SELECT m.roleid, m.roleid AS first, m.grantor, m.admin_option AS admin,
         (to_jsonb(m) ->> 'inherit_option')::boolean AS inherit, (to_jsonb(m) ->> 'set_option')::boolean AS set
       FROM pg_auth_members m WHERE m.member = $1::text::oid
       UNION SELECT m.roleid, reach.first, reach.grantor, m.admin_option, NULL, NULL
       FROM reach JOIN pg_auth_members m ON m.member = reach.roleid)
     SELECT reach.roleid::text AS role, ${hex("r.rolname")} AS name, reach.first::text AS first,
       ${hex("f.rolname")} AS first_name, CASE WHEN current_setting('server_version_num')::int < 160000 THEN '0'
         ELSE reach.grantor::text END AS grantor, bool_or(admin) AS admin, bool_or(inherit) AS inherit,
       bool_or(set) AS set, bool_or(${POWERFUL}) AS powerful
     FROM reach JOIN pg_roles r ON r.oid = reach.roleid JOIN pg_roles f ON f.oid = reach.first
     GROUP BY reach.roleid, r.rolname, reach.first, f.rolname, reach.grantor ORDER BY reach.first = reach.roleid DESC, 1, 3`,
    [role],
  );
  return z.array(Membership).parse([...rows]);
}

async function listMembers(sql: Sql, role: string): Promise<string[]> {
  const rows = await sql.unsafe(
    `SELECT DISTINCT ${hex("r.rolname")} AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
     WHERE m.roleid = $1::text::oid AND r.rolname <> SESSION_USER ORDER BY 1`,
    [role],
  );
  return rows.map((row) => Session.shape.database.parse(row["name"]) ?? "");
}

async function countStandbys(sql: Sql): Promise<number> {
  const [row] = await sql.unsafe("SELECT count(*)::int AS n FROM pg_stat_replication WHERE pid IS NOT NULL");
  return z.number().parse(row?.["n"]);
}

type Base = Pick<Grant, "system" | "account">;

const LASTING = { outlivesSignOn: true, reversible: "always", secrets: [], breaks: [] } as const;

function roleGrants(base: Base, role: Role): Grant[] {
  const grants: Grant[] = [];
  const held = ATTRIBUTES.filter((attribute) => role[attribute]);
  if (role.login)
    grants.push({
      ...base,
      ...LASTING,
      id: "login",
      kind: "login",
      resource: `role ${role.name}`,
      role: "LOGIN",
      stage: "sessions",
      after: [],
      privileged: held.length > 0,
      before: { login: "true" },
    });
  for (const attribute of held)
    grants.push({
      ...base,
      ...LASTING,
      id: `attribute:${attribute}`,
      kind: "attribute",
      resource: `role ${role.name}`,
      role: attribute.toUpperCase(),
      stage: "memberships",
      after: [],
      privileged: true,
      before: { attribute },
    });
  return grants;
}

function sessionGrant(base: Base, session: Session, locked: boolean): Grant {
  const where = session.database === null ? "" : ` in ${session.database}`;
  const from = session.client === null ? "" : ` from ${session.client}`;
  return {
    ...base,
    ...LASTING,
    id: `session:${session.pid}:${session.started}`,
    kind: "session",
    resource: `${session.backend ?? "session"} ${session.pid}${where}${from}`,
    stage: "sessions",
    // The lock first: a pooler would connect again at once.
    after: locked ? ["login"] : [],
    privileged: session.backend === "walsender",
    ...(session.changed === null ? {} : { lastUsedAt: session.changed }),
  };
}

function membershipGrants(base: Base, memberships: readonly Membership[], members: readonly string[]): Grant[] {
  const key = (role: string, grantor: string) => (grantor === "0" ? role : `${role}:${grantor}`);
  return memberships.map((one): Grant => {
    const direct = one.role === one.first;
    const options = [
      one.admin ? "ADMIN" : "",
      one.inherit === false ? "no INHERIT" : "",
      one.set === false ? "no SET" : "",
    ];
    const common = {
      ...base,
      ...LASTING,
      resource: `role ${one.name}`,
      role: ["member", ...options.filter((option) => option !== "")].join(", "),
      stage: "memberships",
      after: [],
      privileged: one.powerful || one.admin,
    } as const;
    if (!direct)
      return {
        ...common,
        id: `inherited:${one.role}:${key(one.first, one.grantor)}`,
        kind: "inherited-membership",
        resource: `role ${one.name} through ${one.first_name}`,
        via: `membership:${key(one.first, one.grantor)}`,
      };
    return {
      ...common,
      id: `membership:${key(one.role, one.grantor)}`,
      kind: "membership",
      // A direct member of a harmless role may reach a powerful one through it.
      privileged: common.privileged || memberships.some((other) => other.first === one.first && other.powerful),
      breaks: members.map((other) => `Role ${other} acts through this membership too, as a member of this role.`),
      before: {
        admin: String(one.admin),
        ...(one.inherit === null ? {} : { inherit: String(one.inherit) }),
        ...(one.set === null ? {} : { set: String(one.set) }),
      },
    };
  });
}

async function localGrants(
  sql: Sql,
  role: Role,
  base: Base,
  database: Database,
  members: readonly string[],
): Promise<Grant[]> {
  const rights = await listPrivileges(sql, role, "local");
  const grants = privilegeGrants(rights, { ...base, database: database.oid, databaseName: database.name }, members);
  const seen = new Set(rights.map((right) => `${right.catalog}:${right.objid}:${right.subid}`));
  // The cluster's own count catches what no query of ours knows: nothing that depends on the role is left out.
  for (const left of await listDependencies(sql, role.oid)) {
    if (left.deptype === "a" && seen.has(`${left.catalog}:${left.objid}:${left.subid}`)) continue;
    const mapping = left.catalog === "pg_user_mapping";
    grants.push({
      ...base,
      ...LASTING,
      id: `dependency:${database.oid}:${left.catalog}:${left.objid}:${left.subid}`,
      kind: mapping ? "user-mapping" : "dependency",
      resource: `${left.shown} in ${database.name}`,
      stage: "memberships",
      after: [],
      reversible: "never",
      privileged: false,
      secrets: mapping ? [`password of the ${left.shown} in ${database.name}`] : [],
    });
  }
  return grants;
}

/** What refers to the role in the connected database and is neither an owned object nor initial rights of an extension. */
async function listDependencies(sql: Sql, role: string): Promise<Dependency[]> {
  const rows = await sql.unsafe(
    `SELECT s.classid::regclass::text AS catalog, s.objid::text AS objid, s.objsubid AS subid, s.deptype::text AS deptype,
       ${hex("pg_describe_object(s.classid, s.objid, s.objsubid)")} AS shown
     FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
     WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1::text::oid
       AND (s.deptype IN ('a', 'r') OR s.classid = 'pg_user_mapping'::regclass)
       AND pg_describe_object(s.classid, s.objid, s.objsubid) IS NOT NULL ORDER BY 1, 2, 3`,
    [role],
  );
  return z.array(Dependency).parse([...rows]);
}
