import type { Plan } from "../../core/plan.ts";
import type { CaseView, PlanView, ReadView, StepView } from "../../store/views.ts";
import type { Button, Part, Rich } from "../message.ts";
import type { LineTimes } from "./line-times.ts";
import { button, count, shownAs, statesOf } from "./words.ts";

// Parts that the approvers' and the requester's message are made of.

/** What each system showed so far. */
export function systemsPart(view: CaseView): Part {
  return {
    kind: "list",
    title: [{ bold: "Systems" }],
    items: view.reads.map((read) => [{ bold: read.title }, ": ", ...readWords(read, view.case.dueZone)]),
  };
}

/** One system's read in words. */
export function readWords(read: ReadView, zone: string): Rich {
  switch (read.state) {
    case "pending":
      return read.failure !== null && read.nextAt !== null
        ? [`${shownAs(read.failure)}, asked again `, { time: read.nextAt, zone }]
        : ["is being read"];
    case "read": {
      if (read.manual) return [`${count(read.grants.length, "grant")}, by hand: nothing can read it`];
      const logins = read.accounts.map(({ login }) => shownAs(login)).join(", ");
      const work = read.work.length > 0 ? `, ${count(read.work.length, "piece")} of work` : "";
      return [`${count(read.grants.length, "grant")}${work}`, ...(logins === "" ? [] : [" of ", { code: logins }])];
    }
    case "none":
      return ["no account"];
    case "unmatched":
      return [{ bold: "no account is known" }, ". Name it, or say that there is none."];
    case "failed":
      return [{ bold: "could not be read" }, `: ${shownAs(read.failure ?? "no answer")}`];
    default:
      return read.state satisfies never;
  }
}

/** What is missing from the picture; stands above the buttons. */
export function gapsPart(plan: Plan): Part[] {
  if (plan.gaps.length === 0) return [];
  return [
    {
      kind: "list",
      title: [{ bold: "Missing from the picture" }, ". Approving needs a reason why the plan may go on without it."],
      items: plan.gaps.map((gap) => [{ bold: gap.title }, `: ${shownAs(gap.why)}`]),
    },
  ];
}

/** How many findings a message names; all of them stand in the log. */
const FINDINGS = 15;

/** What an inventory came across that is nobody's grant: a key that nobody is known to own. */
export function findingsPart(plan: Plan): Part[] {
  const findings = plan.findings ?? [];
  if (findings.length === 0) return [];
  const rest = findings.length - FINDINGS;
  return [
    {
      kind: "list",
      title: [{ bold: "Found beside it" }, ". No step of this plan touches these; somebody should look at them."],
      items: [
        ...findings.slice(0, FINDINGS).map(({ title, what }): Rich => [{ bold: title }, `: ${shownAs(what)}`]),
        ...(rest > 0 ? [[`${count(rest, "more finding")} in the evidence.`] as Rich] : []),
      ],
    },
  ];
}

/** Who approved or rejected, and how many are still needed. */
export function approvalsPart(found: PlanView, times: LineTimes): Part {
  const given = found.decisions.map(
    ({ by, verdict, at, note }): Rich => [
      { bold: by.name },
      ` ${verdict} ${times.say(at)}`,
      ...(note ? [`: ${shownAs(note)}`] : []),
    ],
  );
  const approved = found.decisions.filter(({ verdict }) => verdict === "approved").length;
  const needed = found.plan.approvals;
  const need =
    found.state === "proposed"
      ? `${count(needed, "approver")} needed, ${approved} of ${needed} so far: ${found.plan.approvalsWhy}`
      : found.state === "approved"
        ? found.decisions.length === 0
          ? "Taken along by policy"
          : "Approved"
        : found.state === "rejected"
          ? "Rejected"
          : "Replaced by a newer plan";
  return { kind: "list", title: [{ bold: "Approval" }, `: ${need}`], items: given };
}

/** How many steps stand where. */
export function progressWords(steps: readonly StepView[]): string {
  const of = (...states: readonly StepView["state"][]) => steps.filter(({ state }) => states.includes(state)).length;
  const parts: readonly (readonly [number, string])[] = [
    [of("proven"), "gone"],
    [of("attested"), "attested"],
    [of("waiting", "revoking", "reading"), "under way"],
    [of("by-hand", "attesting"), "by hand"],
    [of("attention", "held"), "need attention"],
    [of("skipped"), "skipped"],
    [of("expired"), "without proof"],
    [of("giving-back"), "being given back"],
    [of("given-back"), "given back"],
    [of("not-given-back"), "not given back"],
  ];
  return statesOf(count(steps.length, "step"), parts);
}

/** Buttons for systems that could not be read or matched. Reading again is for approvers only. */
export function readButtons(view: CaseView, who: "approver" | "requester"): Button[] {
  const { id: caseId, state } = view.case;
  if (!["opened", "containing", "planned", "closing"].includes(state)) return [];
  return view.reads.flatMap((read): Button[] => {
    const { system, title } = read;
    if (read.state === "unmatched") {
      return [
        button(`Name account: ${title}`, { kind: "ask-account", caseId, system }),
        button(
          `Has none: ${title}`,
          { kind: "no-account", caseId, system },
          {
            confirm: {
              title: `No account in ${title}`,
              text: `${view.leaver.name} has no account in ${title}. This is noted as your word.`,
              yes: "Has none",
              no: "Back",
            },
          },
        ),
      ];
    }
    if (read.state === "failed" && who === "approver")
      return [button(`Retry: ${title}`, { kind: "retry-read", caseId, system })];
    return [];
  });
}

/** Taking a case back, as long as nothing is cut. */
export function cancelButton(view: CaseView): Button[] {
  if (!["opened", "containing", "planned", "approved", "rechecking"].includes(view.case.state)) return [];
  if (view.steps.length > 0) return [];
  return [
    button(
      "Cancel the case",
      { kind: "cancel-case", caseId: view.case.id },
      {
        style: "danger",
        confirm: {
          title: "Cancel the case",
          text: `Nothing will be taken from ${view.leaver.name}. The case stays in the log.`,
          yes: "Cancel the case",
          no: "Keep it",
        },
      },
    ),
  ];
}
