import { getConstructionPlans, getMigrationPlans } from "pg-boss";
import bossPackage from "pg-boss/package.json" with { type: "json" };
import type postgres from "postgres";
import { StoreError } from "./fault.ts";

/** Where pg-boss keeps its tables. */
export const JOBS_SCHEMA = "pgboss";

/**
 * Brings pg-boss's schema to the version of the installed package. Its exported plans are run and not its `start`:
 * they build indexes at once, where `start` leaves that to a worker, which runs as a role that owns no table.
 */
export async function migrateJobs(sql: postgres.Sql, lock: bigint): Promise<void> {
  const wanted = bossPackage.pgboss.schema;
  const installed = await installedVersion(sql);
  if (installed === wanted) return;
  if (installed === undefined) return await run(sql, lock, getConstructionPlans(JOBS_SCHEMA));
  if (installed > wanted)
    throw new StoreError("newer", "This database's job queue was made by a later version of Signoff. Run that one.");
  await run(sql, lock, getMigrationPlans(JOBS_SCHEMA, installed));
}

async function installedVersion(sql: postgres.Sql): Promise<number | undefined> {
  const [table] = await sql`select to_regclass(${`${JOBS_SCHEMA}.version`}) as name`;
  if (table?.["name"] === null) return undefined;
  const [row] = await sql<{ version: number }[]>`select version from ${sql(JOBS_SCHEMA)}.version`;
  return row?.version;
}

/** A plan is a script with its own BEGIN and COMMIT; it gets our lock as its first statement. */
async function run(sql: postgres.Sql, lock: bigint, plan: string): Promise<void> {
  const locked = plan.replace(/^\s*BEGIN;/, `BEGIN; SELECT pg_advisory_xact_lock(${lock});`);
  if (locked === plan) throw new Error("pg-boss's plan no longer starts with BEGIN");
  await sql.unsafe(locked).simple();
}
