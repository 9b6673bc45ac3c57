import { describe, expect, it } from "vitest";
import { readSaidTime } from "../../src/chat/said-time.ts";

// A Wednesday, 11:00 in Berlin.
const NOW = new Date("2026-11-25T10:00:00Z");
const read = (text: string, zone = "Europe/Berlin", now = NOW) => readSaidTime(text, zone, now);

describe("a time in words", () => {
  it.each([
    ["Friday 6pm", "2026-11-27", "18:00"],
    ["fri 18:00", "2026-11-27", "18:00"],
    ["30 Nov 18:00", "2026-11-30", "18:00"],
    ["18:00 30 Nov", "2026-11-30", "18:00"],
    ["2026-12-01 06:30", "2026-12-01", "06:30"],
    ["30 Nov 2027 at 9am", "2027-11-30", "09:00"],
    ["noon tomorrow", "2026-11-26", "12:00"],
    ["13/12 18:00", "2026-12-13", "18:00"],
    ["2 Jan 18:00", "2027-01-02", "18:00"],
    ["20 Feb 18:00", "2027-02-20", "18:00"],
  ])("reads %s as a date and a time of the zone, without a question", (text, date, time) => {
    expect(read(text)).toEqual({ kind: "at", date, time, questions: [], rest: "" });
  });

  it.each(["now", "Right now", "at once"])("reads %s as at once", (text) => {
    expect(read(text)).toEqual({ kind: "now", rest: "" });
  });

  it.each([
    ["30 Nov", "No time was named: this is 18:00."],
    ["6pm", "No day was named: this is Wednesday, 25 Nov 2026."],
    ["9am", "No day was named: this is Thursday, 26 Nov 2026."],
    ["next Friday 6pm", "“next Friday 6pm” was read as Friday, 4 Dec 2026: check that it is the week you mean."],
    ["Friday 6pm EST", "“Friday 6pm EST” names another zone: it is 28 Nov, 00:00 Europe/Berlin."],
  ])("asks about what it assumed in %s", (text, question) => {
    expect(read(text)).toMatchObject({ kind: "at", questions: [question] });
  });

  it.each([
    ["05/06 18:00", "day first or month first"],
    ["1.12.2026 18:00", "day first or month first"],
    ["Friday at 5", "morning or evening"],
    ["Friday 6:30", "morning or evening"],
    ["midnight Friday", "two days"],
    ["Mon - Wed", "more than one time"],
    ["Sunday and Monday", "more than one time"],
    ["last Friday", "in the past"],
    ["yesterday 6pm", "in the past"],
    ["20 Nov 18:00", "past this year"],
    ["December", "names no day"],
    ["30 Feb", "no date and time that exists"],
    ["25:00", "no date and time that exists"],
  ])("chooses nothing where %s can be wrong", (text, why) => {
    expect(read(text)).toEqual({ kind: "unclear", why: expect.stringContaining(why) });
  });

  it("keeps the words that say nothing about a time", () => {
    expect(read("please Friday 6pm thanks")).toMatchObject({ kind: "at", rest: "please thanks" });
    expect(read("please")).toEqual({ kind: "nothing", rest: "please" });
    expect(read("   ")).toEqual({ kind: "nothing", rest: "" });
  });

  it("counts days where the leaver is", () => {
    const evening = new Date("2026-11-25T22:30:00Z");
    expect(read("tomorrow 6pm", "Asia/Tokyo", evening)).toMatchObject({ date: "2026-11-27" });
    expect(read("tomorrow 6pm", "America/New_York", evening)).toMatchObject({ date: "2026-11-26" });
  });
});
