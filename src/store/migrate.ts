import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import postgres from "postgres";
import { connectFault, StoreError } from "./fault.ts";
import { migrateJobs } from "./migrate-jobs.ts";
import { grantRuntimeRole } from "./privileges.ts";

/** One lock for everything that changes the database's shape. Any fixed number will do. */
export const MIGRATION_LOCK = 7_346_563_301n;

const FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));

/** Who migrates, and for whom. */
export interface MigrateOptions {
  /** A role that may create schemas and tables. Straight to the server: a transaction pooler would lose the lock. */
  readonly ownerUrl: string;
  /** The role the app runs as (`roleOf(url)`); the same as the owner's if there is only one. */
  readonly runtimeRole: string;
  /** Another folder of drizzle's migrations, for tests. */
  readonly folder?: string;
}

/** What was done; nothing was if the database was up to date. */
export interface Migrated {
  readonly applied: number;
}

/**
 * Brings an empty or older database up to this version: our tables, pg-boss's, and the runtime role's privileges.
 * Any number of processes may call it at once: one works, the others wait and find it done.
 * @throws StoreError that says what to do: server away, role missing, rights missing, database newer than this version.
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const sql = postgres(options.ownerUrl, {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: "signoff migrate", statement_timeout: 0, lock_timeout: 0 },
  });
  try {
    await sql`select pg_advisory_lock(${String(MIGRATION_LOCK)}::bigint)`;
    const applied = await applyMigrations(sql, options.folder ?? FOLDER);
    await migrateJobs(sql, MIGRATION_LOCK);
    await grantRuntimeRole(sql, options.runtimeRole, MIGRATION_LOCK);
    return { applied };
  } catch (cause) {
    throw migrateFault(cause, options.ownerUrl);
  } finally {
    // Ending the session frees the lock.
    await sql.end({ timeout: 5 });
  }
}

/** All that is missing, in one transaction, recorded where drizzle-kit looks for it. */
async function applyMigrations(sql: postgres.Sql, folder: string): Promise<number> {
  const migrations = readMigrationFiles({ migrationsFolder: folder });
  return await sql.begin(async (tx) => {
    // The session's own lock again: were the connection lost and made anew, this waits for its turn.
    await tx`select pg_advisory_xact_lock(${String(MIGRATION_LOCK)}::bigint)`;
    await tx`create schema if not exists drizzle`;
    await tx`create table if not exists drizzle.__drizzle_migrations
      (id serial primary key, hash text not null, created_at bigint)`;
    const rows = await tx<{ at: string }[]>`select created_at::text as at from drizzle.__drizzle_migrations`;
    const done = new Set(rows.map((row) => Number(row.at)));
    const known = new Set(migrations.map((migration) => migration.folderMillis));
    if ([...done].some((at) => !known.has(at)))
      throw new StoreError(
        "newer",
        "This database was migrated by another version of Signoff. Run that one, or a later.",
      );
    const missing = migrations.filter((migration) => !done.has(migration.folderMillis));
    for (const migration of missing) {
      for (const statement of migration.sql) await tx.unsafe(statement);
      await tx`insert into drizzle.__drizzle_migrations (hash, created_at)
        values (${migration.hash}, ${migration.folderMillis})`;
    }
    return missing.length;
  });
}

function migrateFault(cause: unknown, url: string): unknown {
  if (cause instanceof Error && "code" in cause && cause.code === "42501")
    return new StoreError(
      "no-right",
      `The owner's role may not do this: ${cause.message}. Make it the database's owner: ALTER DATABASE … OWNER TO ….`,
      { cause },
    );
  return connectFault(cause, url);
}
