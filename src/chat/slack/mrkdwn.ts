import { shownText } from "../../core/text.ts";
import { BREAK, type Rich, type Span } from "../message.ts";
import { shownTime } from "../shown-time.ts";

// Slack's mrkdwn (https://docs.slack.dev/messaging/formatting-message-text): `<…>` has meaning there, so text from
// outside could ping a channel or disguise a link. It is escaped here, and here only.

/** Runs of text as mrkdwn of at most `max` units, cut between characters; mark-up is never cut in two. */
export function mrkdwn(rich: Rich, max: number): string {
  let text = "";
  for (const [at, span] of rich.entries()) {
    const room = max - text.length - (at === rich.length - 1 ? 0 : 1);
    const whole = shown(span);
    if (whole.length <= room) text += whole;
    else {
      const start = typeof span === "string" ? escaped(span, room) : "…";
      return start.length <= max - text.length ? text + start : text;
    }
  }
  return text;
}

/** Text from outside in mrkdwn: made visible, escaped exactly once, shown as it is and never as mark-up. */
export function escaped(text: string, max = 3000): string {
  return cut(unmarked(shownText(text, max)), max, entities);
}

/** Text from outside in a `plain_text` object, where nothing is mark-up and nothing is escaped. */
export function plain(text: string, max: number): string {
  return cut(shownText(text, max), max, (part) => part);
}

/** The reverse of Slack's escaping, for what it sends us. */
export function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function shown(span: Span): string {
  if (span === BREAK) return BREAK;
  if (typeof span === "string") return escaped(span);
  if ("bold" in span) return wrapped("*", "∗", span.bold);
  if ("quiet" in span) return span.quiet.includes("_") ? escaped(span.quiet) : wrapped("_", "_", span.quiet);
  if ("code" in span) return wrapped("`", "ˋ", span.code);
  if ("link" in span) return link(span.link, span.text);
  if ("time" in span) return time(span.time, span.zone);
  // Only an id of Slack's own form may become a mention.
  return /^[UW][A-Z0-9]+$/.test(span.member) ? `<@${span.member}>` : escaped(span.name);
}

/** Mark-up ends at its own sign, so the sign inside is shown by one that looks like it. */
function wrapped(mark: string, lookalike: string, text: string): string {
  const inner = entities(shownText(text, 1000)).replaceAll(mark, lookalike).trim();
  return inner === "" ? "" : `${mark}${inner}${mark}`;
}

function link(to: string, text: string): string {
  const url = URL.parse(to);
  if (!url || !["http:", "https:"].includes(url.protocol)) return escaped(text);
  const href = entities(url.href.replaceAll("|", "%7C").replaceAll("<", "%3C").replaceAll(">", "%3E"));
  return href.length > 2000 ? escaped(text) : `<${href}|${entities(shownText(text, 500)) || href}>`;
}

/** Slack shows the token on the reader's clock; what follows says whose time is meant. */
function time(at: Date, zone: string): string {
  const written = entities(shownTime(at, zone));
  return `<!date^${Math.floor(at.getTime() / 1000)}^{date_short_pretty} {time}|${written}> (${written.replace(/ \((.*)\)$/, " = $1")})`;
}

function entities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * mrkdwn has no escape for `*`, `_`, `~` and the back tick. A mark opens only where a word does and when no space
 * follows it, so a hair space after it keeps the pair as typed.
 */
function unmarked(text: string): string {
  return text.replace(/(?<![\p{L}\p{N}])([*_~`])(?=\S)(?=[^\n]*\S?\1)/gu, "$1\u200a");
}

/** Cut between characters as people see them, so that what `change` makes of it fits. */
function cut(text: string, max: number, change: (part: string) => string): string {
  const whole = change(text);
  if (whole.length <= max) return whole;
  let start = "";
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    const next = change(segment);
    if (start.length + next.length > max - 1) break;
    start += next;
  }
  return max < 1 ? "" : `${start}…`;
}
