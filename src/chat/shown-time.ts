import { DateTime } from "luxon";

/**
 * An instant as every surface writes it out: `30 Nov 2026, 18:00 Europe/Berlin (17:00 UTC)`. The zone is always named,
 * since a reader's own clock says nothing about whose evening is meant. An unknown zone shows UTC alone.
 */
export function shownTime(time: Date, zone: string): string {
  const there = DateTime.fromJSDate(time, { zone });
  const utc = DateTime.fromJSDate(time, { zone: "utc" });
  const whole = "d LLL yyyy, HH:mm";
  if (!there.isValid || there.zone.equals(utc.zone)) return `${utc.setLocale("en").toFormat(whole)} UTC`;
  const sameDay = there.toISODate() === utc.toISODate();
  return `${there.setLocale("en").toFormat(whole)} ${zone} (${utc.setLocale("en").toFormat(sameDay ? "HH:mm" : "d LLL, HH:mm")} UTC)`;
}
