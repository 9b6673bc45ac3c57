import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a server wrote about itself into its data directory. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly state: "starting" | "ready" | "stopping" | "standby" | "unknown";
}

/** Reads `postmaster.pid` (lines as in PostgreSQL's pidfile.h: pid, folder, start, port, socket, address, key, state). */
export async function readPidFile(data: string): Promise<PidFile | undefined> {
  const lines = (await read(data))?.split("\n");
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const word = lines[7]?.trim();
  const known = (["starting", "ready", "stopping", "standby"] as const).find((state) => state === word);
  return { pid, port: Number(lines[3] ?? 0), state: known ?? "unknown" };
}

/**
 * Takes the number of a dead server out of its file, in case another program has it now: PostgreSQL would wait for that
 * one for ever. Our own number goes in, which PostgreSQL never takes for a rival, since we are its parent. The rest of
 * the file stays: by its key PostgreSQL finds out whether processes of the dead server still hold its memory.
 */
export async function disownPidFile(data: string): Promise<void> {
  const [, ...rest] = (await read(data))?.split("\n") ?? [];
  if (rest.length > 0) await writeFile(join(data, "postmaster.pid"), [process.pid, ...rest].join("\n"));
}

async function read(data: string): Promise<string | undefined> {
  try {
    return await readFile(join(data, "postmaster.pid"), "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}
