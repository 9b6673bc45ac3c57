import type { PgBoss } from "pg-boss";
import type { z } from "zod";
import { rootMessage } from "../core/failure.ts";
import { repeats } from "../core/repeats.ts";
import { checkOwner } from "./check-owner.ts";
import { closeCase } from "./close-case.ts";
import { contain } from "./contain.ts";
import { handOver } from "./hand-over.ts";
import { lookAgain } from "./look-again.ts";
import { lookAtKept } from "./look-at-kept.ts";
import { proposePlan } from "./propose-plan.ts";
import { QUEUES, type QueueName } from "./queues.ts";
import { restoreGrant } from "./restore-grant.ts";
import { revisePlan } from "./revise-plan.ts";
import { revokeGrant } from "./revoke-grant.ts";
import { startCut } from "./start-cut.ts";
import { sweep } from "./sweep.ts";
import { takeInventory } from "./take-inventory.ts";
import { verifyGrant } from "./verify-grant.ts";
import type { Workflow } from "./workflow.ts";

/** Says a message, and which ones are due. Lent by chat, which stands above the workflow. */
export interface Notifier {
  notify(payload: { key: string }): Promise<void>;
  listDue(): Promise<readonly string[]>;
}

/** Workers that run until stopped. */
export interface Workers {
  stop(): Promise<void>;
}

const SWEEP_MS = 1000;

/** How many jobs of a queue one process works on at once. Reads are slow and wait for others; revokes follow an order. */
const AT_ONCE: Readonly<Record<QueueName, number>> = {
  "take-inventory": 8,
  contain: 4,
  "propose-plan": 2,
  "start-cut": 2,
  "revise-plan": 2,
  "revoke-grant": 8,
  "verify-grant": 8,
  "restore-grant": 4,
  "check-owner": 2,
  "hand-over": 4,
  "close-case": 2,
  "look-at-kept": 2,
  "look-again": 2,
  notify: 4,
};

/** Works every queue and sweeps once a second. Each process of an installation runs these; leases keep them apart. */
export async function startWorkers(w: Workflow, boss: PgBoss, notifier: Notifier): Promise<Workers> {
  const work: { readonly [Q in QueueName]: (payload: z.infer<(typeof QUEUES)[Q]>) => Promise<void> } = {
    "take-inventory": (payload) => takeInventory(w, payload),
    contain: (payload) => contain(w, payload),
    "propose-plan": (payload) => proposePlan(w, payload),
    "start-cut": (payload) => startCut(w, payload),
    "revise-plan": (payload) => revisePlan(w, payload),
    "revoke-grant": (payload) => revokeGrant(w, payload),
    "verify-grant": (payload) => verifyGrant(w, payload),
    "restore-grant": (payload) => restoreGrant(w, payload),
    "check-owner": (payload) => checkOwner(w, payload),
    "hand-over": (payload) => handOver(w, payload),
    "close-case": (payload) => closeCase(w, payload),
    "look-at-kept": (payload) => lookAtKept(w, payload),
    "look-again": (payload) => lookAgain(w, payload),
    notify: (payload) => notifier.notify(payload),
  };
  const listen = async <Q extends QueueName>(queue: Q) => {
    const run = work[queue];
    await boss.work(
      queue,
      { batchSize: 1, localConcurrency: AT_ONCE[queue], pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 5 },
      async ([job]) => {
        const payload = QUEUES[queue].safeParse(job?.data);
        // A job that is not ours in shape was written by somebody else: it moves nothing.
        if (!payload.success) return w.log.error({ queue }, "a job of an unknown shape was left alone");
        await run(payload.data as z.infer<(typeof QUEUES)[Q]>).catch((error: unknown) => {
          w.log.error({ queue, err: error }, "a job failed; the next sweep finds what is due");
        });
      },
    );
  };
  for (const queue of Object.keys(QUEUES) as QueueName[]) await listen(queue);
  return { stop: sweepOften(w, boss, notifier) };
}

function sweepOften(w: Workflow, boss: PgBoss, notifier: Notifier): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let failing = false;
  const often = repeats(w.now);
  const once = async () => {
    try {
      await sweep(w);
      for (const key of await notifier.listDue())
        await boss.send("notify", { key }, { singletonKey: JSON.stringify({ key }) });
      if (failing) w.log.info({}, "the sweep works again");
      failing = false;
    } catch (error) {
      failing = true;
      const unsaid = often(rootMessage(error));
      if (unsaid !== undefined) w.log.warn({ err: error, unsaid }, "the sweep failed and is tried again every second");
    }
  };
  const loop = async () => {
    while (!stopped) {
      running = once();
      await running;
      await new Promise((done) => setTimeout(done, SWEEP_MS).unref());
    }
  };
  void loop();
  return async () => {
    stopped = true;
    await running;
  };
}
