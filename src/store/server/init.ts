import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { StoreError } from "../fault.ts";
import { runAs } from "./environment.ts";
import type { Programs } from "./programs.ts";

const exec = promisify(execFile);

/** A cluster to be made. */
export interface Init {
  /** The data directory; its parent must exist and be open to the server's user. */
  readonly data: string;
  readonly superuser: string;
  readonly password: string;
  /** Statements that make roles and databases, one each; they are part of the whole. */
  readonly statements?: readonly string[];
  /** Do not wait for the disk: for tests, whose data nobody needs after a crash of the machine. */
  readonly unsafe?: boolean;
}

/**
 * Makes a data directory, whole or not at all: under another name first, renamed when roles and databases are in it.
 * UTF-8, sorted by code point, so that order and indexes do not depend on the machine's libraries.
 */
export async function initCluster(programs: Programs, init: Init): Promise<void> {
  const folder = dirname(init.data);
  // A name of its own each time: an initdb whose parent was killed may still be writing into the last one.
  const half = join(folder, `${basename(init.data)}.${randomUUID()}.half`);
  const secret = `${half}.secret`;
  await removeHalves(folder);
  await mkdir(half, { mode: 0o700 });
  await writeFile(secret, `${init.password}\n`, { mode: 0o600, flag: "wx" });
  try {
    if (programs.user) {
      await chown(half, programs.user.uid, programs.user.gid);
      await chown(secret, programs.user.uid, programs.user.gid);
    }
    const sorting =
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
        ...sorting,
        ...(init.unsafe ? ["--no-sync"] : ["--data-checksums"]),
      ],
      runAs(programs),
    );
    await runStatements(programs, half, init.statements ?? []);
    await rename(half, init.data);
  } catch (cause) {
    throw new StoreError("machine", `PostgreSQL could not be set up in ${folder}: ${said(cause)}`, { cause });
  } finally {
    await rm(secret, { force: true });
    await rm(half, { recursive: true, force: true });
  }
}

/** PostgreSQL's single-user mode: no port, no second process, one statement a line. */
async function runStatements(programs: Programs, data: string, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  const args = ["--single", "-D", data, "-c", "exit_on_error=on", "postgres"];
  const running = exec(join(programs.bin, "postgres"), args, runAs(programs));
  running.child.stdin?.end(`${statements.join("\n")}\n`);
  await running;
}

/** What a killed process left. One that is still being written to stays and is taken away another time. */
async function removeHalves(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/\.half(\.secret)?$/.test(name)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
}

/** 18 for PostgreSQL 18.4. */
export async function majorVersion(programs: Programs): Promise<number> {
  const { stdout } = await exec(join(programs.bin, "postgres"), ["--version"], runAs(programs));
  return Number(/(\d+)/.exec(stdout)?.[1]);
}

/** The major version a data directory was made by; `undefined` if there is none. */
export async function dataVersion(data: string): Promise<number | undefined> {
  try {
    return Number(await readFile(join(data, "PG_VERSION"), "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

function said(cause: unknown): string {
  if (cause instanceof Error && "stderr" in cause && cause.stderr) return String(cause.stderr).trim();
  return cause instanceof Error ? cause.message : String(cause);
}
