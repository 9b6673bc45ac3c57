import type { CaseView, PlanView, StepView } from "../../store/views.ts";
import type { Button, Message, Part } from "../message.ts";
import { duration } from "./duration.ts";
import { button, count, listed, paragraph, shownAs } from "./words.ts";

// A containment: one word for every system, asked for at once and called out until somebody gives it.

/** What a containment is, since when it waits, and how fast it was. */
export function containmentParts(view: CaseView, current: PlanView | undefined): Part[] {
  if (current?.scope === "contain" && current.state === "proposed" && view.case.state === "opened")
    return [paragraph(...whatItDoes(view, current)), waitPart(view)];
  return containmentTimes(view);
}

/** From the click to the first and the last proof of what a containment took, with what is still under way. */
export function containmentTimes(view: CaseView): Part[] {
  const clicked = clickOf(view);
  if (clicked === undefined) return [];
  const own = containedSteps(view);
  const proofs = own
    .flatMap(({ state, provenAt }) => (state === "proven" && provenAt ? [provenAt.getTime() - clicked.getTime()] : []))
    .sort((a, b) => a - b);
  const [first] = proofs;
  const last = proofs.at(-1);
  const open = own.length - proofs.length;
  if (first === undefined || last === undefined) return [];
  return [
    paragraph(
      { bold: "Containment" },
      " approved ",
      { time: clicked, zone: view.case.dueZone },
      `: first proof after ${duration(Math.max(0, first))}, last after ${duration(Math.max(0, last))}, ${proofs.length} of ${own.length} proven gone${open > 0 ? " so far" : ""}.`,
    ),
  ];
}

/** Buttons that decide a containment. */
export function containButtons(view: CaseView, order: PlanView): Button[] {
  const of = { caseId: view.case.id, planHash: order.hash };
  return [
    button(
      "Contain now",
      { kind: "approve-plan", ...of },
      {
        style: "danger",
        confirm: {
          title: "Contain now",
          text: `In ${count(order.plan.covers?.length ?? 0, "system")}, everything of ${view.leaver.name} that can be given back is taken as each system answers, now and later.`,
          yes: "Contain now",
          no: "Back",
        },
      },
    ),
    button(
      "Reject",
      { kind: "reject-plan", ...of },
      {
        confirm: {
          title: "Reject the containment",
          text: `Nothing is taken from ${view.leaver.name}, and the case ends.`,
          yes: "Reject",
          no: "Back",
        },
      },
    ),
  ];
}

/** The call to an approver, each a message of its own. */
export function pageMessage(view: CaseView, order: PlanView): Message {
  const waits = order.state === "proposed" && view.case.state === "opened";
  if (!waits)
    return {
      summary: `${view.leaver.name}: ${decidedLine(view, order)}`,
      parts: [paragraph(decidedLine(view, order))],
    };
  return {
    summary: `Containment of ${view.leaver.name} waits for one approver`,
    parts: [
      { kind: "heading", text: `Contain ${view.leaver.name}?` },
      {
        kind: "fields",
        fields: [
          { label: "Case", value: [{ code: view.case.id }] },
          {
            label: "Person",
            value: [view.leaver.name, ...(view.leaver.emails[0] ? [` (${view.leaver.emails[0]})`] : [])],
          },
          { label: "Requested by", value: [view.requester.name] },
        ],
      },
      paragraph(...whatItDoes(view, order)),
      waitPart(view),
      { kind: "actions", buttons: containButtons(view, order) },
      { kind: "note", text: [`What you approve is this plan, ${order.hash.slice(0, 12)}. One approver is enough.`] },
    ],
  };
}

/** The same to an operator, who may reach approvers in other ways but learns of nobody. */
export function operatorPageMessage(view: CaseView, order: PlanView): Message {
  const waits = order.state === "proposed" && view.case.state === "opened";
  if (!waits) {
    const text = `The containment of case ${view.case.id} is decided. Nothing more is needed.`;
    return { summary: text, parts: [paragraph(text)] };
  }
  return {
    summary: `Case ${view.case.id} waits for an approver, and none has answered`,
    parts: [
      paragraph(
        { bold: "No approver has answered." },
        " A containment, case ",
        { code: view.case.id },
        ", waits since ",
        { time: view.case.openedAt, zone: view.case.dueZone },
        `. The approvers were called ${count(view.case.escalations + 1, "time")} in chat. Please reach one of them another way.`,
      ),
    ],
  };
}

function whatItDoes(view: CaseView, order: PlanView): (string | { bold: string })[] {
  const titles = (order.plan.covers ?? []).map(({ title }) => shownAs(title));
  return [
    { bold: "One word for every system." },
    ` In ${titles.length === 0 ? "no system" : listed(titles)}, what ${view.leaver.name} has and what can be given back is taken the moment the system answers, also where it answers after you approved. Everything else follows as a plan of its own.`,
  ];
}

function waitPart(view: CaseView): Part {
  const { escalations, openedAt, dueZone } = view.case;
  return paragraph(
    { bold: "Waits" },
    " for one approver since ",
    { time: openedAt, zone: dueZone },
    escalations === 0
      ? ". Every approver was called."
      : `. Every approver was called ${count(escalations + 1, "time")}, and the operators were told that nobody answers.`,
  );
}

function decidedLine(view: CaseView, order: PlanView): string {
  const by = order.decisions.at(-1)?.by.name;
  if (order.state === "approved") return `Contained: ${by ?? "somebody"} approved it. Case ${view.case.id}.`;
  if (order.state === "rejected") return `Rejected by ${by ?? "somebody"}: nothing is taken. Case ${view.case.id}.`;
  return `Nothing is to be decided any more. Case ${view.case.id}.`;
}

/** When the one approver pressed. */
function clickOf(view: CaseView): Date | undefined {
  const order = view.plans.find(({ scope, state }) => scope === "contain" && state === "approved");
  return order?.decisions.find(({ verdict }) => verdict === "approved")?.at;
}

function containedSteps(view: CaseView): readonly StepView[] {
  const parts = new Set(view.plans.filter(({ plan }) => plan.partOf === "containment").map(({ hash }) => hash));
  return view.steps.filter(({ planHash }) => parts.has(planHash));
}
