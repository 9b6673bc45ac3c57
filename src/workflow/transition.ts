import { append } from "../audit/append.ts";
import type { NewEntry } from "../audit/entry.ts";
import type { Tx } from "../store/open.ts";
import { type Job, sendJobs } from "./queues.ts";
import { ourselves, type Workflow } from "./workflow.ts";

/** An entry without what every entry of ours has in common. */
export type Said = Omit<NewEntry, "v" | "at" | "actor"> & Partial<Pick<NewEntry, "actor" | "at">>;

/** What a transition brings: its entries, the jobs that go on from here, and the answer to who asked. */
export interface Change<T> {
  readonly result: T;
  readonly entries?: readonly Said[];
  readonly next?: readonly Job[];
  /** Writes the entries' numbers into rows this transaction already holds. */
  readonly seal?: (tx: Tx, seqs: readonly number[]) => Promise<void>;
}

/**
 * The only writer: new state, entries and next jobs in one transaction. The log's head is the last lock it takes, so two
 * transitions can never wait for each other in a circle. There is no network in `work`, and it uses only `tx`.
 */
export async function transition<T>(w: Workflow, work: (tx: Tx) => Promise<Change<T>>): Promise<T> {
  let wrote = false;
  const result = await w.store.db.transaction(async (tx) => {
    const change = await work(tx);
    if (change.next?.length) await sendJobs(w.boss, tx, change.next);
    if (change.entries?.length) {
      const at = w.now().toISOString();
      const appended = await append(
        tx,
        w,
        change.entries.map((entry) => ({ at, actor: ourselves(w), ...entry })),
      );
      wrote = true;
      await change.seal?.(
        tx,
        appended.map(({ seq }) => seq),
      );
    }
    return change.result;
  });
  if (wrote) w.witness();
  return result;
}
