import { z } from "zod";
import type { Account, Call, Grant } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { enter, listDatabases } from "./databases.ts";
import { lineGrants, listLines, openLines } from "./host-access.ts";
import { listMembers, listMemberships, membershipGrants } from "./memberships.ts";
import { mayBeKept, passwordGrant, readPassword } from "./password.ts";
import { listPrivileges, privilegeGrants } from "./privileges.ts";
import { type Base, findRole, hex, LASTING, parseAccount } from "./roles.ts";
import { type Database, Dependency, Name, type PasswordState, type Role } from "./schema.ts";
import { listPrepared, listSessions, listStandbys, preparedGrant, sessionGrant, unseenOn } from "./sessions.ts";

/** What a role may do by itself, as ALTER ROLE says it; each is a grant of its own, all are privileged. */
export const ATTRIBUTES = ["superuser", "createrole", "createdb", "replication", "bypassrls"] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Everything the role can still reach, complete, and which databases could not be entered although it has something there. */
export interface Listing {
  readonly grants: readonly Grant[];
  readonly blind: readonly string[];
}

/** Programs that run statements by the clock, as the role that asked for it, and keep the list in tables of their own. */
const SCHEDULERS = "('pg_cron', 'pgagent', 'pg_timetable', 'pg_dbms_job')";

/** Reads the cluster and then every database that lets us in. */
export async function listGrants(cluster: Cluster, account: Account, call: Call): Promise<Listing> {
  const ref = parseAccount(account.id);
  const base = { system: account.system, account: account.id };
  const shared = await cluster.use(call, async (sql) => {
    const role = await findRole(sql, ref);
    const sessions = await listSessions(sql, ref.oid);
    const standbys = await listStandbys(sql);
    return { sessions, standbys, role: role && (await readShared(sql, role)) };
  });
  const blind = unseenOn(shared.standbys);
  const sessions = shared.sessions.map((one) => sessionGrant(base, one, shared.role?.role.login === true));
  // A dropped role's sessions run on.
  if (shared.role === undefined) return { grants: sessions, blind };
  const { role, members, lines, password } = shared.role;
  const grants: Grant[] = roleGrants(base, shared.role);
  grants.push(...sessions, ...(lines === undefined ? [] : lineGrants(base, lines)));
  grants.push(...membershipGrants(base, shared.role.memberships, members));
  grants.push(...shared.role.prepared.map((one) => preparedGrant(base, one)));
  grants.push(...privilegeGrants(shared.role.rights, { ...base, database: "0" }, members));
  if (lines === undefined) blind.push(HOST_ACCESS_UNSEEN);
  if (role.createrole && shared.role.version < 160_000)
    blind.push("which roles it created with CREATEROLE: that is recorded since version 16");
  for (const database of shared.role.databases) {
    // A connection to a template stands in the way of CREATE DATABASE, and the cluster knows that nothing is in it.
    if (database.template && database.references === 0) continue;
    const found = await enter(cluster, database, call, (sql) => readDatabase(sql, role, base, database, members));
    if (found !== undefined) {
      grants.push(...found.grants);
      blind.push(...found.blind);
    } else if (database.references > 0) blind.push(`database ${database.name} cannot be entered`);
  }
  if (mayBeKept(password)) {
    const first = grants.filter(({ kind }) => kind === "login" || kind === "session").map(({ id }) => id);
    grants.push(passwordGrant(base, role, password, first));
  }
  return { grants, blind };
}

const HOST_ACCESS_UNSEEN = `whether pg_hba.conf lets the role in without a password: GRANT SELECT ON pg_hba_file_rules,
 pg_ident_file_mappings and EXECUTE ON FUNCTION pg_hba_file_rules(), pg_ident_file_mappings() would show it`.replace(
  /\n/g,
  "",
);

/** What all databases share. */
async function readShared(sql: Sql, role: Role) {
  const [version] = await sql.unsafe("SELECT current_setting('server_version_num')::int AS number");
  return {
    role,
    version: z.number().parse(version?.["number"]),
    password: await readPassword(sql, role.oid),
    lines: await listLines(sql, role.oid),
    members: await listMembers(sql, role.oid),
    memberships: await listMemberships(sql, role.oid),
    prepared: await listPrepared(sql, role.oid),
    databases: await listDatabases(sql, role.oid),
    rights: await listPrivileges(sql, role, "shared"),
  };
}

function roleGrants(base: Base, shared: Awaited<ReturnType<typeof readShared>>): Grant[] {
  const { role, lines, password, version } = shared;
  const grants: Grant[] = [];
  const held = ATTRIBUTES.filter((attribute) => role[attribute]);
  if (role.login)
    grants.push({
      ...base,
      ...LASTING,
      id: "login",
      kind: "login",
      resource: `role ${role.name}${openLines(lines?.pg_hba_file_rules ?? [])}`,
      role: "LOGIN",
      stage: "sessions",
      after: [],
      privileged: held.length > 0,
      before: { login: "true", ...validity(password) },
    });
  for (const attribute of held)
    grants.push({
      ...base,
      ...LASTING,
      id: `attribute:${attribute}`,
      kind: "attribute",
      resource: `role ${role.name}`,
      role:
        attribute === "createrole" && version < 160_000
          ? "CREATEROLE, which administers every role that is no superuser"
          : attribute.toUpperCase(),
      stage: "memberships",
      after: [],
      privileged: true,
      before: { attribute },
    });
  return grants;
}

function validity({ validUntil }: PasswordState): { validUntil?: string } {
  return validUntil === null ? {} : { validUntil };
}

/** What is in the connected database. */
async function readDatabase(
  sql: Sql,
  role: Role,
  base: Base,
  database: Database,
  members: readonly string[],
): Promise<Listing> {
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
  const schedulers = await sql.unsafe(
    `SELECT ${hex("extname")} AS name FROM pg_extension WHERE extname IN ${SCHEDULERS} ORDER BY 1`,
  );
  const blind = schedulers.map((row) => `jobs that ${Name.parse(row["name"])} runs as this role in ${database.name}`);
  return { grants, blind };
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
