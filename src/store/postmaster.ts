import { execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { chown, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { StoreError } from "./fault.ts";
import type { SystemUser } from "./system-user.ts";

const exec = promisify(execFile);

/** Programs of one PostgreSQL and the user they run as. */
export interface Programs {
  /** Folder with `initdb` and `postgres`. */
  readonly bin: string;
  readonly user: SystemUser | undefined;
}

/** A cluster to be made. */
export interface Init {
  readonly data: string;
  readonly superuser: string;
  readonly password: string;
  /** Leave the disk alone: for tests, whose data nobody needs after a crash of the machine. */
  readonly unsafe?: boolean;
}

/**
 * Makes a data directory, whole or not at all: it is made under another name and then renamed. UTF-8, sorted by code
 * point, so that order and indexes do not depend on the machine's libraries.
 */
export async function initCluster(programs: Programs, init: Init): Promise<void> {
  const half = `${init.data}.half`;
  const secret = `${init.data}.secret`;
  await rm(half, { recursive: true, force: true });
  await mkdir(dirname(init.data), { recursive: true });
  await mkdir(half, { mode: 0o700 });
  await rm(secret, { force: true });
  await writeFile(secret, `${init.password}\n`, { mode: 0o600, flag: "wx" });
  try {
    if (programs.user) {
      await chown(half, programs.user.uid, programs.user.gid);
      await chown(secret, programs.user.uid, programs.user.gid);
    }
    const locale =
      (await majorVersion(programs)) >= 17
        ? ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        : ["--locale=C.UTF-8"];
    await exec(
      join(programs.bin, "initdb"),
      [
        `--pgdata=${half}`,
        `--username=${init.superuser}`,
        `--pwfile=${secret}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        ...locale,
        ...(init.unsafe ? ["--no-sync"] : ["--data-checksums"]),
      ],
      { ...programs.user, cwd: "/", env: environment() },
    );
  } catch (cause) {
    throw new StoreError("machine", `PostgreSQL's initdb failed in ${dirname(init.data)}: ${said(cause)}`, { cause });
  } finally {
    await rm(secret, { force: true });
  }
  await rename(half, init.data);
}

/** A running server. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** How to start a server. */
export interface Start {
  readonly data: string;
  readonly port: number;
  /** File that takes what the server says. */
  readonly logFile: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts the server on loopback and waits until it takes connections. It is a process group of its own and outlives us.
 * @returns undefined if the port is taken by somebody else.
 */
export async function startPostmaster(programs: Programs, start: Start): Promise<Postmaster | undefined> {
  const settings = {
    port: String(start.port),
    listen_addresses: "127.0.0.1",
    // Its path would have to be shorter than 107 bytes, and nobody needs it.
    unix_socket_directories: "",
    ...start.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = await open(start.logFile, "a", 0o600);
  const from = (await log.stat()).size;
  try {
    const child = spawn(join(programs.bin, "postgres"), ["-D", start.data, ...args], {
      ...programs.user,
      cwd: "/",
      env: environment(),
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    let over: string | undefined;
    child.once("error", (error) => {
      over = error.message;
    });
    child.once("exit", (code, signal) => {
      over ??= `ended with ${code ?? signal}`;
    });
    child.unref();
    for (;;) {
      if (over !== undefined) break;
      const file = await readPidFile(start.data);
      if (file?.pid === child.pid && file?.ready) return { pid: file.pid, port: file.port };
      await pause(20);
    }
    const words = (await readFile(start.logFile, "utf8")).slice(from);
    if (/could not bind|could not create any TCP/i.test(words)) return undefined;
    throw new StoreError("machine", `PostgreSQL did not start (${over}). It said: ${words.trim().slice(-1000)}`);
  } finally {
    await log.close();
  }
}

/** What the server wrote about itself into its data directory. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Reads `postmaster.pid` (its lines are fixed by miscadmin.h: pid, folder, start, port, socket, address, key, state). */
export async function readPidFile(data: string): Promise<PidFile | undefined> {
  let text: string;
  try {
    text = await readFile(join(data, "postmaster.pid"), "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === "ready" };
}

/** Whether a process of that number is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

/** Ends the server: open transactions are rolled back, everything is written down (PostgreSQL's fast shutdown). */
export async function stopPostmaster(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, "SIGINT");
  while (isAlive(pid)) await pause(20);
}

/** A free port of loopback, below the ports the system hands out by itself and above those `fetch` blocks. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

async function majorVersion(programs: Programs): Promise<number> {
  const { stdout } = await exec(join(programs.bin, "postgres"), ["--version"], { ...programs.user, cwd: "/" });
  return Number(/(\d+)/.exec(stdout)?.[1]);
}

/** Nothing of ours: neither secrets nor PG* variables reach the server. */
function environment(): Record<string, string> {
  return { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" };
}

function said(cause: unknown): string {
  if (cause instanceof Error && "stderr" in cause && cause.stderr) return String(cause.stderr).trim();
  return cause instanceof Error ? cause.message : String(cause);
}
