import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type postgres from "postgres";
import { openConnection } from "./connection.ts";
import { codeOf, connectFault, StoreError } from "./fault.ts";
import { migrateJobs } from "./migrate-jobs.ts";
import { grantRuntimeRole } from "./privileges.ts";

/** One lock for everything that changes the database's shape. Any fixed number will do. */
const LOCK = "7346563301";

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

/**
 * Brings an empty or older database up to this version: our tables, pg-boss's, and the runtime role's privileges.
 * Any number of processes may call it at once: one works, the others wait and find it done.
 * @returns how many of our migrations were applied
 * @throws StoreError that says what to do: server away, role missing, rights missing, database newer than this version
 */
export async function migrate(options: MigrateOptions): Promise<{ readonly applied: number }> {
  const connection = openConnection({
    url: options.ownerUrl,
    name: "signoff migrate",
    settings: { default_transaction_read_only: "on" },
  });
  const { sql } = connection;
  try {
    // A server may limit how long a statement or a wait for a lock lasts; the ninth replica waits longer.
    await sql.unsafe("set statement_timeout = 0; set lock_timeout = 0");
    // Held by this one session through the whole of it, and only this session may write: any other starts read-only.
    await sql.unsafe(`select pg_advisory_lock(${LOCK})`);
    await sql.unsafe("set default_transaction_read_only = off");
    const applied = await applyMigrations(sql, options.folder ?? FOLDER);
    await migrateJobs(sql);
    await grantRuntimeRole(sql, options.runtimeRole);
    return { applied };
  } catch (cause) {
    throw migrateFault(cause, options.ownerUrl);
  } finally {
    // Frees the lock, also after an error in the middle of a transaction.
    await connection.end();
  }
}

/** All that is missing, in one transaction, recorded where drizzle-kit looks for it. */
async function applyMigrations(sql: postgres.Sql, folder: string): Promise<number> {
  await sql.unsafe(`begin;
    create schema if not exists drizzle;
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`);
  const rows = await sql<{ at: string }[]>`select created_at::text as at from drizzle.__drizzle_migrations`;
  const done = new Set(rows.map((row) => Number(row.at)));
  const migrations = readMigrationFiles({ migrationsFolder: folder });
  const known = new Set(migrations.map((migration) => migration.folderMillis));
  if ([...done].some((at) => !known.has(at)))
    throw new StoreError("newer", "Another version of Signoff has migrated this database. Run that one, or a later.");
  const missing = migrations.filter((migration) => !done.has(migration.folderMillis));
  for (const { sql: statements, hash, folderMillis } of missing) {
    for (const statement of statements) await sql.unsafe(statement);
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
  }
  await sql.unsafe("commit");
  return missing.length;
}

function migrateFault(cause: unknown, url: string): unknown {
  if (codeOf(cause) !== "42501") return connectFault(cause, url);
  const what = cause instanceof Error ? cause.message : "no right";
  return new StoreError(
    "no-right",
    `The owner's role may not do this: ${what}. Make it the database's owner: ALTER DATABASE … OWNER TO ….`,
    { cause },
  );
}
