import { z } from "zod";

/** States of a step, which is one grant to be taken away. */
export const STEP_STATES = [
  "waiting", // approved; runs when what must go before it is over
  "revoking", // the act is under way
  "reading", // the system said yes; only a fresh read proves it
  "by-hand", // no connector can do it: its owner is asked
  "attention", // bounded tries are used up, or the system shows it still there: a human decides
  "attesting", // one person attested; a privileged grant needs a second
  "proven", // a fresh read shows it gone
  "attested", // a person states what no connector can read
  "skipped", // an approver left it, with a reason
  "expired", // its deadline passed without proof
  "held", // the log does not vouch for it
  "giving-back", // two people asked that it be undone
  "given-back", // a fresh read shows it again
  "not-given-back", // bounded tries are used up, or it cannot be given back to this account
] as const;
export const StepState = z.enum(STEP_STATES);
export type StepState = z.infer<typeof StepState>;

const MOVES: Readonly<Record<StepState, readonly StepState[]>> = {
  waiting: ["waiting", "revoking", "reading", "by-hand", "attention", "skipped", "expired", "held"],
  revoking: ["waiting", "revoking", "reading", "by-hand", "attention", "held", "expired"],
  // What was to end with another grant and did not is taken by itself.
  reading: ["reading", "waiting", "proven", "attention", "by-hand", "attesting", "attested", "expired", "held"],
  "by-hand": ["reading", "attesting", "attested", "proven", "skipped", "attention", "expired"],
  attention: ["waiting", "reading", "skipped", "attesting", "attested", "expired", "held"],
  attesting: ["attested", "proven", "attention", "skipped", "expired"],
  // The closing inventory may find it back.
  proven: ["attention", "waiting", "giving-back"],
  attested: ["attention", "waiting"],
  skipped: [],
  expired: ["waiting"],
  held: [],
  "giving-back": ["giving-back", "given-back", "not-given-back", "held"],
  "given-back": [],
  "not-given-back": ["giving-back"],
};

/** Says whether a step may go from one state to another. */
export function mayStep(from: StepState, to: StepState): boolean {
  return MOVES[from].includes(to);
}

/** States in which nothing more happens by itself and nobody is waited for. */
export function isSettled(state: StepState): boolean {
  return ["proven", "attested", "skipped", "expired", "held", "given-back", "not-given-back"].includes(state);
}

/** The proof ladder. Only a read climbs to `gone`; a human's word is `attested` and shown as such. */
export const Rung = z.enum(["requested", "accepted", "gone", "attested"]);
export type Rung = z.infer<typeof Rung>;
