import { and, count, eq, lte } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { limits, turns } from "./schema.ts";

// One limit of calls a system, shared by every case and every replica: the row of the system is its lock, held for the few
// statements that take a turn and never while a system is called.

/** How many calls a system takes: at once, and started within a minute. */
export interface CallLimit {
  readonly concurrent?: number;
  readonly perMinute?: number;
}

/** A turn, or when to ask again: `busy` if others are calling, `wait` if the system or its limit says when. */
export type Turn = { readonly kind: "turn" } | { readonly kind: "busy" | "wait"; readonly at: Date };

const Row = z.object({ pausedUntil: z.date().nullable(), calls: z.number(), countedAt: z.date() });

/** Takes a turn under `id`, which ends by itself at `until` in case its holder dies. */
export async function takeTurn(
  tx: Tx,
  { system, limit, id, now, until }: { system: string; limit: CallLimit; id: string; now: Date; until: Date },
): Promise<Turn> {
  await tx
    .insert(limits)
    .values({ system, calls: limit.perMinute ?? 0, countedAt: now })
    .onConflictDoNothing();
  const [found] = await tx.select().from(limits).where(eq(limits.system, system)).for("update");
  const row = Row.parse(found);
  if (row.pausedUntil !== null && row.pausedUntil > now) return { kind: "wait", at: row.pausedUntil };
  if (limit.concurrent !== undefined) {
    await tx.delete(turns).where(and(eq(turns.system, system), lte(turns.until, now)));
    const [taken] = await tx.select({ of: count() }).from(turns).where(eq(turns.system, system));
    if ((taken?.of ?? 0) >= limit.concurrent) return { kind: "busy", at: new Date(now.getTime() + 1000) };
  }
  if (limit.perMinute !== undefined) {
    // A bucket that fills evenly: a minute's worth at most, however long nobody called.
    const filled = ((now.getTime() - row.countedAt.getTime()) / 60_000) * limit.perMinute;
    const calls = Math.min(limit.perMinute, row.calls + Math.max(0, filled));
    if (calls < 1)
      return { kind: "wait", at: new Date(now.getTime() + Math.ceil(((1 - calls) / limit.perMinute) * 60_000)) };
    await tx
      .update(limits)
      .set({ calls: calls - 1, countedAt: now })
      .where(eq(limits.system, system));
  }
  if (limit.concurrent !== undefined) await tx.insert(turns).values({ id, system, until });
  return { kind: "turn" };
}

/** Gives a turn back. */
export async function endTurn(tx: Tx, id: string): Promise<void> {
  await tx.delete(turns).where(eq(turns.id, id));
}

/** The system asked us to wait: nobody calls it before that, whatever case or replica they are of. */
export async function pauseSystem(tx: Tx, system: string, until: Date, now: Date): Promise<void> {
  await tx.insert(limits).values({ system, calls: 0, countedAt: now, pausedUntil: until }).onConflictDoNothing();
  const [found] = await tx.select().from(limits).where(eq(limits.system, system)).for("update");
  const { pausedUntil } = Row.parse(found);
  if (pausedUntil === null || pausedUntil < until)
    await tx.update(limits).set({ pausedUntil: until }).where(eq(limits.system, system));
}
