import { describe, expect, it } from "vitest";
import { sweep } from "../../src/workflow/sweep.ts";
import { labels, textOf } from "../peers/chat.ts";
import { bench } from "./bench.ts";

const CONTAIN = { mode: "contain", kind: "involuntary", reason: "security" } as const;

describe("a containment in chat", () => {
  it("reaches every approver directly with what it does and the buttons; the answer stands in every call", async () => {
    await using b = await bench();
    const caseId = await b.open(CONTAIN);
    await b.settle();
    const call = b.shown(`page:${caseId}:0:bob`);
    expect(textOf(call)).toContain("One word for every system. In Code, what Alice has and what can be given back");
    expect(textOf(call)).toContain("also where it answers after you approved");
    expect(labels(call)).toEqual(["Contain now", "Reject"]);
    expect(b.shown(`page:${caseId}:0:hr`)).toBeUndefined();
    await b.press("ann", b.shown(`page:${caseId}:0:ann`), "Contain now");
    await b.settle();
    for (const who of ["ann", "bob"]) {
      expect(textOf(b.shown(`page:${caseId}:0:${who}`))).toContain("Contained: Ann approved it.");
      expect(labels(b.shown(`page:${caseId}:0:${who}`))).toEqual([]);
    }
    expect(b.repo.revoked).toEqual(["g1", "g2"]);
    expect(textOf(b.shown(`case:${caseId}`))).toMatch(
      /Containment approved .*first proof after \d+ s, last after \d+ s, 2 of 2/,
    );
  });

  it("says in the case message since when it waits, and what was decided there too", async () => {
    await using b = await bench();
    const caseId = await b.open(CONTAIN);
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}`))).toContain("Waits for one approver since");
    const heard = await b.press("hr", b.shown(`case:${caseId}`), "Contain now");
    expect(textOf(heard.said[0])).toContain("You cannot do this.");
    await b.press("bob", b.shown(`case:${caseId}`), "Reject");
    await b.settle();
    expect(textOf(b.shown(`page:${caseId}:0:ann`))).toContain("Rejected by Bob: nothing is taken.");
    expect(b.repo.revoked).toEqual([]);
  });

  it("tells an operator that nobody answers, and not who it is about", async () => {
    await using b = await bench({ policy: { containEscalateMinutes: 1 } });
    Object.assign(b.t.w.roles, { operator: ["audrey"] });
    const caseId = await b.open(CONTAIN);
    await b.settle();
    b.t.clock.now = new Date(b.t.clock.now.getTime() + 60_000);
    await sweep(b.t.w);
    await b.settle();
    const told = textOf(b.shown(`page:${caseId}:1:audrey`));
    expect(told).toContain("No approver has answered.");
    expect(told).not.toContain("Alice");
    expect(textOf(b.shown(`page:${caseId}:1:bob`))).toContain("Every approver was called 2 times");
    expect(textOf(b.shown(`case:${caseId}`))).toContain("the operators were told that nobody answers");
  });

  it("names the times from the click in the summary", async () => {
    await using b = await bench();
    const caseId = await b.open(CONTAIN);
    await b.settle();
    await b.press("ann", b.shown(`case:${caseId}`), "Contain now");
    await b.settle();
    expect(textOf(b.shown(`summary:${caseId}`) ?? b.shown(`case:${caseId}`))).toContain("first proof after");
  });
});
