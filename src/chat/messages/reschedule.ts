import { DateTime } from "luxon";
import { mayReschedule } from "../../core/case.ts";
import type { CaseView, Named } from "../../store/views.ts";
import type { Move, NotRescheduled, Reschedulable, Rescheduled } from "../../workflow/reschedule-case.ts";
import { FIELDS } from "../forms.ts";
import type { Button, Form, Message, Rich } from "../message.ts";
import { type SaidWhen, saidParts, whenFields } from "./when-fields.ts";
import { button, only } from "./words.ts";

/** Moving the time at which access ends, as long as nothing is cut. */
export function rescheduleButton(view: CaseView): Button[] {
  const { id, mode, state } = view.case;
  if (mode === "contain" || !mayReschedule(state) || view.steps.length > 0) return [];
  return [button("Reschedule", { kind: "ask-reschedule", caseId: id })];
}

/** Asks for the new time, in the zone that the old one was said in. */
export function rescheduleForm({ caseId, dueAt, zone }: Reschedulable, said: SaidWhen, days: number): Form {
  const due = DateTime.fromJSDate(dueAt, { zone });
  return {
    kind: "reschedule",
    title: "Reschedule",
    submit: "Reschedule",
    intro: [
      { kind: "text", text: ["Access ends ", { time: dueAt, zone }, "."] },
      ...saidParts(said, zone),
      {
        kind: "note",
        text: [
          `An approved plan counts on up to ${days} days later than it was approved for. Earlier or later than that it has to be approved again.`,
        ],
      },
    ],
    fields: whenFields(FIELDS.reschedule, said, {
      date: due.toFormat("yyyy-MM-dd"),
      time: due.toFormat("HH:mm"),
      hint: `In ${zone}.`,
    }),
    carried: { caseId, zone },
  };
}

/** What came of asking for it. */
export function rescheduledAnswer({ from, to, zone, approvals }: Rescheduled): Message {
  return only("Access now ends ", { time: to, zone }, " and not ", { time: from, zone }, `. ${APPROVALS[approvals]}`);
}

/** Why nothing was moved. */
export function notRescheduled(not: NotRescheduled): Message {
  switch (not.kind) {
    case "bad-time":
      return only(not.fault, " Nothing was changed.");
    case "at-once":
      return only("A containment happens at once: it has no time that could be moved. Nothing was changed.");
    case "too-late":
      return only(
        not.state === "cancelled" || not.state === "rejected"
          ? `This case is ${not.state} already. Nothing was changed.`
          : "It is too late to move the time: access is being taken, or the case is over. Nothing was changed.",
      );
    case "not-vouched":
      return only(
        "The log does not say that this case is due when its row says so. Nothing was changed. Please tell an operator.",
      );
    default:
      return not satisfies never;
  }
}

/** That the time was moved, for everybody who follows the case. */
export function rescheduledMessage(view: CaseView, by: Named, { from, to, zone, approvals }: Move): Message {
  const words: Rich = [
    { bold: "Rescheduled" },
    ` by ${by.name}: access of ${view.leaver.name} ends `,
    { time: to, zone },
    " and not ",
    { time: from, zone },
    `. ${APPROVALS[approvals]}`,
  ];
  return only(...words);
}

const APPROVALS = {
  kept: "The plan stays approved.",
  void: "Approvals given before do not count any more: the plan has to be approved for this time.",
  none: "Nothing was approved yet.",
} as const;
