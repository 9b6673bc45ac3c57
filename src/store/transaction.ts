import { drizzle } from "drizzle-orm/node-postgres";
import type { PgTransactionConfig } from "drizzle-orm/pg-core";
import type pg from "pg";
import type { Tx } from "./open.ts";
import * as schema from "./schema.ts";

/**
 * A transaction on one connection of the pool. drizzle's own loses the connection for good when BEGIN fails, reports a
 * failed ROLLBACK in place of what went wrong, and takes PostgreSQL's answer to the COMMIT of a failed transaction,
 * which is ROLLBACK and no error, for success.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  body: (tx: Tx) => Promise<T>,
  config?: PgTransactionConfig,
): Promise<T> {
  const client = await pool.connect();
  let thrown: { readonly cause: unknown } | undefined;
  try {
    return await drizzle(client, { schema }).transaction(async (tx) => {
      try {
        const result = await body(tx);
        if (await hasFailed(client))
          throw new Error("A statement failed and its error was swallowed: the transaction cannot be committed");
        return result;
      } catch (cause) {
        thrown = { cause };
        throw cause;
      }
    }, config);
  } catch (cause) {
    throw thrown ? thrown.cause : cause;
  } finally {
    // A connection that is not back at rest is closed and not lent again.
    client.release(client.getTransactionStatus() !== "I");
  }
}

/** Whether a statement failed. The server's word on that comes after the error itself; an empty statement waits for it. */
async function hasFailed(client: pg.PoolClient): Promise<boolean> {
  const settled = "readyForQuery" in client && client.readyForQuery === true;
  if (!settled) await client.query("");
  return client.getTransactionStatus() === "E";
}
