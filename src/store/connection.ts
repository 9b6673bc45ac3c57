import { connect } from "node:net";
import postgres from "postgres";

/** One connection to the server. Once it is cut or ended it refuses for good: it is never made anew. */
export interface Connection {
  readonly sql: postgres.Sql;
  /** False once it was cut, failed to connect or was ended. */
  readonly usable: boolean;
  /** Waits for what runs, five seconds at most, then closes it. Harmless when it is closed already. */
  end(): Promise<void>;
}

/** What a connection is opened with. */
export interface ConnectionOptions {
  /** `postgres://role:password@host:port/database`; of several hosts the first is taken. */
  readonly url: string;
  /** What the server shows as `application_name`. */
  readonly name: string;
  /** Sent at the start, before the first statement; a transaction pooler takes none. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/**
 * A driver of its own for each connection. postgres.js 3.4.9 makes a cut connection anew under whoever holds it: what the
 * body of a transaction, or the driver's own COMMIT, sends next runs outside of it or in somebody else's, waits for ever,
 * or is written to no socket, which ends the process (porsager/postgres 1066, 1154, 1208). This one dials once, and is
 * thrown away when it is cut. Only plain queries are sent with it: the driver's `begin` and `reserve` are the ones that
 * write to a connection that is gone. Connects with the first query.
 */
export function openConnection({ url, name, settings }: ConnectionOptions): Connection {
  let usable = true;
  let ended: Promise<void> | undefined;
  const lose = () => {
    usable = false;
    // Refuses what was not sent yet, which would wait for ever.
    ended ??= sql.end({ timeout: 0 });
  };
  const sql = postgres(url, {
    max: 1,
    max_lifetime: null,
    connect_timeout: 10,
    keep_alive: 60,
    // drizzle names no statement, so there is nothing a transaction pooler could lose.
    prepare: false,
    // Nobody waits for the driver's own look-up of array types: cut off in it, the process would end.
    fetch_types: false,
    onnotice: () => {},
    onclose: lose,
    connection: { application_name: name, ...settings },
    // drizzle hands over JSON as text.
    types: {
      json: {
        to: 114,
        from: [114, 3802],
        serialize: (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value)),
        parse: (text: string): unknown => JSON.parse(text),
      },
    },
    ...dialOnce(lose, () => {
      usable = false;
    }),
  });
  return {
    sql,
    get usable() {
      return usable;
    },
    end() {
      usable = false;
      ended ??= sql.end({ timeout: 5 });
      return ended;
    },
  };
}

/** The part of the driver's settings that says where to dial. */
interface Target {
  readonly host: string[];
  readonly port: number[];
  readonly path: string | false;
}

/** The driver's own option, missing in its types. It asks again to make a connection anew, and is refused. */
function dialOnce(lose: () => void, fade: () => void) {
  let dialled = false;
  return {
    socket({ host: hosts, port: ports, path }: Target) {
      if (dialled)
        throw Object.assign(new Error("The connection to the database is lost"), { code: "CONNECTION_CLOSED" });
      dialled = true;
      // With a second host the driver keeps the error of the first to itself.
      hosts.splice(1);
      const [host = "", port = 5432] = [hosts[0], ports[0]];
      const socket = path ? connect(path) : connect({ host, port });
      // Told before the driver is, so before anybody who waits for an answer can go on.
      socket.once("end", fade).once("error", lose);
      // Where the driver looks for the name that the server's certificate must have.
      return Object.assign(socket, { host, port });
    },
  };
}
