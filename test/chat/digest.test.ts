import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { manual } from "../../connectors/manual/index.ts";
import { cases } from "../../src/store/schema.ts";
import { wantDigest } from "../../src/workflow/daily.ts";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

const DAILY = { at: "09:00", zone: "Europe/Berlin" };

/** The next morning comes. @returns the key of its digest */
async function morning(b: Bench): Promise<string> {
  const day = new Date(b.t.clock.now.getTime() + 86_400_000).toISOString().slice(0, 10);
  b.t.clock.now = new Date(`${day}T08:05:00Z`);
  expect(await wantDigest(b.t.w, DAILY)).toBe(true);
  await b.settle();
  return `digest:${day}`;
}

describe("the daily digest", () => {
  it("says that nothing waits when nothing does, with the log's checkpoint", async () => {
    await using b = await bench();
    const key = await morning(b);
    expect(textOf(b.shown(key))).toMatch(/0 open cases. Nothing waits for anybody/);
    expect(b.chat.posts.find((post) => post.key === key)?.channel).toBe("C1");
  });

  it("names what waits for approval, what is due, what needs somebody, what is by hand and what is offered", async () => {
    await using b = await bench({
      more: [
        manual({ title: "Laptop", owner: "bob@acme.test", appliesTo: "everyone", dueHours: 1 }).connect({ fetch }),
        manual({ title: "Badge", owner: "bob@acme.test", appliesTo: "everyone", dueHours: 48 }).connect({ fetch }),
      ],
    });
    const caseId = await b.open({ announced: true });
    await b.settle();
    const first = textOf(b.shown(await morning(b)));
    expect(first).toMatch(/1 open case\./);
    expect(first).toMatch(/Wait for approval \(1\)\n• Alice case \w{8}: 0 of 2 approvals, was due/);
    expect(first).toMatch(/Due within 7 days \(1\)/);
    expect(first).toMatch(/SHA256:/);
    for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    const second = textOf(b.shown(await morning(b)));
    expect(second).not.toMatch(/Wait for approval/);
    expect(second).toMatch(/By hand \(1\)\n• Alice case \w{8}: Badge, until/);
    expect(second).toMatch(/Late: the deadline passed without proof \(1\)\n• Alice case \w{8}: Laptop, since/);
    expect(second).toMatch(/Offers \(1\)\n• Alice case \w{8}: 1 open offer with Mia \(1\)/);
  });

  it("goes to each approver alone if somebody it is about reads the channel, without their own case", async () => {
    await using b = await bench();
    await b.open();
    b.chat.channels.set("C1", { private: true, members: ["Uann", "Ubob", "Ualice"] });
    const key = await morning(b);
    expect(b.chat.posts.filter((post) => post.key === key)).toEqual([]);
    for (const who of ["ann", "bob"]) expect(textOf(b.shown(`${key}:to:${who}`))).toMatch(/Alice/);
    expect(b.chat.dm("Ualice")).toEqual([]);
  });

  it("is not sent a day late, when the chat was down", async () => {
    await using b = await bench();
    const day = b.t.clock.now.toISOString().slice(0, 10);
    b.t.clock.now = new Date(`${day}T08:05:00Z`);
    b.chat.broken = new Error("down");
    await wantDigest(b.t.w, DAILY);
    b.chat.broken = undefined;
    b.t.clock.now = new Date(b.t.clock.now.getTime() + 86_400_000);
    await b.settle();
    expect(b.shown(`digest:${day}`)).toBeUndefined();
  });

  it("lists no case that only a row speaks of", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.t.w.store.db.update(cases).set({ openedSeq: 9999 }).where(eq(cases.id, caseId));
    expect(textOf(b.shown(await morning(b)))).toMatch(/0 open cases/);
  });
});

describe("/offboard list and status", () => {
  it("shows approvers and auditors every case, its requester their own, and engineers none", async () => {
    await using b = await bench();
    await b.open();
    for (const who of ["ann", "audrey", "hr"]) {
      const { said } = await b.ask(who, { kind: "list-cases" });
      expect(textOf(said[0]), who).toMatch(/1 open case[\s\S]*Alice case \w{8}: Waits for approval \(0 of 2\)/);
    }
    const { said } = await b.ask("olga", { kind: "list-cases" });
    expect(textOf(said[0])).toMatch(/You cannot do this/);
  });

  it("shows one case with the buttons of who asks: an auditor has none", async () => {
    await using b = await bench();
    await b.open();
    const status = async (who: string) =>
      (await b.ask(who, { kind: "case-status", who: { kind: "member", id: "Ualice" } })).said[0];
    expect(labels(await status("ann"))).toEqual([
      "Approve",
      "Reject",
      "Review each grant",
      "Reschedule",
      "Cancel the case",
    ]);
    expect(labels(await status("hr"))).toEqual(["Reschedule", "Cancel the case"]);
    expect(textOf(await status("audrey"))).toMatch(/Offboarding Alice/);
    expect(labels(await status("audrey"))).toEqual([]);
    expect(textOf(await status("olga"))).toMatch(/You cannot do this/);
  });

  it("opens a case of the list by its button", async () => {
    await using b = await bench();
    await b.open();
    const { said } = await b.ask("ann", { kind: "list-cases" });
    expect(textOf((await b.press("ann", said[0], "Show Alice")).said[0])).toMatch(/Offboarding Alice/);
  });

  it("says the same of somebody without a case and of a case that is not for who asks", async () => {
    await using b = await bench();
    await b.open();
    const ask = async (who: string, id: string) =>
      textOf((await b.ask(who, { kind: "case-status", who: { kind: "member", id } })).said[0]);
    const none = await ask("ann", "Uolga");
    expect(none).toMatch(/There is no open case of this person that you may see/);
    expect(await ask("ann", "Uann")).toBe(none);
    expect(await ask("alice", "Ualice")).not.toMatch(/Offboarding/);
  });
});
