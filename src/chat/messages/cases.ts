import type { CaseView } from "../../store/views.ts";
import type { OpenCases } from "../../workflow/open-cases.ts";
import type { Message, Part, Rich } from "../message.ts";
import { caseMessage, currentPlan } from "./case.ts";
import { mirrorMessage } from "./mirror.ts";
import { progressWords } from "./plan-parts.ts";
import { button, caseState, count, only } from "./words.ts";

type Shown = OpenCases["cases"][number];

/** Buttons for one case each; more would be a wall, and `/offboard status` reaches every one. */
const BUTTONS = 10;

/** Every open case on a line: who, when, where it stands. */
export function casesMessage(cases: readonly Shown[], now: Date): Message {
  if (cases.length === 0) return only("There is no open case that you may see.");
  return {
    summary: count(cases.length, "open case"),
    parts: [
      { kind: "heading", text: count(cases.length, "open case") },
      { kind: "list", items: cases.map((shown) => caseLine(shown.view, now)) },
      showButtons(cases.map(({ view }) => view)),
      ...(cases.length > BUTTONS
        ? [{ kind: "note", text: ["The others: ", { code: "/offboard status @name" }, "."] } as const]
        : []),
    ],
  };
}

/** A button for each case, to see it as it stands. */
export function showButtons(cases: readonly CaseView[]): Part {
  return {
    kind: "actions",
    buttons: cases
      .slice(0, BUTTONS)
      .map(({ leaver }) =>
        button(`Show ${leaver.name}`, { kind: "case-status", who: { kind: "unclear", text: leaver.id } }),
      ),
  };
}

/** One case as it stands now, with the buttons of who asks. An auditor changes nothing, so none are shown. */
export function statusMessage({ view, as }: Shown): Message {
  switch (as) {
    case "approver":
      return caseMessage(view);
    case "requester":
      return mirrorMessage(view);
    case "auditor": {
      const message = caseMessage(view);
      return { ...message, parts: message.parts.filter((part: Part) => part.kind !== "actions") };
    }
    default:
      return as satisfies never;
  }
}

/** Says no more than that, so that nobody learns whether somebody is leaving. */
export function noOpenCase(): Message {
  return only("There is no open case of this person that you may see.");
}

/** Who, where it stands, when. */
export function caseLine(view: CaseView, now: Date): Rich {
  const row = view.case;
  const plan = currentPlan(view);
  const waits = row.state === "planned" && plan?.state === "proposed";
  const approved = plan?.decisions.filter(({ verdict }) => verdict === "approved").length ?? 0;
  return [
    { bold: view.leaver.name },
    " ",
    { quiet: `case ${row.id}` },
    `: ${caseState(view)}`,
    ...(waits ? [` (${approved} of ${plan.plan.approvals})`] : []),
    row.dueAt <= now ? ", was due " : ", due ",
    { time: row.dueAt, zone: row.dueZone },
    ...(view.steps.length > 0 ? [`. ${progressWords(view.steps)}`] : []),
  ];
}
