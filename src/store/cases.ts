import { and, asc, desc, eq, notInArray } from "drizzle-orm";
import { z } from "zod";
import { Account, Grant, Sight, WorkItem } from "../core/access.ts";
import { CaseState, LeaveKind, Mode, Reason, type Round } from "../core/case.ts";
import { Plan } from "../core/plan.ts";
import type { Tx } from "./open.ts";
import { cases, decisions, plans, reads, steps } from "./schema.ts";

/** A case as it stands in its row. */
export const Case = z.object({
  id: z.string(),
  leaverId: z.string(),
  requesterId: z.string(),
  state: CaseState,
  kind: LeaveKind,
  mode: Mode,
  announced: z.boolean(),
  restricted: z.boolean(),
  dueAt: z.date(),
  dueLocal: z.string(),
  dueZone: z.string(),
  reason: Reason,
  heirId: z.string().nullable(),
  openedAt: z.date(),
  openedSeq: z.number(),
  revision: z.number(),
  round: z.enum(["first", "before-cut", "closing"]),
  missedAt: z.date().nullable(),
  cutAt: z.date().nullable(),
  closeBy: z.date().nullable(),
  closedAt: z.date().nullable(),
  wakeAt: z.date().nullable(),
  escalateAt: z.date().nullable(),
  escalations: z.number(),
});
export type Case = Readonly<z.infer<typeof Case>>;

/** Ids of every case that may still move, or is held: soonest first. */
export async function listOpenCaseIds(tx: Tx): Promise<readonly string[]> {
  const rows = await tx
    .select({ id: cases.id })
    .from(cases)
    .where(notInArray(cases.state, ["closed", "cancelled", "rejected"]))
    .orderBy(asc(cases.dueAt), asc(cases.id));
  return rows.map(({ id }) => id);
}

/** Ids of the newest cases, over or not. */
export async function listLatestCaseIds(tx: Tx, limit: number): Promise<readonly string[]> {
  const rows = await tx.select({ id: cases.id }).from(cases).orderBy(desc(cases.openedSeq)).limit(limit);
  return rows.map(({ id }) => id);
}

/** Whether a restricted case may still move. */
export async function anyRestricted(tx: Tx): Promise<boolean> {
  const rows = await tx
    .select({ id: cases.id })
    .from(cases)
    .where(and(eq(cases.restricted, true), notInArray(cases.state, [...ENDED])))
    .limit(1);
  return rows.length > 0;
}

/** One system's line in one round of inventory. */
export const Read = z.object({
  caseId: z.string(),
  system: z.string(),
  round: z.enum(["first", "before-cut", "closing"]),
  state: z.enum(["pending", "read", "none", "unmatched", "failed"]),
  accounts: z.array(Account),
  grants: z.array(Grant),
  work: z.array(WorkItem),
  sight: Sight.nullable(),
  failure: z.string().nullable(),
  tries: z.number(),
  readAt: z.date().nullable(),
  nextAt: z.date().nullable(),
  lease: z.string().nullable(),
  seq: z.number().nullable(),
});
export type Read = Readonly<z.infer<typeof Read>>;

/** A plan's row with its body still as the text that was hashed. */
export interface PlanRow {
  readonly revision: number;
  readonly scope: Plan["scope"];
  readonly state: "proposed" | "approved" | "rejected" | "superseded";
  readonly plan: Plan;
  readonly body: string;
  readonly hash: string;
  readonly proposedSeq: number;
  readonly approvedSeq: number | null;
  readonly gaps: string | null;
}

const ENDED = ["closed", "cancelled", "rejected", "held"] as const;

export async function findCase(tx: Tx, id: string): Promise<Case | undefined> {
  const [row] = await tx.select().from(cases).where(eq(cases.id, id));
  return row && Case.parse(row);
}

/** Takes the case's lock for the rest of the transaction, so that its transitions come one after another. */
export async function lockCase(tx: Tx, id: string): Promise<Case | undefined> {
  const [row] = await tx.select().from(cases).where(eq(cases.id, id)).for("update");
  return row && Case.parse(row);
}

/** The newest closed case of a person. */
export async function findClosedCase(tx: Tx, leaverId: string): Promise<Case | undefined> {
  const [row] = await tx
    .select()
    .from(cases)
    .where(and(eq(cases.leaverId, leaverId), eq(cases.state, "closed")))
    .orderBy(desc(cases.openedSeq))
    .limit(1);
  return row && Case.parse(row);
}

/** The one open case of a person. */
export async function findOpenCase(tx: Tx, leaverId: string): Promise<Case | undefined> {
  const [row] = await tx
    .select()
    .from(cases)
    .where(and(eq(cases.leaverId, leaverId), notInArray(cases.state, [...ENDED])));
  return row && Case.parse(row);
}

export async function listReads(tx: Tx, caseId: string, round: Round): Promise<readonly Read[]> {
  const rows = await tx
    .select()
    .from(reads)
    .where(and(eq(reads.caseId, caseId), eq(reads.round, round)))
    .orderBy(asc(reads.system));
  return rows.map((row) => Read.parse(row));
}

/** Plans of a case, newest first. */
export async function listPlans(tx: Tx, caseId: string): Promise<readonly PlanRow[]> {
  const rows = await tx.select().from(plans).where(eq(plans.caseId, caseId)).orderBy(desc(plans.revision));
  return rows.map((row) => ({ ...PlanColumns.parse(row), plan: Plan.parse(JSON.parse(row.body)), body: row.body }));
}

export async function listDecisions(tx: Tx, caseId: string, planHash: string) {
  const rows = await tx
    .select()
    .from(decisions)
    .where(and(eq(decisions.caseId, caseId), eq(decisions.planHash, planHash)))
    .orderBy(asc(decisions.at));
  return rows.map((row) => Decision.parse(row));
}

/** Grant keys the case already has steps for. */
export async function listStepKeys(tx: Tx, caseId: string): Promise<ReadonlySet<string>> {
  const rows = await tx.select({ key: steps.grantKey }).from(steps).where(eq(steps.caseId, caseId));
  return new Set(rows.map(({ key }) => key));
}

const PlanColumns = z.object({
  revision: z.number(),
  scope: z.enum(["contain", "full", "addition"]),
  state: z.enum(["proposed", "approved", "rejected", "superseded"]),
  hash: z.string(),
  proposedSeq: z.number(),
  approvedSeq: z.number().nullable(),
  gaps: z.string().nullable(),
});

const Decision = z.object({
  personId: z.string(),
  verdict: z.enum(["approved", "rejected"]),
  note: z.string().nullable(),
  at: z.date(),
  seq: z.number(),
});
export type Decision = Readonly<z.infer<typeof Decision>>;
