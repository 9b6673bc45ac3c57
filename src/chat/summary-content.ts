import type { Entry } from "../audit/entry.ts";
import type { Tx } from "../store/open.ts";
import { listTheirTimes } from "../store/their-times.ts";
import { type CaseView, closingNote, type StepView } from "../store/views.ts";
import { UNSAID } from "../workflow/not-done.ts";
import { listProvenEntries } from "../workflow/proven-entries.ts";
import { listProvenPlans } from "../workflow/proven-plans.ts";
import { type End, isEndProven, listProvenEnds } from "../workflow/proven-steps.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { checkpointFacts } from "./digest-content.ts";
import type { Message } from "./message.ts";
import { type CheckpointFacts, summaryMessage } from "./messages/summary.ts";

/**
 * A closed case's summary, or why there is none. It says what the log says: what rows claim beyond that counts as without
 * proof, and an exception that the closing entry names is shown, whatever became of its row.
 */
export async function summaryFor(tx: Tx, w: Workflow, view: CaseView): Promise<Message | string> {
  const closed = (await listProvenEntries(tx, w, view.case.id, ["case.closed"])).at(-1);
  if (view.case.state !== "closed" || !closed) return "the case is not closed";
  const said = new Map((await listProvenPlans(tx, w, view.case.id)).map((plan) => [plan.hash, plan]));
  const plans = view.plans.flatMap((plan) => {
    const state = said.get(plan.hash)?.state;
    return state === undefined ? [] : [{ ...plan, state }];
  });
  const approved = plans.filter(({ state }) => state === "approved");
  const keys = new Set(approved.flatMap(({ plan }) => plan.steps.map(({ key }) => key)));
  const ends = await listProvenEnds(tx, w, view.case.id, approved, closed.seq);
  const steps = view.steps.filter(({ grantKey }) => keys.has(grantKey)).map((step) => believed(step, ends));
  const exceptions = closed.closure?.exceptions.map(({ what }) => what) ?? [];
  const theirs = await listTheirTimes(tx, view.case.id);
  return summaryMessage({ ...view, plans, steps }, await checkpointAt(tx, w, closed), exceptions, theirs);
}

function believed(step: StepView, ends: ReadonlyMap<string, End>): StepView {
  if (!isEndProven(step, ends)) return { ...step, state: "held", provenAt: null, failure: UNSAID };
  const end = ends.get(step.grantKey);
  return end && step.state === end.state ? { ...step, provenAt: end.at } : step;
}

/** The signed size that holds the closing entry, so that the same summary always names the same one. */
async function checkpointAt(tx: Tx, w: Workflow, closed: Entry): Promise<CheckpointFacts | undefined> {
  const note = closed.case === null ? undefined : await closingNote(tx, closed.case);
  return note === undefined ? undefined : checkpointFacts(w, note);
}
