import { and, eq } from "drizzle-orm";
import { containmentOf, containmentPart, type Plan } from "../core/plan.ts";
import { type Case, listPlans, listStepKeys, lockCase } from "../store/cases.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { cases, plans } from "../store/schema.ts";
import { addSteps } from "./advance.ts";
import { holdCase } from "./hold.ts";
import { wantCasePosts, wantPage } from "./notices.ts";
import { caseFacts, inAnOrder, planFacts, proposed, savePlan, seenBy } from "./propose-plan.ts";
import { listFreshReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import { approversOf, peopleWith } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/**
 * 3 in mode contain. First it asks: one plan for every system, proposed before any has answered, and every approver is
 * called. Once that is approved, each answer adds a part, which is what can be given back in the systems that answered,
 * and starts it. When all have answered the full plan follows.
 */
export async function contain(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (row?.mode !== "contain" || !["opened", "containing", "planned"].includes(row.state))
      return { result: undefined };
    try {
      await proveCase(tx, w, row);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    const order = (await listPlans(tx, caseId)).find(
      ({ scope, state }) => scope === "contain" && state !== "superseded",
    );
    if (!order) return row.state === "opened" ? askForContainment(tx, w, row) : { result: undefined };
    if (order.state !== "approved" || order.approvedSeq === null) return { result: undefined };
    return takeAnswered(tx, w, row, order.plan, order.approvedSeq);
  });
}

/** Calls out a containment that nobody has decided: to the approvers once more, and to the operators. */
export async function escalate(w: Workflow, caseId: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (row?.state !== "opened" || row.escalateAt === null || row.escalateAt > w.now()) return { result: undefined };
    try {
      await proveCase(tx, w, row);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    const time = row.escalations + 1;
    const called = await callApprovers(tx, w, row, time);
    const operators = await operatorsToCall(tx, w, row);
    const others = operators.filter((id) => !called.people.includes(id));
    const next = [...called.jobs, ...(await wantCasePosts(tx, row))];
    for (const id of others) next.push(await wantPage(tx, row.id, id, time));
    await tx
      .update(cases)
      .set({ escalations: time, escalateAt: time < w.policy.containEscalations ? nextCall(w) : null })
      .where(eq(cases.id, caseId));
    const waits = Math.round((w.now().getTime() - row.openedAt.getTime()) / 1000);
    return {
      result: undefined,
      next,
      entries: [
        calledEntry(row, "case.escalated", { time, waits, approvers: [...called.people], operators: [...others] }),
      ],
    };
  });
}

async function askForContainment(tx: Tx, w: Workflow, row: Case): Promise<Change<void>> {
  const plan = containmentOf(caseFacts(row), [...w.systems.values()]);
  const saved = await savePlan(tx, w, plan, "proposed");
  await tx
    .update(cases)
    .set({ revision: plan.revision, escalateAt: nextCall(w) })
    .where(eq(cases.id, row.id));
  const called = await callApprovers(tx, w, row, 0);
  if (called.people.length === 0)
    w.log.error({ case: row.id }, "a containment waits, and there is no approver who could be called");
  return {
    result: undefined,
    entries: [
      proposed(plan, saved.hash, "plan.proposed"),
      calledEntry(row, "case.approversCalled", { time: 0, approvers: [...called.people] }),
    ],
    next: [...called.jobs, ...(await wantCasePosts(tx, row))],
    seal: (sealing, [seq]) => sealPlan(sealing, row.id, plan.revision, { proposedSeq: seq ?? -1 }),
  };
}

async function takeAnswered(tx: Tx, w: Workflow, row: Case, order: Plan, base: number): Promise<Change<void>> {
  const lines = await listFreshReads(tx, w, row.id, "first");
  const done = await listStepKeys(tx, row.id);
  const answered = inAnOrder(
    row,
    lines.filter(({ state }) => state !== "pending").map((line) => seenBy(w, line)),
  );
  const part = containmentPart(planFacts(row, "addition", done), order.covers ?? [], answered);
  const next: Job[] = lines.some(({ state }) => state === "pending")
    ? []
    : [{ queue: "propose-plan", payload: { caseId: row.id } }];
  if (!part) return { result: undefined, next };
  const saved = await savePlan(tx, w, part, "approved");
  await tx.update(cases).set({ revision: part.revision }).where(eq(cases.id, row.id));
  next.push(...(await addSteps(tx, w, row, { plan: part, hash: saved.hash, revision: part.revision })));
  next.push(...(await wantCasePosts(tx, row)));
  const entry = proposed(part, saved.hash, "plan.extended");
  return {
    result: undefined,
    next,
    entries: [{ ...entry, detail: { ...entry.detail, base } }],
    seal: (sealing, [seq]) =>
      sealPlan(sealing, row.id, part.revision, { proposedSeq: seq ?? -1, approvedSeq: seq ?? -1 }),
  };
}

async function sealPlan(
  tx: Tx,
  caseId: string,
  revision: number,
  seqs: { proposedSeq: number; approvedSeq?: number },
): Promise<void> {
  await tx
    .update(plans)
    .set(seqs)
    .where(and(eq(plans.caseId, caseId), eq(plans.revision, revision)));
}

async function callApprovers(
  tx: Tx,
  w: Workflow,
  row: Case,
  time: number,
): Promise<{ people: readonly string[]; jobs: Job[] }> {
  // Who asked for the case cannot approve it, so calling them would only cost sleep.
  const people = (await approversOf(tx, w, row)).filter((id) => id !== row.requesterId);
  const jobs: Job[] = [];
  for (const id of people) jobs.push(await wantPage(tx, row.id, id, time));
  return { people, jobs };
}

/** Operators without the leaver, and without anybody whose own access is being reviewed. They learn no name. */
async function operatorsToCall(tx: Tx, w: Workflow, row: Case): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of await peopleWith(tx, w, "operator", row))
    if (id !== row.leaverId && !(await isLeaving(tx, id))) found.push(id);
  return found;
}

function nextCall(w: Workflow): Date {
  return new Date(w.now().getTime() + w.policy.containEscalateMinutes * 60_000);
}

function calledEntry(row: Case, action: string, detail: NonNullable<Said["detail"]>): Said {
  return { action, outcome: "success", target: { kind: "case", id: row.id }, case: row.id, detail };
}
