import { isContested, isReversible } from "../../core/access.ts";
import type { PlanStep } from "../../core/order.ts";
import { count } from "./words.ts";

/** What several grants are, in numbers: `41 grants`, `3 privileged`, `12 outlive sign-on`. What none is stays unsaid. */
export function countsOf(steps: readonly PlanStep[]): readonly string[] {
  const of = (is: (step: PlanStep) => boolean) => steps.filter(is).length;
  const said: readonly (readonly [number, string])[] = [
    [of(({ grant }) => grant.privileged), "privileged"],
    [of(({ grant }) => grant.outlivesSignOn), "outlive sign-on"],
    [of(({ grant }) => grant.reversible === "never"), "final"],
    [of(({ grant }) => !isReversible(grant) && grant.reversible !== "never"), "given back for some days only"],
    [of(({ grant }) => grant.breaks.length > 0), "break something"],
    [of(({ grant }) => isContested(grant)), "perhaps somebody else’s"],
    [of(({ act }) => act === "by-hand"), "by hand"],
  ];
  return [
    count(steps.length, "grant"),
    ...said.filter(([number]) => number > 0).map(([number, what]) => words(number, what)),
  ];
}

function words(number: number, what: string): string {
  return `${number} ${number === 1 ? what.replace(/^outlive\b/, "outlives").replace(/^break\b/, "breaks") : what}`;
}
