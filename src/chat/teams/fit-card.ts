import { moreLines, moreParts } from "../messages/surface-words.ts";
import type { Element } from "./card.ts";
import { bytesOf } from "./limits.ts";

// Fits what is to be shown into the bytes that Teams takes.

/** A part laid out: elements as they are, or lines that can be cut at a line's end. */
export type Piece =
  | { readonly kind: "whole"; readonly elements: readonly Element[] }
  | { readonly kind: "lines"; readonly title: Element | undefined; readonly lines: readonly Element[] };
type Lines = Extract<Piece, { kind: "lines" }>;

/** Pieces as elements within the given bytes: buttons first, then the rest in order, then lists as long as there is room. */
export function fitCard(pieces: readonly Piece[], bytes: number): Element[] {
  // A note that something is left out needs room as well.
  let room = bytes - costOf([quiet(moreParts(pieces.length))]);
  const kept = new Set<Piece>();
  const actionsFirst = [...pieces].sort((a, b) => Number(hasActions(b)) - Number(hasActions(a)));
  for (const piece of actionsFirst) {
    const cost = piece.kind === "whole" ? costOf(piece.elements) : leastOf(piece);
    if (cost > room) continue;
    room -= cost;
    kept.add(piece);
  }
  const shares = share(pieces, kept, room);
  const out = pieces.flatMap((piece): readonly Element[] => {
    if (!kept.has(piece)) return [];
    return piece.kind === "whole" ? piece.elements : cut(piece, shares.get(piece) ?? leastOf(piece));
  });
  const left = pieces.length - kept.size;
  return left === 0 ? out : [...out, quiet(moreParts(left))];
}

/** Splits what is left among the lists: the short ones get all they need, the long ones the same each. */
function share(pieces: readonly Piece[], kept: ReadonlySet<Piece>, room: number): ReadonlyMap<Piece, number> {
  const lists = pieces
    .flatMap((piece) => (piece.kind === "lines" && kept.has(piece) ? [piece] : []))
    .map((piece) => ({ piece, least: leastOf(piece), whole: wholeOf(piece) }))
    .sort((a, b) => a.whole - b.whole);
  const shares = new Map<Piece, number>();
  let left = room;
  for (const [at, { piece, least, whole }] of lists.entries()) {
    const more = Math.max(0, Math.min(whole - least, Math.floor(left / (lists.length - at))));
    left -= more;
    shares.set(piece, least + more);
  }
  return shares;
}

function cut(piece: Lines, bytes: number): readonly Element[] {
  const title = piece.title ? [piece.title] : [];
  if (wholeOf(piece) <= bytes) return [...title, ...piece.lines];
  let left = bytes - costOf(title) - costOf([quiet(moreLines(piece.lines.length))]);
  const shown: Element[] = [];
  for (const line of piece.lines) {
    left -= costOf([line]);
    if (left < 0) break;
    shown.push(line);
  }
  return [...title, ...shown, quiet(moreLines(piece.lines.length - shown.length))];
}

function wholeOf({ title, lines }: Lines): number {
  return costOf(title ? [title, ...lines] : lines);
}

/** A title and how many lines there are: less says nothing. */
function leastOf(piece: Lines): number {
  const titled = costOf([...(piece.title ? [piece.title] : []), quiet(moreLines(piece.lines.length))]);
  return Math.min(wholeOf(piece), titled);
}

function hasActions(piece: Piece): boolean {
  return piece.kind === "whole" && piece.elements.some(({ type }) => type === "ActionSet");
}

/** A line in small print. */
export function quiet(text: string): Element {
  return { type: "RichTextBlock", inlines: [{ type: "TextRun", text, isSubtle: true }], spacing: "Small" };
}

function costOf(elements: readonly Element[]): number {
  return elements.reduce((sum, element) => sum + bytesOf(element) + 1, 0);
}
