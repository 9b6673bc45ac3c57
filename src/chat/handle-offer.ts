import type { Refusal } from "../workflow/ask.ts";
import { acceptOffer, declineOffer, type OfferDecided, passOffer } from "../workflow/decide-offer.ts";
import { namesOf } from "../workflow/known-people.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { offerAnswer } from "./messages/answers.ts";
import { declineOfferForm } from "./messages/dialogs.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Accept”. */
export async function accept(deps: Deps, intent: Of<"accept-offer">, reply: Reply): Promise<void> {
  return answer(deps, reply, await acceptOffer(deps.workflow, requestOf(intent), intent.offerId));
}

/** “Decline”: opens the dialog, in which a word may be left. */
export function askDecline(intent: Of<"decline-offer">, reply: Reply): Promise<void> {
  return reply.ask(declineOfferForm(intent.offerId));
}

/** The dialog came back. */
export async function decline(deps: Deps, intent: Of<"decline-offer">, reply: Reply): Promise<void> {
  return answer(deps, reply, await declineOffer(deps.workflow, requestOf(intent), intent.offerId, intent.note));
}

/** “Suggest someone”: the dialog came back. */
export async function pass(deps: Deps, intent: Of<"pass-offer">, reply: Reply): Promise<void> {
  const field = FIELDS["pass-offer"].to;
  const member = await surfaceOf(deps, intent).getMember(intent.to);
  if (!member) return reply.reject({ [field]: "This account does not exist here." });
  const decided = await passOffer(deps.workflow, requestOf(intent), intent.offerId, accountOf(member));
  if (decided.kind === "cannot-take") return reply.reject({ [field]: decided.why });
  return answer(deps, reply, decided);
}

async function answer(deps: Deps, reply: Reply, decided: OfferDecided | Refusal): Promise<void> {
  if (isRefusal(decided)) return sayRefusal(reply, decided);
  if (decided.kind !== "passed" && decided.kind !== "already") return reply.say(offerAnswer(decided));
  const id = decided.kind === "passed" ? decided.to : decided.by;
  const names = await deps.workflow.store.db.transaction((tx) =>
    namesOf(tx, deps.workflow, id === undefined ? [] : [id]),
  );
  const name = id === undefined ? undefined : (names.get(id) ?? id);
  if (decided.kind === "passed") return reply.say(offerAnswer({ kind: "passed", name: name ?? decided.to }));
  return reply.say(
    offerAnswer({ kind: "already", state: decided.state, name, ...(decided.at ? { at: decided.at } : {}) }),
  );
}
