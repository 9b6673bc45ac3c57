import { type Call, type Grant, type Revoked, SystemError } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { DATABASE_GONE, inItsDatabase } from "./databases.ts";
import { Blocked, codeOf, DEPENDENT_OBJECTS } from "./errors.ts";
import { parseTarget, type Takeable, type Target } from "./grant-id.ts";
import { restorePrivileges, revokePrivileges } from "./privileges.ts";
import { isPresent } from "./read-back.ts";
import { execute, findRole, parseAccount, quotedRole, type RoleRef } from "./roles.ts";
import { Kept, type Role } from "./schema.ts";

/** How long pg_terminate_backend waits for a process to end. */
const END_SESSION_MS = 5_000;

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

async function take(tx: Sql, role: Role, target: Takeable): Promise<void> {
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

async function giveBack(tx: Sql, role: Role, target: Takeable, kept: Readonly<Record<string, string>>): Promise<void> {
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
