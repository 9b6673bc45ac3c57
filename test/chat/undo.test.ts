import { expect, it } from "vitest";
import { labels, textOf } from "../peers/chat.ts";
import { bench } from "./bench.ts";

it("an undo is asked with a button of the closed case, and confirmed by somebody else with the same one", async () => {
  await using b = await bench({ alice: { email: "alice@acme.test", grants: [{ id: "g1" }], work: [] } });
  const caseId = await b.open();
  const shown = () => b.shown(`case:${caseId}`);
  await b.settle();
  await b.press("ann", shown(), "Approve");
  await b.settle();
  expect(labels(shown())).toEqual(["Show each step", "Undo"]);
  expect(textOf((await b.press("ann", shown(), "Undo")).said[0])).toContain("A second approver has to confirm it.");
  await b.settle();
  expect(textOf(shown())).toContain("Undo asked by Ann");
  expect(textOf((await b.press("ann", shown(), "Confirm the undo")).said[0])).toContain("Somebody else has to");
  expect(textOf((await b.press("audrey", shown(), "Confirm the undo")).said[0])).toContain("You cannot do this.");
  expect(b.repo.restored).toEqual([]);
  await b.press("bob", shown(), "Confirm the undo");
  await b.settle();
  expect(b.repo.restored).toEqual(["g1"]);
  expect(textOf(shown())).toContain("given back, read again");
  expect(labels(shown())).toEqual(["Show each step"]);
});
