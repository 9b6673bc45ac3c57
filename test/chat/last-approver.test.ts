import { expect, it } from "vitest";
import type { Ask } from "../../src/chat/message.ts";
import { bench } from "./bench.ts";

const leave = { when: { kind: "now" }, kind: "voluntary", mode: "orderly", announced: false, reason: "other" } as const;
const ofAnn: Ask = { kind: "open-case", leaver: "Uann", leave };

it("opens no case of the last one who could approve it, and says whom to ask; with another one it does", async () => {
  await using b = await bench({ roles: { approver: ["ann"] } });
  expect((await b.ask("hr", ofAnn)).said[0]?.summary).toMatch(
    /the last one who can.*ask your operator.*No case was opened/,
  );
  Object.assign(b.t.w.roles, { approver: ["ann", "bob"] });
  expect((await b.ask("hr", ofAnn)).said[0]?.summary).toContain("The case");
  // Who asks does not approve, and who is leaving has no rights: now Bob is the last one.
  const ofBob: Ask = { kind: "open-case", leaver: "Ubob", leave };
  expect((await b.ask("hr", ofBob)).said[0]?.summary).toContain("the last one who can");
});
