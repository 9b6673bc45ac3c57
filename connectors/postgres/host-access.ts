import { z } from "zod";
import type { Grant } from "../connector.ts";
import type { Sql } from "./connect.ts";
import { type Base, hex, LASTING } from "./roles.ts";
import { Line } from "./schema.ts";

// pg_hba.conf and pg_ident.conf can let a role in without a password that this server keeps. No statement changes these
// files; the views show them as they are on disk, loaded or not. A role with NOLOGIN is refused whatever they say.
// https://www.postgresql.org/docs/current/view-pg-hba-file-rules.html

/** Methods that ask for a password this server keeps, or let nobody in. */
const NOT_OPEN = "('scram-sha-256', 'md5', 'password', 'reject')";

/** Of a line's options only those that say who gets in: the rest may hold secrets (ldapbindpasswd, radiussecrets). */
const OPTIONS = `(SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(h.options) o WHERE o ~ '^(map|clientcert|clientname)=')`;

const VIEWS = ["pg_hba_file_rules", "pg_ident_file_mappings"] as const;
export type View = (typeof VIEWS)[number];

/** Lines of both files that concern the role; undefined when our role may not read them. */
export async function listLines(sql: Sql, role: string): Promise<Record<View, Line[]> | undefined> {
  const [may] = await sql.unsafe(
    `SELECT bool_and(has_table_privilege('pg_catalog.' || v, 'SELECT') AND has_function_privilege('pg_catalog.' || v || '()', 'EXECUTE')) AS may
     FROM unnest(ARRAY['${VIEWS.join("', '")}']) v`,
  );
  if (may?.["may"] !== true) return undefined;
  // "all", the role itself, "+group" for each role it is in, and since version 16 "/regular expression".
  const concerns = (said: string) => `(${said} IN ('all', r.rolname) OR EXISTS (SELECT FROM pg_roles g
      WHERE ${said} = '+' || g.rolname AND pg_has_role(r.oid, g.oid, 'MEMBER'))
    OR (current_setting('server_version_num')::int >= 160000 AND ${said} LIKE '/%' AND r.rolname ~ substr(${said}, 2)))`;
  const rules = await sql.unsafe(
    `SELECT md5(concat_ws(E'\\x01', h.type, h.database::text, h.user_name::text, h.address, h.netmask, h.auth_method, ${OPTIONS})) AS key,
       h.line_number AS number, r.rolname::text = ANY (h.user_name) AS named,
       ${hex(`concat_ws(' ', h.type, array_to_string(h.database, ','), array_to_string(h.user_name, ','), h.address, h.netmask, h.auth_method, ${OPTIONS})`)} AS shown
     FROM pg_hba_file_rules h, pg_roles r WHERE r.oid = $1::text::oid AND h.error IS NULL
       AND h.auth_method NOT IN ${NOT_OPEN} AND EXISTS (SELECT FROM unnest(h.user_name) u WHERE ${concerns("u")})
     ORDER BY 2`,
    [role],
  );
  const maps = await sql.unsafe(
    `SELECT md5(concat_ws(E'\\x01', m.map_name, m.sys_name, m.pg_username)) AS key, m.line_number AS number, true AS named,
       ${hex("concat_ws(' ', m.map_name, m.sys_name, m.pg_username)")} AS shown
     FROM pg_ident_file_mappings m, pg_roles r WHERE r.oid = $1::text::oid AND m.error IS NULL AND m.pg_username = r.rolname
     ORDER BY 2`,
    [role],
  );
  const lines = z.array(Line);
  return { pg_hba_file_rules: lines.parse([...rules]), pg_ident_file_mappings: lines.parse([...maps]) };
}

/** Lines that name just this role are grants: an administrator of the host takes them out. */
export function lineGrants(base: Base, lines: Record<View, readonly Line[]>): Grant[] {
  return VIEWS.flatMap((view) =>
    lines[view]
      .filter((line) => line.named)
      .map((line) => ({
        ...base,
        ...LASTING,
        id: `line:${view}:${line.key}`,
        kind: "host-access",
        resource: `${fileOf(view)} line ${line.number}: ${line.shown}`,
        stage: "memberships" as const,
        after: [],
        // It is written by hand, and only a hand can give it back.
        reversible: "never" as const,
        privileged: false,
      })),
  );
}

/** Lines that let everybody, or a group, in without a password kept here: the role among them. In words; may be empty. */
export function openLines(lines: readonly Line[]): string {
  const open = lines.filter((line) => !line.named).map((line) => `pg_hba.conf line ${line.number} (${line.shown})`);
  return open.length === 0 ? "" : `; without a password of this server by ${open.slice(0, 5).join(", ")}`;
}

/** The file that a view shows. */
export function fileOf(view: View): string {
  return view === "pg_hba_file_rules" ? "pg_hba.conf" : "pg_ident.conf";
}

/** Reads a view's name out of a grant's id. */
export const ViewName = z.enum(VIEWS);
