import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { embeddedPrograms } from "../../src/store/binaries.ts";
import { freePort, initCluster, type Postmaster, startPostmaster, stopPostmaster } from "../../src/store/postmaster.ts";
import { serverUser } from "../../src/store/system-user.ts";

/** A PostgreSQL of its own: the tests' database, or a target system of the sandbox. */
export interface Cluster {
  readonly port: number;
  readonly pid: number;
  /** Superuser, database `postgres`. */
  readonly superUrl: string;
  /** Makes a database owned by the superuser. @returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL on loopback in a new folder of the temp folder, from the programs npm brought or those in
 * `binaries` (`/usr/lib/postgresql/15/bin`). Never waits for the disk.
 */
export async function startCluster(options: { readonly binaries?: string | undefined } = {}): Promise<Cluster> {
  const programs = options.binaries ? { bin: options.binaries, user: await serverUser() } : await embeddedPrograms();
  const folder = await mkdtemp(join(tmpdir(), "signoff-pg-"));
  if (programs.user) await chmod(folder, 0o755);
  const data = join(folder, "data");
  const password = randomBytes(18).toString("base64url");
  await initCluster(programs, { data, superuser: "postgres", password, unsafe: true });
  const settings = {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "300",
    shared_buffers: "64MB",
  };
  let server: Postmaster | undefined;
  while (!server) {
    const port = await freePort();
    server = await startPostmaster(programs, { data, port, logFile: join(folder, "log"), settings });
  }
  const { pid, port } = server;
  const url = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return {
    port,
    pid,
    superUrl: url("postgres"),
    async createDatabase(name) {
      const sql = postgres(url("postgres"), { max: 1, onnotice: () => {} });
      try {
        await sql`create database ${sql(name)}`;
      } finally {
        await sql.end();
      }
      return url(name);
    },
    async stop() {
      await stopPostmaster(pid);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
