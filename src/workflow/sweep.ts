import { stepsRun } from "../core/case.ts";
import { listReads, lockCase } from "../store/cases.ts";
import {
  listCasesBetween,
  listDueCases,
  listDueEscalations,
  listDueKept,
  listDueLooks,
  listDueOffers,
  listDueReads,
  listDueReminders,
  listDueRestores,
  listDueSteps,
  listLateSteps,
  listUncheckedOwners,
  listUndecidedPlans,
} from "../store/due.ts";
import { forgetRequests } from "../store/requests.ts";
import { advance } from "./advance.ts";
import { escalate } from "./contain.ts";
import { expireOffer, remindOfWork } from "./decide-offer.ts";
import { settlePlan } from "./decide-plan.ts";
import { expireStep } from "./decide-step.ts";
import { readActs } from "./pause.ts";
import { type Job, sendJobs } from "./queues.ts";
import { afterAnswer } from "./take-inventory.ts";
import { transition } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

/**
 * How long a request is known again, in milliseconds. Chats deliver again within the hour, and what was signed longer ago than
 * five minutes is refused anyhow.
 */
const REMEMBER_MS = 7 * 24 * 3_600_000;
/** So that a sweep after a long stop is no long lock. */
const FORGET_AT_ONCE = 500;

/**
 * Looks what is due and wakes it. Nothing depends on a timer that runs for days or on a job that survives: after a crash,
 * a lost job or a long stop the next sweep finds everything, since due instants and leases stand in the tables.
 */
export async function sweep(w: Workflow): Promise<void> {
  const now = w.now();
  const found = await w.store.db.transaction(async (tx) => ({
    reads: await listDueReads(tx, now),
    steps: await listDueSteps(tx, now),
    restores: await listDueRestores(tx, now),
    late: await listLateSteps(tx, now),
    offers: await listDueOffers(tx, now),
    unchecked: await listUncheckedOwners(tx, now),
    reminders: await listDueReminders(tx, now),
    cases: await listDueCases(tx, now),
    between: await listCasesBetween(tx, now),
    plans: await listUndecidedPlans(tx),
    looks: await listDueLooks(tx, now),
    kept: await listDueKept(tx, now),
    escalations: await listDueEscalations(tx, now),
    acts: await readActs(tx, w),
  }));
  const jobs: Job[] = [
    ...found.reads.map((payload) => ({ queue: "take-inventory", payload }) as const),
    ...found.steps.flatMap(({ id, state }): Job[] => stepJob(id, state)),
    ...found.restores.map(({ id }) => ({ queue: "restore-grant", payload: { stepId: id } }) as const),
    ...found.cases.map(({ id }) => ({ queue: "start-cut", payload: { caseId: id } }) as const),
    ...found.kept.map((payload) => ({ queue: "look-at-kept", payload }) as const),
    ...found.looks.map((payload) => ({ queue: "look-again", payload }) as const),
    ...found.offers.flatMap(({ id, state }): Job[] =>
      isMoving(state) ? [{ queue: "hand-over", payload: { offerId: id } }] : [],
    ),
    ...found.unchecked.flatMap(({ caseId, personId }): Job[] =>
      personId === null ? [] : [{ queue: "check-owner", payload: { caseId, personId } }],
    ),
  ];
  await send(w, jobs);
  for (const { caseId, hash } of found.plans) await settlePlan(w, caseId, hash);
  for (const { id } of found.escalations) await escalate(w, id);
  // While nothing may be done, nothing is late.
  if (found.acts.kind === "running") {
    for (const { id } of found.late) await expireStep(w, id);
    for (const { id, state } of found.offers) if (!isMoving(state)) await expireOffer(w, id);
  }
  for (const { caseId, personId } of found.reminders) if (personId !== null) await remindOfWork(w, caseId, personId);
  for (const { id } of found.between) await goOn(w, id);
  const old = new Date(now.getTime() - REMEMBER_MS);
  await w.store.db.transaction((tx) => forgetRequests(tx, old, FORGET_AT_ONCE));
}

function isMoving(state: string): boolean {
  return state === "accepted" || state === "closing";
}

/** Sends again what a case between two arrows may have lost. */
async function goOn(w: Workflow, caseId: string): Promise<void> {
  await transition<void>(w, async (tx) => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: undefined };
    const steps = stepsRun(row.state) ? await advance(tx, w, row) : [];
    // Nothing is being read in these; a containment's steps go on in the first two.
    if (["planned", "approved", "revoking"].includes(row.state)) return { result: undefined, next: steps };
    const lines = await listReads(tx, caseId, row.round);
    const pending = lines.length === 0 || lines.some(({ state }) => state === "pending");
    return { result: undefined, next: [...steps, ...afterAnswer(row, row.round, pending)] };
  });
}

/** A waiting step is woken by `advance`, which knows what must go before it. */
function stepJob(stepId: string, state: string): Job[] {
  if (state === "revoking") return [{ queue: "revoke-grant", payload: { stepId } }];
  return state === "reading" ? [{ queue: "verify-grant", payload: { stepId } }] : [];
}

async function send(w: Workflow, jobs: readonly Job[]): Promise<void> {
  if (jobs.length > 0) await w.store.db.transaction((tx) => sendJobs(w.boss, tx, jobs));
}
