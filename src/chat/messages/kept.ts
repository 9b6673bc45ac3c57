import type { CaseView, KeptView, PlanView } from "../../store/views.ts";
import { hashOfAsked, type KeepAsked, type KeepDecided } from "../../workflow/keep-grants.ts";
import { FIELDS } from "../forms.ts";
import type { Button, Form, Message, Part, Rich } from "../message.ts";
import { button, count, only, resourceWords, shownAs } from "./words.ts";

// Grants that stay by exception: asked for in the review, agreed to by a second person, called out after their day.

/** What is asked to be kept while the plan is still decided on; stands above the buttons. */
export function askedParts(view: CaseView): Part[] {
  const asked = askedOf(view);
  if (asked.length === 0) return [];
  return [
    {
      kind: "list",
      title: [{ bold: "Asked to be kept" }, ". A second person agrees; until then the plan takes it."],
      items: asked.map((one) => [...lineOf(view, one), `, asked by ${one.by.name}: ${shownAs(one.note)}`]),
    },
  ];
}

/** Buttons that decide what is asked to be kept, bound to what is shown. */
export function keptButtons(view: CaseView): Button[] {
  const waiting = askedOf(view);
  if (waiting.length === 0) return [];
  const of = { kind: "decide-kept", caseId: view.case.id, asked: hashOfAsked(waiting) } as const;
  const grants = count(waiting.length, "grant");
  return [
    button(
      `Keep ${grants}`,
      { ...of, verdict: "agreed" },
      {
        confirm: {
          title: `Keep ${grants}`,
          text: `${view.leaver.name} keeps this access beyond the departure. A new plan is made without it, and approvals of the plan shown count for nothing.`,
          yes: "Keep",
          no: "Back",
        },
      },
    ),
    button("Do not keep", { ...of, verdict: "refused" }),
  ];
}

/** What stays by agreement, in the plan and in the summary. */
export function keptParts(view: CaseView, keys: ReadonlySet<string>): Part[] {
  const items = view.kept
    .filter((one) => one.state === "agreed" && keys.has(one.grantKey))
    .map(
      (one): Rich => [
        ...lineOf(view, one),
        `, asked by ${one.by.name}`,
        ...(one.agreedByWhom ? [`, agreed by ${one.agreedByWhom.name}`] : []),
        `: ${shownAs(one.note)}`,
      ],
    );
  return items.length === 0 ? [] : [{ kind: "list", title: [{ bold: "Kept by exception" }], items }];
}

/** Keys of what these plans keep. */
export function keptKeys(plans: readonly PlanView[]): ReadonlySet<string> {
  return new Set(plans.flatMap(({ plan }) => (plan.kept ?? []).map(({ key }) => key)));
}

/** To who owns the risk as the case closes, and to them and the approvers once the day is over. */
export function keptMessage(view: CaseView, time: number, owner: string | undefined): Message {
  const own = view.kept.filter(({ ownerId }) => owner === undefined || ownerId === owner);
  if (time === 0) {
    const mine = own.filter(({ state }) => state === "agreed");
    return {
      summary: `You own the risk of access that ${view.leaver.name} keeps`,
      parts: [
        {
          kind: "list",
          title: [
            { bold: `You own the risk of access that ${view.leaver.name} keeps.` },
            " You hear of it again on its day.",
          ],
          items: mine.map((one) => lineOf(view, one)),
        },
      ],
    };
  }
  const called = own.filter(({ alerts }) => alerts > 0);
  const still = called.filter(({ state }) => state === "agreed");
  const gone = called.filter(({ state }) => state === "ended");
  return {
    summary: `${view.leaver.name}: ${still.length > 0 ? "kept access is past its day" : "kept access is gone"}`,
    parts: [
      ...(still.length === 0
        ? []
        : [
            {
              kind: "list",
              title: [
                { bold: `${view.leaver.name} still has access that was kept, and its day is over.` },
                " Nothing is taken by itself: open a case to take it.",
              ],
              items: still.map((one): Rich => [...lineOf(view, one), lookWords(one)]),
            } as const,
          ]),
      ...(gone.length === 0
        ? []
        : [
            { kind: "list", title: [{ bold: "Read back gone" }], items: gone.map((one) => lineOf(view, one)) } as const,
          ]),
    ],
  };
}

/** Whose risk it becomes, until when and why. */
export function keepForm(of: { caseId: string; planHash: string; picked: string }, grants: readonly Rich[]): Form {
  const field = FIELDS["keep-grants"];
  return {
    kind: "keep-grants",
    title: "Keep access",
    submit: "Ask for it",
    intro: [
      {
        kind: "list",
        title: [{ bold: count(grants.length, "grant") }, ". A second person has to agree, then a new plan is made."],
        items: grants,
      },
    ],
    fields: [
      {
        id: field.owner,
        label: "Who owns the risk?",
        hint: "They are told as the case closes, and on the day.",
        input: "person",
      },
      {
        id: field.until,
        label: "Until which day?",
        hint: "From then on it is called out until it is gone.",
        input: "date",
      },
      {
        id: field.note,
        label: "Why does it stay?",
        hint: "It is kept with the exception.",
        input: "text",
        lines: "many",
        max: 1000,
      },
    ],
    carried: of,
  };
}

/** What became of asking to keep something. */
export function keepAnswer(asked: Exclude<KeepAsked, { kind: "bad-day" | "bad-owner" | "bad-pick" }>): Message {
  switch (asked.kind) {
    case "asked":
      return only(
        `Asked: ${count(asked.grants, "grant")}${asked.with > 0 ? `, ${asked.with} of them since they come with what you chose` : ""}. A second person has to agree; until then the plan takes it.`,
      );
    case "too-late":
      return only("This plan is not open any more, so nothing of it can be kept. Please look at the newest message.");
    case "not-vouched":
      return only("The log does not vouch for this plan, so nothing was done. Please tell your operator.");
    default:
      return asked satisfies never;
  }
}

/** What became of agreeing or refusing. */
export function keptAnswer(decided: KeepDecided): Message {
  switch (decided.kind) {
    case "decided":
      return only(
        decided.verdict === "agreed"
          ? `You agreed to keep ${count(decided.grants, "grant")}. A new plan without ${decided.grants === 1 ? "it" : "them"} is made; it needs its approvals anew.`
          : `You refused: the plan takes ${count(decided.grants, "grant")} as it stands.`,
      );
    case "second-needed":
      return only("You asked for it yourself. Somebody else has to agree.");
    case "changed":
      return only(
        "What is asked to be kept changed since this was shown, or was decided. Please look at the message again.",
      );
    case "too-late":
      return only("The plan is decided, so nothing more can be kept. Please look at the newest message.");
    default:
      return decided satisfies never;
  }
}

function askedOf(view: CaseView): readonly KeptView[] {
  return view.case.state === "planned" ? view.kept.filter(({ state }) => state === "asked") : [];
}

function lineOf(view: CaseView, one: KeptView): Rich {
  return [
    ...(one.grant ? resourceWords(one.grant) : [one.grantKey]),
    ` in ${one.title}, until `,
    { time: one.until, zone: view.case.dueZone },
    `, owner `,
    { bold: one.owner.name },
  ];
}

function lookWords(one: KeptView): string {
  if (one.shown === null || one.shown === "present") return "";
  return one.shown === "not-yet" ? ": it could not be read for sure" : `: it could not be read: ${shownAs(one.shown)}`;
}
