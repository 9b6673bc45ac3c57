import { readCase } from "../workflow/open-cases.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import type { Intent } from "./intent.ts";
import { noSuchPlan } from "./messages/answers.ts";
import { reviewForm } from "./messages/review.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Review each grant”: the dialog with pages. A plan that was replaced is still shown as what it is. */
export async function reviewPlan(deps: Deps, intent: Of<"review-plan">, reply: Reply): Promise<void> {
  const found = await readCase(deps.workflow, requestOf(intent), intent.caseId);
  if (isRefusal(found)) return sayRefusal(reply, found);
  const { view } = found;
  const plan = view.plans.find(({ hash }) => hash === intent.planHash);
  if (!plan) return reply.say(noSuchPlan());
  return reply.ask(reviewForm(view, plan, intent.page ?? 0));
}
