import type { PlanStep } from "../../core/order.ts";
import type { CaseView, PlanView } from "../../store/views.ts";
import { keepFieldOf, placesOf } from "../forms.ts";
import type { Button, Form, Part, Rich } from "../message.ts";
import { duration } from "./duration.ts";
import { countsOf } from "./grant-counts.ts";
import { type LineTimes, lineTimes } from "./line-times.ts";
import { stepTimes, stepWords } from "./step-words.ts";
import { button, count, inOrder, resourceWords, reversibleWords, shownAs } from "./words.ts";

// The grants of a plan one by one, in pages of a dialog: a message has no room for five hundred.

/** How many grants a page shows. Each may take 600 characters, so that a page is never cut. */
export const PAGE = 10;
/** Systems that have a button of their own; more would be a wall, and the pages lead to the rest. */
const JUMPS = 15;

/** One page of a review, and where the grants of each system begin. */
export interface ReviewPage {
  readonly at: number;
  readonly of: number;
  readonly system: string;
  readonly steps: readonly PlanStep[];
  readonly starts: readonly { readonly system: string; readonly page: number; readonly own: readonly PlanStep[] }[];
}

/** The page of a plan, system by system; a page that does not exist is the nearest one. Undefined without a grant. */
export function reviewPage(
  steps: readonly PlanStep[],
  wanted: number,
  order: readonly string[] = [],
): ReviewPage | undefined {
  const systems = inOrder(new Set(steps.map(({ grant }) => grant.system)), order);
  const pages: { readonly system: string; readonly steps: readonly PlanStep[] }[] = [];
  const starts: ReviewPage["starts"][number][] = [];
  for (const system of systems) {
    const own = steps.filter(({ grant }) => grant.system === system);
    starts.push({ system, page: pages.length, own });
    for (let from = 0; from < own.length; from += PAGE) pages.push({ system, steps: own.slice(from, from + PAGE) });
  }
  const at = Math.min(Math.max(0, wanted), pages.length - 1);
  const page = pages[at];
  return page && { at, of: pages.length, ...page, starts };
}

/** The dialog that shows one page of a plan's grants, with all that whoever decides has to know of each. */
export function reviewForm(view: CaseView, plan: PlanView, wanted: number, picked = ""): Form {
  const of = { caseId: view.case.id, planHash: plan.hash };
  const page = reviewPage(
    plan.plan.steps,
    wanted,
    view.reads.map(({ system }) => system),
  );
  const form = {
    kind: "review",
    title: "Review the plan",
    fields: [],
    carried: {
      ...of,
      page: String(page?.at ?? 0),
      picked,
      here: (page?.steps ?? []).map(({ position }) => position).join(","),
    },
  } as const;
  if (!page) return { ...form, intro: [{ kind: "text", text: ["This plan holds no grant."] }] };
  const titles = new Map(view.reads.map(({ system, title }) => [system, title]));
  const title = titles.get(page.system) ?? page.system;
  const own = page.starts.find(({ system }) => system === page.system)?.own ?? [];
  const first = own.findIndex(({ key }) => key === page.steps[0]?.key) + 1;
  const last = first + page.steps.length - 1;
  const times = lineTimes(
    page.steps.flatMap((step) => timesOf(view, step)),
    view.case.dueZone,
  );
  const mayKeep = plan.state === "proposed" && plan.scope === "full" && view.case.state === "planned";
  const places = new Set(placesOf(picked));
  const elsewhere = [...places].filter((place) => !page.steps.some(({ position }) => position === place)).length;
  return {
    ...form,
    ...(mayKeep
      ? {
          submit: "Keep what is chosen",
          fields: [
            {
              id: keepFieldOf(page.at),
              label: "Keep beyond the departure",
              hint: `Only what is chosen here. It needs an owner, a day and a second person.${elsewhere > 0 ? ` ${count(elsewhere, "grant")} chosen on other pages.` : ""}`,
              input: "check",
              optional: true,
              options: page.steps.map(({ grant, position }) => ({
                value: String(position),
                label: `${shownAs(grant.resource)}${grant.role === undefined ? "" : ` as ${shownAs(grant.role)}`}`,
              })),
              initial: page.steps.flatMap(({ position }) => (places.has(position) ? [String(position)] : [])),
            } as const,
          ],
        }
      : {}),
    intro: [
      ...turnParts(of, page),
      {
        kind: "text",
        text: [{ bold: title }, `: ${first === last ? first : `${first} to ${last}`} of ${countsOf(own).join(", ")}`],
      },
      ...times.note,
      { kind: "list", items: page.steps.map((step) => reviewLine(view, step, times)) },
      { kind: "note", text: [`Page ${page.at + 1} of ${page.of}, ${count(plan.plan.steps.length, "grant")} in all.`] },
      ...jumpParts(of, page, titles),
    ],
  };
}

/** One page on or back, above what is read; whole systems below it, so that they do not stand in its way. */
function turnParts(of: Of, page: ReviewPage): Part[] {
  const buttons = [
    ...(page.at > 0 ? [turnTo(of, "Previous page", page.at - 1)] : []),
    ...(page.at + 1 < page.of ? [turnTo(of, "Next page", page.at + 1)] : []),
  ];
  return buttons.length > 0 ? [{ kind: "actions", buttons }] : [];
}

function jumpParts(of: Of, page: ReviewPage, titles: ReadonlyMap<string, string>): Part[] {
  const buttons = page.starts
    .filter(({ system }) => system !== page.system)
    .slice(0, JUMPS)
    .map(({ system, page: at, own }) => turnTo(of, `${titles.get(system) ?? system} (${own.length})`, at));
  return buttons.length > 0 ? [{ kind: "actions", buttons }] : [];
}

interface Of {
  readonly caseId: string;
  readonly planHash: string;
}

function turnTo(of: Of, label: string, at: number): Button {
  return button(label, { kind: "review-plan", ...of, page: at });
}

/** Everything about one grant. What is not known is said to be so, since silence would read as “never”. */
function reviewLine(view: CaseView, planned: PlanStep, times: LineTimes): Rich {
  const { grant } = planned;
  const step = view.steps.find(({ grantKey }) => grantKey === planned.key);
  const facts = [
    ...(grant.contested === undefined || grant.contested.length === 0
      ? []
      : [`a human decides whose it is: ${grant.contested.map(shownAs).join("; ")}`]),
    ...(grant.privileged ? ["privileged"] : []),
    grant.outlivesSignOn ? "outlives sign-on" : "ends with sign-on",
    reversibleWords(grant),
    grant.lastUsedAt === undefined ? "last use not known" : `last used ${times.say(new Date(grant.lastUsedAt))}`,
    residualWords(grant),
    ...(grant.breaks.length > 0 ? [`breaks: ${grant.breaks.map(shownAs).join("; ")}`] : []),
  ];
  return [
    ...resourceWords(grant),
    ` (${shownAs(grant.kind)})`,
    ...(step ? [": ", ...stepWords(step, times.say)] : [" — ", { quiet: shownAs(planned.reason) }]),
    `. ${capital(facts.join(" · "))}`,
  ];
}

/** How long an issued credential could still work. */
function residualWords({ residual }: PlanStep["grant"]): string {
  if (residual === undefined) return "how long an issued credential works on is not known";
  if (residual.minutes === 0) return "nothing issued works on";
  return `${shownAs(residual.what)} can work on for ${duration(residual.minutes * 60_000)}`;
}

function timesOf(view: CaseView, planned: PlanStep): readonly Date[] {
  const step = view.steps.find(({ grantKey }) => grantKey === planned.key);
  const used = planned.grant.lastUsedAt;
  return [...(used === undefined ? [] : [new Date(used)]), ...(step ? stepTimes(step) : [])];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
