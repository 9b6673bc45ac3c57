// Text from outside. It is stored losslessly and shown safely; nothing here ever fails because of what it is given.

/** Marks an escape in stored text: a sign nobody types, doubled where it stands for itself. */
const MARK = "\u241b";
const LONE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/**
 * Text as it may be stored: PostgreSQL refuses NUL and RFC 8785 refuses lone surrogates, so each becomes `␛` and four
 * hexadecimal digits. `restoreText` gives back exactly what came.
 */
export function safeText(text: string): string {
  return text
    .replaceAll(MARK, MARK + MARK)
    .replace(LONE, (unit) => MARK + unit.charCodeAt(0).toString(16).padStart(4, "0"));
}

/** The inverse of `safeText`. */
export function restoreText(stored: string): string {
  return stored.replace(/\u241b(\u241b|[0-9a-f]{4})/g, (_, what: string) =>
    what === MARK ? MARK : String.fromCharCode(Number.parseInt(what, 16)),
  );
}

/** `safeText` for every string of a JSON value, keys among them. */
export function safeJson<T>(value: T): T {
  return mapStrings(value, safeText) as T;
}

/** The inverse of `safeJson`. */
export function restoreJson<T>(stored: T): T {
  return mapStrings(stored, restoreText) as T;
}

/** Bytes as text without loss: a byte that is no UTF-8 becomes the lone surrogate U+DC00 + byte, as in PEP 383. */
export function textOfBytes(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    else text += new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

// Controls, bidi overrides and isolates, zero-width and other format characters, letters that look like nothing (Hangul
// fillers, the empty Braille pattern), lone surrogates. Variation selectors stay: emoji need them.
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\u034f|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/gu;
// Joiners belong into emoji and into scripts whose letters join; between others they only hide.
const STRAY_JOINER =
  /(?<!\ufe0f|[\p{Extended_Pictographic}\p{Emoji_Modifier}]|(?![\p{scx=Latn}\p{scx=Grek}\p{scx=Cyrl}\p{scx=Hani}])[\p{L}\p{M}])[\u200c\u200d]|[\u200c\u200d](?![\p{Extended_Pictographic}\p{L}\p{M}])/gu;
const NOTICE = /(⟨U\+[0-9A-F]{4,6}⟩)/;
/** UTF-16 units. The longest emoji have 15; what is longer is marks heaped on a letter. */
const LONGEST_SIGN = 32;

/**
 * The one way in which text from outside is shown: what cannot be seen is made visible (`⟨U+202E⟩`), line breaks become
 * spaces, and more than `max` characters, counted as people see them, end in `…`.
 */
export function shownText(text: string, max = 200): string {
  const start = startOf(text, max * LONGEST_SIGN);
  const visible = start
    .replace(/\r\n|[\r\n\t]/g, " ")
    .replace(UNSEEN, notice)
    .replace(STRAY_JOINER, notice);
  const signs: string[] = [];
  let width = 0;
  for (const { sign, counts } of signsOf(visible)) {
    width += counts;
    if (width > max) {
      // What was taken fills `max` at most; its last sign makes room for the ellipsis.
      while (signs.length > 0 && width - counts > max - 1) {
        width -= widthOf(signs.pop() ?? "");
      }
      return `${signs.join("")}…`;
    }
    signs.push(sign);
  }
  return start.length < text.length ? `${signs.join("")}…` : signs.join("");
}

function notice(unit: string): string {
  return `⟨U+${(unit.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** The first `length` units, not ending within a surrogate pair. */
function startOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const whole = /[\uD800-\uDBFF]/.test(text[length - 1] ?? "") ? length - 1 : length;
  return text.slice(0, whole);
}

/** The signs of visible text as people count them; a notice is never cut, and counts as long as it is. */
function* signsOf(visible: string): Generator<{ readonly sign: string; readonly counts: number }> {
  for (const part of visible.split(NOTICE)) {
    if (NOTICE.test(part)) {
      yield { sign: part, counts: part.length };
      continue;
    }
    for (const { segment } of GRAPHEMES.segment(part)) {
      const sign = segment.length > LONGEST_SIGN ? startOf(segment, LONGEST_SIGN) : segment;
      yield { sign, counts: 1 };
    }
  }
}

function widthOf(sign: string): number {
  return NOTICE.test(sign) ? sign.length : 1;
}

const GRAPHEMES = new Intl.Segmenter("und", { granularity: "grapheme" });

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (isPlain(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapStrings(item, change)]));
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Length of the well-formed UTF-8 sequence (RFC 3629) at `at`, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length =
    lead < 0x80
      ? 1
      : lead >= 0xc2 && lead < 0xe0
        ? 2
        : lead >= 0xe0 && lead < 0xf0
          ? 3
          : lead >= 0xf0 && lead < 0xf5
            ? 4
            : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
