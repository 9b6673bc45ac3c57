import { eq } from "drizzle-orm";
import { stepsRun } from "../core/case.ts";
import { mayStep } from "../core/step.ts";
import { type Case, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { steps } from "../store/schema.ts";
import { findStep, type Step } from "../store/steps.ts";
import { advance } from "./advance.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findPersonNamed } from "./known-people.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import { wantStepPost } from "./revoke-grant.ts";
import { type Change, transition } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

export type StepDecided =
  | { readonly kind: "retrying" }
  /** It is read now; a word is only taken where no connector can read. */
  | { readonly kind: "checking" }
  | { readonly kind: "attested" }
  | { readonly kind: "second-needed" }
  | { readonly kind: "skipped" }
  | { readonly kind: "already"; readonly state: Step["state"]; readonly by?: string }
  | { readonly kind: "note-needed" };

/** Tries a step again, with its tries counted anew. */
export function retryStep(w: Workflow, request: Request, stepId: string): Promise<StepDecided | Refusal> {
  return onStep(w, request, stepId, "retry-step", async (tx, row, step, actor) => {
    if (step.state !== "attention") return { result: { kind: "already", state: step.state } };
    await tx
      .update(steps)
      .set({ state: "waiting", tries: 0, readBacks: 0, nextAt: null, failure: null, decidedBy: null, note: null })
      .where(eq(steps.id, step.id));
    return {
      result: { kind: "retrying" },
      entries: [about(step, "grant.retryAsked", actor)],
      next: [
        ...(await wantCasePosts(tx, row)),
        await wantStepPost(tx, step),
        { queue: "revoke-grant", payload: { stepId } },
      ],
    };
  });
}

/** Leaves a grant where it is, with a reason: an exception of the case. */
export function skipStep(w: Workflow, request: Request, stepId: string, note: string): Promise<StepDecided | Refusal> {
  return onStep(w, request, stepId, "skip-step", async (tx, row, step, actor) => {
    if (note.trim() === "") return { result: { kind: "note-needed" } };
    if (!mayStep(step.state, "skipped") || step.state === "waiting")
      return { result: { kind: "already", state: step.state } };
    await tx
      .update(steps)
      .set({ state: "skipped", note, decidedBy: actor.id, nextAt: null })
      .where(eq(steps.id, step.id));
    return {
      result: { kind: "skipped" },
      entries: [{ ...about(step, "grant.skipped", actor), personal: { note } }],
      next: [...(await wantCasePosts(tx, row)), await wantStepPost(tx, step), ...(await advance(tx, w, row))],
    };
  });
}

/**
 * A person says that it is done by hand. What a connector can read is read, and only that decides; what none can read is
 * attested by this word, which takes a second person where the grant is privileged.
 */
export function attestStep(
  w: Workflow,
  request: Request,
  stepId: string,
  note: string,
): Promise<StepDecided | Refusal> {
  return onStep(w, request, stepId, "attest-step", async (tx, row, step, actor) => {
    if (note.trim() === "") return { result: { kind: "note-needed" } };
    const entry = { ...about(step, "grant.attested", actor), personal: { note } };
    if (step.state === "attesting") {
      if (step.decidedBy === actor.id) return { result: { kind: "second-needed" } };
      await tx
        .update(steps)
        .set({ state: "attested", rung: "attested", provenAt: w.now(), failure: null })
        .where(eq(steps.id, step.id));
      const next: Job[] = [
        ...(await wantCasePosts(tx, row)),
        await wantStepPost(tx, step),
        ...(await advance(tx, w, row)),
      ];
      return { result: { kind: "attested" }, entries: [entry], next };
    }
    if (step.state !== "by-hand" && step.state !== "attention")
      return { result: { kind: "already", state: step.state, ...(step.decidedBy ? { by: step.decidedBy } : {}) } };
    await tx
      .update(steps)
      .set({ state: "reading", note, decidedBy: actor.id, readBacks: 0, nextAt: null })
      .where(eq(steps.id, step.id));
    return {
      result: { kind: "checking" },
      entries: [entry],
      next: [...(await wantCasePosts(tx, row)), { queue: "verify-grant", payload: { stepId } }],
    };
  });
}

/** Ends steps whose deadline passed without proof. They are exceptions of the case, never done. */
export async function expireStep(w: Workflow, stepId: string): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const found = await findStep(tx, stepId);
    const row = found && (await lockCase(tx, found.caseId));
    const step = row && (await findStep(tx, stepId));
    if (!step || !mayStep(step.state, "expired") || step.deadlineAt > w.now()) return { result: undefined };
    await tx
      .update(steps)
      .set({ state: "expired", nextAt: null, lease: null, leaseUntil: null })
      .where(eq(steps.id, stepId));
    return {
      result: undefined,
      entries: [{ ...about(step, "grant.expired"), outcome: "failure", detail: { state: step.state } }],
      next: [...(await wantCasePosts(tx, row)), await wantStepPost(tx, step), ...(await advance(tx, w, row))],
    };
  });
}

type Work = (tx: Tx, row: Case, step: Step, actor: ReturnType<typeof byPerson>) => Promise<Change<StepDecided>>;

function onStep(
  w: Workflow,
  request: Request,
  stepId: string,
  act: "retry-step" | "skip-step" | "attest-step",
  work: Work,
): Promise<StepDecided | Refusal> {
  return ask<StepDecided | Refusal>(w, request, async (tx, asker): Promise<Change<StepDecided | Refusal> | Denied> => {
    const found = await findStep(tx, stepId);
    const row = found && (await lockCase(tx, found.caseId));
    const step = row && (await findStep(tx, stepId));
    if (!step) return { result: { kind: "missing", what: "step" } };
    const named = w.systems.get(step.system)?.manual?.owner;
    const owner = named === undefined ? undefined : await findPersonNamed(tx, w, named);
    const no = await deniedIn(tx, w, asker, act, row, owner);
    if (no) return no;
    if (!stepsRun(row.state)) return { result: { kind: "already", state: step.state } };
    return work(tx, row, step, byPerson(request, asker));
  });
}

function about(step: Step, action: string, actor?: ReturnType<typeof byPerson>) {
  return {
    ...(actor ? { actor } : {}),
    action,
    outcome: "success" as const,
    target: { kind: "grant", id: step.grantKey, system: step.system },
    case: step.caseId,
  };
}
