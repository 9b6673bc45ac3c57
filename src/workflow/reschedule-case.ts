import { and, eq, inArray } from "drizzle-orm";
import { z } from "zod";
import { approvalHolds, mayReschedule } from "../core/case.ts";
import { type Case, findCase, listDecisions, listPlans, listStepKeys, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, plans } from "../store/schema.ts";
import { ask, byPerson, type Denied, denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { wantCasePosts, wantPost, wantThreadPost } from "./notices.ts";
import { proposeNow } from "./propose-plan.ts";
import type { Job } from "./queues.ts";
import type { Change } from "./transition.ts";
import { NotVouched, proveCase, proveDue } from "./vouched.ts";
import { readDue, type When } from "./when.ts";
import type { Workflow } from "./workflow.ts";

/** What became of the approvals: `void` ones are asked for again, with a new plan. */
export const Approvals = z.enum(["kept", "void", "none"]);
export type Approvals = z.infer<typeof Approvals>;

export type NotRescheduled =
  | { readonly kind: "bad-time"; readonly fault: string }
  /** The cut started, or the case is a containment, which has no time of its own. */
  | { readonly kind: "too-late"; readonly state: Case["state"] }
  | { readonly kind: "at-once" }
  | { readonly kind: "not-vouched" };

export type Reschedulable = {
  readonly kind: "ready";
  readonly caseId: string;
  readonly dueAt: Date;
  readonly zone: string;
};
export type Rescheduled = Move & { readonly kind: "rescheduled" };

/** Says whether who asks may move this case, and when it is due, before a dialog is opened. Writes nothing but refusals. */
export function checkReschedule(
  w: Workflow,
  request: Request,
  caseId: string,
): Promise<Reschedulable | NotRescheduled | Refusal> {
  return ask<Reschedulable | NotRescheduled | Refusal>(w, request, async (tx, asker) => {
    const row = await findCase(tx, caseId);
    if (!row) return denied(asker, "reschedule-case", null) ?? { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "reschedule-case", row);
    if (no) return no;
    return { result: (await notNow(tx, row)) ?? { kind: "ready", caseId, dueAt: row.dueAt, zone: row.dueZone } };
  });
}

/**
 * Moves the instant at which access ends, as long as nothing was cut. Approvals were given for a time: they count on for a
 * later one as long as the policy says, and never for an earlier one, for which a new plan is proposed at once.
 */
export function rescheduleCase(
  w: Workflow,
  request: Request,
  caseId: string,
  when: When,
): Promise<Rescheduled | NotRescheduled | Refusal> {
  type Answer = Rescheduled | NotRescheduled | Refusal;
  return ask<Answer>(w, request, async (tx, asker): Promise<Change<Answer> | Denied> => {
    const row = await lockCase(tx, caseId);
    if (!row) return denied(asker, "reschedule-case", null) ?? { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "reschedule-case", row);
    if (no) return no;
    const not = await notNow(tx, row);
    if (not) return { result: not };
    const due = readDue(when, row.dueZone, w.now(), w.policy);
    if ("fault" in due) return { result: { kind: "bad-time", fault: due.fault } };
    const from = row.dueAt;
    if (due.at.getTime() === from.getTime())
      return { result: { kind: "bad-time", fault: "This is when access ends already." } };
    let departure: Awaited<ReturnType<typeof proveCase>>["departure"];
    try {
      departure = (await proveCase(tx, w, row)).departure;
      if ((await proveDue(tx, w, row)).at.getTime() !== from.getTime())
        throw new NotVouched(`case ${row.id} is due at another time than its entry says`);
    } catch (error) {
      if (error instanceof NotVouched) return { result: { kind: "not-vouched" } };
      throw error;
    }
    if (!departure) return { result: { kind: "not-vouched" } };
    const approvals = await approvalsAfter(tx, w, row, due.at);
    const moved: Case = {
      ...row,
      dueAt: due.at,
      dueLocal: due.local,
      dueZone: due.zone,
      missedAt: null,
      wakeAt: row.state === "opened" ? row.wakeAt : due.at,
      state: row.state === "approved" && approvals === "void" ? "planned" : row.state,
    };
    const { dueAt, dueLocal, dueZone, missedAt, wakeAt, state } = moved;
    await tx.update(cases).set({ dueAt, dueLocal, dueZone, missedAt, wakeAt, state }).where(eq(cases.id, caseId));
    if (approvals !== "kept")
      await tx
        .update(plans)
        .set({ state: "superseded" })
        .where(and(eq(plans.caseId, caseId), inArray(plans.state, ["proposed", "approved"])));
    const proposed = moved.state === "planned" ? await proposeNow(tx, w, moved) : undefined;
    const effective = { local: due.local, zone: due.zone, instant: due.at.toISOString() };
    const notice = {
      kind: "rescheduled",
      caseId,
      by: asker.personId,
      from: from.toISOString(),
      to: effective.instant,
    } as const;
    const key = `rescheduled:${caseId}:${request.requestId}`;
    const next: Job[] = [
      ...(await wantCasePosts(tx, moved)),
      await wantThreadPost(tx, caseId, key, notice),
      ...(asker.personId === row.requesterId
        ? []
        : [await wantPost(tx, `${key}:requester`, notice, { kind: "person", personId: row.requesterId })]),
      ...(proposed?.next ?? []),
      ...(moved.state === "approved" && due.at <= w.now()
        ? [{ queue: "start-cut", payload: { caseId } } as const]
        : []),
    ];
    return {
      result: { kind: "rescheduled", from, to: due.at, zone: due.zone, approvals },
      next,
      entries: [
        {
          actor: byPerson(request, asker),
          action: "case.rescheduled",
          outcome: "success",
          target: { kind: "person", id: row.leaverId },
          case: caseId,
          departure: { ...departure, trigger: "command", effective },
          detail: { from: from.toISOString(), fromZone: row.dueZone, approvals },
        },
        ...(proposed?.entries ?? []),
      ],
      ...(proposed?.seal
        ? { seal: (sealing, [, ...seqs]) => proposed.seal?.(sealing, seqs) ?? Promise.resolve() }
        : {}),
    };
  });
}

/** A move as its entry tells it. */
export interface Move {
  readonly from: Date;
  readonly to: Date;
  readonly zone: string;
  readonly approvals: Approvals;
}

/** The move that a message is about, if the log holds it. */
export async function findMove(
  tx: Tx,
  w: Workflow,
  row: Case,
  about: { readonly by: string; readonly from: string; readonly to: string },
): Promise<Move | undefined> {
  const { moves } = await proveDue(tx, w, row);
  const entry = moves.findLast(
    ({ actor, departure, detail }) =>
      actor.kind === "person" &&
      actor.id === about.by &&
      departure?.effective.instant === about.to &&
      detail?.["from"] === about.from,
  );
  const approvals = Approvals.safeParse(entry?.detail?.["approvals"]);
  if (!entry?.departure || !approvals.success) return undefined;
  const { zone } = entry.departure.effective;
  return { from: new Date(about.from), to: new Date(about.to), zone, approvals: approvals.data };
}

async function notNow(tx: Tx, row: Case): Promise<NotRescheduled | undefined> {
  if (row.mode === "contain") return { kind: "at-once" };
  if (mayReschedule(row.state) && row.cutAt === null && (await listStepKeys(tx, row.id)).size === 0) return undefined;
  return { kind: "too-late", state: row.state };
}

/** A plan that still waits is proposed anew in any case, so that what is decided on names the time. */
async function approvalsAfter(tx: Tx, w: Workflow, row: Case, due: Date): Promise<Approvals> {
  const known = await listPlans(tx, row.id);
  const approved = known.find(({ scope, state }) => scope === "full" && state === "approved");
  const waiting = known.find(({ state }) => state === "proposed");
  if (!approved) return waiting && (await listDecisions(tx, row.id, waiting.hash)).length > 0 ? "void" : "none";
  return approvalHolds(new Date(approved.plan.dueAt), due, w.policy.rescheduleDays) ? "kept" : "void";
}
