import { createHash } from "node:crypto";
import { and, asc, eq, or } from "drizzle-orm";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Entry } from "../audit/entry.ts";
import { proveEntry } from "../audit/prove.ts";
import { type Grant, isReversible } from "../core/access.ts";
import type { PlanStep } from "../core/order.ts";
import { mayGoAlong, Plan } from "../core/plan.ts";
import type { Case } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { entries, plans } from "../store/schema.ts";
import type { Step } from "../store/steps.ts";
import type { Workflow } from "./workflow.ts";

// Rows and jobs can be written by whoever reaches the database; entries cannot, without our key. So what moves anything is
// looked up in the log first, with its signature and its place in the tree.

/** The log does not vouch for what a row says: somebody wrote into the database, or a row was restored without its log. */
export class NotVouched extends Error {
  constructor(what: string, options?: { cause?: unknown }) {
    super(what, options);
    this.name = "NotVouched";
  }
}

/** The entry that opened the case; throws NotVouched if there is none that says what the row says. */
export async function proveCase(tx: Tx, w: Workflow, row: Case): Promise<Entry> {
  const entry = await prove(tx, w, row.openedSeq, "case.opened", row.id);
  const departure = entry.departure;
  const same =
    entry.target.id === row.leaverId &&
    "id" in entry.actor &&
    entry.actor.id === row.requesterId &&
    entry.detail?.["heir"] === row.heirId &&
    (entry.detail["restricted"] === true) === row.restricted &&
    departure?.mode === row.mode &&
    departure.kind === row.kind &&
    departure.announced === row.announced;
  if (!same) throw new NotVouched(`case ${row.id} differs from the entry that opened it`);
  return entry;
}

/** When a case is due: as the newest entry says that moved it, or the one that opened it. With every move, oldest first. */
export async function proveDue(
  tx: Tx,
  w: Workflow,
  row: Pick<Case, "id" | "openedSeq">,
): Promise<{ readonly at: Date; readonly moves: readonly Entry[] }> {
  const opened = await prove(tx, w, row.openedSeq, "case.opened", row.id);
  const found = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, row.id), eq(entries.action, "case.rescheduled")))
    .orderBy(asc(entries.seq));
  const moves: Entry[] = [];
  for (const { seq } of found) moves.push(await prove(tx, w, seq, "case.rescheduled", row.id));
  const instant = (moves.at(-1) ?? opened).departure?.effective.instant;
  if (instant === undefined) throw new NotVouched(`the log does not say when case ${row.id} is due`);
  return { at: new Date(instant), moves };
}

/** A plan's body, if it was proposed by us as it stands there. */
export async function proveProposed(
  tx: Tx,
  w: Workflow,
  caseId: string,
  row: { body: string; hash: string; proposedSeq: number },
): Promise<Plan> {
  if (hashOf(row.body) !== row.hash) throw new NotVouched(`the plan of case ${caseId} is not the one its hash names`);
  const entry = await prove(tx, w, row.proposedSeq, ["plan.proposed", "plan.extended"], caseId);
  if (entry.detail?.["hash"] !== row.hash || entry.actor.kind !== "signoff") {
    throw new NotVouched(`the plan of case ${caseId} was never proposed`);
  }
  return Plan.parse(JSON.parse(row.body));
}

/**
 * The approved step as the log knows it. Checks the approval's signature, that enough different people gave it to just
 * this plan, that the grant is in it, that it is due, and that the case was not cancelled since.
 */
export async function proveStep(
  tx: Tx,
  w: Workflow,
  row: Case,
  step: Step,
): Promise<{ plan: Plan; step: PlanStep; seq: number }> {
  await proveCase(tx, w, row);
  const [found] = await tx
    .select()
    .from(plans)
    .where(and(eq(plans.caseId, row.id), eq(plans.hash, step.planHash)));
  if (!found || found.approvedSeq === null) throw new NotVouched(`no approved plan holds step ${step.id}`);
  const plan = await proveProposed(tx, w, row.id, found);
  await proveApproval(tx, w, row, plan, found.hash, found.approvedSeq);
  const planned = plan.steps.find(({ key }) => key === step.grantKey);
  if (!planned) throw new NotVouched(`the approved plan does not hold step ${step.id}`);
  if (plan.caseId !== row.id || plan.leaver !== row.leaverId)
    throw new NotVouched(`the plan of step ${step.id} is another case's`);
  const due = await proveDue(tx, w, row);
  if (due.at.getTime() > w.now().getTime()) throw new NotVouched(`step ${step.id} is not due`);
  const since = due.moves.filter(({ seq }) => seq > found.proposedSeq);
  if (!since.every(({ detail }) => detail?.["approvals"] === "kept"))
    throw new NotVouched(`the plan of step ${step.id} was approved for another time`);
  const [cancelled] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, row.id), eq(entries.action, "case.cancelled")));
  if (cancelled) throw new NotVouched(`case ${row.id} was cancelled`);
  return { plan, step: planned, seq: found.approvedSeq };
}

/**
 * Throws NotVouched if the log says that the case is closed or that a person left this grant where it is: rows that were
 * set back to before that run nothing again, not what was taken and not what two people gave back since.
 */
export async function proveNotEnded(tx: Tx, row: Case, step: Pick<Step, "id" | "grantKey">): Promise<void> {
  const skipped = and(eq(entries.action, "grant.skipped"), eq(entries.targetId, step.grantKey));
  const [ended] = await tx
    .select({ action: entries.action })
    .from(entries)
    .where(and(eq(entries.caseId, row.id), or(eq(entries.action, "case.closed"), skipped)));
  if (ended) throw new NotVouched(`step ${step.id} is over: the log holds ${ended.action} of case ${row.id}`);
}

async function proveApproval(tx: Tx, w: Workflow, row: Case, plan: Plan, hash: string, seq: number): Promise<void> {
  const entry = await prove(tx, w, seq, ["plan.approved", "plan.extended"], row.id);
  if (entry.detail?.["hash"] !== hash) throw new NotVouched(`the approval of case ${row.id} is for another plan`);
  const [rejected] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, row.id), eq(entries.action, "plan.rejected"), eq(entries.targetId, hash)));
  if (rejected) throw new NotVouched(`the plan of case ${row.id} was rejected`);
  if (entry.action === "plan.extended") return proveExtension(tx, w, row, plan, entry);
  const seqs = entry.detail["decisions"];
  const people = new Set<string>();
  for (const decision of Array.isArray(seqs) ? seqs : []) {
    const decided = await prove(tx, w, Number(decision), "plan.decided", row.id);
    const person = decided.actor.kind === "person" ? decided.actor.id : undefined;
    const counts = decided.detail?.["hash"] === hash && decided.detail["verdict"] === "approved";
    if (person !== undefined && counts && person !== plan.requester && person !== plan.leaver) people.add(person);
  }
  if (people.size < plan.approvals) throw new NotVouched(`the approval of case ${row.id} lacks people`);
}

/** What went along by policy must be as harmless as the policy says, and rest on a real approval. */
async function proveExtension(tx: Tx, w: Workflow, row: Case, plan: Plan, entry: Entry): Promise<void> {
  if (plan.partOf === "containment") return proveContained(tx, w, row, plan, Number(entry.detail?.["base"]));
  if (w.policy.appearedSince !== "take-along" || !plan.steps.every(({ grant }) => mayGoAlong(grant))) {
    throw new NotVouched(`what appeared in case ${row.id} may not go along`);
  }
  const base = Number(entry.detail?.["base"]);
  await prove(tx, w, base, "plan.approved", row.id);
}

/** A part of a containment: one person approved it for these systems, and everything in it can be given back. */
async function proveContained(tx: Tx, w: Workflow, row: Case, part: Plan, base: number): Promise<void> {
  const [found] = await tx
    .select()
    .from(plans)
    .where(and(eq(plans.caseId, row.id), eq(plans.approvedSeq, base)));
  if (!found) throw new NotVouched(`no approved containment of case ${row.id} holds this part`);
  const order = await proveProposed(tx, w, row.id, found);
  const covers = new Set((order.covers ?? []).map(({ system }) => system));
  const same = order.scope === "contain" && order.leaver === part.leaver && row.mode === "contain";
  if (!same || !part.steps.every(({ grant }) => isReversible(grant) && covers.has(grant.system)))
    throw new NotVouched(`the containment of case ${row.id} was not approved for this`);
  await proveApproval(tx, w, row, order, found.hash, base);
}

/** The entry `seq`, proven to be in the signed log, with this action and case; throws NotVouched. */
export async function prove(
  tx: Tx,
  w: Workflow,
  seq: number,
  action: string | readonly string[],
  caseId: string,
): Promise<Entry> {
  let entry: Entry;
  try {
    entry = await proveEntry(tx, w.verifier, seq);
  } catch (cause) {
    throw new NotVouched(`the log does not hold entry ${seq} of case ${caseId}`, { cause });
  }
  const actions = typeof action === "string" ? [action] : action;
  if (!actions.includes(entry.action) || entry.case !== caseId || entry.outcome !== "success") {
    throw new NotVouched(`entry ${seq} is not ${actions.join(" or ")} of case ${caseId}`);
  }
  return entry;
}

/** SHA-256 of a grant's canonical JSON with its before-state, in hexadecimal. */
export function hashOfGrant(grant: Grant): string {
  return createHash("sha256").update(canonicalBytes(grant)).digest("hex");
}

/** What a plan is approved by: SHA-256 of its canonical JSON, in hexadecimal. */
export function hashOf(body: string): string {
  return createHash("sha256").update(body, "utf8").digest("hex");
}
