import { describe, expect, it } from "vitest";
import { readHistoryFilter } from "../../src/chat/history-filter.ts";

// A Wednesday, 11:00 in Berlin.
const NOW = new Date("2026-11-25T10:00:00Z");
const SYSTEMS = [
  { id: "github:acme", title: "GitHub acme" },
  { id: "github:labs", title: "GitHub labs" },
  { id: "postgres:orders", title: "Orders database" },
];
const read = (text: string, zone = "Europe/Berlin") => readHistoryFilter(text, SYSTEMS, zone, NOW);

describe("the filter of a history", () => {
  it("takes a kind for every system of it, and an id or title for that one", () => {
    expect(read("github")).toEqual({ text: "github", systems: ["github:acme", "github:labs"], words: [] });
    expect(read("GitHub:Acme")).toMatchObject({ systems: ["github:acme"], words: [] });
    expect(read("orders database failed")).toMatchObject({ systems: ["postgres:orders"], words: ["failed"] });
  });

  it("takes what names no system for words that each entry must hold", () => {
    expect(read("revoked githubby")).toMatchObject({ systems: [], words: ["revoked", "githubby"] });
  });

  it.each([
    ["since monday", "2026-11-22T23:00:00.000Z", undefined],
    ["since friday", "2026-11-19T23:00:00.000Z", undefined],
    ["since yesterday", "2026-11-23T23:00:00.000Z", undefined],
    ["since 30 Nov", "2025-11-29T23:00:00.000Z", undefined],
    ["after monday", "2026-11-23T23:00:00.000Z", undefined],
    ["until monday", undefined, "2026-11-23T23:00:00.000Z"],
    ["before monday", undefined, "2026-11-22T23:00:00.000Z"],
    ["since 2 Nov 09:30 until 3 Nov", "2026-11-02T08:30:00.000Z", "2026-11-03T23:00:00.000Z"],
    ["from 2026-11-02", "2026-11-01T23:00:00.000Z", undefined],
  ])("reads %s in the reader's zone, days as whole ones, and never ahead", (text, since, until) => {
    const filter = read(text);
    if ("fault" in filter) throw new Error(filter.fault);
    expect([filter.since?.toISOString(), filter.until?.toISOString()]).toEqual([since, until]);
    expect(filter.words).toEqual([]);
  });

  it("keeps the words around a span of time", () => {
    expect(read("github failed since monday revoked")).toMatchObject({
      systems: ["github:acme", "github:labs"],
      words: ["failed", "revoked"],
      since: new Date("2026-11-22T23:00:00.000Z"),
    });
  });

  it.each([
    ["since", "no time can be read"],
    ["since whenever", "no time can be read"],
    ["since 05/06", "day first or month first"],
    ["since 3 Nov until 1 Nov", "ends before it begins"],
  ])("does not show another history than asked for: %s", (text, why) => {
    expect(read(text)).toEqual({ fault: expect.stringContaining(why) });
  });
});
