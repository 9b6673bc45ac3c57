import type { Grant } from "../connector.ts";
import type { Sql } from "./connect.ts";
import { Blocked } from "./errors.ts";
import { type Base, execute, hex, quotedRole } from "./roles.ts";
import { Name, PasswordState, type Role } from "./schema.ts";

// The password goes last, since it cannot be given back: NOLOGIN is the lock, this is what is thrown away once nobody
// wants to turn it. Only a superuser may see whether one is kept. So removing it also says VALID UNTIL '-infinity', which
// everybody may read, and which the server enforces for every login by password.
// https://www.postgresql.org/docs/current/sql-alterrole.html

/** What VALID UNTIL says after a password was removed by us. */
const SEALED = "-infinity";

/** What can be seen of the role's password. */
export async function readPassword(sql: Sql, role: string): Promise<PasswordState> {
  const [may] = await sql.unsafe(
    `SELECT has_column_privilege('pg_authid', 'oid', 'SELECT') AND has_column_privilege('pg_authid', 'rolpassword', 'SELECT') AS may`,
  );
  // Without the right even to name the column is an error, so it is left out of the query.
  const kept =
    may?.["may"] === true ? "(SELECT a.rolpassword IS NOT NULL FROM pg_authid a WHERE a.oid = r.oid)" : "NULL::boolean";
  const [row] = await sql.unsafe(
    `SELECT ${kept} AS kept, r.rolvaliduntil::text AS "validUntil", coalesce(r.rolvaliduntil <= now(), false) AS expired
     FROM pg_roles r WHERE r.oid = $1::text::oid`,
    [role],
  );
  return row === undefined ? { kept: false, validUntil: null, expired: true } : PasswordState.parse(row);
}

/** Says whether a password may be kept: one that cannot be seen counts as kept until it has expired. */
export function mayBeKept(password: PasswordState): boolean {
  return password.kept ?? !password.expired;
}

/** The last step of all: after the lock, after the sessions and after the role's work found other owners. */
export function passwordGrant(base: Base, role: Role, password: PasswordState, after: readonly string[]): Grant {
  return {
    ...base,
    id: "password",
    kind: "password",
    resource: `password of role ${role.name}${password.kept === null ? ", if it has one" : ""}`,
    stage: "final",
    after: [...after],
    outlivesSignOn: true,
    reversible: "never",
    privileged: false,
    secrets: [],
    breaks: ["The login can be given back only with a new password from then on."],
  };
}

/**
 * Removes the password for good. Within a transaction.
 * @throws Blocked while the role can log in or owns something: until then everything can be given back.
 */
export async function removePassword(sql: Sql, role: Role): Promise<void> {
  if (role.login) throw new Blocked(`role ${role.name} can still log in: its login goes first`);
  const rows = await sql.unsafe(
    `SELECT ${hex("coalesce(d.datname, 'all databases')")} AS name, count(*)::int AS n FROM pg_shdepend s
     LEFT JOIN pg_database d ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
       AND s.classid NOT IN ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass) AND s.refobjid = $1::text::oid
     GROUP BY 1 ORDER BY 1`,
    [role.oid],
  );
  if (rows.length > 0) {
    const where = rows.map((row) => `${String(row["n"])} in ${Name.parse(row["name"])}`).join(", ");
    throw new Blocked(`role ${role.name} still owns objects (${where}): they are handed over first`);
  }
  await execute(sql, `'ALTER ROLE ' || ${quotedRole(role.oid)} || ' PASSWORD NULL VALID UNTIL ''${SEALED}'''`);
}

/** Says whether a password was removed since `before` was kept, so that giving back the login gives back nothing. */
export function isSealed(password: PasswordState, before: Readonly<Record<string, string>>): boolean {
  return password.validUntil === SEALED && before["validUntil"] !== SEALED && password.kept !== true;
}
