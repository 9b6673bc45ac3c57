import type pg from "pg";
import { getConstructionPlans, getMigrationPlans } from "pg-boss";
import bossPackage from "pg-boss/package.json" with { type: "json" };
import { StoreError } from "./fault.ts";

/** Where pg-boss keeps its tables. */
export const JOBS_SCHEMA = "pgboss";

/**
 * Brings pg-boss's schema to the version of the installed package. Its exported plans are run and not its `start`,
 * which leaves building indexes to a worker: ours runs as a role that owns no table.
 */
export async function migrateJobs(client: pg.Client): Promise<void> {
  const wanted = bossPackage.pgboss.schema;
  const installed = await installedVersion(client);
  if (installed === wanted) return;
  if (installed !== undefined && installed > wanted)
    throw new StoreError("newer", "A later version of Signoff has made this database's job queue. Run that one.");
  await client.query(
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

async function installedVersion(client: pg.Client): Promise<number | undefined> {
  const table = await client.query("select to_regclass($1) is not null as there", [`${JOBS_SCHEMA}.version`]);
  if (!table.rows[0]?.there) return undefined;
  const { rows } = await client.query<{ version: number }>(`select version from ${JOBS_SCHEMA}.version`);
  return rows[0]?.version;
}
