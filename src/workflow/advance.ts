import { createHash } from "node:crypto";
import { eq } from "drizzle-orm";
import { mayMove, stepsRun } from "../core/case.ts";
import type { PlanStep } from "../core/order.ts";
import { isSettled } from "../core/step.ts";
import { type Case, listPlans, type PlanRow } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, steps } from "../store/schema.ts";
import { listSteps, type Step } from "../store/steps.ts";
import { wantCasePosts } from "./notices.ts";
import { offersSettled } from "./offer-work.ts";
import { wantReads } from "./open-case.ts";
import type { Job } from "./queues.ts";
import type { Change } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

/** Makes the steps of an approved plan and starts those that wait for nothing. */
export async function addSteps(
  tx: Tx,
  w: Workflow,
  row: Case,
  found: Pick<PlanRow, "plan" | "hash" | "revision">,
): Promise<Job[]> {
  // What is done by hand has the deadline that its owner was given. What is final waits for all other steps, and then for
  // the offers, before its own time begins.
  const hours = ({ system, stage }: PlanStep["grant"]) =>
    w.systems.get(system)?.manual?.dueHours ??
    (stage === "final" ? 2 * w.policy.stepDeadlineHours + w.policy.offerDeadlineHours : w.policy.stepDeadlineHours);
  const values = found.plan.steps.map((step) => ({
    id: stepId(row.id, step.key),
    caseId: row.id,
    system: step.grant.system,
    grantKey: step.key,
    revision: found.revision,
    planHash: found.hash,
    position: step.position,
    state: "waiting",
    deadlineAt: new Date(w.now().getTime() + hours(step.grant) * 3_600_000),
  }));
  if (values.length > 0) await tx.insert(steps).values(values).onConflictDoNothing();
  return advance(tx, w, row);
}

/**
 * What a case does next, given where its steps stand. Called under the case's lock by every transition that settles a
 * step, so that of two that settle at once the later one sees the earlier.
 */
export async function advance(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  if (!stepsRun(row.state)) return [];
  const all = await listSteps(tx, row.id);
  const plans = await listPlans(tx, row.id);
  const planned = plannedSteps(plans);
  const finals = all.filter((step) => isWaitingFinal(step, planned));
  const others = all.filter((step) => !finals.includes(step));
  const running = (await mayEnd(tx, row, others)) ? all : others;
  const jobs = runnable(running, all, planned, w.now());
  const settled = running.every(({ state }) => isSettled(state));
  // Once the last of a containment has ended, nothing may be left to plan.
  if (row.state === "containing" && settled) return [...jobs, { queue: "propose-plan", payload: { caseId: row.id } }];
  if (row.state !== "revoking") return jobs;
  const asking = plans.some(({ scope, state }) => scope === "addition" && state === "proposed");
  if (asking || !settled) return jobs;
  return [...((await startClosing(tx, w, row)).next ?? [])];
}

/** What is final runs once a closing inventory found the rest gone, and every offer has ended: then nothing is undone. */
async function mayEnd(tx: Tx, row: Case, others: readonly Step[]): Promise<boolean> {
  return row.round === "closing" && others.every(({ state }) => isSettled(state)) && (await offersSettled(tx, row.id));
}

/** Everything is read once more: a case closes only on that. */
export async function startClosing(tx: Tx, w: Workflow, row: Case): Promise<Change<undefined>> {
  if (!mayMove(row.state, "closing")) return { result: undefined };
  const closeBy = row.closeBy ?? new Date(w.now().getTime() + w.policy.stepDeadlineHours * 3_600_000);
  await tx.update(cases).set({ state: "closing", round: "closing", closeBy, wakeAt: null }).where(eq(cases.id, row.id));
  return {
    result: undefined,
    next: [...(await wantReads(tx, w, row.id, "closing")), ...(await wantCasePosts(tx, row))],
  };
}

/**
 * How many steps of one system are woken at once. Each that ends wakes the next, and so does the sweep: to wake five hundred each
 * time that one ends would be a quarter of a million jobs.
 */
const AWAKE = 8;

/** Steps that may run now: waiting, and nothing that must go before them still holds them up. */
function runnable(of: readonly Step[], all: readonly Step[], planned: ReadonlyMap<string, PlanStep>, now: Date): Job[] {
  const byKey = new Map(all.map((step) => [step.grantKey, step]));
  const isFirst = (step: Step) => planned.get(step.grantKey)?.grant.place?.at === "first";
  // A system that asks to wait, or fails once, must not keep access open in all the others.
  const stuck = new Set(
    all.filter((step) => isFirst(step) && moves(step) && isPutOff(step)).map(({ system }) => system),
  );
  const holdsUp = (step: Step, before: Step) =>
    before.system === step.system || !isFirst(before)
      ? moves(before)
      : ["waiting", "revoking"].includes(before.state) && !stuck.has(before.system);
  const awake = new Map<string, number>();
  return of
    .filter((step) => step.state === "waiting" && (step.nextAt === null || step.nextAt <= now))
    .filter((step) =>
      (planned.get(step.grantKey)?.after ?? []).every((key) => {
        const before = byKey.get(key);
        return before === undefined || !holdsUp(step, before);
      }),
    )
    .filter(({ system }) => {
      const before = awake.get(system) ?? 0;
      awake.set(system, before + 1);
      return before < AWAKE;
    })
    .map((step) => ({ queue: "revoke-grant", payload: { stepId: step.id } }));
}

/** Says whether something final still waits for the end of this case. */
export async function waitsForEnd(tx: Tx, caseId: string): Promise<boolean> {
  const planned = plannedSteps(await listPlans(tx, caseId));
  return (await listSteps(tx, caseId)).some((step) => isWaitingFinal(step, planned));
}

function isWaitingFinal(step: Step, planned: ReadonlyMap<string, PlanStep>): boolean {
  return step.state === "waiting" && planned.get(step.grantKey)?.grant.stage === "final";
}

function plannedSteps(plans: readonly PlanRow[]): ReadonlyMap<string, PlanStep> {
  const planned = new Map<string, PlanStep>();
  for (const { plan } of plans) for (const step of plan.steps) if (!planned.has(step.key)) planned.set(step.key, step);
  return planned;
}

/** A failed predecessor is not waited for: one stuck grant must not protect the others. */
function moves(step: Step): boolean {
  return ["waiting", "revoking", "reading"].includes(step.state);
}

/** It failed, or was told to come again later. */
function isPutOff({ failure, nextAt }: Step): boolean {
  return failure !== null || nextAt !== null;
}

/** The step's unique key: one a case and grant. */
function stepId(caseId: string, grantKey: string): string {
  return `${caseId}-${createHash("sha256").update(grantKey).digest("hex").slice(0, 20)}`;
}
