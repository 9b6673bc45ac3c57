import { z } from "zod";

/** States of a case. Arrows of the design; data, so that the one writer can check each move. */
export const CASE_STATES = [
  "opened", // the first inventory is being taken; a containment waits for its approval
  "containing", // the containment is approved: systems still answer, and lose at once what can be given back
  "planned", // a plan is proposed and waits for approval
  "approved", // waits for its due instant
  "rechecking", // everything is read again, right before the cut
  "revoking", // steps run
  "closing", // everything is read once more
  "handing-over", // access is proven gone; offers are still open
  "closed",
  "cancelled",
  "rejected",
  "held", // a row that the log does not vouch for: it moves nothing
] as const;
export const CaseState = z.enum(CASE_STATES);
export type CaseState = z.infer<typeof CaseState>;

const MOVES: Readonly<Record<CaseState, readonly CaseState[]>> = {
  opened: ["planned", "containing", "rejected", "cancelled", "held"],
  // Before a step exists it can be cancelled; then only the full plan, or its rejection, ends it.
  containing: ["planned", "closing", "cancelled", "held"],
  planned: ["planned", "approved", "cancelled", "rejected", "held", "closing"],
  // Back to planned when its time was moved to one that it was not approved for.
  approved: ["rechecking", "planned", "cancelled", "held"],
  rechecking: ["revoking", "cancelled", "held"],
  revoking: ["closing", "cancelled", "held"],
  closing: ["revoking", "handing-over", "closed", "held"],
  "handing-over": ["closing", "closed", "held"],
  closed: [],
  cancelled: [],
  rejected: [],
  held: [],
};

/** Says whether a case may go from one state to another. */
export function mayMove(from: CaseState, to: CaseState): boolean {
  return MOVES[from].includes(to);
}

/** Says whether the time of a case may still be moved: nothing is being cut yet. */
export function mayReschedule(state: CaseState): boolean {
  return ["opened", "planned", "approved"].includes(state);
}

/**
 * Says whether a plan that was approved for one instant counts for another: never for an earlier one, at which more people
 * still need what is taken, and for a later one only so many days, since access stays open meanwhile.
 */
export function approvalHolds(approvedFor: Date, due: Date, days: number): boolean {
  const later = due.getTime() - approvedFor.getTime();
  return later >= 0 && later <= days * 86_400_000;
}

/** A case that will never move again. */
export function isOver(state: CaseState): boolean {
  return MOVES[state].length === 0;
}

/**
 * Says whether approved steps may run. Those of a containment go on while its full plan is made, decided and read again;
 * any other case has no step before it is being revoked.
 */
export function stepsRun(state: CaseState): boolean {
  return ["containing", "planned", "approved", "rechecking", "revoking"].includes(state);
}

export const LEAVE_KINDS = ["voluntary", "involuntary", "contract-end"] as const;
export const LeaveKind = z.enum(LEAVE_KINDS);
export type LeaveKind = z.infer<typeof LeaveKind>;
export const Mode = z.enum(["orderly", "contain"]);
export type Mode = z.infer<typeof Mode>;
export const ROUNDS = ["first", "before-cut", "closing"] as const;
export const Round = z.enum(ROUNDS);
export type Round = z.infer<typeof Round>;

/** Reasons are chosen from a list, since free text in an entry could not be erased. */
export const REASONS = ["resignation", "dismissal", "contract-end", "security", "transfer", "other"] as const;
export const Reason = z.enum(REASONS);
export type Reason = z.infer<typeof Reason>;
