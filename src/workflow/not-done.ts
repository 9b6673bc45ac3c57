import { eq } from "drizzle-orm";
import { grantKey, workKey } from "../core/access.ts";
import type { OfferState } from "../core/offer.ts";
import { type Case, listStepKeys, type PlanRow, type Read } from "../store/cases.ts";
import { listOffers } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { listSteps, type Step } from "../store/steps.ts";
import { addSteps } from "./advance.ts";
import { listProvenEntries } from "./proven-entries.ts";
import { isEndProven, listProvenEnds } from "./proven-steps.ts";
import type { Job } from "./queues.ts";
import type { Workflow } from "./workflow.ts";

// What rows call done and the log does not. A case closes only on what the log says.

/** A step that counts as done and is not, with the reason. */
export interface Back {
  readonly step: Step;
  readonly why: string;
}

/** Steps that count as done whose grant the closing inventory shows, or whose end only their row knows. */
export async function notDone(
  tx: Tx,
  w: Workflow,
  row: Case,
  lines: readonly Read[],
  plans: readonly PlanRow[],
): Promise<readonly Back[]> {
  const present = new Set(lines.flatMap(({ grants }) => grants.map(grantKey)));
  const ends = await listProvenEnds(tx, w, row.id, plans);
  return (await plannedSteps(tx, row, plans)).flatMap((step): Back[] => {
    if (step.state === "proven" && present.has(step.grantKey)) return [{ step, why: SHOWN }];
    if (isEndProven(step, ends)) return [];
    w.log.error({ case: row.id, step: step.id }, "a step's end that the log does not hold is not believed");
    return [{ step, why: UNSAID }];
  });
}

/** Why a step is taken back whose grant is there. */
export const SHOWN = "the closing inventory shows it again";
/** Why one is of which only its row says that it ended. */
export const UNSAID = "nothing in the log says that it ended";

/** Steps of approved plans. A row for anything else was written by somebody, and moves nothing. */
export async function plannedSteps(tx: Tx, row: Case, plans: readonly PlanRow[]): Promise<readonly Step[]> {
  const approved = plans.filter(({ state }) => state === "approved");
  const keys = new Set(approved.flatMap(({ plan }) => plan.steps.map(({ key }) => key)));
  return (await listSteps(tx, row.id)).filter((step) => keys.has(step.grantKey));
}

/** Steps of approved plans whose rows are gone are made again, and run. */
export async function addLostSteps(tx: Tx, w: Workflow, row: Case, plans: readonly PlanRow[]): Promise<readonly Job[]> {
  const known = await listStepKeys(tx, row.id);
  const jobs: Job[] = [];
  for (const found of plans) {
    if (found.state !== "approved" || found.plan.steps.every(({ key }) => known.has(key))) continue;
    w.log.error({ case: row.id, plan: found.hash }, "steps of an approved plan were gone and are made again");
    jobs.push(...(await addSteps(tx, w, row, found)));
  }
  return jobs;
}

/** The entry that a settled offer rests on. */
const ENDED_BY: Readonly<Partial<Record<OfferState, string>>> = {
  moved: "work.moved",
  closed: "work.closed",
  attested: "secret.attested",
};

/** Work that only a row calls moved, or settled while its system still shows it, is put to somebody again. */
export async function takeOffersBack(tx: Tx, w: Workflow, row: Case, lines: readonly Read[]): Promise<void> {
  const entries = await listProvenEntries(tx, w, row.id, Object.values(ENDED_BY));
  const said = new Set(
    entries.filter(({ outcome }) => outcome === "success").map(({ action, target }) => `${action} ${target.id}`),
  );
  const shown = new Set(lines.flatMap(({ work }) => work.map(workKey)));
  for (const { id, state, itemKey } of await listOffers(tx, row.id)) {
    const by = ENDED_BY[state];
    const claimed = by === undefined ? state === "void" && shown.has(itemKey) : !said.has(`${by} ${itemKey}`);
    if (!claimed) continue;
    w.log.error({ case: row.id, offer: id }, "an offer's end that the log does not hold is not believed");
    await tx
      .update(offers)
      .set({ state: "held", settledAt: null, nextAt: null, deadlineAt: null })
      .where(eq(offers.id, id));
  }
}
