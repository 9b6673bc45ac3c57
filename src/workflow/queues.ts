import { sql } from "drizzle-orm";
import { fromDrizzle, type PgBoss } from "pg-boss";
import { z } from "zod";
import type { Tx } from "../store/open.ts";

// Every queue. A job only wakes the work: what is to be done, and when, stands in our tables. So a job that is lost,
// doubled, late or forged changes nothing.

const OfCase = z.object({ caseId: z.string() });
const OfStep = z.object({ stepId: z.string() });

export const QUEUES = {
  "take-inventory": z.object({ caseId: z.string(), system: z.string(), round: z.string() }),
  contain: OfCase,
  "propose-plan": OfCase,
  "start-cut": OfCase,
  "revise-plan": OfCase,
  "revoke-grant": OfStep,
  "verify-grant": OfStep,
  "restore-grant": OfStep,
  "check-owner": z.object({ caseId: z.string(), personId: z.string() }),
  "hand-over": z.object({ offerId: z.string() }),
  "close-case": OfCase,
  "look-at-kept": OfCase,
  "look-again": z.object({ caseId: z.string(), system: z.string() }),
  notify: z.object({ key: z.string() }),
} as const;
export type QueueName = keyof typeof QUEUES;

/** A job to send with the transition that made it necessary. */
export type Job = { [Q in QueueName]: { readonly queue: Q; readonly payload: z.infer<(typeof QUEUES)[Q]> } }[QueueName];

/**
 * Creates every queue. At start, since `send` inside a transaction would look an unknown queue up on another connection.
 * `short` keeps one waiting job a key; there is no delayed job (delays are `next_at` columns), so none can hide a wake.
 * Our own leases bound the work; the queue never repeats a job by itself.
 */
export async function createQueues(boss: PgBoss): Promise<void> {
  for (const name of Object.keys(QUEUES)) {
    await boss.createQueue(name, { policy: "short", retryLimit: 0, expireInSeconds: 3600, notify: true });
  }
}

/** Sends jobs within the transaction, so that they exist exactly if it commits. */
export async function sendJobs(boss: Pick<PgBoss, "send">, tx: Tx, jobs: readonly Job[]): Promise<void> {
  const db = fromDrizzle(tx, sql);
  for (const { queue, payload } of jobs) {
    await boss.send(queue, payload, { db, singletonKey: JSON.stringify(payload) });
  }
}
