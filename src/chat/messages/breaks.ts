import type { PlanStep } from "../../core/order.ts";
import type { Plan } from "../../core/plan.ts";
import type { CaseView } from "../../store/views.ts";
import type { Part, Rich } from "../message.ts";
import { count, listed, resourceWords, shownAs } from "./words.ts";

/** Of grants that break the same, so many are named. */
const NAMED = 3;

/** What stops working with a plan: stands above the buttons that decide it. What several grants of a system break is said once. */
export function breaksParts(plan: Plan, view: CaseView): Part[] {
  const titles = new Map(view.reads.map(({ system, title }) => [system, title]));
  const each = plan.steps.flatMap((step) => [...new Set(step.grant.breaks)].map((what) => ({ step, what })));
  const groups = Map.groupBy(each, ({ step, what }) => JSON.stringify([step.grant.system, what]));
  const items = [...groups.values()].map((group): Rich => {
    const steps = group.map(({ step }) => step);
    const system = steps[0]?.grant.system ?? "";
    return [...namesOf(steps), ` in ${titles.get(system) ?? system}: ${shownAs(group[0]?.what ?? "")}`];
  });
  return items.length === 0 ? [] : [{ kind: "list", title: [{ bold: "What breaks with it" }], items }];
}

function namesOf(steps: readonly PlanStep[]): Rich {
  const [first] = steps;
  if (first && steps.length === 1) return resourceWords(first.grant);
  const names = [...new Set(steps.map(({ grant }) => shownAs(grant.resource)))];
  return [{ bold: count(steps.length, "grant") }, ...(names.length > NAMED ? [] : [` (${listed(names)})`])];
}
