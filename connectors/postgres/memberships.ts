import { z } from "zod";
import type { Grant } from "../connector.ts";
import type { Sql } from "./connect.ts";
import { type Base, hex, LASTING, POWERFUL } from "./roles.ts";
import { Membership, Name } from "./schema.ts";

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

export async function listMembers(sql: Sql, role: string): Promise<string[]> {
  const rows = await sql.unsafe(
    `SELECT DISTINCT ${hex("r.rolname")} AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
     WHERE m.roleid = $1::text::oid AND r.rolname <> SESSION_USER ORDER BY 1`,
    [role],
  );
  return rows.map((row) => Name.parse(row["name"]));
}

/** One grant for each membership, direct or reached through a direct one. */
export function membershipGrants(base: Base, memberships: readonly Membership[], members: readonly string[]): Grant[] {
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
