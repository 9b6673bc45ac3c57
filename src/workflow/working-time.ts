import { DateTime } from "luxon";
import type { Policy } from "../core/policy.ts";

/** When people may get new messages of ours, of the policy. */
export type WorkingHours = Pick<Policy, "workDays" | "workFrom" | "workUntil">;

/** The first instant from `from` on that is within working hours in the zone: `from` itself if it is. */
export function nextWorkingTime(hours: WorkingHours, zone: string, from: Date): Date {
  const now = DateTime.fromJSDate(from, { zone });
  // A day has each wall-clock time once but for a clock change, and a week each day: this ends.
  for (let ahead = 0; ahead <= 7; ahead += 1) {
    const day = now.plus({ days: ahead }).startOf("day");
    if (!hours.workDays.includes(day.weekday)) continue;
    const opens = at(day, hours.workFrom);
    const closes = hours.workUntil === "24:00" ? day.plus({ days: 1 }) : at(day, hours.workUntil);
    if (ahead === 0 && now >= opens && now < closes) return from;
    if (opens > now) return opens.toJSDate();
  }
  return from;
}

/** When working hours begin again on a later day than `from` in the zone. */
export function nextWorkingDay(hours: WorkingHours, zone: string, from: Date): Date {
  const tomorrow = DateTime.fromJSDate(from, { zone }).plus({ days: 1 }).startOf("day").toJSDate();
  return nextWorkingTime(hours, zone, tomorrow);
}

/** The start of the day in a zone. */
export function startOfDay(zone: string, at: Date): Date {
  return DateTime.fromJSDate(at, { zone }).startOf("day").toJSDate();
}

function at(day: DateTime, time: string): DateTime {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  // An hour that a clock change skips is read as the one after it.
  return day.set({ hour, minute });
}
