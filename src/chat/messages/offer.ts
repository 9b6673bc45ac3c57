import type { CaseView, OfferView } from "../../store/views.ts";
import type { Button, Message, Part, Rich } from "../message.ts";
import { button, count, paragraph, shownAs } from "./words.ts";

/**
 * A duty put to somebody. It says who had it, never why that person leaves. `reader` is whose message it is: each person
 * who was asked has one.
 */
export function offerMessage(view: CaseView, offer: OfferView, reader: string): Message {
  const item = offer.item;
  const open = offer.toId === reader && (offer.state === "offered" || offer.state === "failed");
  const title = shownAs(item.title);
  const buttons = open ? offerButtons(offer) : [];
  return {
    summary: open ? `Can you take this over? ${title}` : `${title}: ${stateLine(offer, reader)}`,
    parts: [
      paragraph(
        { bold: open ? "Can you take this over?" : "Work to take over" },
        " ",
        item.url ? { link: item.url, text: title } : { bold: title },
      ),
      {
        kind: "fields",
        fields: [
          { label: "Where", value: [`${offer.title}, ${shownAs(item.container)}`] },
          { label: "What", value: [shownAs(item.kind).replaceAll("-", " ")] },
          { label: "Until now with", value: [view.leaver.name] },
          ...(item.createdAt
            ? [{ label: "Open since", value: [{ time: new Date(item.createdAt), zone: "UTC" }] }]
            : []),
          ...(offer.why && open ? [{ label: "Why you", value: [shownAs(offer.why)] }] : []),
          ...(offer.deadlineAt && open
            ? [{ label: "Please answer by", value: [{ time: offer.deadlineAt, zone: view.case.dueZone }] }]
            : []),
        ],
      },
      ...(item.facts.length > 0 ? [{ kind: "list", items: item.facts.map((fact) => [shownAs(fact)]) } as const] : []),
      ...(open ? openParts(view, offer) : [paragraph(...stateWords(offer, reader, view))]),
      ...(buttons.length > 0 ? [{ kind: "actions", buttons } as const] : []),
    ],
  };
}

/** Work that nobody took, by name to the leaver's manager. */
export function unclaimedMessage(view: CaseView): Message {
  const left = view.offers.filter(({ state }) => state === "unclaimed");
  return {
    summary: `${count(left.length, "piece")} of ${view.leaver.name}’s work needs an owner`,
    parts: [
      paragraph(
        { bold: `${count(left.length, "piece")} of ${view.leaver.name}’s work needs an owner.` },
        " Nobody took it, so it comes to you. Please give each to somebody in the system itself.",
      ),
      {
        kind: "list",
        items: left.map((offer): Rich => {
          const title = shownAs(offer.item.title);
          return [
            offer.item.url ? { link: offer.item.url, text: title } : { bold: title },
            ` in ${offer.title}, ${shownAs(offer.item.container)}`,
          ];
        }),
      },
    ],
  };
}

function openParts(view: CaseView, offer: OfferView): Part[] {
  const failed: Part[] =
    offer.state === "failed"
      ? [
          paragraph(
            { bold: "It could not be moved to you" },
            `: ${shownAs(offer.failure ?? "the system refused")}. Press Accept to try again, or suggest somebody else.`,
          ),
        ]
      : [];
  const ignored =
    view.manager && view.manager.id === offer.toId
      ? "If nobody takes it in time, it is listed under your name."
      : view.manager
        ? `If nobody answers in time, it goes by name to ${view.manager.name}.`
        : "If nobody answers in time, it is listed as work without an owner.";
  return [...failed, { kind: "note", text: ["It moves only if you accept. ", ignored] }];
}

/** What whoever is asked may answer. */
export function offerButtons(offer: OfferView): Button[] {
  const offerId = offer.id;
  return [
    button("Accept", { kind: "accept-offer", offerId }, { style: "primary" }),
    button("Decline", { kind: "decline-offer", offerId }),
    button("Suggest someone", { kind: "ask-pass", offerId }),
  ];
}

function stateLine(offer: OfferView, reader: string): string {
  if (offer.declined.includes(reader) && offer.toId !== reader) return "you declined it";
  if (offer.toId !== reader) return "somebody else is asked";
  switch (offer.state) {
    case "accepted":
      return "accepted, being moved";
    case "moved":
      return "it is yours";
    case "unclaimed":
      return "the time to answer is over";
    case "void":
      return "it needs no owner any more";
    default:
      return offer.state;
  }
}

function stateWords(offer: OfferView, reader: string, view: CaseView): Rich {
  if (offer.declined.includes(reader)) return ["You declined it. Thank you for saying so."];
  if (offer.toId !== reader)
    return [
      "Somebody else is asked now",
      ...(offer.to ? [": ", { bold: offer.to.name }] : []),
      ". Nothing is left for you to do.",
    ];
  switch (offer.state) {
    case "accepted":
      return offer.failure === null
        ? ["You accepted it. It is being moved to you."]
        : [`You accepted it. It is not moved yet: ${shownAs(offer.failure)}.`];
    case "moved":
      return [
        { bold: "It is yours." },
        ` A fresh read of ${offer.title} shows it with you`,
        ...(offer.settledAt ? [", ", { time: offer.settledAt, zone: view.case.dueZone }] : []),
        ".",
      ];
    case "unclaimed":
      return ["The time to answer is over. It went on by name."];
    case "void":
      return ["It needs no owner any more. Nothing is left for you to do."];
    case "failed":
    case "held":
    case "offered":
      return ["It waits."];
    default:
      return offer.state satisfies never;
  }
}
