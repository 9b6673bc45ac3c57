import { randomUUID } from "node:crypto";
import type { Limit } from "../../connectors/connector.ts";
import type { Tx } from "../store/open.ts";
import { endTurn, pauseSystem, type Turn, takeTurn } from "../store/turns.ts";
import { failureOf } from "./recover.ts";
import type { Workflow } from "./workflow.ts";

/** How long a worker waits for others to end their call before it lets go of the job, in milliseconds, and how often it looks. */
const PATIENCE_MS = 1000;
const LOOK_MS = 50;

/**
 * Runs work that calls a system, when it is its turn: the limit that the connector declares holds for all cases and replicas.
 * Otherwise `putOff` notes when to come again, and no attempt is counted.
 */
export async function inTurn(
  w: Workflow,
  systemId: string,
  work: () => Promise<void>,
  putOff: (tx: Tx, at: Date) => Promise<unknown>,
): Promise<void> {
  const id = randomUUID();
  const turn = await waitForTurn(w, systemId, id);
  if (turn.kind !== "turn") {
    await w.store.db.transaction((tx) => putOff(tx, turn.at));
    return;
  }
  try {
    await work();
  } finally {
    if (w.systems.get(systemId)?.limit?.concurrent !== undefined) await w.store.db.transaction((tx) => endTurn(tx, id));
  }
}

/** A system that says when to come again says it to everybody. Anything else is none of this one's business. */
export async function heedLimit(w: Workflow, systemId: string, cause: unknown): Promise<void> {
  const failure = failureOf(cause);
  if (failure.code !== "rate-limited") return;
  await w.store.db.transaction((tx) => pauseSystem(tx, limitOf(w, systemId).of, failure.retryAt, w.now()));
}

/** Where several systems share one credential, its account is what the vendor counts by. */
function limitOf(w: Workflow, system: string): { readonly of: string; readonly limit: Limit } {
  const limit = w.systems.get(system)?.limit ?? {};
  return { of: limit.of ?? system, limit };
}

async function waitForTurn(w: Workflow, system: string, id: string): Promise<Turn> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const now = w.now();
    // A little longer than a call may take: whoever still has it then has ended.
    const until = new Date(now.getTime() + (w.policy.callSeconds + 5) * 1000);
    const { of, limit } = limitOf(w, system);
    const turn = await w.store.db.transaction((tx) => takeTurn(tx, { system: of, limit, id, now, until }));
    if (turn.kind !== "busy" || waited >= PATIENCE_MS) return turn;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}
