import { asc, inArray, lt } from "drizzle-orm";
import type { Tx } from "./open.ts";
import { requests } from "./schema.ts";

/** Forgets at most `limit` of the requests that were taken before an instant, oldest first. */
export async function forgetRequests(tx: Tx, before: Date, limit: number): Promise<void> {
  // Replicas sweep at the same time: what another one is forgetting is left to it.
  const old = tx
    .select({ id: requests.id })
    .from(requests)
    .where(lt(requests.at, before))
    .orderBy(asc(requests.at))
    .limit(limit)
    .for("update", { skipLocked: true });
  await tx.delete(requests).where(inArray(requests.id, old));
}
