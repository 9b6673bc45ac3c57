import { DateTime, IANAZone } from "luxon";
import type { Policy } from "../core/policy.ts";

/** When somebody leaves: at once, or at a calendar date and wall-clock time of their zone. */
export type When =
  | { readonly kind: "now" }
  | { readonly kind: "at"; readonly date: string; readonly time: string; readonly zone: string };

/** The instant, and what was said, which is what is kept. */
export interface Due {
  readonly at: Date;
  /** `2026-11-30T18:00` */
  readonly local: string;
  readonly zone: string;
}

/**
 * Reads a departure's time. A wall-clock time that a clock change skips or repeats, a past and a far date are faults, with
 * the sentence to show: guessing here would lock somebody out on the wrong day.
 */
export function readDue(when: When, zone: string, now: Date, policy: Policy): Due | { readonly fault: string } {
  if (when.kind === "now") {
    const local = DateTime.fromJSDate(now, { zone: IANAZone.isValidZone(zone) ? zone : "UTC" });
    return { at: now, local: local.toFormat("yyyy-MM-dd'T'HH:mm"), zone: local.zoneName ?? "UTC" };
  }
  if (!IANAZone.isValidZone(when.zone))
    return { fault: `“${when.zone}” is no time zone. Use one such as Europe/Berlin.` };
  const local = `${when.date}T${when.time}`;
  const read = DateTime.fromISO(local, { zone: when.zone });
  if (!read.isValid) return { fault: "This is no date and time." };
  if (read.toFormat("yyyy-MM-dd'T'HH:mm") !== local) {
    return {
      fault: `${when.time} does not exist on that day in ${when.zone}: the clocks go forward. Choose another time.`,
    };
  }
  if (read.getPossibleOffsets().length > 1) {
    return { fault: `${when.time} comes twice on that day in ${when.zone}: the clocks go back. Choose another time.` };
  }
  if (read.toMillis() < now.getTime()) return { fault: "This is in the past. Choose “Now” to start at once." };
  if (read.toMillis() > now.getTime() + policy.farDays * 86_400_000) {
    return { fault: `This is more than ${policy.farDays} days ahead. Check the year.` };
  }
  return { at: read.toJSDate(), local, zone: when.zone };
}
