import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const exec = promisify(execFile);

/**
 * Whether `pid` is the server of this data directory. A number alone proves nothing: another program may have it by now,
 * and a dead server that nobody reaped still has it.
 */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  const words = await commandLine(pid);
  const at = words.indexOf("-D");
  return at > 0 && words[at + 1] === data && !words.includes("--single");
}

async function commandLine(pid: number): Promise<string[]> {
  try {
    if (process.platform === "linux") return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    // A folder with spaces falls apart here; then nothing is adopted and PostgreSQL's own lock holds.
    return (await exec("ps", ["-ww", "-o", "args=", "-p", String(pid)])).stdout.trim().split(/\s+/);
  } catch {
    return []; // No such process.
  }
}

/**
 * Every process that works in a data directory: after the death of a server, those it left behind. Linux shows it to the
 * same user and to root, other systems do not; there the list is empty.
 */
export async function processesIn(data: string): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      return cwd === data ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Sends a signal; a process that ended in the meantime is no fault. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
  }
}
