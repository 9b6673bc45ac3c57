import { decideKept, keepGrants } from "../workflow/keep-grants.ts";
import { readCase } from "../workflow/open-cases.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { FIELDS, placesOf } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { noSuchPlan } from "./messages/answers.ts";
import { keepAnswer, keepForm, keptAnswer } from "./messages/kept.ts";
import { reviewForm } from "./messages/review.ts";
import { resourceWords } from "./messages/words.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Review each grant”: the dialog with pages. A plan that was replaced is still shown as what it is. */
export async function reviewPlan(deps: Deps, intent: Of<"review-plan">, reply: Reply): Promise<void> {
  const found = await readCase(deps.workflow, requestOf(intent), intent.caseId);
  if (isRefusal(found)) return sayRefusal(reply, found);
  const { view } = found;
  const plan = view.plans.find(({ hash }) => hash === intent.planHash);
  if (!plan) return reply.say(noSuchPlan());
  return reply.ask(reviewForm(view, plan, intent.page ?? 0, intent.picked));
}

/** “Keep what is chosen”: asks for owner, day and reason. */
export async function askKeep(deps: Deps, intent: Of<"ask-keep">, reply: Reply): Promise<void> {
  const found = await readCase(deps.workflow, requestOf(intent), intent.caseId);
  if (isRefusal(found)) return sayRefusal(reply, found);
  const { caseId, planHash, picked } = intent;
  const plan = found.view.plans.find(({ hash }) => hash === planHash);
  if (!plan) return reply.say(noSuchPlan());
  const places = new Set(placesOf(picked));
  const grants = plan.plan.steps
    .filter(({ position }) => places.has(position))
    .map(({ grant }) => resourceWords(grant));
  return reply.ask(keepForm({ caseId, planHash, picked }, grants));
}

/** The dialog came back. */
export async function keep(deps: Deps, intent: Of<"keep-grants">, reply: Reply): Promise<void> {
  const field = FIELDS["keep-grants"];
  const owner = await surfaceOf(deps, intent).getMember(intent.owner);
  if (!owner) return reply.reject({ [field.owner]: "This account does not exist here." });
  const asked = await keepGrants(deps.workflow, requestOf(intent), {
    caseId: intent.caseId,
    planHash: intent.planHash,
    places: placesOf(intent.picked),
    owner: accountOf(owner),
    until: intent.until,
    note: intent.note,
  });
  if (isRefusal(asked)) return sayRefusal(reply, asked);
  switch (asked.kind) {
    case "bad-day":
      return reply.reject({ [field.until]: asked.why });
    case "bad-owner":
      return reply.reject({ [field.owner]: asked.why });
    case "bad-pick":
      return reply.reject({ [field.note]: asked.why });
    default:
      return reply.say(keepAnswer(asked));
  }
}

/** “Keep” or “Do not keep”. */
export async function decideToKeep(deps: Deps, intent: Of<"decide-kept">, reply: Reply): Promise<void> {
  const decided = await decideKept(deps.workflow, requestOf(intent), intent);
  return isRefusal(decided) ? sayRefusal(reply, decided) : reply.say(keptAnswer(decided));
}
