import type { types } from "@slack/bolt";
import { LIMITS } from "./limits.ts";

// Fits what is to be shown into what Slack takes.

export type Block = types.KnownBlock;

/** What blocks may still use. */
export interface Room {
  blocks: number;
  text: number;
}

/** A part laid out: blocks as they are, or lines that can be cut at a line's end. */
export type Piece =
  | { readonly kind: "whole"; readonly blocks: Block[] }
  | { readonly kind: "lines"; readonly title: string; readonly lines: readonly string[] };

/** `verbatim`: Slack makes no links, channels or mentions of bare text. */
export function markdown(text: string): types.MrkdwnElement {
  return { type: "mrkdwn", text, verbatim: true };
}

export function section(text: string): Block {
  // `expand`: no "see more" in the middle of what someone is about to approve.
  return { type: "section", text: markdown(text), expand: true };
}

export function context(text: string): Block {
  return { type: "context", elements: [markdown(text)] };
}

/** Pieces as blocks within the given room: buttons first, then the rest in order, then lists as long as there is room. */
export function fitBlocks(pieces: readonly Piece[], given: Room): Block[] {
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

function isActions(piece: Piece): boolean {
  return piece.kind === "whole" && piece.blocks[0]?.type === "actions";
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
