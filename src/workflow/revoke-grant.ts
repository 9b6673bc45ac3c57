import { and, eq } from "drizzle-orm";
import type { Revoked } from "../../connectors/connector.ts";
import type { Grant } from "../core/access.ts";
import type { PlanStep } from "../core/order.ts";
import { lockCase } from "../store/cases.ts";
import { steps } from "../store/schema.ts";
import type { Step } from "../store/steps.ts";
import { advance } from "./advance.ts";
import { callFor } from "./call.ts";
import { findPersonNamed } from "./known-people.ts";
import { type LeasedStep, leaseStep, type StepAct, stepInTurn } from "./lease-step.ts";
import { touchPost, wantCasePosts, wantPost, wantThreadPost } from "./notices.ts";
import type { Job } from "./queues.ts";
import { recover } from "./recover.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit } from "./turn.ts";
import { hashOfGrant } from "./vouched.ts";
import { systemOf, type Workflow } from "./workflow.ts";

/** 5 Revokes one grant. What the system says to it is never proof: reading it back is the next step. */
export function revokeGrant(w: Workflow, { stepId }: { stepId: string }): Promise<void> {
  return stepInTurn(w, stepId, REVOKING, () => revokeNow(w, stepId));
}

async function revokeNow(w: Workflow, stepId: string): Promise<void> {
  const taken = await leaseStep(w, stepId, REVOKING);
  if (!taken) return;
  const started = w.now();
  try {
    const revoked = await act(w, taken);
    await settle(w, taken, started, { kind: "answered", revoked });
  } catch (cause) {
    await heedLimit(w, taken.step.system, cause);
    await settle(w, taken, started, { kind: "failed", cause });
  }
}

const ENTRIES = changeEntries("revoke");
const REVOKING = {
  changes: true,
  from: ["waiting", "revoking"],
  set: (before, now) => ({ state: "revoking", tries: before.tries + 1, startedAt: before.startedAt ?? now }),
  started: (w, before, proven) => ({
    ...ENTRIES.started(w, before, proven),
    // What it was before, so that it can be given back as just that, and never as something written into a row since.
    detail: { grant: hashOfGrant(proven.planned.grant) },
  }),
  interrupted: ENTRIES.interrupted,
} as const satisfies StepAct;

async function act(w: Workflow, { planned, step }: LeasedStep): Promise<Revoked> {
  const { contested = [] } = planned.grant;
  if (contested.length > 0) return { status: "blocked", by: contested.map((what) => ({ what })) };
  if (endsWithAnother(planned, step)) return { status: "revoked", receipt: "it ends with another grant" };
  using call = callFor(w);
  return await systemOf(w, planned.grant.system).revoke(planned.grant, call);
}

type Outcome = { kind: "answered"; revoked: Revoked } | { kind: "failed"; cause: unknown };

async function settle(w: Workflow, taken: LeasedStep, started: Date, outcome: Outcome): Promise<void> {
  const { step, planned } = taken;
  const { grant } = planned;
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, step.caseId);
    if (!row) return { result: undefined };
    const to = follow(w, step, grant, outcome);
    const moved = await tx
      .update(steps)
      .set({ ...to.set, lease: null, leaseUntil: null })
      .where(and(eq(steps.id, step.id), eq(steps.state, "revoking"), eq(steps.lease, step.lease)))
      .returning({ id: steps.id });
    const entry: Said = {
      ...aboutGrant(step, grant),
      action: "grant.revoked",
      outcome: to.outcome,
      act: {
        connector: w.systems.get(step.system)?.connector ?? "none",
        attempt: step.tries,
        startedAt: started.toISOString(),
        endedAt: w.now().toISOString(),
        result: to.result,
        approval: taken.approval,
        ...(to.receipt === undefined ? {} : { requestId: to.receipt }),
      },
      ...(to.why === undefined ? {} : { detail: { why: to.why } }),
    };
    // Somebody else took over meanwhile: what we did is still said, as what it is.
    if (moved.length === 0) return { result: undefined, entries: [{ ...entry, outcome: "unknown" }] };
    const next: Job[] = [...(await wantCasePosts(tx, row))];
    if (to.set.state === "reading") next.push({ queue: "verify-grant", payload: { stepId: step.id } });
    if (to.set.state === "attention") next.push(await wantStepPost(tx, step));
    if (to.set.state === "by-hand") next.push(...(await wantManualPosts(tx, w, step)));
    next.push(...(await advance(tx, w, row)));
    return { result: undefined, entries: [entry], next };
  });
}

/** It ends with the grant it comes through, and only reading it back is ours; unless it did not, and is taken by itself then. */
export function endsWithAnother(planned: PlanStep, step: Pick<Step, "tries">): boolean {
  return planned.act === "with" && step.tries <= 1;
}

interface Follow {
  readonly set: Partial<typeof steps.$inferInsert> & { state: Step["state"] };
  readonly outcome: "success" | "failure" | "unknown";
  readonly result: string;
  readonly receipt?: string;
  readonly why?: string;
}

function follow(w: Workflow, step: Step, grant: Grant, outcome: Outcome): Follow {
  if (outcome.kind === "failed") {
    const recovery = recover(w, outcome.cause, step.tries, w.policy.tries);
    // The act may have had its effect although no answer came, so the failure says unknown, never "not done".
    const shared = { outcome: "unknown" as const, result: "failed", why: recovery.why };
    return recovery.next === "retry"
      ? { ...shared, set: { state: "waiting", nextAt: recovery.at, failure: recovery.why } }
      : { ...shared, set: { state: "attention", nextAt: null, failure: recovery.why } };
  }
  const revoked = outcome.revoked;
  switch (revoked.status) {
    case "revoked":
    case "already-gone":
      return {
        set: { state: "reading", rung: "accepted", failure: null, readBacks: 0 },
        outcome: "success",
        result: revoked.status,
        ...(revoked.receipt === undefined ? {} : { receipt: revoked.receipt }),
      };
    case "accepted":
      return {
        set: { state: "reading", rung: "requested", failure: null, readBacks: 0, nextAt: revoked.readBackAfter },
        outcome: "success",
        result: "accepted",
      };
    case "blocked": {
      const why = revoked.by.map(({ what, url }) => (url ? `${what} (${url})` : what)).join("; ");
      return { set: { state: "attention", failure: why }, outcome: "failure", result: "blocked", why };
    }
    case "elsewhere": {
      const byHand = w.systems.get(grant.system)?.manual !== undefined;
      return {
        set: { state: byHand ? "by-hand" : "attention", failure: revoked.where },
        outcome: "success",
        result: "elsewhere",
        why: revoked.where,
      };
    }
    default:
      return revoked satisfies never;
  }
}

/** What every entry about a grant says. */
export function aboutGrant(step: Pick<Step, "caseId" | "system">, grant: Grant): Pick<Said, "target" | "case"> {
  return { target: { kind: "grant", id: grant.id, system: step.system, account: grant.account }, case: step.caseId };
}

/** The entry before a change of a grant, and the one for a change whose worker died with it. */
export function changeEntries(change: "revoke" | "restore"): Pick<StepAct, "started" | "interrupted"> {
  return {
    started: (w, before, { planned, approval }) => ({
      ...aboutGrant(before, planned.grant),
      action: `grant.${change}Started`,
      outcome: "success",
      act: {
        connector: w.systems.get(before.system)?.connector ?? "none",
        attempt: before.tries + 1,
        startedAt: w.now().toISOString(),
        result: "started",
        approval,
      },
    }),
    interrupted: (before, { grant }) => ({
      ...aboutGrant(before, grant),
      action: `grant.${change}Interrupted`,
      outcome: "unknown",
      detail: { attempt: before.tries },
    }),
  };
}

/** The message about one step, in the case's thread. What its system's owner was told is brought up to date as well. */
export async function wantStepPost(
  tx: Parameters<typeof wantThreadPost>[0],
  step: Pick<Step, "id" | "caseId">,
): Promise<Job> {
  await touchPost(tx, `manual:${step.id}`);
  return wantThreadPost(tx, step.caseId, `step:${step.id}`, { kind: "step", caseId: step.caseId, stepId: step.id });
}

async function wantManualPosts(tx: Parameters<typeof wantPost>[0], w: Workflow, step: Step): Promise<Job[]> {
  const owner = w.systems.get(step.system)?.manual?.owner;
  const jobs = [await wantStepPost(tx, step)];
  const personId = owner === undefined ? undefined : await findPersonNamed(tx, w, owner);
  if (personId !== undefined) {
    const notice = { kind: "manual", caseId: step.caseId, stepId: step.id } as const;
    jobs.push(await wantPost(tx, `manual:${step.id}`, notice, { kind: "person", personId }));
  }
  return jobs;
}
