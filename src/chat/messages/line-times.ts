import { DateTime } from "luxon";
import type { Part } from "../message.ts";

/** How the times of a list's lines are said: short on each line, with day and zone once above. */
export interface LineTimes {
  /** `05:20:14`, or `25 Nov 2026, 05:20:14` if the lines are of several days. */
  readonly say: (at: Date) => string;
  /** Names the zone, and the day if there is only one. Nothing if there are no times. */
  readonly note: readonly Part[];
}

/** Times for lines that show `times`. An unknown zone shows UTC. */
export function lineTimes(times: readonly Date[], zone: string): LineTimes {
  const known = DateTime.utc().setZone(zone).isValid ? zone : "UTC";
  const local = (at: Date) => DateTime.fromJSDate(at, { zone: known }).setLocale("en");
  const days = new Set(times.map((at) => local(at).toFormat("d LLL yyyy")));
  const offsets = new Set(times.map((at) => local(at).toFormat("ZZ")));
  const [day] = days;
  if (day === undefined) return { say: (at) => local(at).toFormat("d LLL yyyy, HH:mm:ss"), note: [] };
  const [offset] = offsets;
  const named = known === "UTC" || offsets.size > 1 ? known : `${known} (UTC${offset})`;
  return days.size === 1
    ? {
        say: (at) => local(at).toFormat("HH:mm:ss"),
        note: [{ kind: "note", text: [`Times below: ${day}, ${named}.`] }],
      }
    : {
        say: (at) => local(at).toFormat("d LLL yyyy, HH:mm:ss"),
        note: [{ kind: "note", text: [`Times below: ${named}.`] }],
      };
}
