import { z } from "zod";
import { type Call, type Check, SystemError } from "../connector.ts";
import type { Cluster, Sql } from "./connect.ts";
import { enter, listDatabases } from "./databases.ts";
import { hex } from "./roles.ts";
import { Membership } from "./schema.ts";

/** The oldest version whose catalogues we know. */
const OLDEST = 150_000;
const NAMES = 8;

/** Asks with the real login what works; each fault says what to do. */
export async function check(cluster: Cluster, call: Call): Promise<Check[]> {
  try {
    const { checks, databases } = await cluster.use(call, async (sql) => ({
      checks: await checkServer(sql),
      databases: await listDatabases(sql, "0"),
    }));
    const shut: string[] = [];
    for (const database of databases.filter((one) => !one.template))
      if ((await enter(cluster, database, call, async () => true)) === undefined) shut.push(database.name);
    const fix = `cannot enter ${shut.join(", ")}: GRANT CONNECT ON DATABASE … to our role, and let pg_hba.conf have it in`;
    return [...checks, shut.length === 0 ? ok("databases", `${databases.length} databases`) : bad("databases", fix)];
  } catch (error) {
    if (error instanceof SystemError) return [bad("connection", error.message)];
    throw error;
  }
}

const Facts = z.object({
  user: z.string(),
  version: z.number(),
  standby: z.boolean(),
  encrypted: z.boolean(),
  local: z.boolean(),
  superuser: z.boolean(),
  createrole: z.boolean(),
  sessions: z.boolean(),
  signal: z.boolean(),
});

async function checkServer(sql: Sql): Promise<Check[]> {
  const [row] = await sql.unsafe(
    `SELECT SESSION_USER::text AS user, current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
       coalesce(inet_server_addr() << '127.0.0.0/8' OR inet_server_addr() = '::1', true) AS local,
       r.rolsuper AS superuser, r.rolcreaterole AS createrole,
       pg_has_role(SESSION_USER, 'pg_read_all_stats', 'USAGE') AS sessions,
       pg_has_role(SESSION_USER, 'pg_signal_backend', 'USAGE') AS signal
     FROM pg_roles r WHERE r.rolname = SESSION_USER`,
  );
  const facts = Facts.parse(row);
  const to = `TO "${facts.user.replaceAll('"', '""')}"`;
  const checks: Check[] = [
    ok("connection", `version ${Math.floor(facts.version / 10_000)} as ${facts.user}`),
    facts.version >= OLDEST ? ok("version") : bad("version", "PostgreSQL 15 or newer is needed"),
    facts.standby ? bad("primary", "this is a standby: the URL must lead to the primary") : ok("primary"),
    facts.encrypted || facts.local
      ? ok("encryption")
      : bad("encryption", "the connection is not encrypted: add ?sslmode=verify-full to the URL"),
  ];
  if (facts.superuser) return [...checks, ok("rights", "superuser")];
  checks.push(
    facts.createrole
      ? ok("roles")
      : bad("roles", `ALTER ROLE ${to.slice(3)} CREATEROLE, to lock roles and end memberships`),
    facts.sessions
      ? ok("sessions seen")
      : bad("sessions seen", `GRANT pg_read_all_stats ${to}, to see when sessions began`),
    facts.signal ? ok("sessions ended") : bad("sessions ended", `GRANT pg_signal_backend ${to}, to end sessions`),
  );
  const superusers = await names(sql, "r.rolsuper AND r.rolcanlogin AND r.oid <> 10");
  if (superusers.length > 0)
    checks.push(bad("superusers", `only a superuser can lock ${listed(superusers)} or end their sessions`));
  // Since version 16 CREATEROLE reaches only roles on which we have the ADMIN option.
  if (facts.version >= 160_000) {
    const out = await names(
      sql,
      "r.rolcanlogin AND NOT r.rolsuper AND NOT pg_has_role(SESSION_USER, r.oid, 'MEMBER WITH ADMIN OPTION')",
    );
    const fix = `cannot lock ${listed(out)}: GRANT each of them ${to} WITH ADMIN OPTION`;
    checks.push(out.length === 0 ? ok("login roles") : bad("login roles", fix));
  }
  const owners = await names(
    sql,
    `NOT r.rolsuper AND NOT pg_has_role(SESSION_USER, r.oid, 'USAGE')
     AND EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o')`,
  );
  const fix = `cannot take rights on objects of ${listed(owners)}, nor hand theirs over: GRANT each of them ${to}`;
  checks.push(owners.length === 0 ? ok("owners") : bad("owners", fix));
  return checks;
}

async function names(sql: Sql, where: string): Promise<string[]> {
  const rows = await sql.unsafe(
    `SELECT ${hex("r.rolname")} AS name FROM pg_roles r WHERE r.rolname <> SESSION_USER AND r.rolname !~ '^pg_'
     AND ${where} ORDER BY r.rolname`,
  );
  return rows.map((row) => Membership.shape.name.parse(row["name"]));
}

function listed(all: readonly string[]): string {
  return all.slice(0, NAMES).join(", ") + (all.length > NAMES ? ` and ${all.length - NAMES} more` : "");
}

function ok(name: string, detail?: string): Check {
  return detail === undefined ? { name, ok: true } : { name, ok: true, detail };
}

function bad(name: string, fix: string): Check {
  return { name, ok: false, fix };
}
