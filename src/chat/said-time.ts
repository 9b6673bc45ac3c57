import { en, type ParsedResult } from "chrono-node";
import { DateTime, IANAZone, type Zone } from "luxon";

/** What words say about an instant, as a calendar date and a wall-clock time of one zone. */
export type SaidTime =
  | { readonly kind: "nothing"; readonly rest: string }
  | { readonly kind: "now"; readonly rest: string }
  | {
      readonly kind: "at";
      /** `2026-11-30` */
      readonly date: string;
      /** `18:00` */
      readonly time: string;
      /** What was assumed, each one sentence: shown before it counts. Where nobody can be asked it is a refusal. */
      readonly questions: readonly string[];
      /** Words that say nothing about a time. */
      readonly rest: string;
    }
  /** Two readings, or none: nothing is chosen. */
  | { readonly kind: "unclear"; readonly why: string };

const NOW = /^(?:right )?now$|^immediately$|^at once$/i;
const PAST = /\b(?:last|yesterday|ago|previous|past)\b/i;
/** `05/06`, `1.12.2026`: half the world reads the day first. ISO dates are no such thing. */
const NUMERIC_DATE = /\b(\d{1,2})[./-](\d{1,2})(?:[./-]\d{2,4})?\b/;
const ISO_DATE = /\b\d{4}-\d{2}-\d{2}\b/;
const NEXT_WEEKDAY = /\bnext (?:mon|tue|wed|thu|fri|sat|sun)/i;
/** `18:00` and `06:30`, but not `6:30`: two digits before a colon are a 24-hour clock. */
const TWO_DIGITS = /\b\d{2}:\d{2}/;
/** A day without a year that is this far ahead was more likely meant as the one just past. */
const ALMOST_A_YEAR = 270;
/** When a day is named and no time, people mean the end of work. */
const END_OF_WORK = "18:00";

/**
 * Reads English words such as `Friday 6pm` or `30 Nov 18:00` in `zone`. Guessing locks somebody out on the wrong day, so
 * what can be read in two ways is `unclear`, and every assumption is a question. Dates of the past are unclear too.
 */
export function readSaidTime(text: string, zone: string, now: Date): SaidTime {
  const words = text.replace(/\s+/g, " ").trim();
  if (words === "") return { kind: "nothing", rest: "" };
  if (NOW.test(words)) return { kind: "now", rest: "" };
  const there = clockIn(zone, now);
  const found = en.casual.parse(
    words,
    { instant: now, timezone: there.offset },
    // The next such day is meant, and not the last.
    { forwardDate: true },
  );
  const [first, ...others] = found;
  if (!first) return noneOf(words);
  if (others.length > 0 || first.end) return unclear(`“${words}” names more than one time. Say one date and one time.`);
  if (PAST.test(words)) return unclear(`“${words}” is in the past.`);
  return doubtOf(first) ?? read(first, words, there);
}

/** No date or time was found: then there is none, unless it looks as if one was meant. */
function noneOf(words: string): SaidTime {
  if (/\d/.test(words)) return unclear(`“${words}” is no date and time that exists. Write it as 30 Nov 18:00.`);
  return { kind: "nothing", rest: words };
}

/** What to say of a date in figures that can be read in two ways; `undefined` if it cannot. */
export function dayFirstOrMonthFirst(text: string): string | undefined {
  const numbers = ISO_DATE.test(text) ? null : NUMERIC_DATE.exec(text);
  if (!numbers || Number(numbers[1]) > 12 || Number(numbers[2]) > 12 || numbers[1] === numbers[2]) return undefined;
  return `“${numbers[0]}” can be read day first or month first. Write the month as a word: 30 Nov.`;
}

/** The clock of a zone; UTC's if there is no such zone. */
export function clockIn(zone: string, now: Date): DateTime {
  return DateTime.fromJSDate(now, { zone: IANAZone.isValidZone(zone) ? zone : "utc" });
}

/** Calendar and clock as they were said, what was not said being that of `there`, in a zone. */
export function wallClockOf(start: ParsedResult["start"], there: DateTime, zone: string | Zone): DateTime {
  return DateTime.fromObject(
    {
      year: start.get("year") ?? there.year,
      month: start.get("month") ?? there.month,
      day: start.get("day") ?? there.day,
      hour: start.get("hour") ?? 0,
      minute: start.get("minute") ?? 0,
    },
    { zone },
  );
}

function doubtOf({ text, start }: ParsedResult): SaidTime | undefined {
  const order = dayFirstOrMonthFirst(text);
  if (order !== undefined) return unclear(order);
  if (/midnight/i.test(text)) return unclear("Midnight belongs to two days. Write the date with 00:00 or 23:59.");
  if (start.isCertain("month") && !start.isCertain("day")) return unclear(`“${text}” names no day.`);
  const hour = start.get("hour") ?? 0;
  const half = start.isCertain("hour") && !start.isCertain("meridiem") && hour >= 1 && hour <= 12;
  if (half && !TWO_DIGITS.test(text) && !/noon/i.test(text))
    return unclear(`“${text}” can be morning or evening. Write am or pm, or 18:00.`);
  return undefined;
}

function read({ index, text, start }: ParsedResult, words: string, there: DateTime): SaidTime {
  const rest = `${words.slice(0, index)} ${words.slice(index + text.length)}`.replace(/\s+/g, " ").trim();
  const questions: string[] = [];
  let at = wallClockOf(start, there, "utc");
  if (start.isCertain("timezoneOffset")) {
    at = DateTime.fromJSDate(start.date(), { zone: there.zone }).setZone("utc", { keepLocalTime: true });
    questions.push(
      `“${text}” names another zone: it is ${at.setLocale("en").toFormat("d LLL, HH:mm")} ${there.zoneName}.`,
    );
  }
  const date = at.toFormat("yyyy-MM-dd");
  const day = at.setLocale("en").toFormat("cccc, d LLL yyyy");
  if (start.isCertain("month") && !start.isCertain("year") && at.diff(there, "days").days > ALMOST_A_YEAR)
    return unclear(`“${text}” is past this year. If ${day} is meant, write the year.`);
  if (NEXT_WEEKDAY.test(text)) questions.push(`“${text}” was read as ${day}: check that it is the week you mean.`);
  if (!start.isCertain("day") && !start.isCertain("weekday")) questions.push(`No day was named: this is ${day}.`);
  if (!start.isCertain("hour")) questions.push(`No time was named: this is ${END_OF_WORK}.`);
  return { kind: "at", date, time: start.isCertain("hour") ? at.toFormat("HH:mm") : END_OF_WORK, questions, rest };
}

function unclear(why: string): SaidTime {
  return { kind: "unclear", why };
}
