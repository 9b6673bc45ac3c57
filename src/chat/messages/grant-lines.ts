import type { Account } from "../../core/access.ts";
import type { PlanStep } from "../../core/order.ts";
import type { Plan } from "../../core/plan.ts";
import type { CaseView, PlanView, StepView } from "../../store/views.ts";
import type { Part, Rich } from "../message.ts";
import { countsOf } from "./grant-counts.ts";
import { type LineTimes, lineTimes } from "./line-times.ts";
import { stepTimes, stepWords } from "./step-words.ts";
import { count, grantMarks, markOfAll, resourceWords, shownAs } from "./words.ts";

// The grants of a plan, line by line. What holds for every line of a system is said once, at its head.

const SHOWN_SECRETS = 3;

/** A plan grouped by system: before it is worked through, each grant with its marks; then where its step stands. */
export function planParts(plan: Plan, steps: readonly StepView[], view: CaseView, times: LineTimes): Part[] {
  const systems = [...new Set(plan.steps.map(({ grant }) => grant.system))];
  return systems.map((system): Part => {
    const own = plan.steps.filter(({ grant }) => grant.system === system);
    const read = view.reads.find((one) => one.system === system);
    const [grants = "", ...counts] = countsOf(own);
    const title: Rich = [{ bold: read?.title ?? system }, `: ${grants}`];
    const found = own.map((planned) => steps.find(({ grantKey }) => grantKey === planned.key));
    const names = own.map((planned) => lineName(planned, own, read?.accounts ?? []));
    if (found.some((step) => step !== undefined)) return progressPart(title, own, found, names, times);
    const shared = sharedBy(own);
    // What all of them are is said as a mark, and of few each line says it.
    const some = own.length <= FEW ? [] : counts.filter((words) => !words.startsWith(`${own.length} `));
    return {
      kind: "list",
      title: [
        ...title,
        ...some.map((words) => ` · ${words}`),
        ...shared.marks.map((mark) => ` · ${markOfAll(mark)}`),
        ...(shared.reason === undefined ? [] : [" — ", { quiet: shownAs(shared.reason) }]),
      ],
      items: own.map((planned, at) => planLine(planned, names[at] ?? [], own.slice(0, at), shared)),
    };
  });
}

/** Of so many grants of one system each keeps its line when it is gone; of more, those are counted. */
const FEW = 5;

/** Where the steps of one system stand. Many that are proven gone are counted, so that what is not yet is seen. */
function progressPart(
  title: Rich,
  own: readonly PlanStep[],
  found: readonly (StepView | undefined)[],
  names: readonly Rich[],
  times: LineTimes,
): Part {
  const gone = own.length <= FEW ? [] : found.filter((step) => step?.state === "proven");
  const last = gone.flatMap((step) => step?.provenAt ?? []).toSorted((a, b) => b.getTime() - a.getTime())[0];
  const read: Rich =
    last === undefined ? [] : [gone.length > 1 ? ", the last read back " : ", read back ", times.say(last)];
  if (gone.length === own.length) {
    return { kind: "text", text: [...title, gone.length > 1 ? ", all gone" : ", gone", ...read] };
  }
  return {
    kind: "list",
    title: gone.length === 0 ? title : [...title, `, ${gone.length} gone`, ...read],
    items: own.flatMap(({ reason }, at): Rich[] => {
      const step = found[at];
      if (step && gone.includes(step)) return [];
      const name = names[at] ?? [];
      return [step ? [...name, ": ", ...stepWords(step, times.say)] : [...name, " — ", { quiet: shownAs(reason) }]];
    }),
  };
}

/** What a line calls its grant; where another line would read the same, with what tells them apart. */
function lineName({ grant }: PlanStep, own: readonly PlanStep[], accounts: readonly Account[]): Rich {
  const alike = own.filter((one) => one.grant.resource === grant.resource && one.grant.role === grant.role);
  if (alike.length === 1) return resourceWords(grant);
  const login = accounts.find(({ id }) => id === grant.account)?.login ?? grant.account;
  const isOthers = alike.some((one) => one.grant.account !== grant.account);
  const isOtherKind = alike.some((one) => one.grant.kind !== grant.kind);
  return [
    ...resourceWords(grant),
    ...(isOthers ? [" of ", { code: shownAs(login) }] : []),
    ...(isOtherKind ? [` (${shownAs(grant.kind)})`] : []),
  ];
}

/** The times that the lines and approvals of these plans show. */
export function planTimes(plans: readonly PlanView[], steps: readonly StepView[], zone: string): LineTimes {
  const keys = new Set(plans.flatMap(({ plan }) => plan.steps.map(({ key }) => key)));
  return lineTimes(
    [
      ...plans.flatMap(({ decisions }) => decisions.map(({ at }) => at)),
      ...steps.filter(({ grantKey }) => keys.has(grantKey)).flatMap(stepTimes),
    ],
    zone,
  );
}

interface Shared {
  readonly marks: readonly string[];
  readonly reason: string | undefined;
}

/** Marks and the reason that every one of several grants has. */
function sharedBy(own: readonly PlanStep[]): Shared {
  const [first] = own;
  if (!first || own.length === 1) return { marks: [], reason: undefined };
  return {
    marks: grantMarks(first.grant).filter((mark) => own.every(({ grant }) => grantMarks(grant).includes(mark))),
    reason: own.every(({ reason, act }) => reason === first.reason && act !== "by-hand") ? first.reason : undefined,
  };
}

function planLine(planned: PlanStep, name: Rich, before: readonly PlanStep[], shared: Shared): Rich {
  const { grant, act, reason } = planned;
  // A stage's reason stands at its first line; what a line has of its own is always said.
  // A stage is about accounts and says nothing of what is done by hand.
  const isSaid =
    reason === shared.reason ||
    (isOfStage(planned) && (act === "by-hand" || before.some((one) => one.reason === reason)));
  const why = [...(act === "by-hand" ? ["by hand"] : []), ...(isSaid ? [] : [shownAs(reason)])].join(", ");
  const marks = grantMarks(grant).filter((mark) => !shared.marks.includes(mark));
  return [
    ...name,
    ` (${shownAs(grant.kind)})`,
    ...marks.map((mark) => ` · ${mark}`),
    ...(why === "" ? [] : [" — ", { quiet: why }]),
    ...(grant.secrets.length > 0 ? [`. To rotate: ${secretWords(grant.secrets)}`] : []),
  ];
}

/** A few names; all of them stand in the summary. */
function secretWords(secrets: readonly string[]): string {
  const shown = secrets.slice(0, SHOWN_SECRETS).map(shownAs).join("; ");
  return secrets.length > SHOWN_SECRETS ? `${shown}; and ${count(secrets.length - SHOWN_SECRETS, "other")}` : shown;
}

/** Whether its reason is that of its stage, and no tie to another grant. */
function isOfStage({ grant, after }: PlanStep): boolean {
  return grant.contested === undefined && grant.via === undefined && after.length === 0;
}
