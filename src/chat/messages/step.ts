import { stepsRun } from "../../core/case.ts";
import type { CaseView, StepView } from "../../store/views.ts";
import type { Button, Message, Part } from "../message.ts";
import { inFull, stepWords } from "./step-words.ts";
import { button, grantName, grantWords, paragraph, shownAs } from "./words.ts";

/** A step that needs somebody, in the case's thread: what happened, what it means, what to press. */
export function stepMessage(view: CaseView, step: StepView): Message {
  const buttons = stepButtons(view, step);
  return {
    summary: `${grantName(step)} in ${step.title}: ${stateLine(step)}`,
    parts: [
      paragraph(
        ...(grantName(step) === step.title ? [] : [{ bold: step.title }, ": "]),
        ...(step.planned ? grantWords(step.planned.grant) : [step.grantKey]),
      ),
      paragraph(...stepWords(step, inFull(view.case.dueZone))),
      ...meaning(step),
      ...noteParts(step),
      ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : []),
    ],
  };
}

/** The same, to the owner of a system that is worked by hand. Says no more of the departure than the task needs. */
export function manualMessage(view: CaseView, step: StepView): Message {
  const open = stepsRun(view.case.state) && (step.state === "by-hand" || step.state === "attention");
  const what = `${grantName(step)} of ${view.leaver.name} in ${step.title}`;
  return {
    summary: open ? `Please take away: ${what}` : `${what}: ${stateLine(step)}`,
    parts: [
      { kind: "heading", text: open ? "Please do this by hand" : "Done by hand" },
      {
        kind: "fields",
        fields: [
          { label: "System", value: [step.title] },
          {
            label: "Person",
            value: [view.leaver.name, ...(view.leaver.emails[0] ? [` (${view.leaver.emails[0]})`] : [])],
          },
          { label: "Take away", value: step.planned ? grantWords(step.planned.grant) : [step.grantKey] },
          { label: "Until", value: [{ time: step.deadlineAt, zone: view.case.dueZone }] },
        ],
      },
      ...(open
        ? [
            paragraph(
              "No connector can do this. When it is done, press “Done by hand” and write what you did. It is shown as your word. Please keep it to yourself.",
            ),
            { kind: "actions", buttons: [doneButton(step)] } as const,
          ]
        : [paragraph(...stepWords(step, inFull(view.case.dueZone)))]),
    ],
  };
}

/** Buttons of a step by its state. Skipping is for approvers; the core refuses others. */
export function stepButtons(view: CaseView, step: StepView): Button[] {
  if (!stepsRun(view.case.state)) return [];
  const skip = button("Skip", { kind: "ask-note", stepId: step.id, then: "skip-step" }, { style: "danger" });
  switch (step.state) {
    case "attention":
      return [button("Retry", { kind: "retry-step", stepId: step.id }, { style: "primary" }), doneButton(step), skip];
    case "by-hand":
      return [doneButton(step), skip];
    case "attesting":
      return [
        button(
          "Confirm that it is gone",
          { kind: "ask-note", stepId: step.id, then: "done-by-hand" },
          { style: "primary" },
        ),
        skip,
      ];
    default:
      return [];
  }
}

function doneButton(step: StepView): Button {
  return button("Done by hand", { kind: "ask-note", stepId: step.id, then: "done-by-hand" });
}

function stateLine(step: StepView): string {
  return step.state === "attention" ? "needs attention" : step.state.replace("-", " ");
}

function meaning(step: StepView): Part[] {
  switch (step.state) {
    case "attention":
      return [
        paragraph(
          "It must be taken to be still there. Press Retry to try again; Done by hand if you took it away yourself, which is then read back; Skip to leave it, with a reason, as an exception of the case.",
        ),
      ];
    case "by-hand":
      return [
        paragraph(
          "No connector can do this. Take it away by hand, then press Done by hand and write what you did; Skip to leave it, with a reason, as an exception of the case.",
        ),
      ];
    case "attesting":
      return [
        paragraph("It is privileged and nothing can read it, so a second person has to confirm that it is gone."),
      ];
    case "skipped":
    case "expired":
      return [paragraph("It is an exception of the case and must be taken to be still there.")];
    default:
      return [];
  }
}

function noteParts(step: StepView): Part[] {
  if (step.note === null || step.state === "skipped") return [];
  return [{ kind: "note", text: [`${step.by ? `${step.by.name} wrote: ` : "Note: "}${shownAs(step.note)}`] }];
}
