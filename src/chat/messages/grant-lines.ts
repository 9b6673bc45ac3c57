import type { PlanStep } from "../../core/order.ts";
import type { Plan } from "../../core/plan.ts";
import type { CaseView, PlanView, StepView } from "../../store/views.ts";
import type { Part, Rich } from "../message.ts";
import { type LineTimes, lineTimes } from "./line-times.ts";
import { stepTimes, stepWords } from "./step-words.ts";
import { count, grantMarks, grantWords, markOfAll, resourceWords, shownAs } from "./words.ts";

// The grants of a plan, line by line. What holds for every line of a system is said once, at its head.

const SHOWN_SECRETS = 3;

/** A plan grouped by system: before it is worked through, each grant with its marks; then where its step stands. */
export function planParts(plan: Plan, steps: readonly StepView[], view: CaseView, times: LineTimes): Part[] {
  const systems = [...new Set(plan.steps.map(({ grant }) => grant.system))];
  const titles = new Map(view.reads.map(({ system, title }) => [system, title]));
  return systems.map((system): Part => {
    const own = plan.steps.filter(({ grant }) => grant.system === system);
    const title: Rich = [{ bold: titles.get(system) ?? system }, `: ${count(own.length, "grant")}`];
    const found = own.map((planned) => steps.find(({ grantKey }) => grantKey === planned.key));
    const items = found.some((step) => step !== undefined)
      ? own.map((planned, at) => progressLine(planned, found[at], own, times))
      : undefined;
    if (items) return { kind: "list", title, items };
    const shared = sharedBy(own);
    return {
      kind: "list",
      title: [
        ...title,
        ...shared.marks.map((mark) => ` · ${markOfAll(mark)}`),
        ...(shared.reason === undefined ? [] : [" — ", { quiet: shownAs(shared.reason) }]),
      ],
      items: own.map((planned, at) => planLine(planned, own.slice(0, at), shared)),
    };
  });
}

/** The times that the lines and approvals of these plans show. */
export function planTimes(plans: readonly PlanView[], steps: readonly StepView[], zone: string): LineTimes {
  const keys = new Set(plans.flatMap(({ plan }) => plan.steps.map(({ key }) => key)));
  return lineTimes(
    [
      ...plans.flatMap(({ decisions }) => decisions.map(({ at }) => at)),
      ...steps.filter(({ grantKey }) => keys.has(grantKey)).flatMap(stepTimes),
    ],
    zone,
  );
}

interface Shared {
  readonly marks: readonly string[];
  readonly reason: string | undefined;
}

/** Marks and the reason that every one of several grants has. */
function sharedBy(own: readonly PlanStep[]): Shared {
  const [first] = own;
  if (!first || own.length === 1) return { marks: [], reason: undefined };
  return {
    marks: grantMarks(first.grant).filter((mark) => own.every(({ grant }) => grantMarks(grant).includes(mark))),
    reason: own.every(({ reason, act }) => reason === first.reason && act !== "by-hand") ? first.reason : undefined,
  };
}

function planLine(planned: PlanStep, before: readonly PlanStep[], shared: Shared): Rich {
  const { grant, act, reason } = planned;
  // A stage's reason stands at its first line; what a line has of its own is always said.
  // A stage is about accounts and says nothing of what is done by hand.
  const isSaid =
    reason === shared.reason ||
    (isOfStage(planned) && (act === "by-hand" || before.some((one) => one.reason === reason)));
  const why = [...(act === "by-hand" ? ["by hand"] : []), ...(isSaid ? [] : [shownAs(reason)])].join(", ");
  const marks = grantMarks(grant).filter((mark) => !shared.marks.includes(mark));
  return [
    ...grantWords(grant, marks),
    ...(why === "" ? [] : [" — ", { quiet: why }]),
    ...(grant.breaks.length > 0 ? [`. Breaks: ${grant.breaks.map(shownAs).join("; ")}`] : []),
    ...(grant.secrets.length > 0 ? [`. To rotate: ${secretWords(grant.secrets)}`] : []),
  ];
}

/** A few names; all of them stand in the summary. */
function secretWords(secrets: readonly string[]): string {
  const shown = secrets.slice(0, SHOWN_SECRETS).map(shownAs).join("; ");
  return secrets.length > SHOWN_SECRETS ? `${shown}; and ${count(secrets.length - SHOWN_SECRETS, "other")}` : shown;
}

function progressLine(
  { grant, reason }: PlanStep,
  step: StepView | undefined,
  own: readonly PlanStep[],
  times: LineTimes,
): Rich {
  const alike = own.filter((one) => one.grant.resource === grant.resource && one.grant.role === grant.role);
  const name = alike.length > 1 ? grantWords(grant, []) : resourceWords(grant);
  return step ? [...name, ": ", ...stepWords(step, times.say)] : [...name, " — ", { quiet: shownAs(reason) }];
}

/** Whether its reason is that of its stage, and no tie to another grant. */
function isOfStage({ grant, after }: PlanStep): boolean {
  return grant.contested === undefined && grant.via === undefined && after.length === 0;
}
