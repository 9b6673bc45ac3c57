import { z } from "zod";
import { type Call, type Grant, type Reading, type Revoked, SystemError } from "../connector.ts";
import type { Cluster, Connection, Sql } from "./connect.ts";
import { Blocked, codeOf, DEPENDENT_OBJECTS } from "./errors.ts";
import { ATTRIBUTES, type Attribute, enter, listDatabases, listMemberships, listSessions } from "./grants.ts";
import { type PrivilegeRef, readPrivileges, restorePrivileges, revokePrivileges } from "./privileges.ts";
import { execute, findRole, parseAccount, quotedRole, type RoleRef } from "./roles.ts";
import { type Database, Kept, type Membership, Oid, type Role } from "./schema.ts";

/** How long pg_terminate_backend waits for a process to end. */
const END_SESSION_MS = 5_000;

const DATABASE_GONE = Symbol("database gone");

/** What a grant's id says. */
type Target =
  | { readonly kind: "login" }
  | { readonly kind: "attribute"; readonly attribute: Attribute }
  | { readonly kind: "session"; readonly pid: string; readonly started: string }
  | { readonly kind: "membership"; readonly role: string; readonly first: string; readonly grantor: string }
  | ({ readonly kind: "privilege" } & PrivilegeRef)
  | {
      readonly kind: "dependency";
      readonly database: string;
      readonly catalog: string;
      readonly parts: readonly string[];
    };

/** Takes one grant away, in one transaction that is rolled back unless the catalogue then shows it gone. */
export async function revoke(cluster: Cluster, grant: Grant, call: Call): Promise<Revoked> {
  const ref = parseAccount(grant.account);
  const target = parseTarget(grant.id);
  if (target.kind === "dependency")
    return { status: "elsewhere", where: `an owner of the database takes it away: ${grant.resource}` };
  if (target.kind === "membership" && target.role !== target.first)
    return { status: "elsewhere", where: "it ends with the membership that it comes through" };
  try {
    const revoked = await inItsDatabase<Revoked>(cluster, ref, target, call, async (sql) => {
      const role = await findRole(sql, ref);
      if (role?.reserved) throw new Blocked(`role ${role.name} belongs to the server, its provider or to us`);
      if (target.kind === "session") return endSession(sql, ref, target, call);
      if (role === undefined) return { status: "already-gone", receipt: "the role does not exist any more" };
      if (!(await isPresent(sql, role, target))) return { status: "already-gone" };
      await sql.begin(async (tx) => {
        await take(tx, role, target);
        // The role may have been renamed, and its name taken, between our look-up and the statement: then we undo.
        const after = await findRole(tx, ref);
        if (after?.name !== role.name || (await isPresent(tx, after, target)))
          throw new SystemError(
            { code: "rate-limited", retryAt: call.now() },
            { message: "the role changed meanwhile" },
          );
      });
      return { status: "revoked" };
    });
    return revoked === DATABASE_GONE
      ? { status: "already-gone", receipt: "its database does not exist any more" }
      : revoked;
  } catch (error) {
    if (!(error instanceof Blocked)) throw error;
    return { status: "blocked", by: error.by };
  }
}

/** Reads the catalogue afresh on a new connection. */
export async function readBack(cluster: Cluster, grant: Grant, call: Call): Promise<Reading> {
  const ref = parseAccount(grant.account);
  const target = parseTarget(grant.id);
  try {
    const reading = await inItsDatabase<Reading>(cluster, ref, target, call, async (sql) => {
      const [clock] = await sql.unsafe(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`,
      );
      const role = await findRole(sql, ref);
      const { present, request, answer } = await look(sql, ref, role, target);
      return {
        state: present ? "present" : "absent",
        readAt: call.now(),
        theirTime: new Date(z.iso.datetime().parse(clock?.["at"])),
        evidence: { request, answer: JSON.stringify(answer) },
      };
    });
    if (reading !== DATABASE_GONE) return reading;
    const evidence = { request: "pg_database", answer: JSON.stringify({ database: "does not exist any more" }) };
    return { state: "absent", readAt: call.now(), evidence };
  } catch (error) {
    if (error instanceof Blocked) return { state: "unreadable", why: error.message };
    throw error;
  }
}

/** Gives back exactly what was kept before. A session cannot be given back, and needs not be. */
export async function restore(cluster: Cluster, grant: Grant, call: Call): Promise<void> {
  const ref = parseAccount(grant.account);
  const target = parseTarget(grant.id);
  if (target.kind === "session" || target.kind === "dependency") return;
  if (target.kind === "membership" && target.role !== target.first) return;
  const kept = grant.before ?? {};
  try {
    const done = await inItsDatabase(cluster, ref, target, call, (sql) =>
      sql.begin(async (tx) => {
        const role = await findRole(tx, ref);
        if (role === undefined) throw new SystemError({ code: "refused", reason: "the role does not exist any more" });
        await giveBack(tx, role, target, kept);
        const after = await findRole(tx, ref);
        if (after?.name !== role.name || !(await isPresent(tx, after, target)))
          throw new SystemError({ code: "refused", reason: "it was not given back" });
      }),
    );
    if (done === DATABASE_GONE)
      throw new SystemError({ code: "refused", reason: "its database does not exist any more" });
  } catch (error) {
    if (error instanceof Blocked)
      throw new SystemError({ code: "conflict", blockers: error.by.map((one) => one.what) });
    throw error;
  }
}

async function take(tx: Sql, role: Role, target: Exclude<Target, { kind: "session" | "dependency" }>): Promise<void> {
  switch (target.kind) {
    case "login":
      return execute(tx, `'ALTER ROLE ' || ${quotedRole(role.oid)} || ' NOLOGIN'`);
    case "attribute":
      return execute(tx, `'ALTER ROLE ' || ${quotedRole(role.oid)} || ' NO${target.attribute.toUpperCase()}'`);
    case "privilege":
      return revokePrivileges(tx, role, target);
    case "membership":
      try {
        const by = target.grantor === "0" ? "''" : `' GRANTED BY ' || ${quotedRole(target.grantor)}`;
        return await execute(
          tx,
          `'REVOKE ' || ${quotedRole(target.role)} || ' FROM ' || ${quotedRole(role.oid)} || ${by}`,
        );
      } catch (error) {
        if (codeOf(error) !== DEPENDENT_OBJECTS) throw error;
        throw new Blocked("others are members through a grant of this role: let somebody else grant them theirs first");
      }
    default:
      return target satisfies never;
  }
}

async function giveBack(
  tx: Sql,
  role: Role,
  target: Exclude<Target, { kind: "session" | "dependency" }>,
  kept: Readonly<Record<string, string>>,
): Promise<void> {
  const name = quotedRole(role.oid);
  switch (target.kind) {
    case "login":
      return execute(tx, `'ALTER ROLE ' || ${name} || ' LOGIN'`);
    case "attribute":
      return execute(tx, `'ALTER ROLE ' || ${name} || ' ${target.attribute.toUpperCase()}'`);
    case "privilege":
      return restorePrivileges(tx, role, target, Kept.parse(JSON.parse(kept["rights"] ?? "[]")));
    case "membership": {
      const flag = (option: string, value: string | undefined) =>
        value === undefined ? [] : [`${option} ${value === "true"}`];
      const options =
        target.grantor === "0"
          ? kept["admin"] === "true"
            ? " WITH ADMIN OPTION"
            : ""
          : ` WITH ${[`ADMIN ${kept["admin"] === "true"}`, ...flag("INHERIT", kept["inherit"]), ...flag("SET", kept["set"])].join(", ")}`;
      const by = target.grantor === "0" ? "''" : `' GRANTED BY ' || ${quotedRole(target.grantor)}`;
      return execute(tx, `'GRANT ' || ${quotedRole(target.role)} || ' TO ' || ${name} || '${options}' || ${by}`);
    }
    default:
      return target satisfies never;
  }
}

async function isPresent(
  sql: Sql,
  role: Role,
  target: Exclude<Target, { kind: "session" | "dependency" }>,
): Promise<boolean> {
  switch (target.kind) {
    case "login":
      return role.login;
    case "attribute":
      return role[target.attribute];
    case "membership":
      return (await membershipsAt(sql, role.oid, target)).length > 0;
    case "privilege":
      return (await readPrivileges(sql, role.oid, target)).length > 0;
    default:
      return target satisfies never;
  }
}

/** What a fresh read shows of one grant, and the words for it. */
async function look(
  sql: Sql,
  ref: RoleRef,
  role: Role | undefined,
  target: Target,
): Promise<{ present: boolean; request: string; answer: object }> {
  const none = { role: `oid ${ref.oid}`, exists: false };
  switch (target.kind) {
    case "session": {
      const sessions = await listSessions(sql, ref.oid);
      const present = sessions.some((one) => one.pid === target.pid && one.started === target.started);
      const answer = { ofRole: `oid ${ref.oid}`, sessions: sessions.map(({ pid, started }) => ({ pid, started })) };
      return { present, request: `pg_stat_activity where usesysid = ${ref.oid}`, answer };
    }
    case "dependency": {
      const [row] = await sql.unsafe(
        `SELECT count(*)::int AS n FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
         WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1::text::oid AND s.classid::regclass::text = $2::text
           AND s.objid = $3::text::oid AND s.objsubid = $4::text::int`,
        [ref.oid, target.catalog, ...target.parts],
      );
      const count = z.number().parse(row?.["n"]);
      return { present: count > 0, request: "pg_shdepend of the role and the object", answer: { references: count } };
    }
    case "login":
    case "attribute": {
      const request = `pg_roles where oid = ${ref.oid}`;
      if (role === undefined) return { present: false, request, answer: none };
      const sessions = (await listSessions(sql, ref.oid)).length;
      const { oid, name, login, superuser, createrole, createdb, replication, bypassrls } = role;
      const answer = { oid, name, login, superuser, createrole, createdb, replication, bypassrls, sessions };
      return { present: target.kind === "login" ? login : role[target.attribute], request, answer };
    }
    case "membership": {
      const request = `pg_auth_members where member = ${ref.oid}`;
      if (role === undefined) return { present: false, request, answer: none };
      const found = await membershipsAt(sql, role.oid, target);
      return { present: found.length > 0, request, answer: { member: role.name, of: `oid ${target.role}`, found } };
    }
    case "privilege": {
      const request = `access control list of ${target.class} ${target.ref} in database ${target.database}`;
      if (role === undefined) return { present: false, request, answer: none };
      const rights = await readPrivileges(sql, role.oid, target);
      return { present: rights.length > 0, request, answer: { role: role.name, rights } };
    }
    default:
      return target satisfies never;
  }
}

async function membershipsAt(
  sql: Sql,
  role: string,
  at: Extract<Target, { kind: "membership" }>,
): Promise<Membership[]> {
  const all = await listMemberships(sql, role);
  return all.filter((one) => one.role === at.role && one.first === at.first && one.grantor === at.grantor);
}

/** Look-up and signal are one statement, and the process must be this role's: a reused pid is never somebody else. */
async function endSession(
  sql: Sql,
  ref: RoleRef,
  target: Extract<Target, { kind: "session" }>,
  call: Call,
): Promise<Revoked> {
  const rows = await sql.unsafe(
    `SELECT pg_terminate_backend(pid, ${END_SESSION_MS}) AS ended FROM pg_stat_activity
     WHERE pid = $1::text::int AND usesysid = $2::text::oid
       AND coalesce(trunc(extract(epoch FROM backend_start) * 1000000)::bigint::text, 'unknown') = $3::text`,
    [target.pid, ref.oid, target.started],
  );
  if (rows.length === 0) return { status: "already-gone" };
  if (rows[0]?.["ended"] === true) return { status: "revoked" };
  return { status: "accepted", readBackAfter: new Date(call.now().getTime() + END_SESSION_MS) };
}

/** Runs `act` where the grant lives, or says that this database is gone. @throws Blocked when it cannot be entered. */
async function inItsDatabase<T>(
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

function parseTarget(id: string): Target {
  const [kind = "", ...parts] = id.split(":");
  const [one = "", two = "", three = ""] = parts;
  switch (kind) {
    case "login":
      return { kind };
    case "attribute":
      return { kind, attribute: z.enum(ATTRIBUTES).parse(one) };
    case "session":
      return { kind, pid: one, started: two };
    case "membership":
      return { kind, role: Oid.parse(one), first: one, grantor: two === "" ? "0" : Oid.parse(two) };
    case "inherited":
      return {
        kind: "membership",
        role: Oid.parse(one),
        first: Oid.parse(two),
        grantor: three === "" ? "0" : Oid.parse(three),
      };
    case "privilege":
      return { kind, database: Oid.parse(one), class: two, ref: three };
    case "dependency":
      return { kind, database: Oid.parse(one), catalog: two, parts: parts.slice(2) };
    default:
      throw new SystemError({ code: "refused", reason: "this is no grant of this system" });
  }
}
