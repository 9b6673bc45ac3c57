import { isOver } from "../../core/case.ts";
import type { CaseView, PlanView } from "../../store/views.ts";
import type { Button, Message, Part } from "../message.ts";
import { blindCount, blindList } from "./blind.ts";
import { breaksButton, breaksParts } from "./breaks.ts";
import { containButtons, containmentParts } from "./containment.ts";
import { planTimes } from "./grant-lines.ts";
import { askedParts, keptButtons, keptKeys, keptParts } from "./kept.ts";
import { plansParts } from "./plan-numbers.ts";
import {
  approvalsPart,
  cancelButton,
  findingsPart,
  gapsPart,
  progressWords,
  readButtons,
  systemsPart,
} from "./plan-parts.ts";
import { rescheduleButton } from "./reschedule.ts";
import { undoButton, undoParts } from "./undo.ts";
import { button, caseState, count, KIND_WORDS, MODE_WORDS, paragraph, REASON_WORDS, statesOf } from "./words.ts";

/**
 * The message that approvers follow a case by. One message, brought up to date: what each system shows, the plan, who
 * approved, then each step's place on the proof ladder.
 */
export function caseMessage(view: CaseView, notes: readonly string[] = []): Message {
  const current = currentPlan(view);
  const buttons = [
    ...decideButtons(view, current),
    ...reviewButton(view, current),
    ...breaksButton(view),
    ...keptButtons(view),
    ...readButtons(view, "approver"),
    ...rescheduleButton(view),
    ...cancelButton(view),
    ...undoButton(view),
  ];
  const over = ["cancelled", "rejected", "held"].includes(view.case.state);
  return {
    summary: `${view.leaver.name}: ${caseState(view)}`,
    ...againOf(view),
    parts: [
      { kind: "heading", text: `Offboarding ${view.leaver.name}` },
      headPart(view, "approver"),
      ...notes.map((note): Part => ({ kind: "note", text: [note] })),
      ...lateParts(view),
      ...containmentParts(view, current),
      ...(over ? [] : [systemsPart(view)]),
      ...(current && !over ? planSection(view, current) : []),
      ...offersPart(view),
      ...undoParts(view),
      ...askedParts(view),
      ...(current && current.state === "proposed"
        ? [...breaksParts(current.plan.steps, view), ...gapsPart(current.plan)]
        : []),
      ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : []),
      ...whoCannot(view, current),
    ],
  };
}

/** Shows an open case as whoever looks may see it. One that is over changes no more, and is found no more. */
export function againOf({ case: row, leaver }: CaseView): Pick<Message, "again"> {
  return isOver(row.state) ? {} : { again: { kind: "case-status", who: { kind: "unclear", text: leaver.id } } };
}

/** Who, when, how and why: the same facts for approvers and the requester. */
export function headPart(view: CaseView, who: "approver" | "requester"): Part {
  const row = view.case;
  return {
    kind: "fields",
    fields: [
      { label: "Case", value: [{ code: row.id }] },
      { label: "State", value: [{ bold: caseState(view) }] },
      { label: "Person", value: [view.leaver.name, ...(view.leaver.emails[0] ? [` (${view.leaver.emails[0]})`] : [])] },
      { label: "Access ends", value: [{ time: row.dueAt, zone: row.dueZone }] },
      { label: "Departure", value: [KIND_WORDS[row.kind], `, ${REASON_WORDS[row.reason].toLowerCase()}`] },
      { label: "How", value: [MODE_WORDS[row.mode]] },
      ...(row.restricted
        ? [{ label: "Restricted", value: ["Only those who decide restricted cases and the auditors see it"] }]
        : []),
      {
        label: "Announced",
        value: [row.announced ? "Yes" : "No: nobody outside learns of it before access is gone"],
      },
      ...(who === "approver" ? [{ label: "Requested by", value: [view.requester.name] }] : []),
      ...(view.heir ? [{ label: "Takes over by default", value: [view.heir.name] }] : []),
    ],
  };
}

/** The newest plan that is no addition: the one that is decided on or worked through. */
export function currentPlan(view: CaseView): PlanView | undefined {
  const plans = view.plans.filter(({ scope, state }) => scope !== "addition" && state !== "superseded");
  return plans.find(({ state }) => state === "proposed") ?? plans[0];
}

/** A case that is past its time and not approved. */
export function lateParts(view: CaseView): Part[] {
  const row = view.case;
  if (row.state !== "planned" || row.missedAt === null) return [];
  return [
    paragraph(
      { bold: "Missed" },
      ": this was due ",
      { time: row.dueAt, zone: row.dueZone },
      " and is not approved. Nothing was taken. Access is taken as soon as it is approved.",
    ),
  ];
}

function planSection(view: CaseView, current: PlanView): Part[] {
  const shown = view.plans
    .filter(
      (plan) =>
        plan === current || (plan.state === "approved" && view.steps.some(({ planHash }) => planHash === plan.hash)),
    )
    .sort((a, b) => a.revision - b.revision);
  const times = planTimes(shown, view.steps, view.case.dueZone);
  const contain = current.scope === "contain";
  const title = contain ? "Containment plan" : "Plan";
  const steps =
    view.steps.length > 0
      ? progressWords(view.steps)
      : contain
        ? `what can be given back, in ${count(current.plan.covers?.length ?? 0, "system")}`
        : count(current.plan.steps.length, "grant");
  return [
    { kind: "divider" },
    paragraph({ bold: `${title} ${current.revision}` }, `: ${steps}`),
    ...times.note,
    ...(current.plan.steps.length === 0 && !contain ? [paragraph("No access was found that could be taken.")] : []),
    ...plansParts(
      shown.map(({ plan }) => plan),
      view.steps,
      view,
      times,
    ),
    ...keptParts(view, keptKeys(shown)),
    // Whoever approved has read it: from then on what goes on comes first.
    ...(current.state === "proposed"
      ? blindList("What cannot be seen", current.plan.blind)
      : blindCount(current.plan.blind)),
    ...findingsPart(current.plan),
    approvalsPart(current, times),
  ];
}

function isDecidable(view: CaseView, current: PlanView): boolean {
  return view.case.state === (current.scope === "contain" ? "opened" : "planned");
}

function offersPart(view: CaseView): Part[] {
  const live = view.offers.filter(({ state }) => state !== "void");
  if (live.length === 0) return [];
  const of = (...states: readonly string[]) => live.filter(({ state }) => states.includes(state)).length;
  const said = [
    [of("held"), "held until the departure may be known"],
    [of("offered"), "offered"],
    [of("accepted"), "accepted, being moved"],
    [of("moved"), "moved"],
    [of("failed"), "could not be moved yet"],
    [of("closing"), "being closed"],
    [of("closed"), "closed, since nobody needs it"],
    [of("rotating"), "accepted, to be rotated"],
    [of("attested"), "rotated, as attested"],
    [of("unclaimed"), "taken by nobody"],
  ] as const;
  return [paragraph({ bold: "Handover" }, `: ${statesOf(`${count(live.length, "piece")} of work`, said)}`)];
}

function decideButtons(view: CaseView, current: PlanView | undefined): Button[] {
  if (current?.state !== "proposed" || !isDecidable(view, current)) return [];
  const of = { caseId: view.case.id, planHash: current.hash };
  if (current.scope === "contain") return containButtons(view, current);
  const grants = count(current.plan.steps.length, "grant");
  return [
    button(
      "Approve",
      { kind: "approve-plan", ...of },
      {
        style: "primary",
        confirm: {
          title: "Approve the plan",
          text: `${grants} of ${view.leaver.name} will be taken at the time set. What appears since is handled as the policy says.`,
          yes: "Approve",
          no: "Back",
        },
      },
    ),
    button(
      "Reject",
      { kind: "reject-plan", ...of },
      {
        style: "danger",
        confirm: {
          title: "Reject the plan",
          text: `Nothing of this plan will be taken from ${view.leaver.name}.`,
          yes: "Reject",
          no: "Back",
        },
      },
    ),
  ];
}

/** Every grant one by one, before it is decided and while it is worked through. */
function reviewButton(view: CaseView, current: PlanView | undefined): Button[] {
  if (!current || current.plan.steps.length === 0) return [];
  const decided = current.state !== "proposed";
  return [
    button(decided ? "Show each step" : "Review each grant", {
      kind: "review-plan",
      caseId: view.case.id,
      planHash: current.hash,
    }),
  ];
}

function whoCannot(view: CaseView, current: PlanView | undefined): Part[] {
  if (current?.state !== "proposed" || !isDecidable(view, current)) return [];
  return [
    {
      kind: "note",
      text: [
        `What you approve is this plan, ${current.hash.slice(0, 12)}. ${view.requester.name} asked for it and cannot approve it.`,
      ],
    },
  ];
}
