import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { readAnswers } from "../../src/chat/forms.ts";
import type { Answers } from "../../src/chat/message.ts";
import { entries } from "../../src/store/schema.ts";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

const grants = [
  { id: "g1", resource: "org", breaks: ["the nightly schedule stops", "nobody owns docs/"] },
  { id: "g2", resource: "key", breaks: ["the build server cannot push"] },
];

async function planned(b: Bench) {
  const caseId = await b.open();
  await b.settle();
  const card = () => b.shown(`case:${caseId}`);
  /** Opens the dialog, fills it and sends it. */
  const fill = async (who: string, label: string, answers: Answers) => {
    const [form] = (await b.press(who, card(), label)).asked;
    if (!form) throw new Error("the dialog was expected");
    const read = readAnswers("settle-breaks", form.carried, answers);
    if (read.kind === "faults") return { said: [], faults: [read.faults] };
    const heard = await b.ask(who, read.ask);
    await b.settle();
    return heard;
  };
  return { caseId, card, fill };
}

describe("what breaks with a plan", () => {
  it("stands above the buttons, each with its heir or that it may break, down to the summary", async () => {
    await using b = await bench({ alice: { grants, work: [] } });
    const { caseId, card, fill } = await planned(b);
    expect(textOf(card())).toMatch(
      /What breaks with it\. 3 without an heir: approved as it is, they break\.\n(• .*\n){3}\[Approve\]/,
    );
    const heard = await fill("ann", "Decide what breaks (3)", { heir: "Uolga", let: ["1"] });
    expect(textOf(heard.said[0])).toBe("Noted: 1 heir and 1 may break. 1 still open.");
    expect(textOf(card())).toMatch(/the nightly schedule stops — Olga takes it over/);
    expect(textOf(card())).toMatch(/nobody owns docs\/ — it may break, says Ann/);
    // Approving leaves it open whatever is not decided: the entry says how much that was.
    await b.press("ann", card(), "Approve");
    await b.settle();
    const [decided] = await b.t.w.store.db.select().from(entries).where(eq(entries.action, "plan.decided"));
    expect(new TextDecoder().decode(decided?.body)).toMatch(/"breaks":3.*"undecided":1/);
    expect((await b.view(caseId)).case.state).toBe("closed");
    expect(textOf(b.shown(`summary:${caseId}`))).toMatch(
      /What broke with it\n• .*schedule stops — Olga takes it over\n• .*may break, says Ann\n• key in Code: the build server cannot push — nobody takes it over/,
    );
    const settled = await b.t.w.store.db.select().from(entries).where(eq(entries.action, "break.settled"));
    expect(settled.map(({ actorId }) => actorId)).toEqual(["ann", "ann"]);
  });

  it("is told to its heir once the departure may be known, and not before", async () => {
    await using b = await bench({ alice: { grants, work: [] } });
    const { card, fill } = await planned(b);
    await fill("ann", "Decide what breaks (3)", { heir: "Uolga" });
    expect(b.chat.dm("Uolga")).toEqual([]);
    await b.press("ann", card(), "Approve");
    await b.settle();
    expect(b.chat.dm("Uolga").map(({ message }) => textOf(message))).toEqual([
      expect.stringMatching(/Alice is leaving, and this stops working[\s\S]*org in Code: the nightly schedule stops/),
    ]);
  });

  it("has no heir who leaves, is unknown, or does not exist; nothing chosen is a fault", async () => {
    await using b = await bench({ alice: { grants, work: [] } });
    b.chat.add({ id: "Unew", name: "New", email: "new@acme.test" });
    const { card, fill } = await planned(b);
    const label = "Decide what breaks (3)";
    expect((await fill("ann", label, { "heir-1": "Ualice" })).faults).toEqual([
      { "heir-1": "This person is leaving." },
    ]);
    expect((await fill("ann", label, { heir: "Unew" })).faults).toEqual([
      { heir: "The directory does not know this account." },
    ]);
    expect((await fill("ann", label, { heir: "Unone" })).faults).toEqual([
      { heir: "This account does not exist here." },
    ]);
    expect((await fill("ann", label, {})).faults).toEqual([{ heir: "Choose at least one heir, or what may break." }]);
    expect(labels(card())).toContain(label);
  });

  it("is decided by approvers only", async () => {
    await using b = await bench({ alice: { grants, work: [] } });
    const { fill, card } = await planned(b);
    const heard = await fill("hr", "Decide what breaks (3)", { heir: "Uolga" });
    expect(textOf(heard.said[0])).toMatch(/needs the role approver/);
    expect((await b.press("olga", card(), "Decide what breaks (3)")).asked).toEqual([]);
  });
});
