import { opensDialog } from "../forms.ts";
import type { Button, Message, Part } from "../message.ts";
import { unfitButtons } from "../messages/surface-words.ts";
import { type Action, attachmentOf, type Card, type CardMention, type Element } from "./card.ts";
import { fitCard, type Piece, quiet } from "./fit-card.ts";
import { bytesOf, LIMITS } from "./limits.ts";
import { VERBS } from "./read.ts";
import { paragraph, plain, runsOf } from "./text.ts";

/** A message as the Bot Connector takes it. */
export interface Rendered {
  readonly type: "message";
  /** What notifications show. */
  readonly summary: string;
  readonly attachments: readonly ReturnType<typeof attachmentOf>[];
}

/** A message as an activity of at most `bytes`: nothing here fails because of how much there is to say. */
export function renderMessage(message: Message, bytes: number = LIMITS.activityBytes): Rendered {
  const around = { type: "message", summary: plain(message.summary, 200), attachments: [] } as const;
  const card = renderCard(message, bytes - bytesOf(around) - bytesOf(attachmentOf(EMPTY)));
  return { ...around, attachments: [attachmentOf(card)] };
}

/** The same without mentions, for when Teams takes none of them. */
export function withoutMentions(rendered: Rendered): Rendered {
  const stripped = rendered.attachments.map(({ content: { msteams: _, ...card } }) =>
    attachmentOf({ ...card, msteams: { width: "Full" }, body: card.body.map(unmentioned) }),
  );
  return { ...rendered, attachments: stripped };
}

const EMPTY: Card = { type: "AdaptiveCard", version: "1.5", msteams: { width: "Full" }, body: [] };

/** Where a card stands. In a dialog its buttons submit the dialog, and there is no other way for them. */
export type Where = "card" | "dialog";

/** A message as a card of at most `bytes`. */
export function renderCard(message: Message, bytes: number, where: Where = "card"): Card {
  const parts: readonly Part[] = message.parts.length > 0 ? message.parts : [{ kind: "text", text: [message.summary] }];
  const mentions: CardMention[] = [];
  const pieces = piecesOf(parts, mentions, where);
  const frame: Card = {
    ...EMPTY,
    ...(mentions.length > 0 ? { msteams: { width: "Full", entities: mentions } } : {}),
    ...(message.again && where === "card"
      ? {
          refresh: {
            action: {
              type: "Action.Execute",
              title: "",
              verb: VERBS.refresh,
              data: { signoff: { ask: message.again } },
            },
          },
        }
      : {}),
  };
  return { ...frame, body: fitCard(pieces, bytes - bytesOf(frame)) };
}

/** Parts laid out, for a card or the head of a dialog. */
export function piecesOf(parts: readonly Part[], mentions: CardMention[], where: Where): Piece[] {
  return parts.flatMap((part, at): Piece[] => {
    const piece = layOut(part, mentions, where);
    if (!piece) return [];
    const before = parts[at - 1];
    if (before?.kind !== "divider" || piece.kind !== "whole") return [piece];
    const [first, ...rest] = piece.elements;
    return first ? [{ kind: "whole", elements: [{ ...first, separator: true }, ...rest] }] : [];
  });
}

function layOut(part: Part, mentions: CardMention[], where: Where): Piece | undefined {
  switch (part.kind) {
    case "heading":
      return whole({
        type: "RichTextBlock",
        inlines: [{ type: "TextRun", text: plain(part.text, LIMITS.heading), weight: "Bolder" }],
      });
    case "text": {
      const element = paragraph(part.text, LIMITS.text, mentions);
      return element && whole(element);
    }
    case "fields":
      return whole(
        ...part.fields.map(
          ({ label, value }): Element => ({
            type: "RichTextBlock",
            spacing: "Small",
            inlines: [
              { type: "TextRun", text: `${plain(label, 200)}: `, weight: "Bolder" },
              ...runsOf(value, LIMITS.field),
            ],
          }),
        ),
      );
    case "list": {
      const lines = part.items.flatMap((item): Element[] => {
        const element = paragraph(["• ", ...item], LIMITS.line, mentions);
        return element ? [{ ...element, spacing: "None" }] : [];
      });
      const title = part.title && paragraph(part.title, 500, mentions);
      return title === undefined && lines.length === 0 ? undefined : { kind: "lines", title, lines };
    }
    case "note": {
      const inlines = runsOf(part.text, LIMITS.field).map((run) => ({ ...run, isSubtle: true as const }));
      return inlines.length === 0 ? undefined : whole({ type: "RichTextBlock", inlines, spacing: "Small" });
    }
    case "actions":
      return actions(part.buttons, where);
    case "divider":
      return undefined;
    default:
      return part satisfies never;
  }
}

function actions(buttons: readonly Button[], where: Where): Piece | undefined {
  const fit = buttons.filter(({ ask }) => bytesOf(ask) <= LIMITS.buttonBytes);
  const unfit = buttons.filter((button) => !fit.includes(button)).map(({ label }) => plain(label, LIMITS.buttonText));
  const rows = Array.from(
    { length: Math.ceil(fit.length / LIMITS.buttonsInRow) },
    (_, row): Element => ({
      type: "ActionSet",
      actions: fit
        .slice(row * LIMITS.buttonsInRow, (row + 1) * LIMITS.buttonsInRow)
        .map((button) => actionOf(button, where)),
    }),
  );
  const elements = unfit.length > 0 ? [...rows, quiet(unfitButtons(unfit))] : rows;
  return elements.length === 0 ? undefined : whole(...elements);
}

function actionOf(button: Button, where: Where): Action {
  const { ask, confirm } = button;
  const style = button.style ? ({ style: button.style === "danger" ? "destructive" : "positive" } as const) : {};
  const title = plain(button.label, LIMITS.buttonText) || "…";
  const doing = (label: string): Action =>
    where === "dialog"
      ? { type: "Action.Submit", title: label, data: { signoff: { ask } }, ...style }
      : opensDialog(ask)
        ? { type: "Action.Submit", title: label, data: { msteams: { type: "task/fetch" }, signoff: { ask } }, ...style }
        : { type: "Action.Execute", title: label, verb: VERBS.ask, data: { signoff: { ask } }, ...style };
  if (!confirm) return doing(title);
  const body = piecesOf(
    [
      { kind: "text", text: [{ bold: confirm.title }] },
      { kind: "text", text: [confirm.text] },
    ],
    [],
    where,
  );
  const card: Card = {
    type: "AdaptiveCard",
    version: "1.5",
    body: fitCard(body, LIMITS.buttonBytes),
    actions: [doing(plain(confirm.yes, LIMITS.buttonText))],
  };
  return { type: "Action.ShowCard", title, card, ...style };
}

function unmentioned(element: Element): Element {
  return element.type === "TextBlock" ? { ...element, text: element.text.replace(/<\/?at>/g, "") } : element;
}

function whole(...elements: readonly Element[]): Piece {
  return { kind: "whole", elements };
}
