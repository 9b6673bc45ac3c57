import type { CaseView, OfferView, StepView } from "../../store/views.ts";
import type { Message, Part, Rich } from "../message.ts";
import { currentPlan } from "./case.ts";
import { type CheckpointFacts, verifyParts } from "./summary.ts";
import { caseState, count, grantName, listed, paragraph, shownAs } from "./words.ts";

/** What the day's digest is made of. */
export interface DigestView {
  readonly now: Date;
  /** The zone its times are said in. */
  readonly zone: string;
  /** Every case that is not over. */
  readonly cases: readonly CaseView[];
  /** What was found since the last day, newest first. */
  readonly findings: readonly { readonly at: Date; readonly what: string; readonly leaver: string }[];
  readonly checkpoint: CheckpointFacts | undefined;
}

/** What the lists of what waits are made of. */
type Waiting = Pick<DigestView, "now" | "zone" | "cases">;

const SOON_MS = 7 * 86_400_000;

/** What waits for somebody today, the most urgent first. A day on which nothing waits says so: silence could be a fault. */
export function digestMessage(view: DigestView): Message {
  const sections = [
    ...section("Wait for approval", approvals(view)),
    ...section("Due within 7 days", soon(view)),
    ...waitingSections(view),
    ...section("Findings of the last day", findings(view)),
  ];
  const open = count(view.cases.length, "open case");
  return {
    summary: sections.length === 0 ? `Today: ${open}, nothing waits for anybody` : `Today: ${open}`,
    parts: [
      { kind: "heading", text: "Offboarding today" },
      paragraph(`${open}.`, ...(sections.length === 0 ? [" Nothing waits for anybody."] : [])),
      ...sections,
      ...(view.checkpoint ? verifyParts(view.checkpoint) : []),
    ],
  };
}

/** What waits for somebody other than an approval, each kind a list. */
export function waitingSections(view: Waiting): Part[] {
  return [
    ...section("Need attention", attention(view)),
    ...section("By hand", byHand(view)),
    ...section("Late: the deadline passed without proof", late(view)),
    ...section("Cannot be read, or no account is known", unread(view)),
    ...section("Offers", offers(view)),
    ...section("Held", held(view)),
  ];
}

function section(title: string, items: readonly Rich[]): Part[] {
  return items.length === 0 ? [] : [{ kind: "list", title: [{ bold: title }, ` (${items.length})`], items }];
}

/** `Alice (case K7Q2M9XD)`: two people may have one name. */
function nameOf({ leaver, case: row }: CaseView): Rich {
  return [{ bold: leaver.name }, " ", { quiet: `case ${row.id}` }];
}

function approvals({ cases, now }: Waiting): Rich[] {
  return cases.flatMap((view) => {
    const plan = currentPlan(view);
    if (view.case.state !== "planned" || plan?.state !== "proposed") return [];
    const given = plan.decisions.filter(({ verdict }) => verdict === "approved");
    const late = view.case.dueAt <= now;
    return [
      [
        ...nameOf(view),
        `: ${given.length} of ${count(plan.plan.approvals, "approval")}`,
        ...(given.length > 0 ? [` (${listed(given.map(({ by }) => by.name))})`] : []),
        late ? ", was due " : ", due ",
        { time: view.case.dueAt, zone: view.case.dueZone },
      ],
    ];
  });
}

function soon({ cases, now }: Waiting): Rich[] {
  return cases
    .filter(({ case: row }) => ["opened", "planned", "approved"].includes(row.state))
    .filter(({ case: row }) => row.dueAt.getTime() <= now.getTime() + SOON_MS)
    .map((view) => [
      ...nameOf(view),
      ": ",
      { time: view.case.dueAt, zone: view.case.dueZone },
      `, ${caseState(view).toLowerCase()}`,
    ]);
}

function attention(digest: Waiting): Rich[] {
  return stepsOf(digest, ({ state }) => state === "attention" || state === "attesting").map(({ view, step }) => [
    ...nameOf(view),
    `: ${placeOf(step)}, `,
    step.state === "attesting" ? "attested by one person, a second is needed" : shownAs(step.failure ?? "still there"),
  ]);
}

function byHand(digest: Waiting): Rich[] {
  return stepsOf(digest, (step) => step.state === "by-hand" && step.deadlineAt > digest.now).map(({ view, step }) => [
    ...nameOf(view),
    `: ${placeOf(step)}, until `,
    { time: step.deadlineAt, zone: digest.zone },
  ]);
}

function late(digest: Waiting): Rich[] {
  const isLate = (step: StepView) =>
    step.state === "expired" || (step.state === "by-hand" && step.deadlineAt <= digest.now);
  return stepsOf(digest, isLate).map(({ view, step }) => [
    ...nameOf(view),
    `: ${placeOf(step)}, since `,
    { time: step.deadlineAt, zone: digest.zone },
  ]);
}

/** A manual system's grant is the system itself: its name once. */
function placeOf(step: StepView): string {
  const name = grantName(step);
  return name === step.title ? name : `${name} in ${step.title}`;
}

function stepsOf({ cases }: Waiting, wanted: (step: StepView) => boolean) {
  return cases.flatMap((view) =>
    view.case.state === "held" ? [] : view.steps.filter(wanted).map((step) => ({ view, step })),
  );
}

function unread({ cases }: Waiting): Rich[] {
  return cases.flatMap((view) =>
    view.reads
      .filter(({ state }) => state === "failed" || state === "unmatched")
      .map(
        (read): Rich => [
          ...nameOf(view),
          `: ${read.title}, `,
          read.state === "unmatched" ? "no account is known" : shownAs(read.failure ?? "no answer"),
        ],
      ),
  );
}

/** One line a case: who is asked for how much, and what is late. */
function offers({ cases, now }: Waiting): Rich[] {
  return cases.flatMap((view) => {
    const open = view.offers.filter(({ state }) => state === "offered" || state === "failed");
    const unclaimed = view.offers.filter(({ state }) => state === "unclaimed").length;
    if (open.length + unclaimed === 0) return [];
    const late = open.filter(({ deadlineAt }) => deadlineAt !== null && deadlineAt <= now).length;
    return [
      [
        ...nameOf(view),
        `: ${count(open.length, "open offer")}${open.length > 0 ? ` with ${askedOf(open)}` : ""}`,
        ...(late > 0 ? [`, ${late} late`] : []),
        ...(unclaimed > 0 ? [`, ${unclaimed} taken by nobody`] : []),
      ],
    ];
  });
}

function askedOf(open: readonly OfferView[]): string {
  const people = new Map<string, { name: string; number: number }>();
  for (const { to } of open) {
    const id = to?.id ?? "";
    people.set(id, { name: to?.name ?? "nobody yet", number: (people.get(id)?.number ?? 0) + 1 });
  }
  return listed([...people.values()].map(({ name, number }) => `${name} (${number})`));
}

function findings({ findings: found, zone }: DigestView): Rich[] {
  return found.map(({ at, what, leaver }) => [{ bold: leaver }, ", ", { time: at, zone }, `: ${shownAs(what)}`]);
}

function held({ cases }: Waiting): Rich[] {
  return cases.filter(({ case: row }) => row.state === "held").map(nameOf);
}
