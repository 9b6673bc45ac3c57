import { describe, expect, it } from "vitest";
import { canonicalBytes, readCanonical, Uncanonical } from "../../src/audit/canonical.ts";
import { Secret } from "../../src/core/secret.ts";

const textOf = (value: unknown) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(canonicalBytes(value));
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("canonical bytes: vectors of RFC 8785", () => {
  it("writes the sample of section 3.2.2 byte for byte as section 3.2.4 does", () => {
    const sample = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    const published = `7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62
      65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32
      2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c
      5c 22 2f 22 7d`;
    expect(Buffer.from(canonicalBytes(sample)).toString("hex")).toBe(published.replaceAll(/\s/g, ""));
  });

  it("orders keys by UTF-16 code units, as section 3.2.3 does", () => {
    const sample = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(textOf(sample)))).toHaveLength(7);
    expect(
      textOf(sample)
        .match(/:"[^"]*"/g)
        ?.map((match) => match.slice(2, -1)),
    ).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  // Appendix B: IEEE 754 bits and their text.
  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("writes the number 0x%s as %s", (bits, text) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(`0x${bits}`));
    expect(textOf(view.getFloat64(0))).toBe(text);
  });

  // https://github.com/cyberphone/json-canonicalization, testdata.
  it.each([
    [
      '{"1":{"f":{"f":"hi","F":5},"\\n":56.0},"10":{},"":"empty","a":{},"111":[{}],"A":{}}',
      '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    ],
    ['{"Unnormalized Unicode":"A\\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'],
    ['[56,{"d":true,"10":null,"1":[]}]', '[56,{"1":[],"10":null,"d":true}]'],
  ])("writes %s as the published test data does", (input, output) => {
    expect(textOf(JSON.parse(input))).toBe(output);
  });
});

describe("canonical bytes: what has no canonical form", () => {
  it.each([
    ["NaN", { at: [Number.NaN] }, "$.at[0]"],
    ["an infinity", { at: Number.NEGATIVE_INFINITY }, "$.at"],
    ["a big integer", { at: 1n }, "$.at"],
    ["a date", { at: new Date(0) }, "$.at"],
    ["a secret", { at: new Secret("hunter2") }, "$.at"],
    ["bytes", { at: Uint8Array.of(1) }, "$.at"],
    ["a map", { at: new Map() }, "$.at"],
    ["a function", { at: () => 1 }, "$.at"],
    ["a toJSON of its own", { at: { toJSON: () => 1 } }, "$.at.toJSON"],
    ["a symbol", { at: Symbol("s") }, "$.at"],
    ["a symbol as key", { at: { [Symbol("s")]: 1 } }, "$.at"],
    ["a hole", { at: new Array(1) }, "$.at[0]"],
    ["undefined in an array", { at: [undefined] }, "$.at[0]"],
    ["nothing at all", undefined, "$"],
  ])("refuses %s and names the place", (_, value, where) => {
    expect(() => canonicalBytes(value)).toThrow(Uncanonical);
    expect(() => canonicalBytes(value)).toThrow(new RegExp(`^${where.replace(/[$[\].]/g, "\\$&")}: `));
    expect(() => canonicalBytes(value)).not.toThrow(/hunter2/);
  });

  it("refuses a cycle rather than end the stack", () => {
    const loop: Record<string, unknown> = {};
    loop["loop"] = loop;
    expect(() => canonicalBytes(loop)).toThrow(Uncanonical);
  });

  it("leaves out what is undefined, as JSON does, and writes zero without a sign", () => {
    expect(textOf({ a: undefined, b: -0 })).toBe('{"b":0}');
  });
});

describe("canonical bytes: back again", () => {
  it.each([
    ["NUL", "a\0b"],
    ["a lone high surrogate", "a\ud83d"],
    ["a lone low surrogate", "\ude00a"],
    ["surrogates the wrong way round", "\ude00\ud83d"],
    ["bidi overrides", "\u202egnp.exe\u2066\u2069"],
    ["the mark of an escape", "\u241b0000 \u241b\u241b"],
    ["a byte order mark", "\ufeffa"],
    ["controls", "\u0001\u001f\u007f\u0085\u2028"],
    ["emoji", "👩‍👩‍👧‍👦🏳️‍🌈"],
  ])("gives back %s as it came, in values and keys", (_, text) => {
    const value = { [text]: [text, { [`${text}x`]: text }] };
    const bytes = canonicalBytes(value);
    expect(readCanonical(bytes)).toEqual(value);
    // What PostgreSQL and RFC 8785 refuse is not in the bytes.
    expect(textOf(value)).not.toMatch(/\0|\\u0000|\\ud[89a-f]/);
    expect(textOf(value).isWellFormed()).toBe(true);
  });

  it("keeps a key called __proto__", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"b":2}');
    expect(textOf(value)).toBe('{"__proto__":{"a":1},"b":2}');
    expect(textOf(readCanonical(canonicalBytes(value)))).toBe('{"__proto__":{"a":1},"b":2}');
  });

  it.each([
    ["spaces", '{"a": 1}'],
    ["another order", '{"b":1,"a":1}'],
    ["a key twice", '{"a":1,"a":2}'],
    ["a number written otherwise", '{"a":1.0}'],
    ["an escape that is not needed", '{"a":"\\u0041"}'],
    ["a byte order mark before it", '\ufeff{"a":1}'],
    ["an escape of ours that stands for nothing escaped", '{"a":"\u241b0041"}'],
    ["half an object", '{"a":'],
  ])("does not read %s", (_, text) => {
    expect(() => readCanonical(bytesOf(text))).toThrow(Uncanonical);
  });

  it("does not read broken UTF-8", () => {
    expect(() => readCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(Uncanonical);
  });
});
