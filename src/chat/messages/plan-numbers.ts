import type { Plan } from "../../core/plan.ts";
import type { CaseView, StepView } from "../../store/views.ts";
import type { Part, Rich } from "../message.ts";
import { countsOf } from "./grant-counts.ts";
import { planParts } from "./grant-lines.ts";
import type { LineTimes } from "./line-times.ts";
import { progressWords } from "./plan-parts.ts";
import { stepWords } from "./step-words.ts";
import { grantName, inOrder } from "./words.ts";

/** How many grants a message shows line by line. */
const LINES = 30;

/**
 * Plans as a message has room for them: few grants on a line each; of many, each system in numbers and what is not simply
 * gone. The dialog with pages has the rest.
 */
export function plansParts(
  plans: readonly Plan[],
  steps: readonly StepView[],
  view: CaseView,
  times: LineTimes,
): Part[] {
  const many = plans.reduce((sum, plan) => sum + plan.steps.length, 0) > LINES;
  return many ? numbersParts(plans, steps, view, times) : plans.flatMap((plan) => planParts(plan, steps, view, times));
}

function numbersParts(plans: readonly Plan[], steps: readonly StepView[], view: CaseView, times: LineTimes): Part[] {
  const planned = plans.flatMap((plan) => plan.steps);
  const titles = new Map(view.reads.map(({ system, title }) => [system, title]));
  const keys = new Set(planned.map(({ key }) => key));
  const shown = steps.filter(({ grantKey }) => keys.has(grantKey));
  const systems = inOrder(
    new Set(planned.map(({ grant }) => grant.system)),
    view.reads.map(({ system }) => system),
  );
  const left = shown.filter(({ state }) => !["waiting", "revoking", "reading", "proven", "attested"].includes(state));
  return [
    {
      kind: "list",
      title: [{ bold: "System by system" }],
      items: systems.map((system): Rich => {
        const own = shown.filter((step) => step.system === system);
        const words =
          own.length > 0
            ? progressWords(own)
            : countsOf(planned.filter(({ grant }) => grant.system === system)).join(" · ");
        return [{ bold: titles.get(system) ?? system }, `: ${words}`];
      }),
    },
    ...(left.length === 0
      ? []
      : [
          {
            kind: "list",
            title: [{ bold: "Not simply gone" }],
            items: left.map(
              (step): Rich => [{ bold: grantName(step) }, ` in ${step.title}: `, ...stepWords(step, times.say)],
            ),
          } as const,
        ]),
  ];
}
