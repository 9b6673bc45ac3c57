import { isAsked, type OfferState } from "../../core/offer.ts";
import type { CaseView, OfferView } from "../../store/views.ts";
import type { Button, Message, Part, Rich } from "../message.ts";
import { button, count, listed, only, paragraph, shownAs } from "./words.ts";
import { itemName, itemParts, type Reader } from "./work-item.ts";

/** Pieces of work on one page: each takes two blocks and some hundred characters of what a message may hold. */
export const WORK_PAGE = 8;
/** Places that get a button to accept all of them. */
const MOST_PLACES = 4;

/**
 * All work of a case that is put to one person, in one message that is kept up to date. It says who had it, never why that
 * person leaves. `view.offers` are those that the reader may know of.
 */
export function workMessage(view: CaseView, reader: Reader, page = 0): Message {
  const own = ownWork(view, reader.id);
  const open = own.filter(isAsked);
  const shown = own.slice(page * WORK_PAGE, (page + 1) * WORK_PAGE);
  const name = view.leaver.name;
  const summary =
    open.length > 0
      ? `Can you take this over? ${count(open.length, "piece")} of ${name}’s work ${open.length === 1 ? "waits" : "wait"} for your answer`
      : `${name}’s work: nothing waits for your answer`;
  return {
    summary,
    parts: [
      ...(page === 0 ? headParts(view, open, reader) : [paragraph({ bold: `Page ${page + 1}` }, ` of ${name}’s work`)]),
      ...shown.flatMap((offer) => itemParts(view, offer, reader)),
      ...pageParts(view, own.length, page),
      ...(page === 0
        ? [{ kind: "note", text: [elsewhere(view, reader.id)] } as const].filter(({ text }) => text[0])
        : []),
    ],
  };
}

/** Reminds of what still waits, with where to answer. */
export function workReminder(view: CaseView, reader: Reader): Message {
  const open = ownWork(view, reader.id).filter((offer) => isAsked(offer));
  const first = open.map(({ deadlineAt }) => deadlineAt).sort((a, b) => Number(a) - Number(b))[0];
  return {
    summary: `${count(open.length, "piece")} of ${view.leaver.name}’s work still ${open.length === 1 ? "waits" : "wait"} for your answer`,
    parts: [
      paragraph(
        { bold: `${count(open.length, "piece")} of ${view.leaver.name}’s work` },
        ` still ${open.length === 1 ? "waits" : "wait"} for your answer`,
        ...(first ? [", the first until ", { time: first, zone: view.case.dueZone } as const] : []),
        ". Please answer in the message above. ",
        ignored(view, reader.id),
      ),
      { kind: "actions", buttons: [button("Show them here", { kind: "show-work", caseId: view.case.id, page: 0 })] },
    ],
  };
}

/** Work that nobody took, by name to the leaver's manager, who can still take it, or have it closed. */
export function unclaimedMessage(view: CaseView, reader: Reader): Message {
  const left = view.offers.filter(({ state }) => state === "unclaimed");
  const pieces = count(left.length, "piece");
  const rest = left.slice(WORK_PAGE);
  return {
    summary: `${pieces} of ${view.leaver.name}’s work ${left.length === 1 ? "needs" : "need"} an owner`,
    parts: [
      paragraph(
        { bold: `${pieces} of ${view.leaver.name}’s work ${left.length === 1 ? "needs" : "need"} an owner.` },
        left.length === 0
          ? " Nothing is left for you to do."
          : " Nobody took it, so it comes to you. Take it, or give it to somebody in the system itself.",
      ),
      ...left.slice(0, WORK_PAGE).flatMap((offer) => itemParts(view, offer, reader)),
      ...(rest.length === 0
        ? []
        : [{ kind: "list", items: rest.map((offer): Rich => [...itemName(offer), ` in ${offer.title}`]) } as const]),
    ],
  };
}

/** What keeps people from receiving work, for those who can have the access granted. Nothing of it is granted by us. */
export function obstacleMessage(view: CaseView, personId: string): Message {
  const held = view.offers.filter(({ toId, state, obstacle }) => toId === personId && isAsked({ state }) && obstacle);
  const who = held[0]?.to?.name ?? view.offers.find(({ toId }) => toId === personId)?.to?.name ?? personId;
  const needs = [...new Set(held.map(({ obstacle }) => shownAs(obstacle ?? "")))];
  if (held.length === 0)
    return { summary: `${who} can receive the work`, parts: [paragraph({ bold: who }, " can receive the work.")] };
  return {
    summary: `${who} cannot receive ${count(held.length, "piece")} of work yet`,
    parts: [
      paragraph(
        { bold: who },
        ` is asked to take over ${count(held.length, "piece")} of work and cannot receive ${held.length === 1 ? "it" : "them"} yet. We never grant access: please have it granted, or let somebody else be suggested.`,
      ),
      { kind: "list", items: needs.map((need) => [need]) },
    ],
  };
}

/** Stands where work was put to somebody that is not any more: the case was taken back. */
export function withdrawnWork(view: CaseView): Message {
  return only({ bold: `${view.leaver.name}’s work.` }, " Nothing is left for you to do.");
}

/** What is put to a reader or was taken by them: what waits for an answer first. */
export function ownWork(view: CaseView, reader: string): readonly OfferView[] {
  return view.offers
    .filter(({ toId, state }) => toId === reader && ORDER.includes(state))
    .toSorted(
      (a, b) =>
        ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
        Number(a.snoozedUntil !== null) - Number(b.snoozedUntil !== null) ||
        compare(a.item.container, b.item.container) ||
        compare(a.item.title, b.item.title) ||
        compare(a.id, b.id),
    );
}

const ORDER: readonly OfferState[] = [
  "failed",
  "offered",
  "rotating",
  "closing",
  "accepted",
  "moved",
  "closed",
  "attested",
];

function headParts(view: CaseView, open: readonly OfferView[], reader: Reader): Part[] {
  const name = view.leaver.name;
  if (open.length === 0) return [paragraph({ bold: `${name}’s work.` }, " Nothing waits for your answer. Thank you.")];
  const places = Map.groupBy(open, ({ system, item }) => JSON.stringify([system, item.container]));
  const many = [...places.values()].filter((some) => some.length > 1).sort((a, b) => b.length - a.length);
  return [
    paragraph(
      { bold: "Can you take this over?" },
      ` ${count(open.length, "piece")} of work, until now with `,
      { bold: name },
      ". Nothing moves unless you accept it. ",
      ignored(view, reader.id),
    ),
    ...(many.length > 0
      ? [{ kind: "actions", buttons: many.slice(0, MOST_PLACES).flatMap((some) => allButton(view, some)) } as const]
      : []),
  ];
}

function allButton(view: CaseView, some: readonly OfferView[]): Button[] {
  const [first] = some;
  if (!first) return [];
  const { system, item } = first;
  return [
    button(`Accept all ${some.length} in ${shownAs(item.container)}`, {
      kind: "accept-all",
      caseId: view.case.id,
      system,
      container: item.container,
    }),
  ];
}

function pageParts(view: CaseView, all: number, page: number): Part[] {
  const left = all - (page + 1) * WORK_PAGE;
  const caseId = view.case.id;
  const buttons = [
    ...(page > 0 ? [button("Back", { kind: "show-work", caseId, page: page - 1 })] : []),
    ...(left > 0
      ? [button(`Show ${Math.min(left, WORK_PAGE)} more of ${left}`, { kind: "show-work", caseId, page: page + 1 })]
      : []),
  ];
  return buttons.length === 0 ? [] : [{ kind: "actions", buttons }];
}

/** What happens to what nobody answers. */
function ignored(view: CaseView, reader: string): string {
  if (!view.manager) return "What nobody answers in time is listed as work without an owner.";
  return view.manager.id === reader
    ? "What nobody takes in time is listed under your name."
    : `What nobody answers in time goes by name to ${view.manager.name}.`;
}

/** What was put to the reader and is not theirs any more. */
function elsewhere(view: CaseView, reader: string): string {
  const gone = view.offers.filter(
    ({ toId, declined, skipped }) =>
      toId !== reader && (declined.includes(reader) || skipped.some(({ id }) => id === reader)),
  );
  const ended = view.offers.filter(({ toId, state }) => toId === reader && (state === "void" || state === "unclaimed"));
  const words = [
    gone.length > 0 ? `${gone.length} ${gone.length === 1 ? "is" : "are"} put to somebody else` : "",
    count0(ended, "void", "no owner needed any more"),
    count0(ended, "unclaimed", "went on by name, the time to answer is over"),
  ].filter((one) => one !== "");
  return words.length === 0 ? "" : `${listed(words)}.`;
}

function count0(offers: readonly OfferView[], state: OfferState, words: string): string {
  const number = offers.filter((one) => one.state === state).length;
  return number === 0 ? "" : `${number}: ${words}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
