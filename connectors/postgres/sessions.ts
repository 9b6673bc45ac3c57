import { z } from "zod";
import type { Grant } from "../connector.ts";
import type { Sql } from "./connect.ts";
import { type Base, hex, LASTING } from "./roles.ts";
import { Prepared, Session, Standby } from "./schema.ts";

// What runs as a role right now: sessions here, transactions that wait for their second phase, and the servers on which
// sessions of this role would not be seen from here.

/** Server processes that authenticated as this role: SET ROLE and SET SESSION AUTHORIZATION do not hide them. */
export async function listSessions(sql: Sql, role: string): Promise<Session[]> {
  const rows = await sql.unsafe(
    `SELECT pid::text AS pid, coalesce(trunc(extract(epoch FROM backend_start) * 1000000)::bigint::text, 'unknown') AS started,
       ${hex("datname")} AS database, host(client_addr) AS client, backend_type AS backend,
       to_char(state_change AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed
     FROM pg_stat_activity WHERE usesysid = $1::text::oid AND leader_pid IS NULL ORDER BY backend_start, pid`,
    [role],
  );
  return z.array(Session).parse([...rows]);
}

/** Transactions of this role that were prepared (two-phase commit): they hold their locks until somebody ends them. */
export async function listPrepared(sql: Sql, role: string): Promise<Prepared[]> {
  const rows = await sql.unsafe(
    `SELECT p.transaction::text AS xid, ${hex("p.gid")} AS gid, ${hex("p.database")} AS database
     FROM pg_prepared_xacts p JOIN pg_roles r ON r.rolname = p.owner WHERE r.oid = $1::text::oid ORDER BY p.prepared, 1`,
    [role],
  );
  return z.array(Prepared).parse([...rows]);
}

/** Servers and programs that stream from this one; the names may be hidden from our role. */
export async function listStandbys(sql: Sql): Promise<Standby[]> {
  const rows = await sql.unsafe(
    `SELECT ${hex("coalesce(nullif(application_name, ''), 'without a name')")} AS name, host(client_addr) AS client
     FROM pg_stat_replication ORDER BY pid`,
  );
  return z.array(Standby).parse([...rows]);
}

/** In words, what sessions on other servers cannot be seen. */
export function unseenOn(standbys: readonly Standby[]): string[] {
  const named = standbys.map(({ name, client }) => (client === null ? name : `${name} (${client})`));
  if (named.length === 0) return [];
  return [`sessions on what streams from this server: ${named.join(", ")}; they are seen and ended there only`];
}

/** A session is a grant of its own; `locked` says whether the login is to go first. */
export function sessionGrant(base: Base, session: Session, locked: boolean): Grant {
  const where = session.database === null ? "" : ` in ${session.database}`;
  const from = session.client === null ? "" : ` from ${session.client}`;
  return {
    ...base,
    ...LASTING,
    id: `session:${session.pid}:${session.started}`,
    kind: "session",
    resource: `${session.backend ?? "session"} ${session.pid}${where}${from}`,
    stage: "sessions",
    // The lock first: a pooler would connect again at once.
    after: locked ? ["login"] : [],
    privileged: session.backend === "walsender",
    ...(session.changed === null ? {} : { lastUsedAt: session.changed }),
  };
}

/** Ended by whoever may say COMMIT PREPARED or ROLLBACK PREPARED in its database: which of both is not ours to say. */
export function preparedGrant(base: Base, one: Prepared): Grant {
  return {
    ...base,
    ...LASTING,
    id: `prepared:${one.xid}`,
    kind: "prepared-transaction",
    resource: `prepared transaction ${one.gid} in ${one.database}`,
    stage: "memberships",
    after: [],
    reversible: "never",
    privileged: false,
    breaks: ["Whether its changes are kept or dropped is decided with it."],
  };
}
