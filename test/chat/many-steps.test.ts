import { expect, it } from "vitest";
import { bench } from "./bench.ts";

it("wakes some steps of a system at once, and takes all of many all the same", async () => {
  const grants = Array.from({ length: 40 }, (_, at) => ({ id: `g${at}`, resource: `repository-${at}` }));
  await using b = await bench({ alice: { grants, work: [] } });
  const caseId = await b.open();
  await b.settle();
  await b.press("ann", b.shown(`case:${caseId}`), "Approve");
  await b.t.runJobs({ until: "revoke-grant" });
  const waiting = b.t.waiting.filter(({ queue }) => queue === "revoke-grant");
  expect(waiting.length).toBeGreaterThan(1);
  expect(waiting.length).toBeLessThanOrEqual(8);
  await b.settle();
  expect(b.repo.held.get("a1")?.grants).toEqual([]);
  expect((await b.view(caseId)).case.state).toBe("closed");
});
