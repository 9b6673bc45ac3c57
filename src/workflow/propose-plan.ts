import { isDeepStrictEqual } from "node:util";
import { and, eq } from "drizzle-orm";
import { canonicalBytes } from "../audit/canonical.ts";
import { mayMove } from "../core/case.ts";
import { PlanCycle } from "../core/order.ts";
import { proposePlan as makePlan, type Plan, type PlanFor, type SystemRead } from "../core/plan.ts";
import { isSettled } from "../core/step.ts";
import { type Case, listPlans, listStepKeys, lockCase, type Read } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, plans } from "../store/schema.ts";
import { listSteps } from "../store/steps.ts";
import { startClosing } from "./advance.ts";
import { holdCase } from "./hold.ts";
import { listProvenKept } from "./kept.ts";
import { wantCasePosts } from "./notices.ts";
import { listFreshReads } from "./proven-reads.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { hashOf, NotVouched, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * 3 Makes a plan of what the inventory showed. Asked again (an account was named, a system answered at last), it replaces
 * the plan that waits: an approval of the older one then counts for nothing, since it is bound to its hash.
 */
export async function proposePlan(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    // An approved plan is only replaced when its case's time is moved, which does it itself.
    if (!row || row.state === "approved" || !mayMove(row.state, "planned")) return { result: undefined };
    try {
      await proveCase(tx, w, row);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    return proposeNow(tx, w, row);
  });
}

/** The same within a transition that holds the case's lock. */
export async function proposeNow(tx: Tx, w: Workflow, row: Case): Promise<Change<undefined>> {
  const known = await listPlans(tx, row.id);
  // A containment is decided first; the full plan follows as soon as every system has answered.
  const contained = known.some(({ scope, state }) => scope === "contain" && state === "approved");
  if (row.mode === "contain" && !contained) return { result: undefined };
  const lines = await listFreshReads(tx, w, row.id, row.round);
  if (lines.length === 0 || lines.some(({ state }) => state === "pending")) return { result: undefined };
  const done = await listStepKeys(tx, row.id);
  const seen = inAnOrder(
    row,
    lines.map((line) => seenBy(w, line)),
  );
  const kept = await listProvenKept(tx, w, row);
  const plan = makePlan({ ...planFacts(row, "full", done), kept }, seen);
  // The containment took all there is: nothing is left to approve.
  if (contained && plan.steps.length === 0 && plan.gaps.length === 0)
    return (await isIdle(tx, row.id)) ? startClosing(tx, w, row) : { result: undefined };
  // Asked twice about the same picture: a new revision would make approvals of the one that is shown count for nothing.
  const waiting = known.find(({ state }) => state === "proposed");
  if (waiting && isDeepStrictEqual({ ...waiting.plan, revision: plan.revision }, plan)) return { result: undefined };
  await tx
    .update(plans)
    .set({ state: "superseded" })
    .where(and(eq(plans.caseId, row.id), eq(plans.state, "proposed")));
  const saved = await savePlan(tx, w, plan, "proposed");
  await tx
    .update(cases)
    .set({ state: "planned", revision: plan.revision, wakeAt: row.dueAt })
    .where(eq(cases.id, row.id));
  return {
    result: undefined,
    entries: [proposed(plan, saved.hash, "plan.proposed")],
    next: await wantCasePosts(tx, row),
    seal: async (sealing, [seq]) => {
      await sealing
        .update(plans)
        .set({ proposedSeq: seq ?? -1 })
        .where(and(eq(plans.caseId, row.id), eq(plans.revision, plan.revision)));
    },
  };
}

/** Whether no step of the case moves any more. */
async function isIdle(tx: Tx, caseId: string): Promise<boolean> {
  return (await listSteps(tx, caseId)).every(({ state }) => isSettled(state));
}

/** A system whose grants contradict each other in order counts as not read: a gap with its reason, and never a stuck case. */
export function inAnOrder(row: Case, seen: readonly SystemRead[]): readonly SystemRead[] {
  try {
    makePlan(planFacts(row, "full", new Set()), seen);
    return seen;
  } catch (error) {
    if (!(error instanceof PlanCycle)) throw error;
    const without = seen.map(
      (read): SystemRead =>
        error.systems.includes(read.system) ? { ...read, state: "failed", grants: [], failure: error.message } : read,
    );
    // There may be another circle in what is left.
    return inAnOrder(row, without);
  }
}

/** Facts of a case for its next plan, with what earlier plans hold already. */
export function planFacts(row: Case, scope: PlanFor["scope"], done: ReadonlySet<string>): PlanFor {
  return { ...caseFacts(row), scope, done };
}

/** What every plan says of its case. */
export function caseFacts(row: Case): Omit<PlanFor, "scope" | "done"> {
  return {
    caseId: row.id,
    revision: row.revision + 1,
    leaver: row.leaverId,
    requester: row.requesterId,
    dueAt: row.dueAt,
    kind: row.kind,
    mode: row.mode,
  };
}

/** Writes a plan's row; its number in the log is sealed by the caller. */
export async function savePlan(
  tx: Tx,
  w: Workflow,
  plan: Plan,
  state: "proposed" | "approved",
): Promise<{ body: string; hash: string }> {
  const body = new TextDecoder().decode(canonicalBytes(plan));
  const hash = hashOf(body);
  await tx.insert(plans).values({
    caseId: plan.caseId,
    revision: plan.revision,
    scope: plan.scope,
    state,
    body,
    hash,
    proposedAt: w.now(),
    proposedSeq: -1,
  });
  return { body, hash };
}

/** The entry of a plan: its hash and what it holds, in numbers and ids. */
export function proposed(plan: Plan, hash: string, action: "plan.proposed" | "plan.extended"): Said {
  return {
    action,
    outcome: "success",
    target: { kind: "plan", id: hash },
    case: plan.caseId,
    detail: {
      hash,
      revision: plan.revision,
      scope: plan.scope,
      steps: plan.steps.map(({ key }) => key),
      gaps: plan.gaps.map(({ system, what }) => ({ system, what })),
      blind: plan.blind.map(({ system, what }) => ({ system, what })),
      ...(plan.kept ? { kept: plan.kept.map(({ key, owner, until, agreed }) => ({ key, owner, until, agreed })) } : {}),
      approvals: plan.approvals,
      dueAt: plan.dueAt,
    },
  };
}

/** A line of the inventory as the core reads it. */
export function seenBy(w: Workflow, line: Read): SystemRead {
  const system = w.systems.get(line.system);
  return {
    system: line.system,
    title: system?.title ?? line.system,
    state: line.state === "pending" ? "failed" : line.state,
    accounts: line.accounts,
    grants: line.grants,
    work: line.work,
    sight: line.sight ?? system?.sight ?? { kind: "full" },
    ...(line.failure === null ? {} : { failure: line.failure }),
    ...(system?.manual ? { manual: system.manual } : {}),
  };
}
