import { randomUUID } from "node:crypto";
import { open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { LogVerifier } from "./key.ts";

// The newest note in a file beside the database: the first witness, which a restored backup does not take along.

/** What stands in the file now. */
export interface KeptCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

/** The file at one path, for one log. */
export interface CheckpointFile {
  /** What stands there; nothing if there is no file. Throws `BadNote` if it is not a checkpoint of this log. */
  read(): Promise<KeptCheckpoint | undefined>;
  /**
   * Puts `note` there unless a larger or equal one is there already; gives what stands there afterwards. After a crash
   * at any instant the file holds the old note or the new one, whole.
   *
   * Throws `BadNote` if the note, or what is in the file, is not signed by this log's key: what somebody else put there
   * is evidence and is not overwritten.
   */
  write(note: string): Promise<KeptCheckpoint>;
}

/** Opens nothing yet. One process writes a file, through one of these; replicas keep a file each. */
export function checkpointFile(path: string, verifier: LogVerifier): CheckpointFile {
  // Writes take turns, or an older note could be renamed over a newer one.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    read: () => read(path, verifier),
    write(note) {
      const mine = turn.then(() => replace(path, note, verifier));
      // The next one waits for this one, and fails or not by itself.
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

async function read(path: string, verifier: LogVerifier): Promise<KeptCheckpoint | undefined> {
  const note = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  return note === undefined ? undefined : { checkpoint: openCheckpoint(note, verifier), note };
}

async function replace(path: string, note: string, verifier: LogVerifier): Promise<KeptCheckpoint> {
  const fresh = { checkpoint: openCheckpoint(note, verifier), note };
  const kept = await read(path, verifier);
  if (kept !== undefined && kept.checkpoint.size >= fresh.checkpoint.size) return kept;
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, "wx", 0o644);
    try {
      await file.writeFile(note, "utf8");
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await unlink(beside).catch(() => {});
    throw cause;
  }
  // The rename itself lasts only once the folder is on disk.
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return fresh;
}
