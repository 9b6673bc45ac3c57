import { eq } from "drizzle-orm";
import type { Case } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, steps } from "../store/schema.ts";
import type { Step } from "../store/steps.ts";
import type { Change } from "./transition.ts";
import type { NotVouched } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** Stops a case that the log does not vouch for. Nothing is said in chat: the row itself is the attack. */
export async function holdCase(tx: Tx, w: Workflow, row: Case, why: NotVouched): Promise<Change<undefined>> {
  if (row.state === "held") return { result: undefined };
  await tx.update(cases).set({ state: "held", wakeAt: null }).where(eq(cases.id, row.id));
  w.log.error({ case: row.id }, `a row without its entry in the log moves nothing: ${why.message}`);
  return {
    result: undefined,
    entries: [
      {
        action: "case.held",
        outcome: "failure",
        target: { kind: "case", id: row.id },
        case: row.id,
        detail: { why: why.message },
      },
    ],
  };
}

/** Stops a step that the log does not vouch for. */
export async function holdStep(tx: Tx, w: Workflow, step: Step, why: NotVouched): Promise<Change<undefined>> {
  if (step.state === "held") return { result: undefined };
  await tx
    .update(steps)
    .set({ state: "held", failure: why.message, nextAt: null, lease: null, leaseUntil: null })
    .where(eq(steps.id, step.id));
  w.log.error(
    { case: step.caseId, step: step.id },
    `a step without its approval in the log moves nothing: ${why.message}`,
  );
  return {
    result: undefined,
    entries: [
      {
        action: "grant.held",
        outcome: "failure",
        target: { kind: "grant", id: step.grantKey, system: step.system },
        case: step.caseId,
        detail: { why: why.message },
      },
    ],
  };
}
