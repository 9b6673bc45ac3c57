import { and, eq } from "drizzle-orm";
import { breaksOf } from "../core/breaks.ts";
import type { Gap } from "../core/plan.ts";
import { listBroken } from "../store/broken.ts";
import { type Case, listPlans, listStepKeys, lockCase, type PlanRow } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, decisions, plans } from "../store/schema.ts";
import { addSteps, advance, startClosing } from "./advance.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { touchPages, wantCasePosts, wantThreadPost } from "./notices.ts";
import { wantOffers } from "./offer-work.ts";
import { listProvenDecisions } from "./proven-plans.ts";
import type { Job } from "./queues.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched, proveCase, proveProposed } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

export interface Decision {
  readonly caseId: string;
  /** What was seen is what is decided. */
  readonly planHash: string;
  readonly verdict: "approved" | "rejected";
  /** Why the plan may go on although a part of the picture is missing. */
  readonly gaps?: string;
  readonly note?: string;
}

export type Decided =
  /** `missing` more approvals are needed. */
  | {
      readonly kind: "decided";
      readonly verdict: "approved" | "rejected";
      readonly missing: number;
      readonly dueAt: Date;
    }
  /** The plan has gaps: approving needs them named, with a reason. */
  | { readonly kind: "gaps"; readonly gaps: readonly Gap[] }
  /** Somebody was quicker, or the plan changed meanwhile. */
  | {
      readonly kind: "already";
      readonly what: "approved" | "rejected" | "superseded" | "over";
      readonly by: readonly string[];
      readonly at?: Date;
    }
  | { readonly kind: "not-vouched" };

/** 4 Approves or rejects a plan. Bound to its hash; whoever asked for the case, or leaves, does not decide. */
export async function decidePlan(w: Workflow, request: Request, decision: Decision): Promise<Decided | Refusal> {
  return ask<Decided>(w, request, async (tx, asker): Promise<Change<Decided> | Denied> => {
    const row = await lockCase(tx, decision.caseId);
    if (!row) return { result: { kind: "already", what: "over", by: [] } };
    const no = await deniedIn(tx, w, asker, "decide-plan", row);
    if (no) return no;
    const found = (await listPlans(tx, row.id)).find(({ hash }) => hash === decision.planHash);
    if (!found) return { result: { kind: "already", what: "superseded", by: [] } };
    const earlier = await listProvenDecisions(tx, w, row.id, found.hash);
    // A rejection stands, whatever the plan's row was set to since.
    const own =
      earlier.find(({ verdict }) => verdict === "rejected") ??
      earlier.find(({ personId }) => personId === asker.personId);
    if (found.state !== "proposed" || own) {
      const what = found.state === "proposed" ? (own?.verdict ?? "approved") : found.state;
      const last = own ?? earlier.at(-1);
      return {
        result: {
          kind: "already",
          what,
          by: own ? [own.personId] : earlier.map(({ personId }) => personId),
          ...(last ? { at: last.at } : {}),
        },
      };
    }
    const plan = found.plan;
    try {
      await proveCase(tx, w, row);
      await proveProposed(tx, w, row.id, found);
    } catch (error) {
      if (error instanceof NotVouched) return { result: { kind: "not-vouched" } };
      throw error;
    }
    if (decision.verdict === "approved" && plan.gaps.length > 0 && !decision.gaps?.trim()) {
      return { result: { kind: "gaps", gaps: plan.gaps } };
    }
    const breaks = breaksOf(plan.steps);
    const settled = new Set((await listBroken(tx, row.id)).map(({ key }) => key));
    const undecided = breaks.filter(({ key }) => !settled.has(key));
    const said = {
      verdict: decision.verdict,
      note: decision.gaps ?? decision.note ?? null,
      at: w.now(),
      seq: -1,
    };
    // A row without an entry gives way: it was not this person who wrote it.
    await tx
      .insert(decisions)
      .values({ caseId: row.id, planHash: found.hash, personId: asker.personId, ...said })
      .onConflictDoUpdate({ target: [decisions.caseId, decisions.planHash, decisions.personId], set: said });
    const approvals = earlier.filter(({ verdict }) => verdict === "approved");
    const enough = decision.verdict === "approved" && approvals.length + 1 >= plan.approvals;
    const isSettled = decision.verdict === "rejected" || enough;
    // The completing entry names the decisions' numbers, so it follows in a transition of its own: settlePlan.
    const next: Job[] = isSettled ? [] : await postsFor(tx, row, found);
    return {
      result: {
        kind: "decided",
        verdict: decision.verdict,
        missing: decision.verdict === "rejected" ? 0 : plan.approvals - approvals.length - 1,
        dueAt: row.dueAt,
      },
      next,
      entries: [
        {
          actor: byPerson(request, asker),
          action: "plan.decided",
          outcome: "success",
          target: { kind: "plan", id: found.hash },
          case: row.id,
          detail: {
            hash: found.hash,
            verdict: decision.verdict,
            ...(breaks.length > 0 ? { breaks: breaks.length, undecided: undecided.length } : {}),
            ...(decision.gaps ? { gapsNamed: plan.gaps.map(({ system }) => system) } : {}),
          },
          ...(decision.gaps || decision.note ? { personal: { note: decision.gaps ?? decision.note ?? "" } } : {}),
        },
      ],
      seal: async (sealing, [seq]) => {
        await sealing
          .update(decisions)
          .set({ seq: seq ?? -1 })
          .where(
            and(
              eq(decisions.caseId, row.id),
              eq(decisions.planHash, found.hash),
              eq(decisions.personId, asker.personId),
            ),
          );
      },
    };
  }).then(async (result) => {
    if (result.kind === "decided") await settlePlan(w, decision.caseId, decision.planHash);
    return result;
  });
}

/**
 * Draws the consequence of the decisions that the log holds: approved with enough people, rejected by one. A transition of
 * its own that may run again: the sweep calls it too, in case the process died between a decision and this.
 */
export async function settlePlan(w: Workflow, caseId: string, planHash: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    const found = (await listPlans(tx, caseId)).find(({ hash }) => hash === planHash);
    if (!row || found?.state !== "proposed") return { result: undefined };
    const given = await listProvenDecisions(tx, w, caseId, planHash);
    const rejected = given.find(({ verdict }) => verdict === "rejected");
    if (rejected) return rejectPlan(tx, w, row, found, rejected.seq);
    const approved = given.filter(({ verdict }) => verdict === "approved");
    if (approved.length < found.plan.approvals) return { result: undefined };
    return approvePlan(
      tx,
      w,
      row,
      found,
      approved.map(({ seq }) => seq),
    );
  });
}

async function approvePlan(
  tx: Tx,
  w: Workflow,
  row: Case,
  found: PlanRow,
  seqs: readonly number[],
): Promise<Change<void>> {
  const addition = found.scope === "addition";
  if (found.scope === "contain") return approveContainment(tx, w, row, found, seqs);
  await tx.update(plans).set({ state: "approved" }).where(isPlan(row.id, found));
  if (!addition) await tx.update(cases).set({ state: "approved", wakeAt: row.dueAt }).where(eq(cases.id, row.id));
  const next = await postsFor(tx, row, found);
  if (addition) next.push(...(await addSteps(tx, w, row, found)));
  else {
    next.push(...(await wantOffers(tx, w, { ...row, state: "approved" })));
    if (row.dueAt.getTime() <= w.now().getTime()) next.push({ queue: "start-cut", payload: { caseId: row.id } });
  }
  return { result: undefined, next, ...approvedEntry(row, found, seqs) };
}

/** From here each system is cut as it answers: workflow/contain.ts takes those that have answered, and those that will. */
async function approveContainment(
  tx: Tx,
  w: Workflow,
  row: Case,
  found: PlanRow,
  seqs: readonly number[],
): Promise<Change<void>> {
  await tx.update(plans).set({ state: "approved" }).where(isPlan(row.id, found));
  await tx
    .update(cases)
    .set({ state: "containing", cutAt: row.cutAt ?? w.now(), escalateAt: null })
    .where(eq(cases.id, row.id));
  await touchPages(tx, row.id);
  const next: Job[] = [{ queue: "contain", payload: { caseId: row.id } }, ...(await postsFor(tx, row, found))];
  return { result: undefined, next, ...approvedEntry(row, found, seqs) };
}

/** The entry that completes an approval names the decisions it rests on; the plan's row gets its number. */
function approvedEntry(row: Case, found: PlanRow, seqs: readonly number[]): Pick<Change<void>, "entries" | "seal"> {
  return {
    entries: [
      {
        action: "plan.approved",
        outcome: "success",
        target: { kind: "plan", id: found.hash },
        case: row.id,
        detail: { hash: found.hash, revision: found.revision, scope: found.scope, decisions: [...seqs] },
      },
    ],
    seal: async (sealing, [seq]) => {
      await sealing
        .update(plans)
        .set({ approvedSeq: seq ?? -1 })
        .where(isPlan(row.id, found));
    },
  };
}

async function rejectPlan(tx: Tx, w: Workflow, row: Case, found: PlanRow, seq: number): Promise<Change<void>> {
  await tx.update(plans).set({ state: "rejected" }).where(isPlan(row.id, found));
  const posts = await postsFor(tx, row, found);
  const entry: Said = {
    action: "plan.rejected",
    outcome: "success",
    target: { kind: "plan", id: found.hash },
    case: row.id,
    detail: { hash: found.hash, revision: found.revision, scope: found.scope, decision: seq },
  };
  // Rejecting what appeared since leaves the case going: what was rejected shows as an exception.
  if (found.scope === "addition")
    return { result: undefined, entries: [entry], next: [...posts, ...(await advance(tx, w, row))] };
  // What a containment took stays taken: such a case ends with its closing inventory, and what was left is an exception.
  if ((await listStepKeys(tx, row.id)).size > 0) {
    const closing = await startClosing(tx, w, row);
    return { result: undefined, entries: [entry], next: [...posts, ...(closing.next ?? [])] };
  }
  await tx
    .update(cases)
    .set({ state: "rejected", wakeAt: null, escalateAt: null, closedAt: w.now() })
    .where(eq(cases.id, row.id));
  if (found.scope === "contain") await touchPages(tx, row.id);
  return { result: undefined, entries: [entry], next: posts };
}

async function postsFor(tx: Tx, row: Case, found: PlanRow): Promise<Job[]> {
  const posts = await wantCasePosts(tx, row);
  if (found.scope !== "addition") return posts;
  const notice = { kind: "addition", caseId: row.id, revision: found.revision } as const;
  return [...posts, await wantThreadPost(tx, row.id, `addition:${row.id}:${found.revision}`, notice)];
}

function isPlan(caseId: string, found: PlanRow) {
  return and(eq(plans.caseId, caseId), eq(plans.revision, found.revision));
}
