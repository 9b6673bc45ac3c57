import { z } from "zod";
import { type Account, type Call, type Grant, type Match, type Person, SystemError } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { Oid, Role } from "./schema.ts";

// A role's name can be changed and taken by somebody else; its oid cannot. After a dump into a new cluster the same oid
// is somebody else's, so an account's id also carries the cluster's system identifier (pg_control_system): an id of
// another cluster is an error and never a match.

/** What an account id such as `oid:16385@7711943085832300170` says. */
export interface RoleRef {
  readonly oid: string;
  readonly cluster: string | undefined;
}

/** SQL for a name as the hexadecimal form of its bytes, which can be sent whatever they are. */
export function hex(expression: string): string {
  return `encode(textsend((${expression})::text), 'hex')`;
}

/** Roles that nobody's departure may touch: of the server, of a provider, or the one we work as. */
const RESERVED = `(r.oid = 10 OR r.rolname = SESSION_USER
  OR r.rolname ~ '^(pg_|rds_|rdsadmin|rdsrepladmin|rdsproxyadmin|cloudsql|azure_|azuresu|alloydb)')`;

const ROLE = `SELECT r.oid::text AS oid, ${hex("r.rolname")} AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
  r.rolcreaterole AS createrole, r.rolcreatedb AS createdb, r.rolreplication AS replication,
  r.rolbypassrls AS bypassrls, ${RESERVED} AS reserved FROM pg_roles r`;

/** Reads an account id. @throws SystemError `refused` if it is none of ours. */
export function parseAccount(id: string): RoleRef {
  const [, oid, cluster] = /^oid:(\d{1,10})(?:@(\d+))?$/.exec(id) ?? [];
  if (oid === undefined) throw new SystemError({ code: "refused", reason: "this is no account id of a role" });
  return { oid, cluster };
}

/** The system identifier that initdb gave this cluster; undefined where our role may not read it. */
export async function clusterId(sql: Sql): Promise<string | undefined> {
  const [may] = await sql.unsafe("SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS may");
  if (may?.["may"] !== true) return undefined;
  const [row] = await sql.unsafe("SELECT system_identifier::text AS id FROM pg_control_system()");
  return z.string().parse(row?.["id"]);
}

/**
 * The role of this account as it is now, whatever its name; undefined when it was dropped.
 * @throws SystemError `refused` when the server is another cluster than the one the account was found in.
 */
export async function findRole(sql: Sql, ref: RoleRef): Promise<Role | undefined> {
  const cluster = await clusterId(sql);
  if (ref.cluster !== undefined && cluster !== undefined && ref.cluster !== cluster) {
    const reason = "the server behind this name is another cluster than the one where this account was found";
    throw new SystemError({ code: "refused", reason });
  }
  const [row] = await sql.unsafe(`${ROLE} WHERE r.oid = $1::text::oid`, [ref.oid]);
  return row === undefined ? undefined : Role.parse(row);
}

/** Roles whose name is exactly a login that is vouched for, or whose oid a case already knows. */
export async function findAccounts(system: string, cluster: Cluster, person: Person, call: Call): Promise<Match[]> {
  const logins = [...(person.logins[system] ?? []), ...(person.logins["postgres"] ?? [])];
  const known = logins.filter((login) => /^(id:)?oid:\d/.test(login)).map((login) => login.replace(/^id:/, ""));
  const names = logins.filter((login) => login !== "" && !login.includes("\0"));
  if (logins.length === 0) return [];
  return cluster.use(call, async (sql) => {
    const id = await clusterId(sql);
    const matches = new Map<string, Match>();
    const add = (role: Role, rule: Match["rule"], why: string) =>
      matches.set(role.oid, matches.get(role.oid) ?? { account: toAccount(system, role, id), rule, why });
    for (const account of known) {
      const role = await findRole(sql, parseAccount(account));
      if (role) add(role, "account-id", `role ${role.name} has the id ${account} that is known already`);
    }
    // With an id known, names are not looked at: the role may have been renamed and its name taken by somebody else.
    for (const name of known.length > 0 ? [] : names) {
      const [row] = await sql.unsafe(`${ROLE} WHERE r.rolname = $1::text`, [name]);
      const role = row === undefined ? undefined : Role.parse(row);
      if (role) add(role, "login", `role ${role.name} has the name that the directory vouches for`);
    }
    return [...matches.values()];
  });
}

/** A role as an account; `cluster` is the system identifier. */
export function toAccount(system: string, role: Role, cluster: string | undefined): Account {
  return {
    system,
    id: cluster === undefined ? `oid:${role.oid}` : `oid:${role.oid}@${cluster}`,
    login: role.name,
    kind: role.reserved ? "service" : "human",
  };
}

/** SQL for a role's name, quoted as an identifier, by its oid. */
export function quotedRole(oid: string): string {
  return `(SELECT quote_ident(rolname) FROM pg_roles WHERE oid = ${Oid.parse(oid)})`;
}

/** Runs statements that the server itself puts together, so that names never leave it and are quoted by it. */
export async function execute(sql: Sql, ...expressions: string[]): Promise<void> {
  const lines = expressions.map((expression) => `EXECUTE ${expression};`).join("\n");
  await sql.unsafe(`DO $signoff$ BEGIN\n${lines}\nEND $signoff$`);
}

/** SQL: whether this role may act with superuser's rights in some way; `r` is a row of pg_roles. */
export const POWERFUL = `(r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls OR r.rolname IN
  ('pg_read_all_data', 'pg_write_all_data', 'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
   'pg_maintain', 'pg_create_subscription', 'pg_signal_backend', 'pg_signal_autovacuum_worker', 'pg_checkpoint',
   'rds_superuser', 'rds_replication', 'rds_password', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser'))`;

/** Whose grant it is. */
export type Base = Pick<Grant, "system" | "account">;

/** What nearly every grant of a role is. */
export const LASTING = { outlivesSignOn: true, reversible: "always", secrets: [], breaks: [] } as const;
