import type { PlanStep } from "./order.ts";

/** Something that stops working with one or several grants of a system. */
export interface Break {
  /** The same for the same sentence of the same system, whatever plan it is in. */
  readonly key: string;
  readonly system: string;
  readonly what: string;
  readonly steps: readonly PlanStep[];
}

/** What breaks with these steps, in their order. What several grants of a system break is one. */
export function breaksOf(steps: readonly PlanStep[]): readonly Break[] {
  const each = steps.flatMap((step) => [...new Set(step.grant.breaks)].map((what) => ({ step, what })));
  const groups = Map.groupBy(each, ({ step, what }) => JSON.stringify([step.grant.system, what]));
  return [...groups].map(([id, group]) => ({
    key: shortened(id),
    system: group[0]?.step.grant.system ?? "",
    what: group[0]?.what ?? "",
    steps: group.map(({ step }) => step),
  }));
}

/** FNV-1a, 64 bits, in hexadecimal: short enough for what a dialog carries. It names, and proves nothing. */
function shortened(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const unit of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(unit)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
