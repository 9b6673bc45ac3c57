import { z } from "zod";
import type { Call, Grant, Reading } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { DATABASE_GONE, inItsDatabase } from "./databases.ts";
import { Blocked } from "./errors.ts";
import { parseTarget, type Takeable, type Target } from "./grant-id.ts";
import { fileOf, listLines } from "./host-access.ts";
import { listMemberships } from "./memberships.ts";
import { mayBeKept, readPassword } from "./password.ts";
import { readPrivileges } from "./privileges.ts";
import { findRole, parseAccount, type RoleRef } from "./roles.ts";
import type { Membership, Role } from "./schema.ts";
import { listPrepared, listSessions } from "./sessions.ts";

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

/** Says whether the role has it, by the catalogue as this transaction sees it. */
export async function isPresent(sql: Sql, role: Role, target: Takeable): Promise<boolean> {
  switch (target.kind) {
    case "login":
      return role.login;
    case "password":
      return mayBeKept(await readPassword(sql, role.oid));
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
    case "prepared": {
      const present = (await listPrepared(sql, ref.oid)).some((one) => one.xid === target.xid);
      return { present, request: "pg_prepared_xacts of the role", answer: { transaction: target.xid, present } };
    }
    case "line": {
      const lines = await listLines(sql, ref.oid);
      if (lines === undefined) throw new Blocked(`our role may not read ${fileOf(target.view)}`);
      const found = lines[target.view].find((line) => line.key === target.key);
      return { present: found !== undefined, request: target.view, answer: { line: found?.shown ?? "not there" } };
    }
    case "password": {
      const request = `pg_roles where oid = ${ref.oid}, and pg_authid where our role may read it`;
      if (role === undefined) return { present: false, request, answer: none };
      const { kept, validUntil, expired } = await readPassword(sql, role.oid);
      const answer = { oid: role.oid, name: role.name, login: role.login, kept: kept ?? "not shown to us", validUntil };
      return { present: mayBeKept({ kept, validUntil, expired }), request, answer };
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
