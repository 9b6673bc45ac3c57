import { getConstructionPlans, getMigrationPlans } from "pg-boss";
import bossPackage from "pg-boss/package.json" with { type: "json" };
import type postgres from "postgres";
import { StoreError } from "./fault.ts";

/** Where pg-boss keeps its tables. */
export const JOBS_SCHEMA = "pgboss";

/**
 * Brings pg-boss's schema to the version of the installed package. Its exported plans are run and not its `start`,
 * which leaves building indexes to a worker: ours runs as a role that owns no table.
 */
export async function migrateJobs(sql: postgres.Sql): Promise<void> {
  const wanted = bossPackage.pgboss.schema;
  const installed = await installedVersion(sql);
  if (installed === wanted) return;
  if (installed !== undefined && installed > wanted)
    throw new StoreError("newer", "A later version of Signoff has made this database's job queue. Run that one.");
  await sql.unsafe(
    installed === undefined
      ? getConstructionPlans(JOBS_SCHEMA)
      : inOneTransaction(getMigrationPlans(JOBS_SCHEMA, installed)),
  );
}

/**
 * A plan builds its indexes after its COMMIT, each on its own, without blocking: cut off in between, they would be
 * missing for good. Here they are built before it, which blocks the queue for that long.
 */
function inOneTransaction(plan: string): string {
  const commit = plan.lastIndexOf("COMMIT;");
  if (commit < 0) throw new Error("pg-boss's plan no longer ends with COMMIT");
  const builds = plan.slice(commit + "COMMIT;".length).replaceAll(" CONCURRENTLY", "");
  return `${plan.slice(0, commit)}${builds}\nCOMMIT;`;
}

async function installedVersion(sql: postgres.Sql): Promise<number | undefined> {
  const [table] = await sql`select to_regclass(${`${JOBS_SCHEMA}.version`}) is not null as there`;
  if (!table?.["there"]) return undefined;
  const [row] = await sql<{ version: number }[]>`select version from ${sql(JOBS_SCHEMA)}.version`;
  return row?.version;
}
