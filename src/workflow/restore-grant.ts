import { and, eq } from "drizzle-orm";
import { type Reading, SystemError } from "../../connectors/connector.ts";
import { grantKey } from "../core/access.ts";
import { listPlans, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { steps } from "../store/schema.ts";
import { findStep, listSteps, type Step } from "../store/steps.ts";
import { callFor } from "./call.ts";
import { holdStep } from "./hold.ts";
import { getPerson } from "./known-people.ts";
import { type LeasedStep, leaseStep, type StepAct, stepInTurn } from "./lease-step.ts";
import { wantCasePosts } from "./notices.ts";
import { backoff, recover } from "./recover.ts";
import { aboutGrant, changeEntries } from "./revoke-grant.ts";
import { type Change, transition } from "./transition.ts";
import { heedLimit } from "./turn.ts";
import { giveBackUntil, proveUndo } from "./undo-case.ts";
import { NotVouched, proveStep } from "./vouched.ts";
import { systemOf, type Workflow } from "./workflow.ts";

/** Gives one grant back, to the same immutable account, and reads that it is there again. */
export function restoreGrant(w: Workflow, { stepId }: { stepId: string }): Promise<void> {
  return stepInTurn(w, stepId, RESTORING, async () => {
    if (!(await mayRestore(w, stepId))) return;
    const taken = await leaseStep(w, stepId, RESTORING);
    if (!taken) return;
    try {
      await settle(w, taken, { kind: "read", reading: await act(w, taken) });
    } catch (cause) {
      await heedLimit(w, taken.step.system, cause);
      await settle(w, taken, { kind: "failed", cause });
    }
  });
}

const RESTORING = {
  changes: true,
  from: ["giving-back"],
  within: ["closed"],
  set: (before) => ({ tries: before.tries + 1 }),
  ...changeEntries("restore"),
} as const satisfies StepAct;

/** Whether the log vouches for it, it is still in time, and what must be back before it is. */
function mayRestore(w: Workflow, stepId: string): Promise<boolean> {
  return transition<boolean>(w, async (tx): Promise<Change<boolean>> => {
    const found = await findStep(tx, stepId);
    const row = found && (await lockCase(tx, found.caseId));
    const step = row && (await findStep(tx, stepId));
    if (!row || step?.state !== "giving-back") return { result: false };
    try {
      const { step: planned } = await proveStep(tx, w, row, step);
      await proveUndo(tx, w, row, step, planned.grant);
      if (step.provenAt === null || giveBackUntil(w, planned.grant, step.provenAt) <= w.now())
        throw new NotVouched(`the time to give step ${step.id} back is over`);
    } catch (error) {
      if (!(error instanceof NotVouched)) throw error;
      return { ...(await holdStep(tx, w, step, error)), result: false };
    }
    if (!(await waits(tx, step))) return { result: true };
    await tx
      .update(steps)
      .set({ nextAt: new Date(w.now().getTime() + 1000) })
      .where(eq(steps.id, stepId));
    return { result: false };
  });
}

/** Back in the opposite order, but that what came through another grant comes after that one. */
async function waits(tx: Tx, step: Step): Promise<boolean> {
  const open = new Set(
    (await listSteps(tx, step.caseId)).filter(({ state }) => state === "giving-back").map(({ grantKey: key }) => key),
  );
  const planned = (await listPlans(tx, step.caseId)).flatMap(({ plan }) => plan.steps);
  const via = planned.flatMap(({ key, grant }) =>
    key === step.grantKey && grant.via !== undefined ? [grantKey({ ...grant, id: grant.via })] : [],
  );
  const later = planned.filter(
    ({ after, grant }) =>
      after.includes(step.grantKey) &&
      (grant.via === undefined || grantKey({ ...grant, id: grant.via }) !== step.grantKey),
  );
  return [...via, ...later.map(({ key }) => key)].some((key) => open.has(key));
}

async function act(w: Workflow, { step, planned }: LeasedStep): Promise<Reading> {
  const { grant } = planned;
  const system = systemOf(w, grant.system);
  if (!system.restore) throw new SystemError({ code: "refused", reason: `${system.title} can give nothing back` });
  const leaver = await w.store.db.transaction(async (tx) => {
    const row = await lockCase(tx, step.caseId);
    return getPerson(tx, w, row?.leaverId ?? "");
  });
  using call = callFor(w);
  // A name can have a new owner by now; the account's id cannot.
  const accounts = await system.findAccounts(leaver, call);
  if (!accounts.some(({ account }) => account.id === grant.account))
    throw new SystemError({ code: "refused", reason: `the account it was taken from is not theirs any more` });
  await system.restore(grant, call);
  return await system.readBack(grant, call);
}

type Outcome = { kind: "read"; reading: Reading } | { kind: "failed"; cause: unknown };

async function settle(w: Workflow, { step, planned }: LeasedStep, outcome: Outcome): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, step.caseId);
    if (!row) return { result: undefined };
    const to = follow(w, step, outcome);
    const moved = await tx
      .update(steps)
      .set({ ...to.set, lease: null, leaseUntil: null })
      .where(and(eq(steps.id, step.id), eq(steps.state, "giving-back"), eq(steps.lease, step.lease)))
      .returning({ id: steps.id });
    const result = to.set.state === "given-back" ? "success" : outcome.kind === "failed" ? "unknown" : "failure";
    return {
      result: undefined,
      entries: [
        {
          ...aboutGrant(step, planned.grant),
          action: "grant.restored",
          outcome: moved.length === 0 ? "unknown" : result,
          ...(to.set.failure === null ? {} : { detail: { why: to.set.failure } }),
        },
      ],
      next: await wantCasePosts(tx, row),
    };
  });
}

function follow(
  w: Workflow,
  step: Step,
  outcome: Outcome,
): { set: { state: "given-back" | "giving-back" | "not-given-back"; nextAt: Date | null; failure: string | null } } {
  if (outcome.kind === "read" && outcome.reading.state === "present")
    return { set: { state: "given-back", nextAt: null, failure: null } };
  if (outcome.kind === "failed") {
    const recovery = recover(w, outcome.cause, step.tries, w.policy.tries);
    return recovery.next === "retry"
      ? { set: { state: "giving-back", nextAt: recovery.at, failure: recovery.why } }
      : { set: { state: "not-given-back", nextAt: null, failure: recovery.why } };
  }
  const why =
    outcome.reading.state === "unreadable" ? outcome.reading.why : "the system said yes, and does not show it";
  return step.tries < w.policy.tries
    ? { set: { state: "giving-back", nextAt: backoff(w, step.tries), failure: why } }
    : { set: { state: "not-given-back", nextAt: null, failure: why } };
}
