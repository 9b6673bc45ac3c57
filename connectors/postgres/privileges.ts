import { z } from "zod";
import { type Grant, SystemError } from "../connector.ts";
import type { Sql } from "./connect.ts";
import { Blocked, codeOf, DEPENDENT_OBJECTS } from "./errors.ts";
import { quotedRole } from "./roles.ts";
import { Kept, Oid, Privilege, type Role } from "./schema.ts";
import { type TargetRef, target, targets } from "./targets.ts";

// Rights on objects. An owner's own rights are ownership, which is handed over and not revoked; what everybody has
// (PUBLIC) is not hers.

/** Where a privilege grant lives: database `0` is what all databases share. */
export interface PrivilegeRef extends TargetRef {
  readonly database: string;
}

/** Every right of this role in the connected database, or with `shared` on what all databases share. */
export async function listPrivileges(sql: Sql, role: Role, scope: "shared" | "local"): Promise<Privilege[]> {
  const rows = await sql.unsafe(
    `SELECT t.class, t.ref, t.shown, t.catalog, t.objid::text AS objid, t.subid, t.parent,
       x.privilege_type AS privilege, x.is_grantable AS grantable, x.grantor::text AS grantor
     FROM (${targets(scope)}) t, aclexplode(t.acl) x
     WHERE x.grantee = $1::text::oid AND t.owner <> x.grantee ORDER BY 1, 2, 8, 10`,
    [role.oid],
  );
  return z.array(Privilege).parse([...rows]);
}

/** One grant for each object, with all rights that the role has on it. */
export function privilegeGrants(
  privileges: readonly Privilege[],
  where: { system: string; account: string; database: string; databaseName?: string },
  alsoUsedBy: readonly string[],
): Grant[] {
  const id = (of: TargetRef) => `privilege:${where.database}:${of.class}:${of.ref}`;
  const objects = Map.groupBy(privileges, id);
  return [...objects].map(([key, rights]) => {
    const object = rights[0] as Privilege;
    const kept: Kept = rights.map(({ privilege, grantable, grantor }) => ({ privilege, grantable, grantor }));
    const shown = `${object.class} ${object.shown}`;
    return {
      system: where.system,
      account: where.account,
      id: key,
      kind: "privilege",
      resource: where.databaseName === undefined ? shown : `${shown} in ${where.databaseName}`,
      role: [...new Set(rights.map((right) => right.privilege + (right.grantable ? " WITH GRANT OPTION" : "")))].join(
        ", ",
      ),
      stage: "memberships",
      // Revoking a right on a table takes the same right on its columns along, so the columns go first.
      after:
        object.class === "table" ? [...new Set(privileges.filter((other) => other.parent === object.ref).map(id))] : [],
      outlivesSignOn: true,
      reversible: "always",
      privileged: object.class === "parameter" || rights.some((right) => right.grantable),
      secrets: [],
      breaks: alsoUsedBy.map((other) => `Role ${other} uses this right too, as a member of this role.`),
      before: { rights: JSON.stringify(kept) },
    };
  });
}

/** The rights the role has on one object now. */
export async function readPrivileges(sql: Sql, role: string, of: TargetRef): Promise<Kept> {
  const rows = await sql.unsafe(
    `SELECT x.privilege_type AS privilege, x.is_grantable AS grantable, x.grantor::text AS grantor
     FROM (${target(of)}) t, aclexplode(t.acl) x
     WHERE x.grantee = $1::text::oid AND t.owner <> x.grantee ORDER BY 1, 3`,
    [role],
  );
  return Kept.parse([...rows]);
}

/**
 * Takes all rights of the role on one object, as whoever gave each. Within a transaction.
 * @throws Blocked when others hold rights that she gave, when a right stays, or when her own code would run.
 */
export async function revokePrivileges(sql: Sql, role: Role, of: TargetRef): Promise<void> {
  await refuseHerTriggers(sql, role);
  const others = await dependants(sql, role.oid, of);
  try {
    await sql.unsafe(`DO $signoff$
DECLARE r record;
BEGIN
  FOR r IN SELECT t.*, x.grantor, ${quotedRole(role.oid)} AS grantee FROM (${target(of)}) t,
      LATERAL (SELECT DISTINCT grantor FROM aclexplode(t.acl) WHERE grantee = ${role.oid}) x WHERE t.owner <> ${role.oid}
  LOOP
    IF r.grantor <> r.owner THEN
      EXECUTE format('SET LOCAL ROLE %I', pg_get_userbyid(r.grantor));
    END IF;
    EXECUTE r.prefix || 'REVOKE ALL PRIVILEGES' || r.columns || ' ON ' || r.clause || ' FROM ' || r.grantee;
    SET LOCAL ROLE NONE;
  END LOOP;
END $signoff$`);
  } catch (error) {
    if (codeOf(error) !== DEPENDENT_OBJECTS) throw error;
    throw new Blocked(
      `others hold rights that this role gave them, to be given by the owner first: ${others.join(", ")}`,
    );
  }
  // REVOKE by a role that may not do it succeeds with a warning and changes nothing.
  const left = await readPrivileges(sql, role.oid, of);
  if (left.length > 0)
    throw new Blocked(`our role may not take it: make it a member of the object's owner (${await ownerOf(sql, of)})`);
}

/** Rights in words that are there now and were not when the grant was listed: taken too, and not given back by it. */
export function beyond(now: Kept, kept: Kept): string[] {
  return now
    .filter((right) => !kept.some((one) => one.privilege === right.privilege && one.grantor === right.grantor))
    .map((right) => right.privilege);
}

/** Who holds rights on an object that this role gave them, for a blocked revoke. */
async function dependants(sql: Sql, role: string, of: TargetRef): Promise<string[]> {
  const rows = await sql.unsafe(
    `SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END || ' (' || x.privilege_type || ')' AS who
     FROM (${target(of)}) t, aclexplode(t.acl) x WHERE x.grantor = $1::text::oid AND t.owner <> x.grantor ORDER BY 1`,
    [role],
  );
  return rows.map((row) => z.string().parse(row["who"]));
}

/**
 * Gives back exactly the rights that were kept, from the same grantor, or from the owner where that one is gone.
 * Within a transaction. @throws SystemError `refused` when the object is gone or a right was not given.
 */
export async function restorePrivileges(sql: Sql, role: Role, of: TargetRef, kept: Kept): Promise<void> {
  await refuseHerTriggers(sql, role);
  const rights = kept.map((one) => `('${one.privilege}', ${one.grantable}, ${Oid.parse(one.grantor)}::oid)`).join(", ");
  await sql.unsafe(`DO $signoff$
DECLARE r record;
BEGIN
  FOR r IN SELECT t.*, k.*, ${quotedRole(role.oid)} AS grantee, g.rolname AS giver FROM (${target(of)}) t,
      (VALUES ${rights}) k(privilege, grantable, grantor) LEFT JOIN pg_roles g ON g.oid = k.grantor
  LOOP
    IF r.grantor <> r.owner AND r.giver IS NOT NULL THEN
      EXECUTE format('SET LOCAL ROLE %I', r.giver);
    END IF;
    EXECUTE r.prefix || 'GRANT ' || r.privilege || r.columns || ' ON ' || r.clause || ' TO ' || r.grantee
      || CASE WHEN r.grantable THEN ' WITH GRANT OPTION' ELSE '' END;
    SET LOCAL ROLE NONE;
  END LOOP;
END $signoff$`);
  const now = await readPrivileges(sql, role.oid, of);
  const missing = kept.filter(
    (one) => !now.some((has) => has.privilege === one.privilege && (has.grantable || !one.grantable)),
  );
  if (missing.length === 0) return;
  const reason = `not given back: ${missing.map((one) => one.privilege).join(", ")} (the object is gone, or our role may not give it)`;
  throw new SystemError({ code: "refused", reason });
}

/** An event trigger runs on our GRANT and REVOKE with our rights: with her function behind it, she would act as us. */
export async function refuseHerTriggers(sql: Sql, role: Role): Promise<void> {
  const rows = await sql.unsafe(
    `SELECT e.evtname::text AS name FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
     WHERE p.proowner = $1::text::oid AND e.evtenabled <> 'D' ORDER BY 1`,
    [role.oid],
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => z.string().parse(row["name"])).join(", ");
  throw new Blocked(`event trigger ${names} runs a function that this role owns, and it would run with our rights`);
}

async function ownerOf(sql: Sql, of: TargetRef): Promise<string> {
  // The schema `public` belongs to whoever owns the database.
  const [row] = await sql.unsafe(
    `SELECT pg_get_userbyid(CASE WHEN t.owner = 'pg_database_owner'::regrole THEN d.datdba ELSE t.owner END)::text AS name
     FROM (${target(of)}) t, pg_database d WHERE d.datname = current_database()`,
  );
  return row === undefined ? "unknown" : z.string().parse(row["name"]);
}
