import { createHash } from "node:crypto";
import type { types } from "@slack/bolt";
import type { Button, Message, Part } from "../message.ts";
import { LIMITS } from "./limits.ts";
import { escaped, mrkdwn, plain } from "./mrkdwn.ts";

export type Block = types.KnownBlock;

/** A message as `chat.postMessage` takes it. */
export interface Rendered {
  /** What notifications and readers without blocks get. */
  readonly text: string;
  readonly blocks: Block[];
}

/** What blocks may still use. */
interface Room {
  blocks: number;
  text: number;
}

/** A part laid out: blocks as they are, or lines that can be cut at a line's end. */
type Piece =
  | { readonly kind: "whole"; readonly blocks: Block[] }
  | { readonly kind: "lines"; readonly title: string; readonly lines: readonly string[] };

/**
 * A message in Block Kit, within every limit of `LIMITS`: nothing here fails because of how much there is to say. Lists
 * are cut at a line's end and say how many lines are left out; buttons are always kept.
 */
export function renderMessage(message: Message, key?: string): Rendered {
  const text = escaped(message.summary, LIMITS.sectionText);
  const parts: readonly Part[] = message.parts.length > 0 ? message.parts : [{ kind: "text", text: [message.summary] }];
  const blocks = renderParts(parts, {
    blocks: LIMITS.messageBlocks,
    text: LIMITS.messageText - text.length,
  });
  const first = blocks[0];
  if (key !== undefined && first) first.block_id = `${markOf(key)}:${digest(JSON.stringify(blocks)).slice(0, 8)}`;
  return { text, blocks };
}

/**
 * The mark by which a posted message is found again: the start of its first block's id. A key may be longer than an id
 * may be (255), so it is hashed. What follows changes with the content, since Slack asks for new ids on an update.
 */
export function markOf(key: string): string {
  return `signoff:${digest(key).slice(0, 32)}`;
}

/** Parts as blocks within the given room. */
export function renderParts(parts: readonly Part[], given: Room): Block[] {
  const pieces = parts.flatMap((part, at): Piece[] => {
    const piece = layOut(part, at);
    return piece ? [piece] : [];
  });
  const room = { ...given };
  const kept = new Set<Piece>();
  // A note that something is left out needs room as well.
  room.blocks -= 1;
  room.text -= 100;
  const actionsFirst = [...pieces].sort((a, b) => Number(isActions(b)) - Number(isActions(a)));
  for (const piece of actionsFirst) {
    const blocks = piece.kind === "whole" ? piece.blocks.length : 1;
    const text = piece.kind === "whole" ? textSize(piece.blocks) + blocks * LIMITS.shareOfBlock : leastOf(piece);
    if (blocks > room.blocks || text > room.text) continue;
    room.blocks -= blocks;
    room.text -= text;
    kept.add(piece);
  }
  const shares = share(pieces, kept, room);
  const out = pieces.flatMap((piece) => {
    if (!kept.has(piece)) return [];
    return piece.kind === "whole"
      ? piece.blocks
      : pack(piece, shares.get(piece) ?? { blocks: 1, text: 0 }).map(section);
  });
  const left = pieces.length - kept.size;
  return left === 0 ? out : [...out, context(`and ${left} more parts that do not fit here`)];
}

function layOut(part: Part, at: number): Piece | undefined {
  switch (part.kind) {
    case "heading": {
      const text = plain(part.text, LIMITS.header);
      return text.trim() === ""
        ? undefined
        : whole({ type: "header", text: { type: "plain_text", text, emoji: false } });
    }
    case "text": {
      const text = mrkdwn(part.text, LIMITS.sectionText);
      return text.trim() === "" ? undefined : whole(section(text));
    }
    case "fields": {
      const fields = part.fields.map((field) => {
        const label = `*${escaped(field.label, 200).replaceAll("*", "∗")}*\n`;
        return markdown(label + mrkdwn(field.value, LIMITS.fieldText - label.length));
      });
      return whole(
        ...chunks(fields, LIMITS.fields).map((some): Block => ({ type: "section", fields: some, expand: true })),
      );
    }
    case "list": {
      const title = part.title ? mrkdwn(part.title, 500) : "";
      const lines = part.items.map((item) => `• ${mrkdwn(item, 600)}`);
      return title === "" && lines.length === 0 ? undefined : { kind: "lines", title, lines };
    }
    case "note": {
      const text = mrkdwn(part.text, LIMITS.contextText);
      return text.trim() === "" ? undefined : whole(context(text));
    }
    case "actions":
      return actions(part.buttons, at);
    case "divider":
      return whole({ type: "divider" });
    default:
      return part satisfies never;
  }
}

function actions(buttons: readonly Button[], at: number): Piece | undefined {
  const elements = buttons.map((button, index) => ({ button, element: buttonElement(button, `ask-${at}-${index}`) }));
  const rows = chunks(
    elements.flatMap(({ element }) => element ?? []),
    LIMITS.buttonsInRow,
  ).map((some): Block => ({ type: "actions", elements: some }));
  const unfit = elements.filter(({ element }) => !element).map(({ button }) => button.label);
  if (unfit.length > 0) rows.push(context(`${escaped(unfit.join(", "), 500)}: too much to carry in a button`));
  return rows.length === 0 ? undefined : whole(...rows);
}

/** `undefined` if what it asks for does not fit into a button. */
function buttonElement(button: Button, id: string): types.Button | undefined {
  const value = JSON.stringify(button.ask);
  if (value.length > LIMITS.buttonValue) return undefined;
  const words = (text: string, max: number) =>
    ({ type: "plain_text", text: plain(text, max) || "…", emoji: false }) as const;
  return {
    type: "button",
    action_id: id,
    text: words(button.label, LIMITS.buttonText),
    value,
    ...(button.style ? { style: button.style } : {}),
    ...(button.confirm
      ? {
          confirm: {
            title: words(button.confirm.title, LIMITS.confirmTitle),
            text: words(button.confirm.text, LIMITS.confirmText),
            confirm: words(button.confirm.yes, LIMITS.confirmButton),
            deny: words(button.confirm.no, LIMITS.confirmButton),
            ...(button.style ? { style: button.style } : {}),
          },
        }
      : {}),
  };
}

/** Splits what is left among the lists: the short ones get all they need, the long ones the same each. */
function share(pieces: readonly Piece[], kept: ReadonlySet<Piece>, room: Room): Map<Piece, Room> {
  const lists = pieces
    .flatMap((piece) => (piece.kind === "lines" && kept.has(piece) ? [piece] : []))
    .map((piece) => ({ piece, whole: costOf(pack(piece, EVERYTHING)), least: leastOf(piece) }))
    .sort((a, b) => a.whole.text - b.whole.text);
  const shares = new Map<Piece, Room>();
  let { text, blocks } = room;
  for (const [at, { piece, whole, least }] of lists.entries()) {
    const listsLeft = lists.length - at;
    const more = Math.max(0, Math.min(whole.text - least, Math.floor(text / listsLeft)));
    const moreBlocks = Math.min(whole.blocks - 1, Math.floor(blocks / listsLeft));
    text -= more;
    blocks -= moreBlocks;
    shares.set(piece, { blocks: 1 + moreBlocks, text: least + more });
  }
  return shares;
}

/** Room for `_and 12345 more_`. */
const AND_MORE = 24;
const EVERYTHING: Room = { blocks: Number.POSITIVE_INFINITY, text: Number.POSITIVE_INFINITY };
type Lines = Extract<Piece, { kind: "lines" }>;

function costOf(texts: readonly string[]): Room {
  const text = texts.reduce((sum, one) => sum + one.length + LIMITS.shareOfBlock, 0);
  return { blocks: texts.length, text };
}

/** A title and how many lines there are: less says nothing. */
function leastOf(piece: Lines): number {
  const whole = costOf(pack(piece, EVERYTHING));
  const titled = piece.title.length + 1 + AND_MORE + LIMITS.shareOfBlock;
  return whole.blocks > 1 ? titled : Math.min(whole.text, titled);
}

/** Lines as texts of sections, each within its limit, ended by how many are left out. */
function pack(piece: Lines, room: Room): string[] {
  if (room !== EVERYTHING) {
    const all = pack(piece, EVERYTHING);
    const { text, blocks } = costOf(all);
    if (text <= room.text && blocks <= room.blocks) return all;
  }
  const texts: string[] = [];
  let current = piece.title;
  let left = room.text - LIMITS.shareOfBlock - current.length - AND_MORE;
  let shown = 0;
  for (const line of piece.lines) {
    const isFull = current.length + 1 + line.length + AND_MORE > LIMITS.sectionText;
    const cost = line.length + 1 + (isFull ? LIMITS.shareOfBlock : 0);
    if (cost > left || (isFull && texts.length + 1 >= room.blocks)) break;
    if (isFull) {
      texts.push(current);
      current = "";
    }
    current = current === "" ? line : `${current}\n${line}`;
    left -= cost;
    shown += 1;
  }
  const hidden = piece.lines.length - shown;
  if (hidden > 0) current = [current, `_and ${hidden} more_`].filter((text) => text !== "").join("\n");
  return [...texts, current].filter((text) => text.trim() !== "");
}

function whole(...blocks: Block[]): Piece {
  return { kind: "whole", blocks };
}

function isActions(piece: Piece): boolean {
  return piece.kind === "whole" && piece.blocks[0]?.type === "actions";
}

/** `verbatim`: Slack makes no links, channels or mentions of bare text. */
function markdown(text: string): types.MrkdwnElement {
  return { type: "mrkdwn", text, verbatim: true };
}

function section(text: string): Block {
  // `expand`: no "see more" in the middle of what someone is about to approve.
  return { type: "section", text: markdown(text), expand: true };
}

function context(text: string): Block {
  return { type: "context", elements: [markdown(text)] };
}

/** All texts in it together. */
export function textSize(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + textSize(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [name, item]) => sum + (name === "text" && typeof item === "string" ? item.length : textSize(item)),
    0,
  );
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
