import { expect, it } from "vitest";
import { rootMessage } from "../../src/core/failure.ts";
import { repeats } from "../../src/core/repeats.ts";

it("says a trouble at once, then once a minute how often it came, and another trouble at once too", () => {
  let at = 0;
  const often = repeats(() => new Date(at));
  expect(often("lost")).toBe(0);
  for (at = 1000; at < 60_000; at += 1000) expect(often("lost")).toBeUndefined();
  expect(often("other")).toBe(0);
  at = 60_000;
  expect(often("lost")).toBe(59);
  at = 61_000;
  expect(often("lost")).toBeUndefined();
});

it("finds the words an error comes from, whatever was thrown", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED ::1:5432"), { code: "ECONNREFUSED" });
  expect(rootMessage(new Error("query", { cause: new AggregateError([refused, refused], "") }))).toBe(refused.message);
  expect(rootMessage({ message: "copied", stack: "" })).toBe("copied");
  expect(rootMessage({ code: "57P01" })).toBe("57P01");
  const ring = new Error("ring");
  ring.cause = ring;
  expect(rootMessage(ring)).toBe("ring");
  for (const odd of [undefined, null, 7, {}, Symbol("s")]) expect(rootMessage(odd)).toBeTypeOf("string");
});
