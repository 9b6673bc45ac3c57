import type { Refusal } from "../workflow/ask.ts";
import { acceptContainer, acceptOffer, declineOffer, passOffer } from "../workflow/decide-offer.ts";
import { namesOf } from "../workflow/known-people.ts";
import { noteWork } from "../workflow/note-work.ts";
import type { OfferDecided } from "../workflow/on-offer.ts";
import { attestSecret, closeWork, returnOffer, snoozeOffer } from "../workflow/settle-work.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { notedMessage, offerAnswer } from "./messages/answers.ts";
import {
  attestSecretForm,
  declineOfferForm,
  noteWorkForm,
  passOfferForm,
  returnOfferForm,
  snoozeOfferForm,
} from "./messages/offer-dialogs.ts";
import type { Reply } from "./surface.ts";

type OfferIntent = Extract<
  Intent,
  {
    kind:
      | "accept-offer"
      | "accept-all"
      | "decline-offer"
      | "ask-pass"
      | "pass-offer"
      | "snooze-offer"
      | "return-offer"
      | "close-work"
      | "attest-secret"
      | "note-work";
  }
>;

/** Everything that somebody can do with work that is put to them. A button that needs a word opens the dialog that asks for it. */
export async function onOffer(deps: Deps, intent: OfferIntent, reply: Reply): Promise<void> {
  const request = requestOf(intent);
  const { workflow: w } = deps;
  switch (intent.kind) {
    case "accept-offer":
      return answer(deps, reply, await acceptOffer(w, request, intent.offerId));
    case "accept-all":
      return answer(deps, reply, await acceptContainer(w, request, intent));
    case "decline-offer":
      if (intent.why === undefined) return reply.ask(declineOfferForm(intent.offerId));
      return answer(deps, reply, await declineOffer(w, request, intent.offerId, intent.why, intent.note));
    case "return-offer":
      if (intent.why === undefined) return reply.ask(returnOfferForm(intent.offerId));
      return answer(deps, reply, await returnOffer(w, request, intent.offerId, intent.why, intent.note));
    case "snooze-offer": {
      if (intent.how === undefined) return reply.ask(snoozeOfferForm(intent.offerId));
      const decided = await snoozeOffer(w, request, intent.offerId, intent.how);
      if (decided.kind === "cannot-take") return reply.reject({ [FIELDS["snooze-offer"].how]: decided.why });
      return answer(deps, reply, decided);
    }
    case "close-work":
      return answer(deps, reply, await closeWork(w, request, intent.offerId));
    case "attest-secret":
      if (intent.note === undefined) return reply.ask(attestSecretForm(intent.offerId));
      return answer(deps, reply, await attestSecret(w, request, intent.offerId, intent.note));
    case "note-work": {
      if (intent.note === undefined) return reply.ask(noteWorkForm(intent.offerId));
      const noted = await noteWork(w, request, intent.offerId, intent.note);
      return isRefusal(noted) ? sayRefusal(reply, noted) : reply.say(notedMessage());
    }
    case "ask-pass":
      return reply.ask(passOfferForm(intent.offerId));
    case "pass-offer": {
      const field = FIELDS["pass-offer"].to;
      const member = await surfaceOf(deps, intent).getMember(intent.to);
      if (!member) return reply.reject({ [field]: "This account does not exist here." });
      const decided = await passOffer(w, request, intent.offerId, accountOf(member));
      if (decided.kind === "cannot-take") return reply.reject({ [field]: decided.why });
      return answer(deps, reply, decided);
    }
    default:
      return intent satisfies never;
  }
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
