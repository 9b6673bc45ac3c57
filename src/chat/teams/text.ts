import { shownText } from "../../core/text.ts";
import { BREAK, type Rich, type Span } from "../message.ts";
import { shownTime } from "../shown-time.ts";
import type { CardMention, Element, TextRun } from "./card.ts";
import { objectId } from "./members.ts";

// Text from outside goes into runs, where nothing is mark-up. Only a mention needs a text block, which reads Markdown: there
// everything else is escaped.

/** A paragraph. Mentions of accounts of Teams are added to `mentions`. */
export function paragraph(rich: Rich, max: number, mentions: CardMention[]): Element | undefined {
  if (rich.some((span) => mentionOf(span) !== undefined)) return mentioning(rich, max, mentions);
  const inlines = runsOf(rich, max);
  return inlines.length === 0 ? undefined : { type: "RichTextBlock", inlines };
}

/** Runs of at most `max` characters together, cut between characters. */
export function runsOf(rich: Rich, max: number): TextRun[] {
  const runs: TextRun[] = [];
  let left = max;
  for (const span of rich) {
    if (left <= 0) break;
    const run = runOf(span, left);
    if (run.text === "") continue;
    left -= run.text.length;
    const last = runs.at(-1);
    // Runs that look the same cost bytes for nothing.
    if (last && isPlain(last) && isPlain(run)) last.text += run.text;
    else runs.push(run);
  }
  return runs;
}

/** Text from outside on one line, made safe to show. */
export function plain(text: string, max: number): string {
  const leading = /^\s/.test(text) ? " " : "";
  const trailing = text.trim() !== "" && /\s$/.test(text) ? " " : "";
  const inner = shownText(text.trim(), Math.max(max - 2, 1));
  return `${leading}${inner}${trailing}`;
}

function isPlain(run: TextRun): boolean {
  return !run.weight && !run.isSubtle && !run.fontType && !run.selectAction;
}

function runOf(span: Span, max: number): TextRun {
  const run = (text: string): TextRun => ({ type: "TextRun", text: plain(text, max) });
  if (span === BREAK) return { type: "TextRun", text: BREAK };
  if (typeof span === "string") return run(span);
  if ("bold" in span) return { ...run(span.bold), weight: "Bolder" };
  if ("quiet" in span) return { ...run(span.quiet), isSubtle: true };
  if ("code" in span) return { ...run(span.code), fontType: "Monospace" };
  if ("time" in span) return run(shownTime(span.time, span.zone));
  if ("link" in span) {
    const url = URL.parse(span.link);
    const safe = url && ["http:", "https:"].includes(url.protocol) && url.href.length <= 2000;
    return {
      ...run(span.text || span.link),
      ...(safe ? { selectAction: { type: "Action.OpenUrl", url: url.href } } : {}),
    };
  }
  return run(span.name);
}

/** Teams refuses a card in which a mention's text does not stand letter by letter, so both are made of one string. */
function mentionOf(span: Span): CardMention | undefined {
  if (typeof span === "string" || !("member" in span)) return undefined;
  const id = objectId(span.member);
  const name = shownText(span.name, 100);
  return id === undefined
    ? undefined
    : { type: "mention", text: `<at>${entities(name)}</at>`, mentioned: { id, name } };
}

function mentioning(rich: Rich, max: number, mentions: CardMention[]): Element {
  let text = "";
  for (const span of rich) {
    const mention = mentionOf(span);
    const next = mention ? mention.text : unmarked(runOf(span, max).text);
    if (text.length + next.length > max) break;
    text += next;
    if (mention && !mentions.some((one) => one.text === mention.text && one.mentioned.id === mention.mentioned.id))
      mentions.push(mention);
  }
  return { type: "TextBlock", text, wrap: true };
}

function entities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function unmarked(text: string): string {
  return entities(text).replace(/[\\*_[\]()#`~]/g, "\\$&");
}
