import type { Part, Rich } from "../message.ts";
import { count, listed, shownAs } from "./words.ts";

/** One blind part of a system's sight. */
export interface BlindPart {
  readonly title: string;
  readonly what: string;
}

/** Surfaces cut a line that is longer than they show, and no part may be lost. */
const LINE = 320;

/** What nobody can see with our rights: a line or a few for each system, every part by name. */
export function blindList(title: string, parts: readonly BlindPart[]): Part[] {
  if (parts.length === 0) return [];
  const items = bySystem(parts).flatMap(([system, own]) =>
    linesOf(own).map((line): Rich => [{ bold: system }, `: ${line}`]),
  );
  return [{ kind: "list", title: [{ bold: title }], items }];
}

/** The same in one sentence, for a message that follows what was approved: how many parts of which systems. */
export function blindCount(parts: readonly BlindPart[]): Part[] {
  if (parts.length === 0) return [];
  const systems = bySystem(parts).map(([system, own], at) =>
    at === 0 ? `${count(own.length, "part")} of ${system}` : `${own.length} of ${system}`,
  );
  const text = `: ${listed(systems)}. They were named in the plan, and the summary names them again.`;
  return [{ kind: "text", text: [{ bold: "What cannot be seen" }, text] }];
}

/** Parts one after the other, on as few lines as hold them whole. */
function linesOf(parts: readonly BlindPart[]): string[] {
  const lines: string[] = [];
  for (const text of parts.map(({ what }) => shownAs(what))) {
    const longer = `${lines.at(-1)}; ${text}`;
    if (lines.length > 0 && longer.length <= LINE) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return lines;
}

function bySystem(parts: readonly BlindPart[]): [string, readonly BlindPart[]][] {
  return [...Map.groupBy(parts, ({ title }) => title)];
}
