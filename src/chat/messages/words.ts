import type { Grant } from "../../core/access.ts";
import { isReversible } from "../../core/access.ts";
import type { LeaveKind, Mode, Reason } from "../../core/case.ts";
import { restoreText } from "../../core/text.ts";
import type { CaseView, Named, StepView } from "../../store/views.ts";
import type { Ask, Button, Message, Part, Rich, Span } from "../message.ts";
import { shownTime } from "../shown-time.ts";

// Words that several messages share.

/** A message of one paragraph. */
export function only(...text: Rich): Message {
  return { summary: plainOf(text), parts: [{ kind: "text", text }] };
}

/** A message with buttons under its first paragraph. */
export function withButtons(text: Rich, ...buttons: readonly Button[]): Message {
  return {
    summary: plainOf(text),
    parts: [{ kind: "text", text }, ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : [])],
  };
}

/** Runs of text as one plain line, for notifications. */
export function plainOf(rich: Rich): string {
  return rich.map(plainSpan).join("");
}

/** Text that came from a system, as it was before it was made safe to store. Surfaces make it safe to show. */
export function shownAs(text: string): string {
  return restoreText(text);
}

/** A button that opens or does something. */
export function button(label: string, ask: Ask, more: Omit<Button, "label" | "ask"> = {}): Button {
  return { label, ask, ...more };
}

/** `1 grant`, `3 grants`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** How many of something are where: `18 steps: 17 gone, 1 by hand`, or `6 pieces of work, all offered`. */
export function statesOf(what: string, counts: readonly (readonly [number, string])[]): string {
  const said = counts.filter(([number]) => number > 0);
  const [only] = said;
  if (!only) return what;
  if (said.length === 1) return `${what}, ${only[0] === 1 ? "" : "all "}${only[1]}`;
  return `${what}: ${said.map(([number, words]) => `${number} ${words}`).join(", ")}`;
}

/** `A, B and C`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** Names in a row, bold. */
export function people(named: readonly Named[]): Rich {
  return named.flatMap(({ name }, at): Span[] => {
    const join = at === 0 ? "" : at === named.length - 1 ? " and " : ", ";
    return [...(join === "" ? [] : [join]), { bold: name }];
  });
}

export const KIND_WORDS: Readonly<Record<LeaveKind, string>> = {
  voluntary: "Voluntary",
  involuntary: "Involuntary",
  "contract-end": "Contract ends",
};

export const MODE_WORDS: Readonly<Record<Mode, string>> = {
  orderly: "Orderly: work is handed over, access ends at the time set",
  contain: "Contain: what can be given back is taken at once, the rest follows",
};

export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  resignation: "Resignation",
  dismissal: "Dismissal",
  "contract-end": "End of contract",
  security: "Security",
  transfer: "Transfer",
  other: "Other",
};

/** Where a case stands, in words. Nothing here says “done”: only proofs do. */
export function caseState(view: CaseView): string {
  const { state } = view.case;
  switch (state) {
    case "opened":
      return view.case.mode === "contain" ? "Containment waits for approval" : "Every system is being read";
    case "containing":
      return "Contained as each system answers";
    case "planned":
      return "Waits for approval";
    case "approved":
      return "Approved, waits for its time";
    case "rechecking":
      return "Everything is read again, right before access is taken";
    case "revoking":
      return view.steps.some(({ state: step }) => step === "attention" || step === "by-hand" || step === "attesting")
        ? "Access is being taken, somebody is needed"
        : "Access is being taken";
    case "closing":
      return "Everything is read once more";
    case "handing-over":
      return "Every step has ended, work is still being handed over";
    case "closed":
      return "Closed";
    case "cancelled":
      return "Cancelled";
    case "rejected":
      return "Rejected";
    case "held":
      return "Held: the log does not vouch for it";
    default:
      return state satisfies never;
  }
}

/** What whoever decides has to know of a grant, as words. */
export function grantMarks(grant: Grant): readonly string[] {
  return [
    grant.privileged ? "privileged" : "",
    grant.outlivesSignOn ? "outlives sign-on" : "",
    finalWords(grant),
  ].filter(Boolean);
}

/** A mark that every grant of a group has, said once of all. */
export function markOfAll(mark: string): string {
  return `all ${mark.replace(/^outlives /, "outlive ")}`;
}

/** What a grant gives, and its marks. */
export function grantWords(grant: Grant, marks: readonly string[] = grantMarks(grant)): Rich {
  return [...resourceWords(grant), ` (${shownAs(grant.kind)})`, ...marks.map((mark) => ` · ${mark}`)];
}

/** Which resource a grant reaches, and as what. */
export function resourceWords(grant: Grant): Rich {
  return [{ bold: shownAs(grant.resource) }, ...(grant.role === undefined ? [] : [` as ${shownAs(grant.role)}`])];
}

/** A grant on one line without marks. */
export function grantName(step: StepView): string {
  const grant = step.planned?.grant;
  if (!grant) return step.grantKey;
  return `${shownAs(grant.resource)}${grant.role === undefined ? "" : ` as ${shownAs(grant.role)}`}`;
}

/** Ids as the configuration orders them, and those it does not know at the end. */
export function inOrder(ids: ReadonlySet<string>, order: readonly string[]): readonly string[] {
  return [...order.filter((id) => ids.has(id)), ...[...ids].filter((id) => !order.includes(id))];
}

/** A paragraph, if there is something to say. */
export function paragraph(...text: Rich): Part {
  return { kind: "text", text };
}

/** Whether and how long a grant can be given back. */
export function reversibleWords(grant: Grant): string {
  return isReversible(grant) ? "can be given back" : finalWords(grant);
}

function finalWords(grant: Grant): string {
  if (isReversible(grant)) return "";
  if (typeof grant.reversible === "object") return `can be given back for ${grant.reversible.untilDays} days`;
  return "final";
}

function plainSpan(span: Span): string {
  if (typeof span === "string") return span;
  if ("bold" in span) return span.bold;
  if ("code" in span) return span.code;
  if ("quiet" in span) return span.quiet;
  if ("link" in span) return span.text;
  if ("time" in span) return shownTime(span.time, span.zone);
  return span.name;
}
