import { en } from "chrono-node";
import type { HistoryFilter } from "../workflow/history.ts";
import { clockIn, dayFirstOrMonthFirst, wallClockOf } from "./said-time.ts";

/** A system as a filter may name it. */
interface NamedSystem {
  readonly id: string;
  readonly title: string;
}

const BOUND = /\b(since|from|after|until|till|before)\b/i;

/**
 * Reads what follows the person in `/audit @alice github failed since monday`: systems by id, kind or title, a span of
 * time in `zone`, and words that each entry must hold. A time that cannot be read is a fault, since a filter that is
 * silently wider or narrower than meant would show a history that is not the one asked for.
 */
export function readHistoryFilter(
  text: string,
  systems: readonly NamedSystem[],
  zone: string,
  now: Date,
): HistoryFilter | { readonly fault: string } {
  const [head = "", ...bounded] = text.replace(/\s+/g, " ").trim().split(BOUND);
  const words = head.split(" ");
  let since: Date | undefined;
  let until: Date | undefined;
  for (let at = 0; at < bounded.length; at += 2) {
    const bound = bounded[at]?.toLowerCase() ?? "";
    const said = bounded[at + 1]?.trim() ?? "";
    const read = readBound(said, zone, now);
    if ("fault" in read) return { fault: `${bound} ${said}: ${read.fault}` };
    words.push(...read.rest.split(" "));
    if (["since", "from"].includes(bound)) since = read.start;
    else if (bound === "after") since = read.end;
    else if (bound === "before") until = read.start;
    else until = read.end;
  }
  if (since && until && since >= until) return { fault: "this span of time ends before it begins." };
  const rest = words.filter((word) => word !== "");
  const named = systemsOf(rest.join(" "), systems);
  return {
    text: text.trim(),
    systems: named.ids,
    words: named.rest,
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
}

/** A day counts whole: `since` it starts with its first instant, `until` it ends with its last. */
function readBound(
  said: string,
  zone: string,
  now: Date,
): { readonly start: Date; readonly end: Date; readonly rest: string } | { readonly fault: string } {
  const there = clockIn(zone, now);
  const [found] = en.casual.parse(said, { instant: now, timezone: there.offset });
  if (!found || found.index > 0) return { fault: "no time can be read there. Write 23 Nov, monday or 2 weeks ago." };
  const doubt = dayFirstOrMonthFirst(found.text);
  if (doubt !== undefined) return { fault: doubt };
  const { start } = found;
  let at = wallClockOf(start, there, there.zone);
  // A history is of the past: “friday” is the last one, and “30 Nov” last year's.
  if (at > there) {
    if (start.isCertain("weekday")) at = at.minus({ weeks: 1 });
    else if (!start.isCertain("year")) at = at.minus({ years: 1 });
  }
  const rest = said.slice(found.text.length).trim();
  if (start.isCertain("hour")) return { start: at.toJSDate(), end: at.toJSDate(), rest };
  const day = at.startOf("day");
  return { start: day.toJSDate(), end: day.plus({ days: 1 }).toJSDate(), rest };
}

/** Systems whose id, kind or whole title stands in the words, longest first, and the words that are left. */
function systemsOf(words: string, systems: readonly NamedSystem[]): { ids: string[]; rest: string[] } {
  const names = systems
    .flatMap(({ id, title }) => [id, id.split(":")[0] ?? id, title].map((name) => ({ id, name: name.toLowerCase() })))
    .toSorted((a, b) => b.name.length - a.name.length);
  const ids = new Set<string>();
  let left = ` ${words.toLowerCase()} `;
  for (const { name } of names) {
    if (!left.includes(` ${name} `)) continue;
    for (const other of names) if (other.name === name) ids.add(other.id);
    left = left.replaceAll(` ${name} `, " ");
  }
  return { ids: [...ids], rest: left.split(" ").filter((word) => word !== "") };
}
