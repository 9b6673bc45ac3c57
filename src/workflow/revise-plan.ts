import { and, eq } from "drizzle-orm";
import { grantKey } from "../core/access.ts";
import { proposePlan as makePlan, mayGoAlong } from "../core/plan.ts";
import { type Case, lockCase, type Read } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, plans } from "../store/schema.ts";
import { addSteps, advance } from "./advance.ts";
import { wantCasePosts, wantThreadPost } from "./notices.ts";
import { mayBeKnown, wantOffers } from "./offer-work.ts";
import { planFacts, proposed, savePlan, seenBy } from "./propose-plan.ts";
import { approvedBase, listProvenPlans } from "./proven-plans.ts";
import { listFreshReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { tellHeirs } from "./settle-breaks.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { hashOf } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** After the read right before the cut: starts the approved steps, and takes along or asks about what appeared since. */
export async function revisePlan(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const locked = await lockCase(tx, caseId);
    if (locked?.state !== "rechecking") return { result: undefined };
    const lines = await listFreshReads(tx, w, caseId, "before-cut");
    if (lines.some(({ state }) => state === "pending")) return { result: undefined };
    await tx.update(cases).set({ state: "revoking" }).where(eq(cases.id, caseId));
    const row: Case = { ...locked, state: "revoking" };
    const next: Job[] = [];
    for (const found of await listProvenPlans(tx, w, caseId)) {
      if (found.state === "approved") next.push(...(await addSteps(tx, w, row, found)));
    }
    const added = await takeWhatAppeared(tx, w, row, lines);
    next.push(...added.next, ...(await wantOffers(tx, w, row)), ...(await wantCasePosts(tx, row)));
    if (mayBeKnown(row)) next.push(...(await tellHeirs(tx, caseId)));
    // A plan without a step is over at once.
    next.push(...(await advance(tx, w, row)));
    return { result: undefined, next, entries: added.entries, seal: added.seal };
  });
}

/** Entries, jobs and rows for grants that no plan of the case holds yet. Used before the cut and at the closing inventory. */
export async function takeWhatAppeared(
  tx: Tx,
  w: Workflow,
  row: Case,
  lines: readonly Read[],
): Promise<{
  entries: Said[];
  next: Job[];
  appeared: number;
  seal: (tx: Tx, seqs: readonly number[]) => Promise<void>;
}> {
  const known = await listProvenPlans(tx, w, row.id);
  // What a rejected full plan held stays, whatever a containment took before.
  const containing =
    row.mode === "contain" && !known.some(({ scope, state }) => scope === "full" && state === "approved");
  const decided = known.filter(
    ({ scope, state }) =>
      state === "approved" || state === "rejected" || (scope === "addition" && state === "proposed"),
  );
  const held = new Set(decided.flatMap(({ plan }) => [...plan.steps, ...(plan.kept ?? [])].map(({ key }) => key)));
  const base = approvedBase(known);
  const fresh = containing ? [] : lines.flatMap(({ grants }) => grants).filter((grant) => !held.has(grantKey(grant)));
  const along = fresh.filter((grant) => w.policy.appearedSince === "take-along" && mayGoAlong(grant));
  const asked = fresh.filter((grant) => !along.includes(grant));
  const entries: Said[] = [];
  const next: Job[] = [];
  const sealed: { revision: number; approved: boolean }[] = [];
  let revision = row.revision;
  for (const [grants, approved] of [
    [along, true],
    [asked, false],
  ] as const) {
    if (grants.length === 0 || !base) continue;
    const wanted = new Set(grants.map(grantKey));
    const part = lines.map((line) => ({
      ...seenBy(w, line),
      grants: line.grants.filter((grant) => wanted.has(grantKey(grant))),
    }));
    const plan = makePlan(planFacts({ ...row, revision }, "addition", held), part);
    revision = plan.revision;
    const saved = await savePlan(tx, w, plan, approved ? "approved" : "proposed");
    const entry = proposed(plan, saved.hash, approved ? "plan.extended" : "plan.proposed");
    entries.push({ ...entry, detail: { ...entry.detail, base: base.approvedSeq } });
    sealed.push({ revision, approved });
    if (approved) next.push(...(await addSteps(tx, w, row, { plan, hash: hashOf(saved.body), revision })));
    const notice = { kind: "addition", caseId: row.id, revision } as const;
    next.push(await wantThreadPost(tx, row.id, `addition:${row.id}:${revision}`, notice));
  }
  if (revision !== row.revision) await tx.update(cases).set({ revision }).where(eq(cases.id, row.id));
  return {
    entries,
    next,
    appeared: fresh.length,
    seal: async (sealing, seqs) => {
      for (const [at, { revision: of, approved }] of sealed.entries()) {
        const seq = seqs[at] ?? -1;
        await sealing
          .update(plans)
          .set(approved ? { proposedSeq: seq, approvedSeq: seq } : { proposedSeq: seq })
          .where(and(eq(plans.caseId, row.id), eq(plans.revision, of)));
      }
    },
  };
}
