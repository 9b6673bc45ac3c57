import type { WorkItem } from "../../core/access.ts";
import { mayOnOffer, type OfferAct, SECRET, type Standing } from "../../core/offer.ts";
import type { CaseView, OfferView } from "../../store/views.ts";
import { BREAK, type Button, type Part, type Rich } from "../message.ts";
import { button, paragraph, shownAs } from "./words.ts";

/** Facts of an item that are shown; whoever wants more opens it. */
const MOST_FACTS = 3;

/** Who reads, and when. */
export interface Reader {
  readonly id: string;
  readonly now: Date;
}

/** One piece of work as whoever decides about it needs it, with what they can do. */
export function itemParts(view: CaseView, offer: OfferView, reader: Reader): Part[] {
  const buttons = itemButtons(offer, standingOf(view, offer, reader.id));
  return [
    paragraph(...itemName(offer), BREAK, itemFacts(offer, reader.now), ...stateWords(view, offer)),
    ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : []),
  ];
}

/** Its title, with a link where there is one. */
export function itemName({ item }: OfferView): Rich {
  const title = shownAs(item.title);
  const name = item.url ? { link: item.url, text: title } : { bold: title };
  return item.kind === SECRET ? ["Secret to rotate: ", name] : [name];
}

/** Who a reader is to an offer. */
export function standingOf(view: CaseView, offer: OfferView, reader: string): Standing {
  return { asked: offer.toId === reader, manager: view.manager?.id === reader };
}

/** What it is, where, how old, how large, and what its system says of it. */
function itemFacts({ item, title }: OfferView, now: Date): string {
  const secret = item.kind === SECRET;
  return [
    secret ? title : `${shownAs(item.kind).replaceAll("-", " ")} in ${title}, ${shownAs(item.container)}`,
    item.createdAt ? `open for ${days(item.createdAt, now)}` : "",
    item.updatedAt ? lastActivity(item.updatedAt, now) : "",
    item.size ? shownAs(item.size) : "",
    item.checks ? CHECKS[item.checks] : "",
    ...item.facts.slice(0, MOST_FACTS).map(shownAs),
  ]
    .filter((fact) => fact !== "")
    .join(" · ");
}

const CHECKS: Readonly<Record<NonNullable<WorkItem["checks"]>, string>> = {
  passing: "checks pass",
  failing: "checks fail",
  pending: "checks are running",
};

function stateWords(view: CaseView, offer: OfferView): Rich {
  const note: Rich =
    offer.leaverNote === null ? [] : [BREAK, `${view.leaver.name} wrote: “${shownAs(offer.leaverNote)}”`];
  return [...note, BREAK, ...standWords(view, offer)];
}

function standWords(view: CaseView, offer: OfferView): Rich {
  const zone = view.case.dueZone;
  switch (offer.state) {
    case "offered":
      return [
        ...(offer.why ? [`Why you: ${shownAs(offer.why)}. `] : []),
        ...(offer.deadlineAt ? ["Answer by ", { time: offer.deadlineAt, zone }, "."] : []),
        ...(offer.snoozedUntil ? [" Put aside until ", { time: offer.snoozedUntil, zone }, "."] : []),
        ...(offer.obstacle ? [" ", { bold: "You cannot receive it yet" }, `: ${shownAs(offer.obstacle)}.`] : []),
      ];
    case "failed":
      return [
        { bold: offer.closeSeq === null ? "It could not be moved to you" : "It could not be closed" },
        `: ${shownAs(offer.failure ?? "the system refused")}. Press Accept to try again, or suggest somebody else.`,
      ];
    case "accepted":
      return offer.failure === null
        ? ["You accepted it. It is being moved to you."]
        : [`You accepted it. It is not moved yet: ${shownAs(offer.failure)}.`];
    case "moved":
      return [
        { bold: "It is yours." },
        ` A fresh read of ${offer.title} shows it with you`,
        ...(offer.settledAt ? [", ", { time: offer.settledAt, zone } as const] : []),
        offer.failure === null ? "." : `. It could not be closed: ${shownAs(offer.failure)}.`,
      ];
    case "rotating":
      return [
        "You accepted to rotate it. Please say here when it is done",
        ...(offer.deadlineAt ? [", by ", { time: offer.deadlineAt, zone } as const] : []),
        ".",
      ];
    case "closing":
      return ["Nobody needs it. It is being closed."];
    case "closed":
      return [{ bold: "It is closed." }, ` A fresh read of ${offer.title} shows it.`];
    case "attested":
      return ["It is rotated, as attested by ", { bold: offer.to?.name ?? "its owner" }, "."];
    case "unclaimed":
      return ["Nobody took it in time."];
    case "void":
      return ["It needs no owner any more."];
    case "held":
      return ["It waits."];
    default:
      return offer.state satisfies never;
  }
}

function itemButtons(offer: OfferView, who: Standing): Button[] {
  const offerId = offer.id;
  const title = shownAs(offer.item.title);
  const may = (act: OfferAct) => mayOnOffer(act, offer, who);
  const said = (label: string, ask: Button["ask"], more: Partial<Button> = {}) =>
    button(label, ask, { spoken: `${label}: ${title}`, ...more });
  return [
    ...(may("accept") ? [said("Accept", { kind: "accept-offer", offerId }, { style: "primary" })] : []),
    ...(may("attest") ? [said("It is rotated", { kind: "attest-secret", offerId }, { style: "primary" })] : []),
    ...(may("decline") ? [said("Decline", { kind: "decline-offer", offerId })] : []),
    ...(may("pass") ? [said("Suggest someone", { kind: "ask-pass", offerId })] : []),
    ...(may("snooze") && offer.snoozedUntil === null ? [said("Later", { kind: "snooze-offer", offerId })] : []),
    ...(may("return") && (offer.state !== "moved" || offer.movesOn)
      ? [said("Give back", { kind: "return-offer", offerId })]
      : []),
    ...(may("close") && offer.closes
      ? [
          said(
            "Nobody needs it",
            { kind: "close-work", offerId },
            {
              confirm: {
                title: "Close it?",
                text: `“${title}” is closed in ${offer.title}, under our name. You can open it again there.`,
                yes: "Close it",
                no: "Keep it open",
              },
            },
          ),
        ]
      : []),
  ];
}

function days(since: string, now: Date): string {
  const passed = Math.max(0, Math.floor((now.getTime() - new Date(since).getTime()) / 86_400_000));
  return passed === 1 ? "1 day" : `${passed} days`;
}

function lastActivity(at: string, now: Date): string {
  const ago = days(at, now);
  return ago === "0 days" ? "last activity today" : `last activity ${ago} ago`;
}
