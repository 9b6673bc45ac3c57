import { once } from "node:events";
import { connect as dial } from "node:net";
import postgres from "postgres";
import { type Call, type Secret, SystemError } from "../connector.ts";
import { toSystemError } from "./errors.ts";

/** A connection, which can begin a transaction. */
export type Connection = postgres.Sql;
/** A connection, or a transaction on it. */
export type Sql = Connection | postgres.TransactionSql;

/** One database server, with at most one connection to each of its databases. */
export interface Cluster {
  /**
   * Lends a fresh connection to one database, by default that of the URL, and closes it afterwards. Others wait for
   * their turn. What the server or the network throws becomes a SystemError.
   */
  use<T>(call: Call, act: (sql: Connection) => Promise<T>, database?: string): Promise<T>;
}

const CONNECT_SECONDS = 10;

/**
 * What a connection says before it says anything else. Settings of a role or a database could otherwise be the leaver's:
 * whoever owns a database may set them, and a search path would let her functions run with our rights.
 */
const SESSION: Readonly<Record<string, string | number>> = {
  application_name: "signoff",
  search_path: "pg_catalog",
  role: "none",
  statement_timeout: 60_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 60_000,
  // As text: the driver leaves out what is false.
  default_transaction_read_only: "off",
  default_transaction_isolation: "read committed",
  standard_conforming_strings: "on",
};

/** Prepares connections to the server of this URL; opens none. */
export function openCluster(url: Secret): Cluster {
  const turns = new Map<string, Promise<unknown>>();
  return {
    use(call, act, database = "") {
      const before = turns.get(database) ?? Promise.resolve();
      const mine = before.then(() => connected(url, database, call, act));
      const settled = mine.catch(() => undefined);
      turns.set(database, settled);
      void settled.then(() => turns.get(database) === settled && turns.delete(database));
      return mine;
    },
  };
}

async function connected<T>(
  url: Secret,
  database: string,
  call: Call,
  act: (sql: Connection) => Promise<T>,
): Promise<T> {
  if (call.signal.aborted) throw stopped(call);
  const sql = postgres(url.reveal(), {
    ...(database === "" ? {} : { database }),
    max: 1,
    connect_timeout: CONNECT_SECONDS,
    // No prepared statements and no look-up of types: a connection lives for one act.
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    connection: SESSION,
    ...dialOnce(call),
  });
  const stop = () => void sql.end({ timeout: 0 });
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    // A database of encoding SQL_ASCII may hold any bytes: the server would refuse to send them as UTF-8.
    await sql.unsafe(
      "SELECT set_config('client_encoding', 'SQL_ASCII', false) WHERE getdatabaseencoding() = 'SQL_ASCII'",
    );
    return await act(sql);
  } catch (error) {
    throw call.signal.aborted ? stopped(call) : toSystemError(error, call.now);
  } finally {
    call.signal.removeEventListener("abort", stop);
    await sql.end({ timeout: 1 });
  }
}

/**
 * The driver connects again at once, and for ever, to a server that closes while greeting; here the second try is the
 * end. The option is the driver's own and missing in its types.
 */
function dialOnce(call: Call) {
  let dialled = false;
  return {
    socket: async ({ host: [host = ""], port: [port = 5432] }: { host: string[]; port: number[] }) => {
      if (dialled) throw Object.assign(new Error("the server closed the connection"), { code: "CONNECTION_CLOSED" });
      dialled = true;
      const socket = dial({ host, port });
      try {
        await once(socket, "connect", {
          signal: AbortSignal.any([call.signal, AbortSignal.timeout(CONNECT_SECONDS * 1000)]),
        });
      } catch (error) {
        socket.destroy();
        throw error;
      }
      // Where the driver looks for the name that the server's certificate must have.
      return Object.assign(socket, { host, port });
    },
  };
}

function stopped(call: Call): SystemError {
  return new SystemError({ code: "unreachable" }, { cause: call.signal.reason, message: "the call was stopped" });
}
