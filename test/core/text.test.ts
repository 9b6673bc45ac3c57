import { describe, expect, it } from "vitest";
import { restoreJson, restoreText, safeJson, safeText, shownText, textOfBytes } from "../../src/core/text.ts";
import { randomFrom } from "../audit/random.ts";

// Pieces that have broken such code before, from which random strings are made.
const PIECES = [
  "\0",
  "\ud83d",
  "\ude00",
  "\ud83d\ude00",
  "\u241b",
  "\u241b\u241b",
  "0000",
  "d800",
  "\u202e",
  "\u2069",
  "\ufeff",
  "\n",
  "a",
  "é",
  "漢",
  "\uffff",
];

function randomText(random: () => number): string {
  return Array.from({ length: Math.floor(random() * 12) }, () =>
    random() < 0.8
      ? (PIECES[Math.floor(random() * PIECES.length)] ?? "")
      : String.fromCharCode(Math.floor(random() * 65536)),
  ).join("");
}

describe("stored text", () => {
  it("leaves ordinary text as it is", () => {
    for (const text of ["", "Zoë 👩‍👩‍👧‍👦", "tab\tline\n", "\u202eabc"]) expect(safeText(text)).toBe(text);
  });

  it("gives back every random string exactly, and stores nothing that a database or RFC 8785 refuses", () => {
    const random = randomFrom(7);
    for (let round = 0; round < 20_000; round++) {
      const text = randomText(random);
      const stored = safeText(text);
      expect(restoreText(stored)).toBe(text);
      expect(stored.isWellFormed() && !stored.includes("\0")).toBe(true);
    }
  });

  it("never stores two texts as one, alone or joined", () => {
    const random = randomFrom(8);
    const seen = new Map<string, string>();
    for (let round = 0; round < 20_000; round++) {
      const text = randomText(random);
      const stored = safeText(text);
      expect(seen.get(stored) ?? text).toBe(text);
      seen.set(stored, text);
    }
  });

  it("does so for keys and values of JSON, however deep, also without a prototype", () => {
    const value = { "a\0": ["\ud800", { "\u241b": null, n: 1, t: true }] };
    expect(safeJson(value)).toEqual({ "a\u241b0000": ["\u241bd800", { "\u241b\u241b": null, n: 1, t: true }] });
    expect(restoreJson(safeJson(value))).toEqual(value);
    expect(safeJson(Object.assign(Object.create(null), { a: "\0" }))).toEqual({ a: "\u241b0000" });
    const proto = JSON.parse('{"__proto__":"\\u0000"}');
    expect(JSON.stringify(safeJson(proto))).toBe('{"__proto__":"\u241b0000"}');
  });
});

describe("text of bytes", () => {
  it("reads UTF-8 as it is, also at its edges", () => {
    for (const text of [
      "",
      "Zoë",
      "\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff",
      "\u{10000}\u{10ffff}",
      "\ufeffx",
    ]) {
      expect(textOfBytes(new TextEncoder().encode(text))).toBe(text);
    }
  });

  it("gives each random run of bytes a text of its own, from which they come back", () => {
    const random = randomFrom(9);
    const lead = [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xf0, 0x9f, 0xf4, 0xf5, 0xff];
    for (let round = 0; round < 5_000; round++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 9) }, () =>
        random() < 0.7 ? (lead[Math.floor(random() * lead.length)] ?? 0) : random() * 256,
      );
      expect([...bytesOfText(textOfBytes(bytes))]).toEqual([...bytes]);
      expect(restoreText(safeText(textOfBytes(bytes)))).toBe(textOfBytes(bytes));
    }
  });
});

describe("shown text", () => {
  it.each([
    ["bidi overrides", "alice\u202egnp.exe", "alice⟨U+202E⟩gnp.exe"],
    ["bidi isolates", "\u2066a\u2069", "⟨U+2066⟩a⟨U+2069⟩"],
    ["directional marks", "\u200e\u200f\u061c", "⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩"],
    ["zero width", "ad\u200bmin\ufeff\u2060", "ad⟨U+200B⟩min⟨U+FEFF⟩⟨U+2060⟩"],
    ["NUL and controls", "\0\u001b[31m\u0085", "⟨U+0000⟩⟨U+001B⟩[31m⟨U+0085⟩"],
    ["lone surrogates", "\ud83dx\ude00", "⟨U+D83D⟩x⟨U+DE00⟩"],
    ["tags", "a\u{e0041}", "a⟨U+E0041⟩"],
    ["line and paragraph separators", "a\u2028b\u2029", "a⟨U+2028⟩b⟨U+2029⟩"],
    ["fillers that look like nothing", "\u115f\u1160\u3164\uffa0", "⟨U+115F⟩⟨U+1160⟩⟨U+3164⟩⟨U+FFA0⟩"],
    ["line breaks, which become spaces", "a\r\nb\nc\td", "a b c d"],
  ])("makes %s visible", (_, text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  it("leaves emoji, joiners and other scripts alone", () => {
    for (const text of ["👩‍👩‍👧‍👦", "🏳️‍🌈", "नमस्ते", "می‌خواهم", "שלום", "Zoë"]) expect(shownText(text)).toBe(text);
  });

  it("never shows anything unseen, whatever comes", () => {
    const random = randomFrom(10);
    for (let round = 0; round < 5_000; round++) {
      const shown = shownText(randomText(random));
      expect(shown.isWellFormed()).toBe(true);
      expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff]/u);
    }
  });

  it("cuts where people would, never within a sign", () => {
    expect(shownText("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2)).toBe("👩‍👩‍👧‍👦…");
    expect(shownText("abc", 3)).toBe("abc");
    expect(shownText("abcd", 3)).toBe("ab…");
  });

  it("cuts no notice of something unseen in half", () => {
    expect(shownText("ab\u202ecd", 5)).toBe("ab…");
    expect(shownText("ab\u202ecd", 10)).toBe("ab…");
    expect(shownText("ab\u202ecd", 11)).toBe("ab⟨U+202E⟩…");
    expect(shownText("ab\u202ecd", 12)).toBe("ab⟨U+202E⟩cd");
  });

  it("makes joiners visible where they only hide", () => {
    expect(shownText("ad\u200dmin")).toBe("ad⟨U+200D⟩min");
    expect(shownText("ad\u200cmin")).toBe("ad⟨U+200C⟩min");
    expect(shownText("\u200dadmin\u200c")).toBe("⟨U+200D⟩admin⟨U+200C⟩");
    expect(shownText("а\u200dб 1\u200d2")).toBe("а⟨U+200D⟩б 1⟨U+200D⟩2");
  });

  it("stays quick for a very long text, and for one sign with endless marks", () => {
    expect(shownText("x".repeat(5_000_000), 10)).toBe(`${"x".repeat(9)}…`);
    expect(shownText(`a${"\u0301".repeat(100_000)}`, 10).length).toBeLessThan(1000);
  });
});

/** The inverse of `textOfBytes`, as PEP 383 has it: U+DC80 to U+DCFF stand for single bytes. */
function bytesOfText(text: string): Uint8Array {
  const parts = [...text].map((sign) => {
    const code = sign.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? Uint8Array.of(code - 0xdc00) : new TextEncoder().encode(sign);
  });
  return Buffer.concat(parts);
}
