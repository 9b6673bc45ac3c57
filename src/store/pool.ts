import type { Connection } from "./connection.ts";

/** Lends connections, each to one at a time. */
export interface Pool {
  /** Lends a connection for as long as `act` runs; whoever finds none free waits for his turn. */
  use<T>(act: (connection: Connection) => Promise<T>): Promise<T>;
  /** Waits for everything lent or waited for, then closes every connection. Lends no more. */
  close(): Promise<void>;
}

/** A pool of at most `max` connections. One that was cut is not lent again; another is opened in its place. */
export function createPool(open: () => Connection, max: number): Pool {
  const idle: Connection[] = [];
  const waiting: (() => void)[] = [];
  let lent = 0;
  let closed: Promise<void> | undefined;
  let emptied = () => {};

  function take(): Connection {
    for (let connection = idle.pop(); connection; connection = idle.pop()) if (connection.usable) return connection;
    return open();
  }

  function giveBack(connection: Connection): void {
    if (connection.usable) idle.push(connection);
    const next = waiting.shift();
    if (next) next();
    else lent -= 1;
    if (lent === 0) emptied();
  }

  async function close(): Promise<void> {
    if (lent > 0) {
      await new Promise<void>((resolve) => {
        emptied = resolve;
      });
    }
    await Promise.all(idle.map((connection) => connection.end()));
  }

  return {
    async use(act) {
      if (closed) throw Object.assign(new Error("The store is closed"), { code: "CONNECTION_ENDED" });
      const turn = lent < max ? undefined : new Promise<void>((resolve) => waiting.push(resolve));
      if (!turn) lent += 1;
      await turn;
      const connection = take();
      try {
        return await act(connection);
      } finally {
        giveBack(connection);
      }
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
