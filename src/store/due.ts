import { and, eq, inArray, isNotNull, isNull, lt, lte, or, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { CASE_STATES, stepsRun } from "../core/case.ts";
import type { Tx } from "./open.ts";
import { cases, looks, offers, plans, reads, steps } from "./schema.ts";

// What is due, whoever forgot it: a job that was lost, a process that died, a wake that was never sent.

const LIMIT = 200;

/** Reads that may be taken now. */
export function listDueReads(tx: Tx, now: Date) {
  return tx
    .select({ caseId: reads.caseId, system: reads.system, round: reads.round })
    .from(reads)
    .innerJoin(cases, eq(cases.id, reads.caseId))
    .where(
      and(
        eq(reads.state, "pending"),
        eq(reads.round, cases.round),
        inArray(cases.state, ["opened", "containing", "planned", "rechecking", "closing"]),
        due(reads.nextAt, now),
        free(reads.leaseUntil, now),
      ),
    )
    .limit(LIMIT);
}

/** Steps of running cases that may be taken now. Which of the waiting ones may run is for `advance` to say. */
export function listDueSteps(tx: Tx, now: Date) {
  return tx
    .select({ id: steps.id, caseId: steps.caseId, state: steps.state })
    .from(steps)
    .innerJoin(cases, eq(cases.id, steps.caseId))
    .where(
      and(
        inArray(steps.state, ["waiting", "revoking", "reading"]),
        inArray(cases.state, CASE_STATES.filter(stepsRun)),
        due(steps.nextAt, now),
        free(steps.leaseUntil, now),
      ),
    )
    .limit(LIMIT);
}

/** Grants that are being given back and may be taken now. */
export function listDueRestores(tx: Tx, now: Date) {
  return tx
    .select({ id: steps.id })
    .from(steps)
    .where(and(eq(steps.state, "giving-back"), due(steps.nextAt, now), free(steps.leaseUntil, now)))
    .limit(LIMIT);
}

/** Steps whose deadline passed without proof. */
export function listLateSteps(tx: Tx, now: Date) {
  return tx
    .select({ id: steps.id })
    .from(steps)
    .where(
      and(
        inArray(steps.state, ["waiting", "revoking", "reading", "by-hand", "attention", "attesting"]),
        lte(steps.deadlineAt, now),
      ),
    )
    .limit(LIMIT);
}

/** Accepted offers to move, and open ones whose deadline passed. */
export function listDueOffers(tx: Tx, now: Date) {
  return tx
    .select({ id: offers.id, state: offers.state })
    .from(offers)
    .where(
      or(
        and(eq(offers.state, "accepted"), due(offers.nextAt, now), free(offers.leaseUntil, now)),
        and(inArray(offers.state, ["offered", "failed"]), isNotNull(offers.deadlineAt), lte(offers.deadlineAt, now)),
      ),
    )
    .limit(LIMIT);
}

/** Systems to be looked at again after their case was closed. */
export function listDueLooks(tx: Tx, now: Date) {
  return tx
    .select({ caseId: looks.caseId, system: looks.system })
    .from(looks)
    .where(and(eq(looks.state, "waiting"), due(looks.nextAt, now), free(looks.leaseUntil, now)))
    .limit(LIMIT);
}

/** Cases whose instant has come. */
export function listDueCases(tx: Tx, now: Date) {
  return tx
    .select({ id: cases.id })
    .from(cases)
    .where(and(inArray(cases.state, ["approved", "planned"]), isNotNull(cases.wakeAt), lte(cases.wakeAt, now)))
    .limit(LIMIT);
}

/** Cases between two arrows: everything of a state is there, and only the job that goes on may have been lost. */
export function listCasesBetween(tx: Tx) {
  return tx
    .select({ id: cases.id, state: cases.state, round: cases.round })
    .from(cases)
    .where(inArray(cases.state, ["opened", "containing", "rechecking", "revoking", "closing"]))
    .limit(LIMIT);
}

/** Containments that wait for their approval and are to be called out again. */
export function listDueEscalations(tx: Tx, now: Date) {
  return tx
    .select({ id: cases.id })
    .from(cases)
    .where(and(eq(cases.state, "opened"), isNotNull(cases.escalateAt), lte(cases.escalateAt, now)))
    .limit(LIMIT);
}

/** Plans that may have all their decisions and wait only for the consequence. */
export function listUndecidedPlans(tx: Tx) {
  return tx
    .select({ caseId: plans.caseId, hash: plans.hash })
    .from(plans)
    .where(eq(plans.state, "proposed"))
    .limit(LIMIT);
}

function due(column: PgColumn, now: Date): SQL | undefined {
  return or(isNull(column), lte(column, now));
}

function free(column: PgColumn, now: Date): SQL | undefined {
  return or(isNull(column), lt(column, now));
}
