import { createHash } from "node:crypto";
import { and, eq } from "drizzle-orm";
import type { Evidence, Reading } from "../../connectors/connector.ts";
import type { Grant } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import { type Case, lockCase } from "../store/cases.ts";
import { steps } from "../store/schema.ts";
import type { Step } from "../store/steps.ts";
import { advance } from "./advance.ts";
import { callFor } from "./call.ts";
import { type LeasedStep, leaseStep, type StepAct, stepInTurn } from "./lease-step.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import { backoff, recover } from "./recover.ts";
import { aboutGrant, endsWithAnother, wantStepPost } from "./revoke-grant.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit } from "./turn.ts";
import { systemOf, type Workflow } from "./workflow.ts";

/** 6 Reads one grant back. Only this climbs the proof ladder to “gone”. */
export function verifyGrant(w: Workflow, { stepId }: { stepId: string }): Promise<void> {
  return stepInTurn(w, stepId, READING, () => verifyNow(w, stepId));
}

async function verifyNow(w: Workflow, stepId: string): Promise<void> {
  const taken = await leaseStep(w, stepId, READING);
  if (!taken) return;
  try {
    using call = callFor(w);
    const reading = await systemOf(w, taken.planned.grant.system).readBack(taken.planned.grant, call);
    await settle(w, taken, { kind: "read", reading });
  } catch (cause) {
    await heedLimit(w, taken.step.system, cause);
    await settle(w, taken, { kind: "failed", cause });
  }
}

const READING = {
  changes: false,
  from: ["reading"],
  set: (before) => ({ readBacks: before.readBacks + 1 }),
  started: (_, before, { planned }) => ({
    ...aboutGrant(before, planned.grant),
    action: "grant.readStarted",
    outcome: "success",
    detail: { attempt: before.readBacks + 1 },
  }),
  interrupted: (before, { grant }) => ({
    ...aboutGrant(before, grant),
    action: "grant.readInterrupted",
    outcome: "unknown",
    detail: { attempt: before.readBacks },
  }),
} as const satisfies StepAct;

type Outcome = { kind: "read"; reading: Reading } | { kind: "failed"; cause: unknown };

async function settle(w: Workflow, taken: LeasedStep, outcome: Outcome): Promise<void> {
  const { step } = taken;
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, step.caseId);
    if (!row) return { result: undefined };
    const to = follow(w, row, taken, outcome);
    const moved = await tx
      .update(steps)
      .set({ ...to.set, lease: null, leaseUntil: null })
      .where(and(eq(steps.id, step.id), eq(steps.state, "reading"), eq(steps.lease, step.lease)))
      .returning({ id: steps.id });
    if (moved.length === 0) return { result: undefined, entries: [{ ...to.entry, outcome: "unknown" }] };
    const next: Job[] = [...(await wantCasePosts(tx, row))];
    if (to.set.state === "waiting") next.push({ queue: "revoke-grant", payload: { stepId: step.id } });
    if (step.decidedBy !== null || ["attention", "by-hand", "attesting"].includes(to.set.state))
      next.push(await wantStepPost(tx, step));
    next.push(...(await advance(tx, w, row)));
    return { result: undefined, entries: [to.entry], next };
  });
}

interface Follow {
  readonly set: Partial<typeof steps.$inferInsert> & { state: Step["state"] };
  readonly entry: Said;
}

function follow(w: Workflow, row: Case, { step, planned }: LeasedStep, outcome: Outcome): Follow {
  const { grant } = planned;
  const said = (result: "success" | "failure" | "unknown", more: Partial<Said>): Said => ({
    ...aboutGrant(step, grant),
    action: "grant.readBack",
    outcome: result,
    ...more,
  });
  if (outcome.kind === "failed") {
    const recovery = recover(w, outcome.cause, step.readBacks, w.policy.readBacks);
    const entry = said("failure", { detail: { why: recovery.why } });
    return recovery.next === "retry"
      ? { set: { state: "reading", nextAt: recovery.at, failure: recovery.why }, entry }
      : { set: { state: "attention", failure: `it could not be read back: ${recovery.why}` }, entry };
  }
  const reading = outcome.reading;
  switch (reading.state) {
    case "absent":
      return {
        set: { state: "proven", rung: "gone", provenAt: w.now(), failure: null },
        entry: said("success", proofOf(row, reading, reading.evidence)),
      };
    case "present": {
      const entry = said("failure", proofOf(row, reading, reading.evidence));
      // Read twice, since the other one's end may take its time to show.
      if (endsWithAnother(planned, step) && step.readBacks > 1)
        return { set: { state: "waiting", nextAt: w.now(), failure: null }, entry };
      if (step.decidedBy === null && step.readBacks < w.policy.readBacks) {
        return {
          set: { state: "reading", nextAt: backoff(w, step.readBacks), failure: "the system still shows it" },
          entry,
        };
      }
      return {
        set: { state: "attention", failure: "the system said yes, and still shows it", decidedBy: null },
        entry,
      };
    }
    case "not-yet":
      return {
        set: { state: "reading", nextAt: reading.readAgainAfter, readBacks: step.readBacks - 1 },
        entry: said("unknown", { detail: { readAgainAfter: reading.readAgainAfter.toISOString() } }),
      };
    case "unreadable":
      return unreadable(w, step, grant, reading.why, said);
    default:
      return reading satisfies never;
  }
}

/** No connector can read it: a person's word is all there is, and it is shown as that. Two words where it is privileged. */
function unreadable(
  w: Workflow,
  step: Step,
  grant: Grant,
  why: string,
  said: (result: "unknown", more: Partial<Said>) => Said,
): Follow {
  const entry = said("unknown", {
    verification: {
      method: "read-back",
      rung: step.decidedBy === null ? "accepted" : "attested",
      readAt: w.now().toISOString(),
      state: "unreadable",
    },
    detail: { why },
  });
  if (step.decidedBy === null) return { set: { state: "by-hand", failure: why }, entry };
  if (grant.privileged) return { set: { state: "attesting", failure: why }, entry };
  return { set: { state: "attested", rung: "attested", provenAt: w.now(), failure: null }, entry };
}

function proofOf(row: Case, reading: Reading & { state: "present" | "absent" }, evidence: Evidence): Partial<Said> {
  const answer = safeText(evidence.answer);
  return {
    ...(reading.theirTime === undefined ? {} : { theirTime: reading.theirTime.toISOString() }),
    verification: {
      method: "read-back",
      rung: reading.state === "absent" ? "gone" : "accepted",
      readAt: reading.readAt.toISOString(),
      state: reading.state,
      request: safeText(
        evidence.requestId === undefined ? evidence.request : `${evidence.request} (${evidence.requestId})`,
      ),
      // A hash without its answer proves nothing, so the answer is kept beside it: it may name people.
      evidenceHash: createHash("sha256").update(answer, "utf8").digest("hex"),
      elapsed: reading.readAt.getTime() - row.dueAt.getTime(),
    },
    personal: { evidence: answer },
  };
}
