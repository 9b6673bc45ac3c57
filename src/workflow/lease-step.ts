import { randomUUID } from "node:crypto";
import { and, eq, inArray, isNull, lt, or } from "drizzle-orm";
import { type CaseState, stepsRun } from "../core/case.ts";
import type { PlanStep } from "../core/order.ts";
import type { StepState } from "../core/step.ts";
import { lockCase } from "../store/cases.ts";
import { steps } from "../store/schema.ts";
import { findStep, type Step } from "../store/steps.ts";
import { holdStep } from "./hold.ts";
import { mustRun, readActs, unlessPaused } from "./pause.ts";
import { type Said, transition } from "./transition.ts";
import { inTurn } from "./turn.ts";
import { NotVouched, proveNotEnded, proveStep } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** A step that is ours until the lease runs out, and what the log says of it. */
export interface LeasedStep {
  /** As it stands with the lease. */
  readonly step: Step & { readonly lease: string };
  /** From the approved plan, proven. */
  readonly planned: PlanStep;
  /** The entry that approved it. */
  readonly approval: number;
}

/** One kind of act on a step: when it may be taken, what that changes, and the entries before it. */
export interface StepAct {
  /** It changes something on the outside, so that a pause stops it. */
  readonly changes: boolean;
  readonly from: readonly StepState[];
  /** States of the case in which it may be taken; those in which steps run unless told. */
  readonly within?: readonly CaseState[];
  /** What changes in the row besides the lease; the act sees it as well. */
  set(before: Step, now: Date): Partial<Step>;
  started(w: Workflow, before: Step, proven: Omit<LeasedStep, "step">): Said;
  /** Whoever had the lease before died with it. */
  interrupted(before: Step, planned: PlanStep): Said;
}

/** Takes a step when its system has a turn for it. A step that cannot be taken now takes no turn from others. */
export async function stepInTurn(w: Workflow, stepId: string, act: StepAct, work: () => Promise<void>): Promise<void> {
  const step = await w.store.db.transaction((tx) => findStep(tx, stepId));
  if (!step || !act.from.includes(step.state) || (step.nextAt !== null && step.nextAt > w.now())) return;
  await inTurn(w, step.system, work, (tx, at) =>
    tx
      .update(steps)
      .set({ nextAt: at })
      .where(and(eq(steps.id, stepId), inArray(steps.state, [...act.from]), isNull(steps.lease))),
  );
}

/**
 * The entry before the act and the lease on the step, in one commit: without it there is no act. Nothing if the step may not
 * be taken now, or if the log does not vouch for it, which holds it.
 */
export function leaseStep(w: Workflow, stepId: string, act: StepAct): Promise<LeasedStep | undefined> {
  return unlessPaused(() => lease(w, stepId, act));
}

function lease(w: Workflow, stepId: string, act: StepAct): Promise<LeasedStep | undefined> {
  const lease = randomUUID();
  return transition<LeasedStep | undefined>(w, async (tx) => {
    if (act.changes && (await readActs(tx, w)).kind !== "running") return { result: undefined };
    const found = await findStep(tx, stepId);
    const row = found && (await lockCase(tx, found.caseId));
    const before = row && (await findStep(tx, stepId));
    if (!before || !(act.within?.includes(row.state) ?? stepsRun(row.state)) || !act.from.includes(before.state))
      return { result: undefined };
    let proven: Awaited<ReturnType<typeof proveStep>>;
    try {
      proven = await proveStep(tx, w, row, before);
      // What is given back, and read after that, is given back after the end.
      if (!act.within?.includes("closed")) await proveNotEnded(tx, row, before);
    } catch (error) {
      if (error instanceof NotVouched) return holdStep(tx, w, before, error);
      throw error;
    }
    const now = w.now();
    const set = act.set(before, now);
    const taken = await tx
      .update(steps)
      .set({ ...set, lease, leaseUntil: new Date(now.getTime() + w.policy.leaseSeconds * 1000), nextAt: null })
      .where(
        and(
          eq(steps.id, stepId),
          inArray(steps.state, [...act.from]),
          or(isNull(steps.leaseUntil), lt(steps.leaseUntil, now)),
          or(isNull(steps.nextAt), lt(steps.nextAt, new Date(now.getTime() + 1))),
        ),
      )
      .returning({ id: steps.id });
    if (taken.length === 0) return { result: undefined };
    const about = { planned: proven.step, approval: proven.seq };
    return {
      result: { ...about, step: { ...before, ...set, lease } },
      entries: [
        ...(before.lease === null ? [] : [act.interrupted(before, proven.step)]),
        act.started(w, before, about),
      ],
      ...(act.changes ? { seal: (sealing) => mustRun(sealing, w) } : {}),
    };
  });
}
