import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runAs } from "./environment.ts";
import { readPidFile } from "./pid-file.ts";
import { isFree } from "./port.ts";
import { isPostmaster, signal } from "./processes.ts";
import type { Programs } from "./programs.ts";

/** A running server. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** How to start a server. */
export interface Start {
  /** The data directory, without links in its path. */
  readonly data: string;
  readonly port: number;
  /** File that takes what the server says. */
  readonly logFile: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** What came of it. */
export type Started =
  | { readonly kind: "ready"; readonly server: Postmaster }
  | { readonly kind: "port-taken" }
  | { readonly kind: "failed"; readonly said: string };

/**
 * Starts a server on loopback and waits until it takes connections, however long its recovery lasts. It is in a process
 * group of its own and outlives us.
 */
export async function startPostmaster(programs: Programs, start: Start): Promise<Started> {
  if (!(await isFree(start.port))) return { kind: "port-taken" };
  const settings = {
    port: String(start.port),
    listen_addresses: "127.0.0.1",
    // A socket's path would have to be shorter than 107 bytes, and nobody needs it.
    unix_socket_directories: "",
    ...start.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = await open(start.logFile, "a", 0o600);
  try {
    const before = (await log.stat()).size;
    const child = spawn(join(programs.bin, "postgres"), ["-D", start.data, ...args], {
      ...runAs(programs),
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    let end: string | undefined;
    child.once("error", (error) => {
      end = error.message;
    });
    child.once("exit", (code, name) => {
      end = `it ended with ${code ?? name}`;
    });
    child.unref();
    while (end === undefined) {
      const file = await readPidFile(start.data);
      if (file && file.pid === child.pid && file.state === "ready")
        return { kind: "ready", server: { pid: file.pid, port: file.port } };
      await pause(20);
    }
    if (!(await isFree(start.port))) return { kind: "port-taken" };
    const words = (await readFile(start.logFile)).subarray(before).toString("utf8").trim();
    return { kind: "failed", said: `${end}. ${words.slice(-1000)}` };
  } finally {
    await log.close();
  }
}

/** Ends a server: open transactions are rolled back and everything is on disk (PostgreSQL's fast shutdown). */
export async function stopPostmaster(pid: number, data: string): Promise<void> {
  if (!(await isPostmaster(pid, data))) return;
  signal(pid, "SIGINT");
  while (await isPostmaster(pid, data)) await pause(20);
}
