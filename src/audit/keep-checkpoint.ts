import { eq } from "drizzle-orm";
import { latestCheckpoint } from "../store/log.ts";
import type { Store } from "../store/open.ts";
import { notes } from "../store/schema.ts";
import { BadNote, openCheckpoint } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";
import type { LogVerifier } from "./key.ts";
import { sameBytes } from "./merkle.ts";

/** Brings the newest note to the checkpoint file, after commits. */
export interface CheckpointKeeper {
  /** Something was committed. Many calls in a row are one writing. */
  readonly witness: () => void;
  /** How many entries the file vouches for. */
  size(): number;
  /** Waits until the file is up to date, or could not be brought there. */
  settle(): Promise<void>;
}

/** Who hears that the file could not be written. */
interface Log {
  error(fields: object, message: string): void;
}

/** Makes a keeper; a file that cannot be written is logged, and tried again at the next commit. */
export function keepCheckpoint(store: Store, file: CheckpointFile, log: Log): CheckpointKeeper {
  let size = 0;
  let wanted = false;
  let running: Promise<void> | undefined;
  const once = async () => {
    const note = await store.db.transaction((tx) => latestCheckpoint(tx));
    if (note) size = (await file.write(note.note)).checkpoint.size;
  };
  const run = async () => {
    while (wanted) {
      wanted = false;
      await once().catch((err: unknown) => log.error({ err }, "the checkpoint file could not be written"));
    }
    running = undefined;
  };
  return {
    witness() {
      wanted = true;
      running ??= run();
    },
    size: () => size,
    settle: async () => running,
  };
}

/**
 * What contradicts the checkpoint file, in a sentence: a database that was restored from a backup is older than what the
 * file saw, and one that was rewritten differs from it. Nothing if all is well.
 */
export async function findRollback(
  store: Store,
  verifier: LogVerifier,
  file: CheckpointFile,
): Promise<string | undefined> {
  let kept: Awaited<ReturnType<CheckpointFile["read"]>>;
  try {
    kept = await file.read();
  } catch (cause) {
    if (!(cause instanceof BadNote)) throw cause;
    return `what is in the checkpoint file is not a checkpoint that our key signed (${cause.message})`;
  }
  if (!kept) return undefined;
  const { size, root } = kept.checkpoint;
  return store.db.transaction(async (tx) => {
    const newest = await latestCheckpoint(tx);
    const has = newest?.size ?? 0;
    if (has < size) return `the log has ${has} entries, and had ${size} by the checkpoint file: was a backup restored?`;
    const [then] = await tx.select({ note: notes.note }).from(notes).where(eq(notes.size, size));
    const same = size === 0 || (then !== undefined && isOurs(then.note, verifier, size, root));
    return same ? undefined : `the first ${size} entries are not those that the checkpoint file saw`;
  });
}

function isOurs(note: string, verifier: LogVerifier, size: number, root: Uint8Array): boolean {
  try {
    const checkpoint = openCheckpoint(note, verifier);
    return checkpoint.size === size && sameBytes(checkpoint.root, root);
  } catch (cause) {
    if (cause instanceof BadNote) return false;
    throw cause;
  }
}
