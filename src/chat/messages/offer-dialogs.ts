import { DECLINE_REASONS, type DeclineReason, type Snooze } from "../../core/offer.ts";
import { FIELDS } from "../forms.ts";
import type { Form } from "../message.ts";

// The dialogs about work that is put to somebody. forms.ts says what their answers mean.

/** Whom to ask instead. */
export function passOfferForm(offerId: string): Form {
  return {
    kind: "pass-offer",
    title: "Suggest someone",
    submit: "Ask them",
    fields: [{ id: FIELDS["pass-offer"].to, label: "Who could take it over?", input: "person" }],
    carried: { offerId },
  };
}

/** Why somebody declines or gives back, in words. */
const REASONS_NOT: Readonly<Record<DeclineReason, string>> = {
  "no-time": "I have no time for it",
  "not-mine": "I do not know it well enough",
  "no-access": "I have no access to it",
  "not-needed": "Nobody needs it",
  other: "Something else",
};

/** Declining, with why and a word if one likes. */
export function declineOfferForm(offerId: string): Form {
  return {
    kind: "decline-offer",
    title: "Decline",
    submit: "Decline",
    fields: whyFields(FIELDS["decline-offer"]),
    carried: { offerId },
  };
}

/** Giving back what was accepted. */
export function returnOfferForm(offerId: string): Form {
  return {
    kind: "return-offer",
    title: "Give it back",
    submit: "Give it back",
    intro: [
      { kind: "note", text: ["Somebody else is asked. If it is yours already, it stays with you until they accept."] },
    ],
    fields: whyFields(FIELDS["return-offer"]),
    carried: { offerId },
  };
}

/** Putting an offer aside. */
export function snoozeOfferForm(offerId: string): Form {
  return {
    kind: "snooze-offer",
    title: "Remind me later",
    submit: "Put it aside",
    fields: [
      {
        id: FIELDS["snooze-offer"].how,
        label: "Until when?",
        hint: "In your working hours, and before it has to be answered.",
        input: "choice",
        look: "radio",
        options: [
          { value: "day", label: "Tomorrow" },
          { value: "three-days", label: "In three days" },
          { value: "week", label: "In a week" },
        ] satisfies readonly { value: Snooze; label: string }[],
        initial: "day",
      },
    ],
    carried: { offerId },
  };
}

/** The word of who rotated a secret. */
export function attestSecretForm(offerId: string): Form {
  return {
    kind: "attest-secret",
    title: "It is rotated",
    submit: "Say it is rotated",
    fields: [
      {
        id: FIELDS["attest-secret"].note,
        label: "What did you do?",
        hint: "Where the new one is kept and when the old one stopped working; never the secret itself. No system can read this back, so it is shown as your word.",
        input: "text",
        lines: "many",
        max: 1000,
      },
    ],
    carried: { offerId },
  };
}

/** What the leaver wants whoever takes their work to know. */
export function noteWorkForm(offerId: string): Form {
  return {
    kind: "note-work",
    title: "A word about it",
    submit: "Leave it",
    fields: [
      {
        id: FIELDS["note-work"].note,
        label: "What should whoever takes it know?",
        hint: "They read it beside the work, with your name. The last word counts.",
        input: "text",
        lines: "many",
        max: 500,
      },
    ],
    carried: { offerId },
  };
}

function whyFields(ids: { readonly why: string; readonly note: string }): Form["fields"] {
  return [
    {
      id: ids.why,
      label: "Why?",
      input: "choice",
      look: "radio",
      options: DECLINE_REASONS.map((value) => ({ value, label: REASONS_NOT[value] })),
    },
    {
      id: ids.note,
      label: "A word to whoever reads the history",
      input: "text",
      lines: "many",
      max: 500,
      optional: true,
    },
  ];
}
