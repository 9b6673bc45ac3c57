import { expect, it } from "vitest";
import type { Ask } from "../../src/chat/message.ts";
import { bench } from "./bench.ts";

const leave = { when: { kind: "now" }, kind: "voluntary", mode: "orderly", announced: false, reason: "other" } as const;
const ofAlice: Ask = { kind: "open-case", leaver: "Ualice", leave };
const dialog: Ask = { kind: "start-case", who: { kind: "member", id: "Ualice" } };

it("lets only an approver open a case of somebody who is protected, and says so before the dialog", async () => {
  await using b = await bench({ roles: { protected: ["alice@acme.test"] } });
  for (const asked of [dialog, ofAlice]) {
    const heard = await b.ask("hr", asked);
    expect(heard.said[0]?.summary).toMatch(/protected: only an approver.*No case was opened/);
    expect(heard.asked).toEqual([]);
  }
  expect((await b.ask("ann", dialog)).asked).toHaveLength(1);
  expect((await b.ask("ann", ofAlice)).said[0]?.summary).toContain("The case");
  // Who asked does not approve it, protected or not.
  const olga: Ask = { kind: "open-case", leaver: "Uolga", leave };
  expect((await b.ask("hr", olga)).said[0]?.summary).toContain("The case");
});
