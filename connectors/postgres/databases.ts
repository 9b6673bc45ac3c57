import { z } from "zod";
import { type Call, SystemError } from "../connector.ts";
import type { Cluster, Connection, Sql } from "./connect.ts";
import { Blocked, isShutOutError } from "./errors.ts";
import type { Target } from "./grant-id.ts";
import { hex, type RoleRef } from "./roles.ts";
import { Database } from "./schema.ts";

/** A dropped database took everything in it along. */
export const DATABASE_GONE = Symbol("database gone");

/** Runs `act` in a database; undefined when this database lets nobody or not us in. */
export async function enter<T>(
  cluster: Cluster,
  database: Database,
  call: Call,
  act: (sql: Connection) => Promise<T>,
): Promise<T | undefined> {
  // A name that is no valid UTF-8 cannot be said when connecting.
  if (!database.enterable || !database.name.isWellFormed()) return undefined;
  try {
    return await cluster.use(call, act, database.name);
  } catch (error) {
    if (isShutOutError(error)) return undefined;
    throw error;
  }
}

/** Every database, with how much of this role the cluster's own count (pg_shdepend) says is in it. */
export async function listDatabases(sql: Sql, role: string): Promise<Database[]> {
  const rows = await sql.unsafe(
    `SELECT d.oid::text AS oid, ${hex("d.datname")} AS name, d.datistemplate AS template,
       d.datallowconn AND has_database_privilege(d.oid, 'CONNECT') AS enterable,
       (SELECT count(*)::int FROM pg_shdepend s WHERE s.dbid = d.oid AND s.refclassid = 'pg_authid'::regclass
         AND s.refobjid = $1::text::oid) AS references,
       (SELECT count(*)::int FROM pg_shdepend s WHERE s.dbid = d.oid AND s.refclassid = 'pg_authid'::regclass
         AND s.refobjid = $1::text::oid AND s.deptype = 'o'
         AND s.classid NOT IN ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass)) AS owned
     FROM pg_database d ORDER BY d.oid`,
    [role],
  );
  return z.array(Database).parse([...rows]);
}

/** A database by its oid, with how much of the role is in it. */
export async function findDatabase(
  cluster: Cluster,
  ref: RoleRef,
  oid: string,
  call: Call,
): Promise<Database | undefined> {
  const databases = await cluster.use(call, (sql) => listDatabases(sql, ref.oid));
  return databases.find((database) => database.oid === oid);
}

/** Runs `act` where the grant lives, or says that this database is gone. @throws Blocked when it cannot be entered. */
export async function inItsDatabase<T>(
  cluster: Cluster,
  ref: RoleRef,
  target: Target,
  call: Call,
  act: (sql: Connection) => Promise<T>,
): Promise<T | typeof DATABASE_GONE> {
  const oid = "database" in target ? target.database : "0";
  if (oid === "0") return cluster.use(call, act);
  const database = await findDatabase(cluster, ref, oid, call);
  if (database === undefined) return DATABASE_GONE;
  const done = await enter(cluster, database, call, async (sql) => {
    const [row] = await sql.unsafe("SELECT oid::text AS oid FROM pg_database WHERE datname = current_database()");
    // Renamed between the look-up and the connection.
    if (row?.["oid"] !== oid) throw new SystemError({ code: "rate-limited", retryAt: call.now() });
    return { value: await act(sql) };
  });
  if (done === undefined) throw new Blocked(`database ${database.name} cannot be entered`);
  return done.value;
}
