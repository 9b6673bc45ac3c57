import type postgres from "postgres";
import type { Connection } from "./connection.ts";
import type { Pool } from "./pool.ts";

/** What the body of a transaction is given: all that drizzle uses of postgres.js inside one. */
type Held = Pick<postgres.TransactionSql, "unsafe"> & {
  savepoint<T>(body: (held: Held) => Promise<T>): Promise<T>;
};

/**
 * A pool as drizzle's postgres.js driver takes it. drizzle sends everything by `unsafe` and opens transactions by `begin`;
 * nothing else is there.
 */
export function asDriver(pool: Pool): postgres.Sql {
  const driver = {
    // drizzle sets how dates and JSON are read here. The connections have it of their own.
    options: { parsers: {}, serializers: {} },
    unsafe(text: string, values: never[] = []) {
      let asValues = false;
      const answer = pool.use(async ({ sql }) => {
        const query = sql.unsafe(text, values);
        return asValues ? await query.values() : await query;
      });
      // Said at once or not at all, and the pool lends later than that.
      const wantValues = () => {
        asValues = true;
        return answer;
      };
      return Object.assign(answer, { values: wantValues });
    },
    begin: <T>(body: (held: Held) => Promise<T>) => pool.use((connection) => inTransaction(connection, body)),
  };
  return driver as unknown as postgres.Sql;
}

/**
 * A transaction on one connection, the only way to write: outside of it the server refuses. Once the connection is cut, or
 * the transaction over, nothing more is sent. A COMMIT that PostgreSQL answers with ROLLBACK, as it does after a
 * statement failed, is an error; and an error at ROLLBACK does not hide what went wrong before it.
 */
async function inTransaction<T>(connection: Connection, body: (held: Held) => Promise<T>): Promise<T> {
  const { sql } = connection;
  let over = false;
  let parts = 0;
  const held: Held = {
    unsafe(text, values, options) {
      if (over) throw new Error("The transaction is over");
      if (!connection.usable)
        throw Object.assign(new Error("The transaction's connection is lost"), { code: "CONNECTION_CLOSED" });
      return sql.unsafe(text, values, options);
    },
    async savepoint(part) {
      parts += 1;
      const name = `part_${parts}`;
      await held.unsafe(`savepoint ${name}`);
      try {
        const result = await part(held);
        await held.unsafe(`release savepoint ${name}`);
        return result;
      } catch (cause) {
        // If that fails too, no statement of the transaction can succeed any more.
        if (connection.usable) await sql.unsafe(`rollback to savepoint ${name}`).catch(() => {});
        throw cause;
      }
    },
  };
  try {
    await sql.unsafe("begin read write");
    const result = await body(held);
    over = true;
    if (!connection.usable)
      throw Object.assign(new Error("The transaction's connection is lost"), { code: "CONNECTION_CLOSED" });
    const { command } = await sql.unsafe("commit");
    if (command !== "COMMIT")
      throw new Error("A statement failed and its error was swallowed: the transaction cannot be committed");
    return result;
  } catch (cause) {
    over = true;
    // Not back at rest: closed and not lent again. Without a transaction ROLLBACK does nothing.
    if (connection.usable) await sql.unsafe("rollback").catch(() => connection.end());
    throw cause;
  }
}
