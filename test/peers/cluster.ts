import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openConnection } from "../../src/store/connection.ts";
import { quoted } from "../../src/store/fault.ts";
import { initCluster } from "../../src/store/server/init.ts";
import { freePort } from "../../src/store/server/port.ts";
import { type Postmaster, startPostmaster } from "../../src/store/server/postmaster.ts";
import { embeddedPrograms, type Programs } from "../../src/store/server/programs.ts";
import { serverUser } from "../../src/store/server/system-user.ts";

/** A PostgreSQL of its own: the tests' database, or a target system of the sandbox. */
export interface Cluster {
  readonly port: number;
  readonly pid: number;
  readonly data: string;
  /** Superuser `postgres`, database `postgres`. */
  readonly superUrl: string;
  /** Makes a database owned by the superuser. @returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL on loopback in a new folder of the temp folder, from the programs npm brought or those in
 * `binaries` (`/usr/lib/postgresql/15/bin`). Never waits for the disk. It ends with this process, however that ends.
 */
export async function startCluster(
  options: { readonly binaries?: string | undefined; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<Cluster> {
  const programs = options.binaries ? { bin: options.binaries, user: await serverUser() } : await embeddedPrograms();
  const folder = await realpath(await mkdtemp(join(tmpdir(), "signoff-pg-")));
  const stop = endWithUs(folder);
  // The server's user makes its data directory by name, so it must pass through here.
  if (programs.user) await chmod(folder, 0o755);
  const data = join(folder, "data");
  const password = randomBytes(18).toString("base64url");
  const { pid, port } = await start().catch(async (cause) => {
    await stop();
    throw cause;
  });
  async function start(): Promise<Postmaster> {
    await initCluster(programs, { data, superuser: "postgres", password, unsafe: true });
    return await startSomewhere(programs, data, join(folder, "log"), options.settings ?? {});
  }
  const url = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return {
    port,
    pid,
    data,
    superUrl: url("postgres"),
    async createDatabase(name) {
      const connection = openConnection({ url: url("postgres"), name: "signoff test" });
      try {
        await connection.sql.unsafe(`create database ${quoted(name)}`);
      } finally {
        await connection.end();
      }
      return url(name);
    },
    stop,
  };
}

async function startSomewhere(
  programs: Programs,
  data: string,
  logFile: string,
  more: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  const settings = {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "300",
    shared_buffers: "64MB",
    ...more,
  };
  for (;;) {
    const started = await startPostmaster(programs, { data, port: await freePort(), logFile, settings });
    if (started.kind === "ready") return started.server;
    if (started.kind === "failed") throw new Error(started.said);
  }
}

/** A shell that waits for the end of its input, which is our end too, then ends the server and removes the folder. */
function endWithUs(folder: string): () => Promise<void> {
  const script = `cat >/dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -INT "$pid"
    for i in $(seq 300); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
    rm -rf "$1" || { sleep 2; rm -rf "$1"; }`;
  const shell = spawn("/bin/sh", ["-c", script, "sh", folder], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  const ended = once(shell, "exit");
  return async () => {
    shell.ref();
    shell.stdin.end();
    await ended;
  };
}
