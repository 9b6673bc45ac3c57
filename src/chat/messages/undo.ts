import { isReversible } from "../../core/access.ts";
import type { CaseView } from "../../store/views.ts";
import type { Undone } from "../../workflow/undo-case.ts";
import type { Button, Message, Part } from "../message.ts";
import { button, count, only, paragraph } from "./words.ts";

/** Giving back what a closed case took: asked by one approver, confirmed by another. */
export function undoButton(view: CaseView): Button[] {
  const able = view.steps.some(({ state, planned }) => state === "proven" && planned && isReversible(planned.grant));
  if (view.case.state !== "closed" || !able) return [];
  const confirms = view.undo !== undefined && !view.undo.confirmed;
  return [
    button(
      confirms ? "Confirm the undo" : "Undo",
      { kind: "undo-case", caseId: view.case.id },
      {
        style: "danger",
        confirm: {
          title: confirms ? "Confirm the undo" : "Undo",
          text: `What can be given back is given back to ${view.leaver.name}, in the account it was taken from. It takes two people.`,
          yes: confirms ? "Confirm" : "Ask for it",
          no: "Back",
        },
      },
    ),
  ];
}

/** Who asked that it be undone, and whether somebody confirmed. */
export function undoParts(view: CaseView): Part[] {
  if (!view.undo) return [];
  return [
    paragraph(
      { bold: "Undo" },
      " asked by ",
      { bold: view.undo.by.name },
      " ",
      { time: view.undo.at, zone: view.case.dueZone },
      view.undo.confirmed ? ", confirmed by a second person." : ". It waits for a second person.",
    ),
  ];
}

/** What came of asking for it. */
export function undoAnswer(undone: Undone): Message {
  switch (undone.kind) {
    case "asked":
      return only(
        `You asked that ${count(undone.grants, "grant")} be given back. A second approver has to confirm it.`,
      );
    case "giving-back":
      return only(`Confirmed. ${count(undone.grants, "grant")} are given back and read again.`);
    case "second-needed":
      return only("You asked for it already. Somebody else has to confirm it.");
    case "nothing":
      return only(`${WHY[undone.why]} Nothing was changed.`);
    default:
      return undone satisfies never;
  }
}

const WHY = {
  "not-closed": "Only what a closed case took can be given back.",
  "left-again": "There is an open case for this person.",
  none: "Nothing of this case can be given back any more.",
} as const;
