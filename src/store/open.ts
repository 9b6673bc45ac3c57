import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type postgres from "postgres";
import { openConnection } from "./connection.ts";
import { connectFault } from "./fault.ts";
import { createPool } from "./pool.ts";
import * as schema from "./schema.ts";
import { asDriver } from "./transaction.ts";

/** The typed door to the database. It writes in `db.transaction` only: outside of one the server refuses (25006). */
export type Db = PostgresJsDatabase<typeof schema>;

/** What a transaction hands to its body. Inside a transaction only this is used. */
export type Tx = Parameters<Parameters<Db["transaction"]>[0]>[0];

/** An open database. Connections are made when first used, and others in their place after the server was away. */
export interface Store {
  readonly db: Db;
  /** Plain SQL to read with, values bound as parameters: sql`select … where id = ${id}`. @returns the rows */
  sql<Rows extends readonly object[] = Record<string, unknown>[]>(
    text: TemplateStringsArray,
    ...values: readonly postgres.ParameterOrFragment<never>[]
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
  /**
   * True behind a pooler that lends connections by transaction (pgbouncer), which takes no settings at the start. Then
   * neither a write outside of a transaction is refused nor a transaction ended that a frozen process left open.
   */
  readonly pooler?: boolean;
}

const SETTINGS = {
  // `db.transaction` says READ WRITE. What lands outside of a transaction, however it got there, writes nothing.
  default_transaction_read_only: "on",
  // A frozen replica must not keep the lock on the head of the log for ever.
  idle_in_transaction_session_timeout: 60_000,
};

/** Opens a database. Does not connect yet: `ready` does. */
export function openStore({ url, max = 10, pooler = false }: StoreOptions): Store {
  const settings = pooler ? {} : SETTINGS;
  const pool = createPool(() => openConnection({ url, name: "signoff", settings }), max);
  const store: Store = {
    db: drizzle(asDriver(pool), { schema }),
    url,
    sql<Rows extends readonly object[]>(
      text: TemplateStringsArray,
      ...values: readonly postgres.ParameterOrFragment<never>[]
    ) {
      return pool.use(async ({ sql }) => {
        const rows: unknown = await sql(text, ...values);
        return rows as Rows;
      });
    },
    async ready() {
      try {
        await store.sql`select 1`;
      } catch (cause) {
        throw connectFault(cause, url);
      }
    },
    close: () => pool.close(),
  };
  return Object.defineProperty(store, "url", { enumerable: false });
}
