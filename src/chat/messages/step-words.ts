import type { StepView } from "../../store/views.ts";
import type { Rich, Span } from "../message.ts";
import { people, shownAs } from "./words.ts";

/** Times in full, with their zone: where nothing above a line names it. */
export function inFull(zone: string): (at: Date) => Span {
  return (time) => ({ time, zone });
}

/** Where a step stands on the proof ladder, in words. `say` shows a time. */
export function stepWords(step: StepView, say: (at: Date) => Span): Rich {
  switch (step.state) {
    case "waiting":
      return waitingWords(step, say);
    case "revoking":
      return ["is being taken"];
    case "reading":
      return readingWords(step);
    case "by-hand":
      return ["to be done by hand", ...because(step)];
    case "attention":
      return [{ bold: "needs attention" }, ...because(step)];
    case "attesting":
      return ["attested by ", ...people(step.attesters), ", needs a second person"];
    case "proven":
      return ["gone", ...(step.provenAt ? [", read back ", say(step.provenAt)] : [])];
    case "attested":
      return [
        "attested by ",
        ...people(step.attesters.length > 0 ? step.attesters : step.by ? [step.by] : []),
        ", nothing can read it",
      ];
    case "skipped":
      return ["skipped", ...(step.by ? [" by ", { bold: step.by.name }] : []), ...reason(step)];
    case "expired":
      return ["ended without proof", ...because(step)];
    case "held":
      return ["held: the log does not vouch for it"];
    case "giving-back":
      return ["is being given back", ...because(step)];
    case "given-back":
      return ["given back, read again"];
    case "not-given-back":
      return [{ bold: "could not be given back" }, ...because(step)];
    default:
      return step.state satisfies never;
  }
}

/** The times that `stepWords` shows of a step. */
export function stepTimes(step: StepView): readonly Date[] {
  if (step.state === "proven" && step.provenAt) return [step.provenAt];
  return step.state === "waiting" && step.nextAt && step.failure !== null ? [step.nextAt] : [];
}

function waitingWords(step: StepView, say: (at: Date) => Span): Rich {
  if (step.nextAt && step.failure !== null) return ["tried again ", say(step.nextAt), `: ${shownAs(step.failure)}`];
  return ["waits"];
}

function readingWords(step: StepView): Rich {
  const said = step.rung === "requested" ? "asked for" : "accepted by the system";
  const why = step.failure === null ? "" : `: ${shownAs(step.failure)}`;
  if (step.decidedBy !== null) return [`said to be done by hand, is being read back${why}`];
  return [`${said}, is being read back${why}`];
}

function because(step: StepView): Rich {
  return step.failure === null ? [] : [`: ${shownAs(step.failure)}`];
}

function reason(step: StepView): Rich {
  return step.note === null ? [] : [`: ${shownAs(step.note)}`];
}
