import type { BrokenLine, HistoryFilter, HistoryLine, HistoryPage } from "../../workflow/history.ts";
import type { Mention } from "../intent.ts";
import type { Message, Part, Rich } from "../message.ts";
import { type LineTimes, lineTimes } from "./line-times.ts";
import { button, listed, paragraph, shownAs } from "./words.ts";

/** A page of a person's timeline, newest first, with what it is proven against. `who` asks for the next page. */
export function historyMessage(page: HistoryPage, who: Mention, zone: string): Message {
  const { person, lines, before, filter, checkpoint } = page;
  const whole = lines.flatMap((line) => ("broken" in line ? [] : [line]));
  const times = lineTimes(
    whole.map(({ at }) => at),
    zone,
  );
  // Said once if it holds for every line; a line that is broken is of no known case.
  const cases = new Set(lines.map((line) => ("broken" in line ? null : line.caseId)));
  const [first = null] = cases;
  const only = cases.size === 1 ? first : null;
  return {
    summary: `History of ${person.name}`,
    parts: [
      { kind: "heading", text: `History of ${person.name}` },
      ...(filter === undefined ? [] : [{ kind: "note", text: filterWords(filter, zone) } as const]),
      ...(only === null ? [] : [{ kind: "note", text: [`Every line is of case ${only}.`] } as const]),
      ...times.note,
      lines.length === 0
        ? paragraph(
            "The log holds nothing of this person",
            filter === undefined ? "." : " that this filter lets through.",
          )
        : ({ kind: "list", items: lines.map((line) => lineWords(line, times, only === null)) } as const),
      {
        kind: "actions",
        buttons: [
          ...(before === undefined
            ? []
            : [button("Older", { kind: "history", who, before, ...(filter ? { filter: filter.text } : {}) })]),
          button("Verify the log", { kind: "verify-log" }),
        ],
      },
      ...(checkpoint ? checkpointParts(checkpoint) : []),
    ],
  };
}

/** How a filter was understood. */
function filterWords({ systems, words, since, until }: HistoryFilter, zone: string): Rich {
  return [
    "Only entries",
    ...(systems.length === 0 ? [] : [` of ${listed(systems)}`]),
    ...(words.length === 0 ? [] : [` with ${listed(words.map((word) => `“${shownAs(word)}”`))}`]),
    ...(since === undefined ? [] : [" since ", { time: since, zone }]),
    ...(until === undefined ? [] : [" until ", { time: until, zone }]),
    ".",
  ];
}

function lineWords(line: HistoryLine | BrokenLine, times: LineTimes, withCase: boolean): Rich {
  if ("broken" in line)
    return [{ code: String(line.seq) }, " ", { bold: "is not as it was signed" }, `: ${line.broken}`];
  const outcome = line.outcome === "success" ? "" : line.outcome === "failure" ? ", failed" : ", outcome unknown";
  return [
    { code: String(line.seq) },
    ` ${times.say(line.at)} `,
    { bold: actionWords(line.action) },
    outcome,
    line.what === "" ? "" : `: ${shownAs(line.what)}`,
    line.system === undefined ? "" : ` in ${line.system}`,
    `, by ${line.actor.name ?? line.actor.id}`,
    line.detail === undefined ? "" : ` (${shownAs(line.detail)})`,
    ...(line.note === undefined ? [] : [": “", shownAs(line.note), "”"]),
    ...(line.caseId === null || !withCase ? [] : [" ", { quiet: `case ${line.caseId}` }]),
  ];
}

function checkpointParts(checkpoint: NonNullable<HistoryPage["checkpoint"]>): Part[] {
  return [
    {
      kind: "note",
      text: [
        "Each line is proven against the signed log of ",
        { code: String(checkpoint.size) },
        " entries with root ",
        { code: checkpoint.root },
        ", key ",
        { code: checkpoint.fingerprint },
        ". Reading this is an entry too.",
      ],
    },
  ];
}

const WORDS: Readonly<Record<string, string>> = {
  "case.opened": "Case opened",
  "case.cancelled": "Case cancelled",
  "case.rescheduled": "Time moved",
  "case.missed": "Due and not approved",
  "case.cutStarted": "Taking access started",
  "case.accessGone": "Every step ended",
  "case.closed": "Case closed",
  "case.held": "Case held",
  "system.readStarted": "Read of a system started",
  "system.read": "System read",
  "system.readInterrupted": "Read interrupted",
  "system.readAsked": "Read asked for again",
  "plan.proposed": "Plan proposed",
  "plan.extended": "Plan extended by policy",
  "plan.decided": "Plan decided on",
  "plan.approved": "Plan approved",
  "plan.rejected": "Plan rejected",
  "grant.revokeStarted": "Revoke started",
  "grant.revoked": "Revoke answered",
  "grant.revokeInterrupted": "Revoke interrupted",
  "grant.readStarted": "Read back started",
  "grant.readBack": "Read back",
  "grant.readInterrupted": "Read back interrupted",
  "grant.attested": "Attested by a person",
  "grant.skipped": "Skipped",
  "grant.retryAsked": "Retry asked for",
  "grant.expired": "Ended without proof",
  "grant.held": "Step held",
  "finding.raised": "Finding",
  "person.added": "Person added to the directory",
  "person.changed": "Person changed in the directory",
  "account.noted": "Account known from now on",
  "account.lookedUp": "Account looked up",
  "account.named": "Account named",
  "account.saidNone": "Said to have no account",
  "offer.accepted": "Work accepted",
  "offer.declined": "Work declined",
  "offer.passed": "Work passed on",
  "offer.expired": "Offer ran out",
  "offer.held": "Offer held",
  "offer.skipped": "Offer passed over somebody",
  "offer.snoozed": "Offer put aside",
  "offer.reminded": "Reminded of an offer",
  "offer.returned": "Work given back",
  "owner.checkStarted": "Check of a new owner started",
  "owner.checked": "New owner checked",
  "secret.attested": "Secret rotated, as attested",
  "work.noted": "Word of the leaver about their work",
  "work.closeAsked": "Work to be closed, since nobody needs it",
  "work.closeStarted": "Closing of work started",
  "work.closed": "Work closed",
  "work.closeInterrupted": "Closing of work interrupted",
  "work.moveStarted": "Move of work started",
  "work.moved": "Work moved",
  "work.moveInterrupted": "Move of work interrupted",
  "request.refused": "Request refused",
  "history.read": "History read",
  "log.verified": "Log verified",
};

function actionWords(action: string): string {
  return WORDS[action] ?? action;
}
