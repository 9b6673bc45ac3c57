import { randomUUID } from "node:crypto";
import { and, eq, isNull, lt, lte, or } from "drizzle-orm";
import type { Grant } from "../core/access.ts";
import { rootMessage } from "../core/failure.ts";
import { type Case, listPlans, lockCase } from "../store/cases.ts";
import { isKept, type KeptRow, listKept } from "../store/kept.ts";
import type { Tx } from "../store/open.ts";
import { kept } from "../store/schema.ts";
import { callFor } from "./call.ts";
import { proveKept } from "./kept.ts";
import { wantPost, wantThreadPost } from "./notices.ts";
import type { Job } from "./queues.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import { systemOf, type Workflow } from "./workflow.ts";

// A grant that two people agreed to keep has a day. From then on it is looked at and called out until a read shows it gone:
// an exception that nobody remembers is an open door.

interface Due {
  readonly row: KeptRow;
  readonly grant: Grant;
}

/** Looks at what a closed case kept beyond its day, and calls out what is still there. Takes nothing. */
export async function lookAtKept(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  const lease = randomUUID();
  const due = await leaseDue(w, caseId, lease);
  if (due.length === 0) return;
  const started = w.now();
  const seen: (Due & { readonly shown: string })[] = [];
  for (const one of due) seen.push({ ...one, shown: await look(w, one.grant) });
  await settle(w, caseId, lease, started, seen);
}

function leaseDue(w: Workflow, caseId: string, lease: string): Promise<readonly Due[]> {
  return transition<readonly Due[]>(w, async (tx) => {
    const row = await lockCase(tx, caseId);
    if (row?.state !== "closed") return { result: [] };
    const now = w.now();
    await tx
      .update(kept)
      .set({ lease, leaseUntil: new Date(now.getTime() + w.policy.leaseSeconds * 1000) })
      .where(
        and(
          eq(kept.caseId, caseId),
          eq(kept.state, "agreed"),
          lte(kept.nextAt, now),
          or(isNull(kept.leaseUntil), lt(kept.leaseUntil, now)),
        ),
      );
    const due = await listVouched(tx, w, row, lease);
    const entries = due.map(
      ({ grant }): Said => ({ ...about(caseId, grant), action: "exception.lookStarted", outcome: "success" }),
    );
    return { result: due, entries };
  });
}

/** What this lease holds, as far as the log vouches for it: what a foreign row names is not asked for. */
async function listVouched(tx: Tx, w: Workflow, row: Case, lease: string): Promise<readonly Due[]> {
  const held = await tx
    .select({ key: kept.grantKey })
    .from(kept)
    .where(and(eq(kept.caseId, row.id), eq(kept.lease, lease)));
  const keys = new Set(held.map(({ key }) => key));
  const plans = await listPlans(tx, row.id);
  const due: Due[] = [];
  for (const one of await listKept(tx, row.id)) {
    if (!keys.has(one.grantKey)) continue;
    const grant = plans.flatMap(({ plan }) => plan.kept ?? []).find(({ key }) => key === one.grantKey)?.grant;
    try {
      await proveCase(tx, w, row);
      await proveKept(tx, w, row, one);
      if (grant) due.push({ row: one, grant });
    } catch (error) {
      if (!(error instanceof NotVouched)) throw error;
      w.log.error({ case: row.id }, "a kept grant that the log does not vouch for is not looked at");
    }
  }
  return due;
}

/** `absent` is the only answer that ends an exception. */
async function look(w: Workflow, grant: Grant): Promise<string> {
  try {
    using call = callFor(w);
    const reading = await systemOf(w, grant.system).readBack(grant, call);
    return reading.state === "unreadable" ? reading.why : reading.state;
  } catch (error) {
    w.log.info({ system: grant.system, error: String(error) }, "a kept grant could not be read");
    return rootMessage(error);
  }
}

async function settle(
  w: Workflow,
  caseId: string,
  lease: string,
  started: Date,
  seen: readonly (Due & { readonly shown: string })[],
): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: undefined };
    const entries: Said[] = [];
    for (const { row: one, grant, shown } of seen) {
      const gone = shown === "absent";
      const nextAt = gone ? null : new Date(w.now().getTime() + w.policy.keptAlertHours * 3_600_000);
      const moved = await tx
        .update(kept)
        .set({ state: gone ? "ended" : "agreed", shown, alerts: one.alerts + 1, nextAt, lease: null, leaseUntil: null })
        .where(and(isKept(one), eq(kept.lease, lease)))
        .returning({ key: kept.grantKey });
      if (moved.length === 0) continue;
      entries.push({
        ...about(caseId, grant),
        action: gone ? "exception.ended" : "exception.expired",
        outcome: gone ? "success" : "failure",
        act: {
          connector: w.systems.get(grant.system)?.connector ?? "none",
          attempt: one.alerts + 1,
          startedAt: started.toISOString(),
          endedAt: w.now().toISOString(),
          result: gone ? "gone" : "still-kept",
        },
        detail: { key: one.grantKey, owner: one.ownerId, until: one.until.toISOString() },
      });
    }
    return { result: undefined, entries, next: entries.length === 0 ? [] : await alerts(tx, caseId, seen) };
  });
}

/** Each time is a message of its own, since an edited one rings nobody. */
async function alerts(tx: Tx, caseId: string, seen: readonly Due[]): Promise<Job[]> {
  const time = Math.max(...seen.map(({ row }) => row.alerts)) + 1;
  const notice = { kind: "kept", caseId, time } as const;
  const jobs = [await wantThreadPost(tx, caseId, `kept:${caseId}:${time}`, notice)];
  for (const personId of new Set(seen.map(({ row }) => row.ownerId)))
    jobs.push(await wantPost(tx, `kept:${caseId}:${time}:${personId}`, notice, { kind: "person", personId }));
  return jobs;
}

/** Whoever owns a risk learns of it as the case closes, when the departure is known. */
export function tellKeepers(tx: Tx, caseId: string, owners: ReadonlySet<string>): Promise<Job[]> {
  const notice = { kind: "kept", caseId, time: 0 } as const;
  return Promise.all(
    [...owners].map((personId) => wantPost(tx, `kept:${caseId}:0:${personId}`, notice, { kind: "person", personId })),
  );
}

function about(caseId: string, grant: Grant): Pick<Said, "target" | "case"> {
  return { target: { kind: "grant", id: grant.id, system: grant.system, account: grant.account }, case: caseId };
}
