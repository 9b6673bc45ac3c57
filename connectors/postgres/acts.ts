import { type Call, type Grant, type Revoked, SystemError } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { DATABASE_GONE, inItsDatabase } from "./databases.ts";
import { Blocked, codeOf, DEPENDENT_OBJECTS } from "./errors.ts";
import { isByHand, parseTarget, type Takeable, type Target } from "./grant-id.ts";
import { isSealed, readPassword, removePassword } from "./password.ts";
import { beyond, readPrivileges, restorePrivileges, revokePrivileges } from "./privileges.ts";
import { isPresent } from "./read-back.ts";
import { execute, findRole, hex, parseAccount, quotedRole, type RoleRef } from "./roles.ts";
import { Kept, Name, type Role } from "./schema.ts";

/** How long pg_terminate_backend waits for a process to end. */
const END_SESSION_MS = 5_000;

const SEALED =
  "its password was removed, so its login cannot be given back: an administrator sets a new one, with VALID UNTIL";

/** Takes one grant away, in one transaction that is rolled back unless the catalogue then shows it gone. */
export async function revoke(cluster: Cluster, grant: Grant, call: Call): Promise<Revoked> {
  const ref = parseAccount(grant.account);
  const target = parseTarget(grant.id);
  if (isByHand(target)) return { status: "elsewhere", where: `${whoseHand(target.kind)}: ${grant.resource}` };
  if (target.kind === "membership" && target.role !== target.first)
    return { status: "elsewhere", where: "it ends with the membership that it comes through" };
  try {
    const revoked = await inItsDatabase<Revoked>(cluster, ref, target, call, async (sql) => {
      const role = await findRole(sql, ref);
      if (role?.reserved) throw new Blocked(`role ${role.name} belongs to the server, its provider or to us`);
      if (target.kind === "session") return endSession(sql, ref, target, call);
      if (role === undefined) return { status: "already-gone", receipt: "the role does not exist any more" };
      if (!(await isPresent(sql, role, target))) return { status: "already-gone" };
      const more: string[] = [];
      await sql.begin(async (tx) => {
        if (target.kind === "privilege")
          more.push(...beyond(await readPrivileges(tx, role.oid, target), keptRights(grant.before)));
        await take(tx, role, target);
        // The role may have been renamed, and its name taken, between our look-up and the statement: then we undo.
        const after = await findRole(tx, ref);
        if (after?.name !== role.name || (await isPresent(tx, after, target)))
          throw new SystemError(
            { code: "rate-limited", retryAt: call.now() },
            { message: "the role changed meanwhile" },
          );
      });
      if (more.length === 0) return { status: "revoked" };
      return { status: "revoked", receipt: `taken too, given since it was listed: ${[...new Set(more)].join(", ")}` };
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
  if (target.kind === "session" || isByHand(target)) return;
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

function keptRights(before: Readonly<Record<string, string>> | undefined): Kept {
  return Kept.parse(JSON.parse(before?.["rights"] ?? "[]"));
}

function whoseHand(kind: Extract<Target, { kind: "dependency" | "prepared" | "line" }>["kind"]): string {
  switch (kind) {
    case "dependency":
      return "an owner of the database takes it away";
    case "prepared":
      return "a superuser says COMMIT PREPARED or ROLLBACK PREPARED in its database";
    case "line":
      return "an administrator of the host takes the line out, and says SELECT pg_reload_conf()";
    default:
      return kind satisfies never;
  }
}

async function take(tx: Sql, role: Role, target: Takeable): Promise<void> {
  switch (target.kind) {
    case "login":
      return execute(tx, `'ALTER ROLE ' || ${quotedRole(role.oid)} || ' NOLOGIN'`);
    case "password":
      return removePassword(tx, role);
    case "attribute":
      return execute(tx, `'ALTER ROLE ' || ${quotedRole(role.oid)} || ' NO${target.attribute.toUpperCase()}'`);
    case "privilege":
      return revokePrivileges(tx, role, target);
    case "membership":
      await refuseForeignGrantor(tx, target.grantor);
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

/** Since version 16 a membership is taken as whoever gave it. @throws SystemError `forbidden` with what is missing. */
async function refuseForeignGrantor(tx: Sql, grantor: string): Promise<void> {
  if (grantor === "0") return;
  const [row] = await tx.unsafe(
    `SELECT ${hex("CASE WHEN rolsuper THEN format('a superuser, since %I gave it', rolname) ELSE format('GRANT %I TO %I', rolname, SESSION_USER) END")} AS fix
     FROM pg_roles WHERE oid = $1::text::oid AND NOT pg_has_role(SESSION_USER, oid, 'USAGE')`,
    [grantor],
  );
  if (row !== undefined) throw new SystemError({ code: "forbidden", scope: Name.parse(row["fix"]) });
}

async function giveBack(tx: Sql, role: Role, target: Takeable, kept: Readonly<Record<string, string>>): Promise<void> {
  const name = quotedRole(role.oid);
  switch (target.kind) {
    case "login":
      if (isSealed(await readPassword(tx, role.oid), kept)) throw new SystemError({ code: "refused", reason: SEALED });
      return execute(tx, `'ALTER ROLE ' || ${name} || ' LOGIN'`);
    case "password":
      throw new SystemError({ code: "refused", reason: "a password is not kept, so it cannot be given back" });
    case "attribute":
      return execute(tx, `'ALTER ROLE ' || ${name} || ' ${target.attribute.toUpperCase()}'`);
    case "privilege":
      return restorePrivileges(tx, role, target, keptRights(kept));
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
