import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { connectFault } from "./fault.ts";
import * as schema from "./schema.ts";
import { inTransaction } from "./transaction.ts";

/** The typed door to the database. */
export type Db = NodePgDatabase<typeof schema>;

/** What a transaction hands to its body. Inside a transaction only this is used. */
export type Tx = Parameters<Parameters<Db["transaction"]>[0]>[0];

/** An open database. Connections are made when first used, and made anew after the server was away. */
export interface Store {
  readonly db: Db;
  /** The same connections for plain SQL. */
  readonly pool: pg.Pool;
  /** Plain SQL, values bound as parameters: sql`select … where id = ${id}`. @returns the rows */
  sql<Rows extends readonly object[] = Record<string, unknown>[]>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Rows>;
  /** With the password; not enumerable, so that printing a store does not show it. */
  readonly url: string;
  /** Asks the server once. @throws StoreError that says what to do, without the password. */
  ready(): Promise<void>;
  /** Waits for running queries, then closes every connection. */
  close(): Promise<void>;
}

/** How to reach the database. */
export interface StoreOptions {
  /** `postgres://role:password@host:port/database` */
  readonly url: string;
  /** Connections at most; 10 unless told. */
  readonly max?: number;
  /** True behind a pooler that lends connections by transaction (pgbouncer), which takes no settings at the start. */
  readonly pooler?: boolean;
}

/** Opens a database. Does not connect yet: `ready` does. */
export function openStore(options: StoreOptions): Store {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 10,
    application_name: "signoff",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // A frozen replica must not keep the lock on the head of the log for ever.
    ...(options.pooler ? {} : { idle_in_transaction_session_timeout: 60_000 }),
  });
  // A connection that is cut while nobody waits for it says so by an event that ends the process if nobody listens.
  // Whoever uses it next is told by its own query.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const db: Db = drizzle(pool, { schema });
  db.transaction = (body, config) => inTransaction(pool, body, config);
  let closed: Promise<void> | undefined;
  const store = {
    db,
    pool,
    url: options.url,
    async sql<Rows extends readonly object[]>(text: TemplateStringsArray, ...values: readonly unknown[]) {
      const numbered = text.reduce((before, after, index) => `${before}$${index}${after}`);
      const { rows }: { rows: unknown } = await pool.query(numbered, [...values]);
      return rows as Rows;
    },
    async ready() {
      try {
        await pool.query("select 1");
      } catch (cause) {
        throw connectFault(cause, options.url);
      }
    },
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
  return Object.defineProperty(store, "url", { enumerable: false });
}
