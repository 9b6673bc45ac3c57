import { type Break, breaksOf } from "../../core/breaks.ts";
import type { PlanStep } from "../../core/order.ts";
import type { CaseView } from "../../store/views.ts";
import type { BreaksSettled } from "../../workflow/settle-breaks.ts";
import { FIELDS, heirFieldOf } from "../forms.ts";
import type { Button, Form, Message, Part, Rich } from "../message.ts";
import { button, count, listed, only, resourceWords, shownAs } from "./words.ts";

// What stops working with the leaver's access, and who takes each over.

/** Of grants that break the same, so many are named. */
const NAMED = 3;
/** So many are decided in one dialog; the next ones follow. */
const AT_ONCE = 8;

/** What stops working with these steps: stands above the buttons that decide them, with what becomes of each. */
export function breaksParts(steps: readonly PlanStep[], view: CaseView): Part[] {
  const breaks = breaksOf(steps);
  if (breaks.length === 0) return [];
  const open = breaks.filter(({ key }) => !isDecided(view, key)).length;
  const title =
    open > 0 ? `. ${open} without an heir: approved as it is, ${open === 1 ? "it breaks" : "they break"}.` : "";
  return [
    {
      kind: "list",
      title: [{ bold: "What breaks with it" }, title],
      items: [...breaks]
        .sort((a, b) => Number(isDecided(view, a.key)) - Number(isDecided(view, b.key)))
        .map((one) => [...breakWords(one, view), ...choiceWords(one, view)]),
    },
  ];
}

/** What became of what broke, for the summary. */
export function brokenParts(view: CaseView): Part[] {
  const steps = view.plans.filter(({ state }) => state === "approved").flatMap(({ plan }) => plan.steps);
  const items = breaksOf(steps).map((one): Rich => {
    const words = choiceWords(one, view);
    return [...breakWords(one, view), ...(words.length > 0 ? words : [" — nobody takes it over"])];
  });
  return items.length === 0 ? [] : [{ kind: "list", title: [{ bold: "What broke with it" }], items }];
}

/** Opens the dialog for what is not decided. */
export function breaksButton(view: CaseView): Button[] {
  const open = openBreaks(view).length;
  if (open === 0 || !["planned", "approved"].includes(view.case.state)) return [];
  return [button(`Decide what breaks (${open})`, { kind: "ask-breaks", caseId: view.case.id })];
}

/** The next things that break and are not decided: an heir for each, or “let it break”. Undefined if there is none. */
export function breaksForm(view: CaseView): Form | undefined {
  const breaks = openBreaks(view);
  if (breaks.length === 0) return undefined;
  const shown = breaks.slice(0, AT_ONCE);
  const rest = breaks.length - shown.length;
  const field = FIELDS["settle-breaks"];
  return {
    kind: "settle-breaks",
    title: "What breaks",
    submit: "Save",
    intro: [
      {
        kind: "list",
        title: [{ bold: "An heir for each, or let it break." }, rest > 0 ? ` ${rest} more come after these.` : ""],
        items: shown.map((one, at) => [`${at + 1}. `, ...breakWords(one, view)]),
      },
    ],
    fields: [
      ...shown.map(
        ({ what }, at) =>
          ({
            id: heirFieldOf(at),
            label: `${at + 1}. ${shownAs(what)}`.slice(0, 200),
            input: "person",
            optional: true,
          }) as const,
      ),
      {
        id: field.let,
        label: "Let these break",
        input: "check",
        optional: true,
        options: shown.map(({ what }, at) => ({ value: String(at), label: `${at + 1}. ${shownAs(what)}` })),
      },
    ],
    carried: { caseId: view.case.id, keys: shown.map(({ key }) => key).join(",") },
  };
}

/** To an heir: what falls to them. */
export function heirMessage(view: CaseView, personId: string): Message | undefined {
  const own = openOrNot(view).filter(({ key }) =>
    view.broken.some((one) => one.key === key && one.heirId === personId),
  );
  if (own.length === 0) return undefined;
  return {
    summary: `${view.leaver.name} is leaving: ${count(own.length, "thing")} that would stop falls to you`,
    parts: [
      {
        kind: "list",
        title: [
          { bold: `${view.leaver.name} is leaving, and this stops working with their access.` },
          " You were named to take it over:",
        ],
        items: own.map((one) => breakWords(one, view)),
      },
    ],
  };
}

/** What became of deciding. */
export function breaksAnswer(settled: Exclude<BreaksSettled, { kind: "bad-heir" }>): Message {
  if (settled.kind === "too-late") return only("The case is over, so nothing more is decided about it.");
  const said = [
    settled.heirs > 0 ? count(settled.heirs, "heir") : "",
    settled.let > 0 ? `${settled.let} may break` : "",
  ].filter(Boolean);
  return only(`Noted: ${listed(said)}. ${settled.open > 0 ? `${settled.open} still open.` : "Nothing is open."}`);
}

export function nothingBreaks(): Message {
  return only("Everything that breaks is decided.");
}

function openOrNot(view: CaseView): readonly Break[] {
  return breaksOf(
    view.plans.filter(({ state }) => state === "proposed" || state === "approved").flatMap(({ plan }) => plan.steps),
  );
}

function openBreaks(view: CaseView): readonly Break[] {
  return openOrNot(view).filter(({ key }) => !isDecided(view, key));
}

function isDecided(view: CaseView, key: string): boolean {
  return view.broken.some((one) => one.key === key);
}

function choiceWords({ key }: Break, view: CaseView): Rich {
  const choice = view.broken.find((one) => one.key === key);
  if (!choice) return [];
  return choice.heir
    ? [" — ", { bold: choice.heir.name }, " takes it over"]
    : [` — it may break, says ${choice.byWhom.name}`];
}

function breakWords({ system, what, steps }: Break, view: CaseView): Rich {
  const title = view.reads.find((read) => read.system === system)?.title ?? system;
  return [...namesOf(steps), ` in ${title}: ${shownAs(what)}`];
}

function namesOf(steps: readonly PlanStep[]): Rich {
  const [first] = steps;
  if (first && steps.length === 1) return resourceWords(first.grant);
  const names = [...new Set(steps.map(({ grant }) => shownAs(grant.resource)))];
  return [{ bold: count(steps.length, "grant") }, ...(names.length > NAMED ? [] : [` (${listed(names)})`])];
}
