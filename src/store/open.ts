import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { connectFault } from "./fault.ts";
import * as schema from "./schema.ts";

/** The typed door to the database. */
export type Db = PostgresJsDatabase<typeof schema>;

/** What a transaction hands to its body. Inside a transaction only this is used. */
export type Tx = Parameters<Parameters<Db["transaction"]>[0]>[0];

/** An open database. Connections are made when first used and made again after the server was away. */
export interface Store {
  readonly db: Db;
  /** The same pool for plain SQL. It shares drizzle's settings: timestamps come back as PostgreSQL's text, not as Date. */
  readonly sql: postgres.Sql;
  /** With the password; not enumerable, so that printing a store does not show it. */
  readonly url: string;
  /** Asks the server once. @throws StoreError that says what to do, without the password. */
  ready(): Promise<void>;
  /** Lets running queries end, for five seconds at most, then closes every connection. */
  close(): Promise<void>;
}

/** How to reach the database. */
export interface StoreOptions {
  readonly url: string;
  /** Connections at most; 10 unless told. */
  readonly max?: number;
  /** False behind a pooler that hands out connections by transaction (pgbouncer): no prepared statements then. */
  readonly prepare?: boolean;
}

/** Opens the database behind `url` (`postgres://role:password@host:port/database`). Does not connect yet. */
export function openStore(options: StoreOptions): Store {
  const prepare = options.prepare ?? true;
  const sql = postgres(options.url, {
    max: options.max ?? 10,
    prepare,
    onnotice: () => {},
    connect_timeout: 10,
    connection: {
      application_name: "signoff",
      // A frozen replica must not keep the lock on the head of the log for ever. Poolers refuse start-up settings.
      ...(prepare ? { idle_in_transaction_session_timeout: 60_000 } : {}),
    },
  });
  const db = drizzle(sql, { schema });
  acceptDates(sql);
  const store = {
    db,
    sql,
    url: options.url,
    async ready() {
      try {
        await sql`select 1`;
      } catch (cause) {
        throw connectFault(cause, options.url);
      }
    },
    close: () => sql.end({ timeout: 5 }),
  };
  return Object.defineProperty(store, "url", { enumerable: false });
}

/** drizzle makes the pool pass dates through as they are, which fails on a Date given to plain SQL. */
function acceptDates(sql: postgres.Sql): void {
  const iso = (value: unknown) => (value instanceof Date ? value.toISOString() : value);
  const serializers: Record<string, unknown> = sql.options.serializers;
  for (const type of ["1082", "1083", "1114", "1184"]) serializers[type] = iso;
}
