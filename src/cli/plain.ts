import type { Message, Part, Rich, Span } from "../chat/message.ts";
import { shownTime } from "../chat/shown-time.ts";
import { shownText } from "../core/text.ts";

/** Columns that any terminal has. */
const WIDTH = 80;
/** Enough for a note of a signed log; nothing of ours is longer, and text from outside does not fill a screen. */
const LONGEST = 2000;

/** A message as lines of a terminal of 80 columns. Buttons are left out: there is nothing to press. */
export function plainLines(message: Message): string[] {
  const blocks = message.parts.map(partLines).filter((lines) => lines.length > 0);
  return blocks.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

function partLines(part: Part): string[] {
  switch (part.kind) {
    case "heading":
      return wrapped(shownText(part.text, LONGEST), "", "");
    case "text":
    case "note":
      return paragraphs(part.text, "", "");
    case "fields":
      return part.fields.flatMap(({ label, value }) => paragraphs([`${shownText(label, 100)}: `, ...value], "", "  "));
    case "list":
      return [
        ...(part.title ? paragraphs(part.title, "", "") : []),
        ...part.items.flatMap((item) => paragraphs(item, "- ", "  ")),
      ];
    case "actions":
      return [];
    case "divider":
      return ["-".repeat(WIDTH)];
    default:
      return part satisfies never;
  }
}

/** The line breaks that we ourselves write into a text are kept; those from outside were made visible before. */
function paragraphs(rich: Rich, first: string, rest: string): string[] {
  const lines = rich.map(plainSpan).join("").split("\n");
  return lines.flatMap((line, at) => wrapped(shownText(line, LONGEST), at === 0 ? first : rest, rest));
}

function plainSpan(span: Span): string {
  if (typeof span === "string") return span;
  if ("bold" in span) return span.bold;
  if ("code" in span) return span.code;
  if ("quiet" in span) return span.quiet;
  if ("link" in span) return `${span.text} <${span.link}>`;
  if ("time" in span) return shownTime(span.time, span.zone);
  return span.name;
}

/** Broken between words; a word that is longer than a line stands alone, so that it can be copied whole. */
function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(" ")) {
    const next = empty ? line + word : `${line} ${word}`;
    if (!empty && columns(next) > WIDTH) {
      lines.push(line);
      line = rest + word;
    } else line = next;
    empty = false;
  }
  return [...lines, line];
}

/** How many columns a text takes: ideographs and the like take two (Unicode TR 11, wide and full width). */
function columns(text: string): number {
  let sum = 0;
  for (const character of text)
    sum +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  return sum;
}
