import type { Part, Rich } from "../message.ts";
import { count, listed, shownAs } from "./words.ts";

/** One blind part of a system's sight. */
export interface BlindPart {
  readonly title: string;
  readonly what: string;
}

/** What nobody can see with our rights: a line for each system, every part by name. */
export function blindList(title: string, parts: readonly BlindPart[]): Part[] {
  if (parts.length === 0) return [];
  const items = bySystem(parts).map(
    ([system, own]): Rich => [{ bold: system }, `: ${own.map(({ what }) => shownAs(what)).join("; ")}`],
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

function bySystem(parts: readonly BlindPart[]): [string, readonly BlindPart[]][] {
  return [...Map.groupBy(parts, ({ title }) => title)];
}
