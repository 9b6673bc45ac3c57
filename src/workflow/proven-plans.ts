import { listPlans, type PlanRow } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import type { Vouching } from "./person-record.ts";
import { listProvenEntries } from "./proven-entries.ts";
import { hashOf } from "./vouched.ts";

/**
 * A case's plans as the log has them, newest first: each was proposed by us as it stands there, and is approved or rejected
 * if an entry says so, whatever its row says. A plan that somebody wrote is left out. Of what waits, only the row says
 * that a newer plan took its place.
 */
export async function listProvenPlans(tx: Tx, w: Vouching, caseId: string): Promise<readonly PlanRow[]> {
  const said = await listProvenEntries(tx, w, caseId, [
    "plan.proposed",
    "plan.extended",
    "plan.approved",
    "plan.rejected",
  ]);
  const named = (...actions: readonly string[]) =>
    new Map(
      said
        .filter(({ action, actor }) => actions.includes(action) && actor.kind === "signoff")
        .map(({ detail, seq }) => [detail?.["hash"], seq]),
    );
  const proposed = named("plan.proposed", "plan.extended");
  const approved = named("plan.extended", "plan.approved");
  const rejected = named("plan.rejected");
  return (await listPlans(tx, caseId)).flatMap((row): PlanRow[] => {
    if (hashOf(row.body) !== row.hash || !proposed.has(row.hash)) {
      w.log.error({ case: caseId, plan: row.hash }, "a plan's row that the log does not hold is not believed");
      return [];
    }
    const approvedSeq = approved.get(row.hash) ?? null;
    if (rejected.has(row.hash)) return [{ ...row, state: "rejected", approvedSeq: null }];
    if (approvedSeq !== null) return [{ ...row, state: "approved", approvedSeq }];
    return [{ ...row, state: row.state === "superseded" ? "superseded" : "proposed", approvedSeq: null }];
  });
}

/** What people decided about a plan, oldest first, as the log has it: each person's first word. */
export async function listProvenDecisions(
  tx: Tx,
  w: Vouching,
  caseId: string,
  planHash: string,
): Promise<readonly Decided[]> {
  const found = new Map<string, Decided>();
  for (const { actor, detail, seq, at } of await listProvenEntries(tx, w, caseId, ["plan.decided"])) {
    const verdict = detail?.["verdict"];
    if (actor.kind !== "person" || detail?.["hash"] !== planHash || found.has(actor.id)) continue;
    if (verdict !== "approved" && verdict !== "rejected") continue;
    found.set(actor.id, { personId: actor.id, verdict, seq, at: new Date(at) });
  }
  return [...found.values()];
}

/** One person's word about a plan. */
export interface Decided {
  readonly personId: string;
  readonly verdict: "approved" | "rejected";
  readonly seq: number;
  readonly at: Date;
}

/** The plan that a case's cut rests on: its full plan, or the containment until there is one. */
export function approvedBase(plans: readonly PlanRow[]): PlanRow | undefined {
  return plans.find(({ scope, state }) => scope !== "addition" && state === "approved");
}
