import { eq, max, min } from "drizzle-orm";
import { grantKey } from "../core/access.ts";
import { isOpen } from "../core/offer.ts";
import { isSettled } from "../core/step.ts";
import { type Case, lockCase, type PlanRow, type Read } from "../store/cases.ts";
import { listOffers } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { cases, entries, reads, steps } from "../store/schema.ts";
import { advance, waitsForEnd } from "./advance.ts";
import { holdCase } from "./hold.ts";
import { watchKept } from "./keep-grants.ts";
import { wantLooks } from "./look-again.ts";
import { tellKeepers } from "./look-at-kept.ts";
import { addLostSteps, type Back, notDone, plannedSteps, SHOWN, takeOffersBack, UNSAID } from "./not-done.ts";
import { wantCasePosts, wantPost } from "./notices.ts";
import { releaseOffers, wantOffers } from "./offer-work.ts";
import { approvedBase, listProvenPlans } from "./proven-plans.ts";
import { listFreshReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { backoff } from "./recover.ts";
import { takeWhatAppeared } from "./revise-plan.ts";
import { wantStepPost } from "./revoke-grant.ts";
import { tellHeirs } from "./settle-breaks.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * 8 Draws the conclusion of the closing inventory: what is still there or new sends the case back to work; what could not
 * be read is read again; a clean one closes the case, or waits for the last offers first. What is done is done by the log:
 * a row that says so alone sends its step back to work as well.
 */
export async function closeCase(w: Workflow, { caseId }: { caseId: string }): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (row?.state !== "closing") return { result: undefined };
    const lines = await listFreshReads(tx, w, caseId, "closing");
    if (lines.length === 0 || lines.some(({ state }) => state === "pending")) return { result: undefined };
    const plans = await listProvenPlans(tx, w, caseId);
    try {
      await proveCase(tx, w, row);
      if (!approvedBase(plans)) throw new NotVouched(`nobody approved a plan of case ${caseId}`);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    const again = await unreadAgain(tx, w, row, lines, plans);
    if (again) return again;
    const back = await notDone(tx, w, row, lines, plans);
    // What it finds goes on as steps of a running case.
    const added = await takeWhatAppeared(tx, w, { ...row, state: "revoking" }, lines);
    const lost = await addLostSteps(tx, w, { ...row, state: "revoking" }, plans);
    if (back.length > 0 || added.appeared > 0 || lost.length > 0)
      return reopen(tx, row, back, { ...added, next: [...added.next, ...lost] });
    await takeOffersBack(tx, w, row, lines);
    const jobs = await wantOffers(tx, w, row);
    const open = (await listOffers(tx, caseId)).filter(isOpen);
    if (open.length > 0) return waitForOffers(tx, w, row, jobs);
    return (await endWithFinal(tx, w, row, jobs)) ?? close(tx, w, row, lines, plans, jobs);
  });
}

/** What is final has waited for this: the access is gone and the work handed over. Undefined when there is none. */
async function endWithFinal(tx: Tx, w: Workflow, row: Case, jobs: readonly Job[]): Promise<Change<void> | undefined> {
  if (!(await waitsForEnd(tx, row.id))) return undefined;
  await tx.update(cases).set({ state: "revoking" }).where(eq(cases.id, row.id));
  const next = [...jobs, ...(await wantCasePosts(tx, row)), ...(await advance(tx, w, { ...row, state: "revoking" }))];
  return { result: undefined, next };
}

/** A system that was no named gap and could not be read is read again until the case's deadline. */
async function unreadAgain(
  tx: Tx,
  w: Workflow,
  row: Case,
  lines: readonly Read[],
  plans: readonly PlanRow[],
): Promise<Change<void> | undefined> {
  const accepted = new Set(
    plans.filter(({ state }) => state === "approved").flatMap(({ plan }) => plan.gaps.map(({ system }) => system)),
  );
  const unread = lines.filter(
    ({ system, state }) => (state === "failed" || state === "unmatched") && !accepted.has(system),
  );
  if (unread.length === 0 || (row.closeBy !== null && row.closeBy <= w.now())) return undefined;
  const fresh = { state: "pending", nextAt: backoff(w, 6), tries: 0 };
  for (const { system } of unread) {
    await tx
      .insert(reads)
      .values({ caseId: row.id, system, round: "closing", ...fresh })
      .onConflictDoUpdate({ target: [reads.caseId, reads.system, reads.round], set: fresh });
  }
  return { result: undefined, next: await wantCasePosts(tx, row) };
}

async function reopen(
  tx: Tx,
  row: Case,
  back: readonly Back[],
  added: Awaited<ReturnType<typeof takeWhatAppeared>>,
): Promise<Change<void>> {
  await tx.update(cases).set({ state: "revoking" }).where(eq(cases.id, row.id));
  const next: Job[] = [...added.next, ...(await wantCasePosts(tx, row))];
  const findings: Said[] = [];
  for (const { step, why } of back) {
    await tx
      .update(steps)
      .set({
        state: "attention",
        rung: "accepted",
        provenAt: null,
        decidedBy: null,
        note: null,
        failure: why,
      })
      .where(eq(steps.id, step.id));
    findings.push({
      action: "finding.raised",
      outcome: "failure",
      target: { kind: "grant", id: step.grantKey, system: step.system },
      case: row.id,
      detail: { what: why === SHOWN ? "still there at the closing inventory" : UNSAID },
    });
    next.push(await wantStepPost(tx, step));
  }
  // The additions' numbers are the first entries of this transition.
  return { result: undefined, next, entries: [...added.entries, ...findings], seal: added.seal };
}

async function waitForOffers(tx: Tx, w: Workflow, row: Case, jobs: readonly Job[]): Promise<Change<void>> {
  await tx.update(cases).set({ state: "handing-over" }).where(eq(cases.id, row.id));
  const after: Case = { ...row, state: "handing-over" };
  return {
    result: undefined,
    next: [...jobs, ...(await releaseOffers(tx, w, after)), ...(await wantCasePosts(tx, row))],
    entries: [{ action: "case.accessGone", outcome: "success", target: { kind: "case", id: row.id }, case: row.id }],
  };
}

async function close(
  tx: Tx,
  w: Workflow,
  row: Case,
  lines: readonly Read[],
  plans: readonly PlanRow[],
  jobs: readonly Job[],
): Promise<Change<void>> {
  const all = await plannedSteps(tx, row, plans);
  const duties = await listOffers(tx, row.id);
  const left = all.filter(({ state }) => !["proven", "attested"].includes(state));
  const unread = lines.filter(({ state }) => state === "failed" || state === "unmatched");
  const rejected = plans
    .filter(({ scope, state }) => state === "rejected" && scope !== "contain")
    .flatMap(({ plan }) => plan.steps);
  const kept = plans.filter(({ state }) => state === "approved").flatMap(({ plan }) => plan.kept ?? []);
  const decided = new Set([...all.map((step) => step.grantKey), ...[...rejected, ...kept].map(({ key }) => key)]);
  const undecided = lines.flatMap(({ grants }) => grants.map(grantKey)).filter((key) => !decided.has(key));
  const [range] = await tx
    .select({ first: min(entries.seq), last: max(entries.seq) })
    .from(entries)
    .where(eq(entries.caseId, row.id));
  await tx.update(cases).set({ state: "closed", closedAt: w.now(), wakeAt: null }).where(eq(cases.id, row.id));
  await wantLooks(tx, w, row.id, lines);
  await watchKept(tx, row);
  const exceptions = [
    ...kept.map(({ key, owner, until }) => ({ what: `kept until ${until}: ${key}`, owner })),
    ...left.map((step) => ({ what: `${step.state}: ${step.grantKey}`, owner: step.decidedBy ?? "nobody" })),
    ...rejected.map((step) => ({ what: `rejected: ${step.key}`, owner: "approvers" })),
    ...unread.map(({ system }) => ({ what: `not read: ${system}`, owner: "approvers" })),
    ...undecided.map((key) => ({ what: `not decided: ${key}`, owner: "approvers" })),
  ];
  return {
    result: undefined,
    next: [
      ...jobs,
      ...(await wantCasePosts(tx, row)),
      ...(await tellHeirs(tx, row.id)),
      ...(await tellKeepers(tx, row.id, new Set(kept.map(({ owner }) => owner)))),
      await wantPost(
        tx,
        `summary:${row.id}`,
        { kind: "summary", caseId: row.id },
        { kind: "case-thread", caseId: row.id },
      ),
    ],
    entries: [
      {
        action: "case.closed",
        // A case that leaves something behind is closed, but it is no success.
        outcome: exceptions.length === 0 && all.every(({ state }) => isSettled(state)) ? "success" : "failure",
        target: { kind: "case", id: row.id },
        case: row.id,
        closure: {
          exceptions,
          unaccepted: duties.filter(({ state }) => state === "unclaimed").map(({ itemKey }) => itemKey),
          blind: lines.flatMap(({ system, sight }) =>
            sight?.kind === "partial" ? sight.blind.map((what) => `${system}: ${what}`) : [],
          ),
          firstSeq: range?.first ?? row.openedSeq,
          lastSeq: range?.last ?? row.openedSeq,
          retention: "as long as the log",
        },
      },
    ],
  };
}
