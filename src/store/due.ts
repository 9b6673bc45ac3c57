import { and, eq, exists, inArray, isNotNull, isNull, lt, lte, not, notInArray, or, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { CASE_STATES, stepsRun } from "../core/case.ts";
import { isSettled, STEP_STATES } from "../core/step.ts";
import type { Tx } from "./open.ts";
import { cases, decisions, kept, looks, offers, plans, reads, steps } from "./schema.ts";

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

/** Offers to move or to close, and open ones whose deadline passed. */
export function listDueOffers(tx: Tx, now: Date) {
  return tx
    .select({ id: offers.id, state: offers.state })
    .from(offers)
    .where(
      or(
        and(inArray(offers.state, ["accepted", "closing"]), due(offers.nextAt, now), free(offers.leaseUntil, now)),
        and(
          inArray(offers.state, ["offered", "failed", "rotating"]),
          isNotNull(offers.deadlineAt),
          lte(offers.deadlineAt, now),
        ),
      ),
    )
    .limit(LIMIT);
}

/** Whose work was not looked at: whether they can receive it. A job does it at once, so what is still so was lost. */
export function listUncheckedOwners(tx: Tx, now: Date) {
  const lost = new Date(now.getTime() - 30_000);
  return tx
    .selectDistinct({ caseId: offers.caseId, personId: offers.toId })
    .from(offers)
    .where(
      and(eq(offers.state, "offered"), isNull(offers.checkedAt), isNotNull(offers.toId), lte(offers.offeredAt, lost)),
    )
    .limit(LIMIT);
}

/** Who is to be reminded of work of a case. */
export function listDueReminders(tx: Tx, now: Date) {
  return tx
    .selectDistinct({ caseId: offers.caseId, personId: offers.toId })
    .from(offers)
    .where(and(eq(offers.state, "offered"), isNotNull(offers.remindAt), lte(offers.remindAt, now)))
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

/**
 * Cases between two arrows, of which only the job that goes on may have been lost: a step may run or every one has ended, or
 * every system of the round has answered. One that waits for a human or for a system's answer is left alone, so that a sweep
 * locks nothing in it.
 */
export function listCasesBetween(tx: Tx, now: Date) {
  const ended = STEP_STATES.filter(isSettled);
  const own = eq(steps.caseId, cases.id);
  const runs = and(own, eq(steps.state, "waiting"), due(steps.nextAt, now));
  const open = and(own, notInArray(steps.state, ended));
  const ofRound = and(eq(reads.caseId, cases.id), eq(reads.round, cases.round));
  const some = (where: SQL | undefined) => exists(tx.select({ one: sql`1` }).from(steps).where(where));
  const line = (where: SQL | undefined) => exists(tx.select({ one: sql`1` }).from(reads).where(where));
  const answered = and(line(ofRound), not(line(and(ofRound, eq(reads.state, "pending")))));
  const waitsForWord = exists(
    tx
      .select({ one: sql`1` })
      .from(plans)
      .where(and(eq(plans.caseId, cases.id), eq(plans.scope, "addition"), eq(plans.state, "proposed"))),
  );
  const asked = exists(
    tx
      .select({ one: sql`1` })
      .from(plans)
      .where(and(eq(plans.caseId, cases.id), eq(plans.scope, "contain"))),
  );
  return tx
    .select({ id: cases.id, state: cases.state, round: cases.round })
    .from(cases)
    .where(
      or(
        and(inArray(cases.state, CASE_STATES.filter(stepsRun)), some(runs)),
        and(inArray(cases.state, ["revoking", "containing"]), not(some(open)), not(waitsForWord)),
        // A containment is asked for before anything has answered; then it waits for a person.
        and(eq(cases.state, "opened"), eq(cases.mode, "contain"), not(asked)),
        and(eq(cases.state, "opened"), eq(cases.mode, "orderly"), answered),
        and(inArray(cases.state, ["containing", "rechecking", "closing"]), answered),
      ),
    )
    .limit(LIMIT);
}

/** Cases with a grant that was kept beyond its day. */
export function listDueKept(tx: Tx, now: Date) {
  return tx
    .selectDistinct({ caseId: kept.caseId })
    .from(kept)
    .where(and(eq(kept.state, "agreed"), isNotNull(kept.nextAt), lte(kept.nextAt, now), free(kept.leaseUntil, now)))
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

/** Plans that may have all their decisions and wait only for the consequence. One nobody decided on waits for people. */
export function listUndecidedPlans(tx: Tx) {
  return tx
    .selectDistinct({ caseId: plans.caseId, hash: plans.hash })
    .from(plans)
    .innerJoin(decisions, and(eq(decisions.caseId, plans.caseId), eq(decisions.planHash, plans.hash)))
    .where(eq(plans.state, "proposed"))
    .limit(LIMIT);
}

function due(column: PgColumn, now: Date): SQL | undefined {
  return or(isNull(column), lte(column, now));
}

function free(column: PgColumn, now: Date): SQL | undefined {
  return or(isNull(column), lt(column, now));
}
