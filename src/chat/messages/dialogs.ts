import { LEAVE_KINDS, REASONS } from "../../core/case.ts";
import type { Gap } from "../../core/plan.ts";
import { ANNOUNCED, FIELDS, RESTRICTED } from "../forms.ts";
import type { Form } from "../message.ts";
import { type SaidWhen, saidParts, whenFields } from "./when-fields.ts";
import { KIND_WORDS, REASON_WORDS, shownAs } from "./words.ts";

// The dialogs, in words. forms.ts says what their answers mean.

/** Asks whom it is about, when a command did not say so. */
export function pickLeaverForm(why: string): Form {
  return {
    kind: "pick-leaver",
    title: "Offboard someone",
    submit: "Next",
    intro: [{ kind: "text", text: [why] }],
    fields: [{ id: FIELDS["pick-leaver"].leaver, label: "Who leaves", input: "person" }],
    carried: {},
  };
}

/** What must be known to open a case. “Now” is a choice of its own, and the default only where it was said. */
export function openCaseForm(leaver: {
  readonly memberId: string;
  readonly name: string;
  readonly email: string | undefined;
  readonly personId: string;
  readonly zone: string;
  /** The next day in that zone, `2026-11-30`. */
  readonly tomorrow: string;
  readonly said: SaidWhen;
  /** Somebody is named who decides restricted cases. */
  readonly restrictable: boolean;
}): Form {
  const at = FIELDS["open-case"];
  const { said } = leaver;
  return {
    kind: "open-case",
    title: "Open a case",
    submit: "Open case",
    intro: [
      {
        kind: "text",
        text: [
          { bold: leaver.name },
          ...(leaver.email === undefined ? [] : [`, ${leaver.email}`]),
          ", directory id ",
          { code: leaver.personId },
        ],
      },
      ...saidParts(said, leaver.zone),
      {
        kind: "note",
        text: [
          "Nothing is taken before the plan is approved. Until it is announced nobody but the approvers learns of it.",
        ],
      },
    ],
    fields: [
      ...whenFields(at, said, {
        date: leaver.tomorrow,
        time: "18:00",
        hint: `In ${leaver.zone}, where they are.`,
      }),
      {
        id: at.kind,
        label: "Departure",
        input: "choice",
        look: "radio",
        options: LEAVE_KINDS.map((value) => ({ value, label: KIND_WORDS[value] })),
        initial: "voluntary",
      },
      {
        id: at.mode,
        label: "How is access taken?",
        input: "choice",
        look: "radio",
        options: [
          { value: "orderly", label: "Orderly", hint: "Work is handed over, access ends at the time set" },
          { value: "contain", label: "Contain", hint: "At once what can be given back, then the rest" },
        ],
        initial: "orderly",
      },
      {
        id: at.announced,
        label: "Announced",
        input: "check",
        options: [{ value: ANNOUNCED, label: "The team knows: work may be offered to people before the end" }],
        optional: true,
      },
      ...(leaver.restrictable
        ? [
            {
              id: at.restricted,
              label: "Restricted",
              input: "check",
              options: [{ value: RESTRICTED, label: "Only those who decide restricted cases see it" }],
              optional: true,
            } as const,
          ]
        : []),
      {
        id: at.heir,
        label: "Who takes over by default",
        hint: "Without one, their manager.",
        input: "person",
        optional: true,
      },
      {
        id: at.reason,
        label: "Reason",
        input: "choice",
        look: "menu",
        options: REASONS.map((value) => ({ value, label: REASON_WORDS[value] })),
      },
    ],
    carried: { leaver: leaver.memberId, zone: leaver.zone },
  };
}

/** Approving although a part of the picture is missing. */
export function approveGapsForm(of: { caseId: string; planHash: string }, gaps: readonly Gap[]): Form {
  return {
    kind: "approve-gaps",
    title: "Approve with gaps",
    submit: "Approve",
    intro: [
      {
        kind: "list",
        title: [{ bold: "This could not be seen" }],
        items: gaps.map((gap) => [{ bold: gap.title }, `: ${shownAs(gap.why)}`]),
      },
    ],
    fields: [
      {
        id: FIELDS["approve-gaps"].reason,
        label: "Why may the plan go on without it?",
        hint: "It is kept with your approval, and each gap stays an exception of the case.",
        input: "text",
        lines: "many",
        max: 1000,
      },
    ],
    carried: of,
  };
}

/** What was done by hand, or why a grant is left where it is. */
export function noteForm(stepId: string, then: "done-by-hand" | "skip-step"): Form {
  const done = then === "done-by-hand";
  return {
    kind: "note",
    title: done ? "Done by hand" : "Skip this step",
    submit: done ? "Say it is done" : "Skip",
    fields: [
      {
        id: FIELDS.note.note,
        label: done ? "What did you do?" : "Why is it left?",
        hint: done
          ? "If it can be read back it is read now, and only that counts. Otherwise it is shown as your word."
          : "It stays, and is an exception of the case under your name.",
        input: "text",
        lines: "many",
        max: 1000,
      },
    ],
    carried: { stepId, then },
  };
}

/** Which account the leaver has in a system. */
export function nameAccountForm(caseId: string, system: string, title: string): Form {
  return {
    kind: "name-account",
    title: "Name the account",
    submit: "Look it up",
    fields: [
      {
        id: FIELDS["name-account"].account,
        label: `Account in ${title}`,
        hint: "Its login or id, exactly. It is shown to you before it counts.",
        input: "text",
        lines: "one",
        max: 200,
      },
    ],
    carried: { caseId, system },
  };
}
