import { DateTime } from "luxon";
import type { CaseState } from "../../core/case.ts";
import type { OfferState } from "../../core/offer.ts";
import type { StepState } from "../../core/step.ts";
import type { AccountKind, Refusal } from "../../workflow/ask.ts";
import type { Decided } from "../../workflow/decide-plan.ts";
import type { History } from "../../workflow/history.ts";
import type { OfferDecided } from "../../workflow/on-offer.ts";
import type { NoCase, Opened } from "../../workflow/open-case.ts";
import type { ChatAccount } from "../../workflow/who.ts";
import type { Message, Rich } from "../message.ts";
import { count, listed, only, shownAs } from "./words.ts";

// Private answers to what somebody pressed or typed: what was done, or why nothing was.

/** A refusal; nothing for a re-delivery, which was answered the first time. */
export function refusalMessage(refusal: Refusal): Message | undefined {
  switch (refusal.kind) {
    case "stranger":
      return only(strangerWords(refusal.account));
    case "forbidden":
      return only(`You cannot do this. ${refusal.why}`);
    case "missing":
      return only(`This ${refusal.what} does not exist any more. Nothing was changed.`);
    case "repeated":
      return undefined;
    default:
      return refusal satisfies never;
  }
}

/** Why no case is opened. */
export function noCaseMessage(no: NoCase): Message {
  return only(noCaseWords(no), " No case was opened.");
}

/** The same as one sentence. */
export function noCaseWords(no: NoCase): string {
  switch (no.kind) {
    case "unknown-person":
      return `The directory does not know ${shownAs(no.name)} by this account, so it is not clear who would lose what. Please have their account added to the directory.`;
    case "several-people":
      return `“${shownAs(no.name)}” belongs to several people. Name one by e-mail or id.`;
    case "not-a-person":
      return no.what === "bot"
        ? "This is a bot, not a person."
        : "This account belongs to another organization. Only our own people can be offboarded here.";
    case "yourself":
      return "This is you. Somebody else has to start your case.";
    case "protected":
      return "This person is protected: only an approver opens a case for them, and others decide it. Please ask one.";
    case "not-here":
      return "No case can be opened for this person by you. Please ask those who decide restricted cases.";
    case "last-approver":
      return "Nobody else could approve this case: this person is the last one who can. Please ask your operator to name another approver first; their role counts in cases opened from then on.";
    case "nobody-restricted":
      return "This case would be restricted, and nobody is named who may decide restricted cases. Please ask your operator to name them.";
    case "in-case":
      return "There is an open case for this person already.";
    case "bad-time":
    case "bad-heir":
      return no.fault;
    default:
      return no satisfies never;
  }
}

/** A mention that does not name exactly one person. */
export function notOnePerson(kind: "several" | "group" | "channel"): Message {
  const what = { several: "These are several people.", group: "This is a group.", channel: "This is a channel." }[kind];
  return only(`${what} Please name exactly one person. Nothing was started.`);
}

/** The account that was named cannot be found. */
export function nobodyThere(): Message {
  return only("This account does not exist here. Please choose the person again. Nothing was started.");
}

export function openedMessage(opened: Opened, name: string): Message {
  return only(
    "The case ",
    { code: opened.caseId },
    " for ",
    { bold: name },
    " is open. Access ends ",
    { time: opened.dueAt, zone: opened.zone },
    ". Every system is being read now; you follow it in a direct message. Nothing is taken before it is approved.",
  );
}

/** What came of a decision. `names` are those of the result's people, in its order. */
export function decidedMessage(
  decided: Exclude<Decided, { kind: "gaps" }>,
  names: readonly string[],
  zone: string,
): Message {
  switch (decided.kind) {
    case "decided":
      if (decided.verdict === "rejected") return only("You rejected the plan. Nothing of it is taken.");
      return decided.missing > 0
        ? only(
            `You approved the plan. It needs ${decided.missing} more ${decided.missing === 1 ? "approver" : "approvers"}.`,
          )
        : only("You approved the plan. Access is taken ", { time: decided.dueAt, zone }, ".");
    case "already": {
      const by = names.length > 0 ? ` by ${listed(names)}` : "";
      const at: Rich = decided.at ? [" ", { time: decided.at, zone }] : [];
      if (decided.what === "superseded")
        return only(
          "The plan changed since this message was shown. Please look at the newest one. Nothing was changed.",
        );
      if (decided.what === "over") return only("This case does not exist any more. Nothing was changed.");
      return only(`This plan was already ${decided.what}${by}`, ...at, ". Nothing was changed.");
    }
    case "not-vouched":
      return only("The log does not vouch for this plan, so nothing was changed. Please tell your operator at once.");
    default:
      return decided satisfies never;
  }
}

export function noSuchPlan(): Message {
  return only("There is no such plan any more. Please use the newest message.");
}

/** What came of stepping out of a case. */
export function recusedAnswer(kind: "recused" | "last"): Message {
  return only(
    kind === "recused"
      ? "You stepped out of this case: you neither see nor decide it any more. What you decided before stays."
      : "Nobody else could approve this case, so you cannot step out of it. Please ask your operator to name another approver. Nothing was changed.",
  );
}

export function cancelledMessage(): Message {
  return only("The case is cancelled. Nothing is taken.");
}

export function tooLateToCancel(state: CaseState): Message {
  return only(
    state === "cancelled" || state === "rejected"
      ? `This case is ${state} already. Nothing was changed.`
      : "It is too late to cancel: access is being taken, or the case is over. Nothing was changed.",
  );
}

/** What came of a step's button. */
export function stepAnswer(
  decided:
    | { readonly kind: "retrying" | "checking" | "attested" | "second-needed" | "skipped" | "note-needed" }
    | { readonly kind: "already"; readonly state: StepState; readonly by?: string },
): Message {
  switch (decided.kind) {
    case "retrying":
      return only("It is being tried again.");
    case "checking":
      return only("Noted. It is read back now: if it can be read, only that counts.");
    case "attested":
      return only("Noted. It is shown as attested by you.");
    case "second-needed":
      return only("It is privileged, so somebody else has to confirm it as well. Your word is noted already.");
    case "skipped":
      return only("Skipped. It stays, and is an exception of the case under your name.");
    case "note-needed":
      return only("This needs a note. Nothing was changed.");
    case "already":
      return only(
        `This step is already ${stateOf(decided.state)}${decided.by === undefined ? "" : `, by ${decided.by}`}. Nothing was changed.`,
      );
    default:
      return decided satisfies never;
  }
}

/** What came of an offer's button. */
export function offerAnswer(
  decided:
    | Exclude<OfferDecided, { kind: "passed" | "already" }>
    | { readonly kind: "passed"; readonly name: string }
    | {
        readonly kind: "already";
        readonly state: OfferState;
        readonly name?: string | undefined;
        readonly at?: Date;
      },
): Message {
  switch (decided.kind) {
    case "accepted":
      return only("Thank you. The message says when it is yours.");
    case "accepted-all":
      return only(
        `Thank you. You accepted ${count(decided.count, "piece")} of work; the message says when each is yours.`,
      );
    case "declined":
      return only("You declined it. Somebody else is asked.");
    case "passed":
      return only({ bold: decided.name }, " is asked now.");
    case "snoozed":
      return only("Put aside. You are reminded ", { time: decided.until, zone: decided.zone }, ".");
    case "returned":
      return only("You gave it back. Somebody else is asked.");
    case "closing":
      return only("It is being closed in its system; the message says when a fresh read shows it closed.");
    case "attested":
      return only("Noted. It is shown as attested by you.");
    case "already": {
      const at: Rich = decided.at ? [", ", { time: decided.at, zone: "UTC" }] : [];
      const by = decided.name === undefined ? "" : ` with ${decided.name}`;
      return only(`This is already ${offerState(decided.state)}${by}`, ...at, ". Nothing was changed.");
    }
    case "cannot-take":
      return only(`${decided.why} Nothing was changed.`);
    default:
      return decided satisfies never;
  }
}

/** The leaver left a word. */
export function notedMessage(): Message {
  return only("Thank you. Whoever takes it reads your word beside it.");
}

/** Nobody is found whose history could be shown. */
export function noHistoryMessage(none: Exclude<History, { kind: "page" }>): Message {
  if (none.kind === "several")
    return only("This belongs to several people. Please name one by e-mail or by their account here.");
  if (!none.account)
    return only(
      "Nobody is known by this. Please use their account here, an e-mail, or a login. A name alone is not enough: two people may have it.",
    );
  return only(`${accountIs(none.account)} Nothing was read.`);
}

/** Why an account of the chat is nobody's. */
function accountIs({ kind, name }: { readonly kind: ChatAccount["kind"]; readonly name: string }): string {
  const otherwise = "If it is somebody's, name them by an e-mail or a login that the directory has.";
  switch (kind) {
    case "bot":
      return "This is a bot, not a person.";
    case "external":
      return `This account belongs to another organization, so its e-mail proves nothing here. ${otherwise}`;
    case "guest":
      return `This is a guest, and the directory knows nobody by this account or its e-mail. ${otherwise}`;
    case "member":
    case "deactivated":
      return `The directory does not know ${shownAs(name)} by this account or its e-mail. ${otherwise}`;
    default:
      return kind satisfies never;
  }
}

/** Why somebody who asks has no rights at all. */
function strangerWords(kind: AccountKind): string {
  switch (kind) {
    case "guest":
      return "You are a guest here, and guests cannot use Signoff, whether or not the directory knows them. Please ask a full member of this workspace.";
    case "external":
      return "Your account belongs to another organization, so you cannot use Signoff here.";
    case "bot":
      return "Bots cannot use Signoff.";
    case "member":
    case "deactivated":
      return "Your account belongs to nobody in the directory, so you cannot do this. Please ask your operator.";
    case "terminal":
      return "Nobody in the directory is called this. Name yourself by an e-mail or an id that it has.";
    default:
      return kind satisfies never;
  }
}

/** What was typed after the person cannot be read as a filter. */
export function badFilterMessage(fault: string): Message {
  return only(`${fault} Nothing was read.`);
}

/** The day after `now` in a zone, `2026-11-30`. */
export function tomorrowIn(zone: string, now: Date): string {
  const there = DateTime.fromJSDate(now, { zone });
  return (there.isValid ? there : DateTime.fromJSDate(now, { zone: "UTC" })).plus({ days: 1 }).toFormat("yyyy-MM-dd");
}

function stateOf(state: StepState): string {
  switch (state) {
    case "proven":
      return "proven gone";
    case "by-hand":
      return "waiting to be done by hand";
    case "attention":
      return "waiting for a decision";
    case "waiting":
    case "revoking":
    case "reading":
      return "under way";
    case "attesting":
      return "attested by one person";
    case "expired":
      return "over, without proof";
    default:
      return state;
  }
}

function offerState(state: OfferState): string {
  switch (state) {
    case "void":
      return "settled: it needs no owner any more";
    case "unclaimed":
      return "over: it went on by name";
    case "failed":
      return "waiting to be moved";
    case "closing":
      return "being closed";
    case "rotating":
      return "accepted, and waits to be rotated";
    default:
      return state;
  }
}
