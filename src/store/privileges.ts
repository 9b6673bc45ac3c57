import type postgres from "postgres";
import { quoted, StoreError } from "./fault.ts";
import { JOBS_SCHEMA } from "./migrate-jobs.ts";
import type { Store } from "./open.ts";

/**
 * Gives the runtime role what it needs and no more: INSERT and SELECT on the log, reading and writing on the other
 * tables and on the job queue. Given anew at each migration, so that new tables and a renamed role are covered.
 * Nothing to do if the owner's own role runs the app.
 */
export async function grantRuntimeRole(sql: postgres.Sql, role: string): Promise<void> {
  const [found] = await sql<{ me: boolean; known: boolean }[]>`
    select current_user = ${role} as me, exists (select from pg_roles where rolname = ${role}) as known`;
  if (found?.me) return;
  const to = quoted(role);
  if (!found?.known)
    throw new StoreError("no-role", `There is no role ${to}. Create it: CREATE ROLE ${to} LOGIN PASSWORD ….`);
  // Only our own tables: the database may hold those of others.
  const own = await sql<{ kind: string; name: string }[]>`
    select relkind as kind, relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
      and relowner = (select oid from pg_roles where rolname = current_user)`;
  const rights = own.map(({ kind, name }) =>
    kind === "S"
      ? `GRANT USAGE, SELECT ON SEQUENCE public.${quoted(name)} TO ${to};`
      : `GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.${quoted(name)} TO ${to};`,
  );
  // Several statements in one message are one transaction.
  await sql.unsafe(`
    GRANT USAGE ON SCHEMA audit, public, drizzle, ${JOBS_SCHEMA} TO ${to};
    REVOKE CREATE ON SCHEMA audit FROM PUBLIC, ${to};
    REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC, ${to};
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA audit TO ${to};
    GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO ${to};
    ${rights.join("\n    ")}
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${JOBS_SCHEMA} TO ${to};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${JOBS_SCHEMA} TO ${to};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${JOBS_SCHEMA} TO ${to};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${JOBS_SCHEMA} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${to};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${JOBS_SCHEMA} GRANT USAGE, SELECT ON SEQUENCES TO ${to};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${JOBS_SCHEMA} GRANT EXECUTE ON FUNCTIONS TO ${to};
  `);
}

/**
 * Whether the role of this store could not rewrite the log even if it wanted: no superuser, not the owner of the
 * schema or of anything in it, nor a member of that role, and with no right but INSERT and SELECT.
 */
export async function rolesAreSeparate(store: Pick<Store, "sql">): Promise<boolean> {
  const [row] = await store.sql<{ one: boolean }[]>`
    select (select rolsuper from pg_roles where rolname = current_user)
      or exists (select from pg_namespace where nspname = 'audit'
        and (pg_has_role(nspowner, 'MEMBER') or has_schema_privilege(oid, 'CREATE')))
      or exists (select from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')
        and (pg_has_role(relowner, 'MEMBER') or has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')))
      as one`;
  return row?.one === false;
}
