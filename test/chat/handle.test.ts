import { count, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { readAnswers } from "../../src/chat/forms.ts";
import type { Mention } from "../../src/chat/intent.ts";
import { cases, entries } from "../../src/store/schema.ts";
import { labels, textOf } from "../peers/chat.ts";
import { runAs } from "../peers/database.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { type Bench, bench } from "./bench.ts";

const START = { kind: "start-case" } as const;

async function caseCount(b: Bench): Promise<number> {
  const [row] = await b.t.w.store.db.select({ number: count() }).from(cases);
  return row?.number ?? -1;
}

async function actions(b: Bench, action: string): Promise<number> {
  return (await b.t.w.store.db.select().from(entries).where(eq(entries.action, action))).length;
}

describe("/offboard", () => {
  it("opens a dialog that names the person, with tomorrow in her zone and “Now” as a choice that is not made", async () => {
    await using b = await bench();
    // 23:30 in Berlin: tomorrow there is the 26th, and in New York it would be the 26th only later.
    b.t.clock.now = new Date("2026-11-25T22:30:00.000Z");
    const { asked } = await b.ask("hr", { ...START, who: { kind: "member", id: "Ualice" } });
    const [form] = asked;
    expect(form?.kind).toBe("open-case");
    expect(form?.carried).toEqual({ leaver: "Ualice", zone: "Europe/Berlin" });
    const initial = Object.fromEntries(
      form?.fields.map((field) => [field.id, "initial" in field ? field.initial : ""]) ?? [],
    );
    expect(initial).toMatchObject({ when: "at", date: "2026-11-26", time: "18:00", mode: "orderly" });
    expect(textOf({ summary: "", parts: form?.intro ?? [] })).toMatch(/Alice.*alice@acme\.test/);
    expect(await caseCount(b)).toBe(0);
  });

  it.each([
    [
      "Friday 6pm",
      { when: "at", date: "2026-11-27", time: "18:00" },
      "You said 2026-11-27T17:00:00.000Z Europe/Berlin",
    ],
    ["30 Nov", { when: "at", date: "2026-11-30", time: "18:00" }, "No time was named: this is 18:00"],
    ["now", { when: "now" }, ""],
    ["05/06", { when: "at", date: "2026-11-26", time: "18:00" }, "day first or month first"],
    ["6 Nov 2026 18:00", { when: "at", date: "2026-11-26" }, "This is in the past"],
    ["30 Nov 2029 18:00", { when: "at", date: "2026-11-26" }, "days ahead"],
    ["please", { when: "at", date: "2026-11-26" }, "“please” was not understood"],
  ])(
    "puts what %s says of the time into the dialog, and what is to be checked above it",
    async (words, fields, intro) => {
      await using b = await bench();
      b.t.clock.now = new Date("2026-11-25T10:00:00.000Z");
      const { asked } = await b.ask("hr", { ...START, who: { kind: "member", id: "Ualice" }, words });
      const [form] = asked;
      const initial = Object.fromEntries(
        form?.fields.map((field) => [field.id, "initial" in field ? field.initial : ""]) ?? [],
      );
      expect(initial).toMatchObject(fields);
      expect(textOf({ summary: "", parts: form?.intro ?? [] })).toContain(intro);
    },
  );

  it("takes the dialog's answers, and says when access ends in her zone", async () => {
    await using b = await bench();
    const [form] = (await b.ask("hr", { ...START, who: { kind: "email", email: "alice@acme.test" } })).asked;
    const read = readAnswers("open-case", form?.carried ?? {}, {
      when: "at",
      date: "2026-11-30",
      time: "18:00",
      kind: "voluntary",
      mode: "orderly",
      announced: [],
      reason: "resignation",
    });
    if (read.kind !== "ask") throw new Error(JSON.stringify(read));
    const heard = await b.ask("hr", read.ask);
    expect(textOf(heard.said[0])).toContain("2026-11-30T17:00:00.000Z Europe/Berlin");
    expect(await caseCount(b)).toBe(1);
  });

  it.each([
    ["nobody", { kind: "nobody" }, "pick-leaver"],
    ["a name that may be anybody's", { kind: "unclear", text: "alice" }, "pick-leaver"],
    ["an e-mail that no account has", { kind: "email", email: "gone@acme.test" }, "pick-leaver"],
  ] as const)("asks with the person picker for %s", async (_, who, form) => {
    await using b = await bench();
    const heard = await b.ask("hr", { ...START, who });
    expect(heard.asked.map(({ kind }) => kind)).toEqual([form]);
    expect(await caseCount(b)).toBe(0);
  });

  it.each<[string, Mention, RegExp]>([
    ["several people", { kind: "several", ids: ["Ualice", "Uolga"] }, /several people/],
    ["a group", { kind: "group", id: "S1" }, /a group/],
    ["a channel", { kind: "channel", id: "C9" }, /a channel/],
    ["a bot", { kind: "member", id: "Ubot" }, /a bot/],
    ["somebody external", { kind: "member", id: "Uext" }, /another organization/],
    ["oneself", { kind: "member", id: "Uhr" }, /This is you/],
    ["an account the directory does not know", { kind: "member", id: "Unew" }, /does not know New/],
    ["an account that does not exist", { kind: "member", id: "Unone" }, /does not exist/],
  ])("answers %s clearly and opens nothing", async (_, who, words) => {
    await using b = await bench();
    b.chat.add({ id: "Ubot", kind: "bot" });
    b.chat.add({ id: "Uext", kind: "external", email: "alice@acme.test" });
    b.chat.add({ id: "Unew", name: "New", email: "new@acme.test" });
    const heard = await b.ask("hr", { ...START, who });
    expect(heard.asked).toEqual([]);
    expect(heard.said).toHaveLength(1);
    expect(textOf(heard.said[0])).toMatch(words);
    expect(await caseCount(b)).toBe(0);
  });

  it("opens no second case for one person", async () => {
    await using b = await bench();
    await b.open();
    const heard = await b.ask("hr", { ...START, who: { kind: "member", id: "Ualice" } });
    expect(textOf(heard.said[0])).toMatch(/open case for this person already/);
    expect(await caseCount(b)).toBe(1);
  });

  it("refuses who has no role, and notes it", async () => {
    await using b = await bench();
    const heard = await b.ask("olga", { ...START, who: { kind: "member", id: "Ualice" } });
    expect(textOf(heard.said[0])).toMatch(/You cannot do this.*role/);
    expect(heard.asked).toEqual([]);
    expect(await actions(b, "request.refused")).toBe(1);
  });

  it("shows faults at the field they belong to", async () => {
    await using b = await bench();
    b.chat.add({ id: "Uguest", kind: "guest" });
    const leave = { kind: "voluntary", mode: "orderly", announced: false, reason: "resignation" } as const;
    const at = (date: string, time = "18:00") => ({ kind: "at", date, time, zone: "Europe/Berlin" }) as const;
    const ask = (more: object) =>
      b.ask("hr", { kind: "open-case", leaver: "Ualice", leave: { ...leave, when: at("2026-11-30"), ...more } });
    expect((await ask({ when: at("2026-11-01") })).faults[0]?.["time"]).toMatch(/in the past/);
    expect((await ask({ when: at("2027-03-28", "02:30") })).faults[0]?.["time"]).toMatch(/does not exist/);
    expect((await ask({ heir: "Uguest" })).faults[0]?.["heir"]).toMatch(/active member/);
    expect((await ask({ heir: "Unone" })).faults[0]?.["heir"]).toMatch(/does not exist/);
    expect((await ask({ reason: "because" })).faults[0]?.["reason"]).toBeDefined();
    expect(await caseCount(b)).toBe(0);
  });

  it("says nothing to a delivery that comes again", async () => {
    await using b = await bench();
    const wish = { ...START, who: { kind: "member", id: "Ualice" } } as const;
    await b.ask("hr", wish, "same");
    const again = await b.ask("hr", wish, "same");
    expect([again.said, again.asked, again.faults]).toEqual([[], [], []]);
  });
});

describe("the review of a plan", () => {
  it("is for who may read the case, and says when the plan is no more", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    const shown = b.shown(`case:${caseId}`);
    for (const who of ["ann", "hr", "audrey"])
      expect((await b.press(who, shown, "Review each grant")).asked.map(({ kind }) => kind)).toEqual(["review"]);
    for (const who of ["olga", "alice"]) {
      const heard = await b.press(who, shown, "Review each grant");
      expect(heard.asked).toEqual([]);
      expect(textOf(heard.said[0])).not.toMatch(/payments/);
    }
    const none = await b.ask("ann", { kind: "review-plan", caseId, planHash: "none" });
    expect(textOf(none.said[0])).toMatch(/no such plan any more/);
    const nowhere = await b.ask("ann", { kind: "review-plan", caseId: "NONE0000", planHash: "none" });
    expect(nowhere.said).toHaveLength(1);
  });
});

describe("a plan's buttons", () => {
  it("counts two approvals, tells who was quicker and when, and refuses the requester and the leaver", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    const message = b.shown(`case:${caseId}`);
    expect(textOf((await b.press("hr", message, "Approve")).said[0])).toMatch(/You cannot do this/);
    expect(textOf((await b.press("alice", message, "Approve")).said[0])).toMatch(/own case/);
    expect(textOf((await b.press("ann", message, "Approve")).said[0])).toMatch(/1 more approver/);
    expect(textOf((await b.press("ann", message, "Approve")).said[0])).toMatch(/already approved by Ann 2026-/);
    expect(textOf((await b.press("bob", message, "Approve")).said[0])).toMatch(/Access is taken/);
    expect(textOf((await b.press("bob", message, "Reject")).said[0])).toMatch(/already/);
    expect(await actions(b, "plan.approved")).toBe(1);
  });

  it("asks for a reason where something could not be seen, and names it", async () => {
    const other = memorySystem("tickets", { title: "Tickets" });
    await using b = await bench({ more: [other] });
    const caseId = await b.open();
    await b.settle();
    const { asked } = await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    expect(asked[0]?.kind).toBe("approve-gaps");
    expect(textOf({ summary: "", parts: asked[0]?.intro ?? [] })).toContain("Tickets");
    expect(await actions(b, "plan.decided")).toBe(0);
    const read = readAnswers("approve-gaps", asked[0]?.carried ?? {}, { reason: "Tickets has no such people" });
    if (read.kind !== "ask") throw new Error("no ask");
    await b.ask("ann", read.ask);
    expect(await actions(b, "plan.decided")).toBe(1);
  });

  it("tells of a plan that changed since it was shown", async () => {
    const other = memorySystem("tickets", { title: "Tickets" });
    await using b = await bench({ more: [other] });
    const caseId = await b.open();
    await b.settle();
    const old = b.shown(`case:${caseId}`);
    await b.press("ann", old, "Has none: Tickets");
    await b.settle();
    expect(textOf((await b.press("ann", old, "Approve")).said[0])).toMatch(/plan changed/);
    expect(labels(b.shown(`case:${caseId}`))).toEqual([
      "Approve",
      "Reject",
      "Review each grant",
      "Reschedule",
      "Cancel the case",
    ]);
  });

  it("cancels for the requester, and is too late once it is cancelled", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    const mirror = b.shown(`mirror:${caseId}`);
    expect(textOf((await b.press("hr", mirror, "Cancel the case")).said[0])).toMatch(/is cancelled/);
    expect(textOf((await b.press("ann", mirror, "Cancel the case")).said[0])).toMatch(/cancelled already/);
    await b.settle();
    expect(labels(b.shown(`case:${caseId}`))).toEqual([]);
    expect(textOf(b.shown(`mirror:${caseId}`))).toContain("Cancelled");
  });
});

describe("an account that is not known", () => {
  it("is looked up, shown, and counts only when it is confirmed by its id", async () => {
    const other = memorySystem("tickets", { title: "Tickets" });
    other.add("t7", { grants: [{ id: "seat" }] });
    await using b = await bench({ more: [other] });
    const caseId = await b.open();
    await b.settle();
    const { asked } = await b.press("hr", b.shown(`mirror:${caseId}`), "Name account: Tickets");
    expect(asked[0]?.kind).toBe("name-account");
    const name = { kind: "name-account", caseId, system: "tickets", confirmed: false } as const;
    expect((await b.ask("hr", { ...name, account: "nobody" })).faults[0]?.["account"]).toMatch(/knows no account/);
    const found = (await b.ask("hr", { ...name, account: "t7-login" })).said[0];
    expect(textOf(found)).toContain("t7-login");
    expect(labels(found)).toEqual(["Confirm", "Not this one"]);
    expect(await actions(b, "account.named")).toBe(0);
    expect(textOf((await b.press("hr", found, "Confirm")).said[0])).toMatch(/read again/);
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}`))).toContain("seat");
    // The button is old now.
    expect(textOf((await b.ask("hr", { kind: "ask-account", caseId, system: "tickets" })).said[0])).toMatch(/settled/);
  });
});

describe("a step's buttons", () => {
  it("retries, and takes a word only with a note", async () => {
    await using b = await bench({ policy: { readBacks: 1 } });
    b.repo.mood.lies = true;
    const caseId = await b.open();
    await b.settle();
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.press("bob", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    const step = (await b.view(caseId)).steps.find(({ state }) => state === "attention");
    const message = b.shown(`step:${step?.id}`);
    expect(labels(message)).toEqual(["Retry", "Done by hand", "Skip"]);
    const { asked } = await b.press("ann", message, "Skip");
    expect(asked[0]?.kind).toBe("note");
    const blank = await b.ask("ann", { kind: "skip-step", stepId: step?.id ?? "", note: " " });
    expect(blank.faults[0]?.["note"]).toBeDefined();
    expect(textOf((await b.press("olga", message, "Retry")).said[0])).toMatch(/You cannot do this/);
    b.repo.mood.lies = false;
    expect(textOf((await b.press("ann", message, "Retry")).said[0])).toMatch(/tried again/);
    await b.settle();
    expect(textOf((await b.press("ann", message, "Retry")).said[0])).toMatch(/already proven gone/);
    expect(textOf((await b.press("ann", message, "Done by hand")).said[0])).toMatch(/already proven gone/);
  });
});

describe("an offer's buttons", () => {
  async function offered(b: Bench) {
    const caseId = await b.open({
      announced: true,
      when: { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" },
    });
    await b.settle();
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.press("bob", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    return { caseId, offer: (await b.view(caseId)).offers[0]?.id ?? "" };
  }

  it("accepts once, for who was asked", async () => {
    await using b = await bench();
    const { caseId } = await offered(b);
    const message = b.shown(`work:${caseId}:mia`);
    expect(textOf((await b.press("olga", message, "Accept")).said[0])).toMatch(/somebody else/);
    expect(textOf((await b.press("mia", message, "Accept")).said[0])).toMatch(/Thank you/);
    await b.settle();
    expect(textOf(b.shown(`work:${caseId}:mia`))).toMatch(/It is yours/);
    expect(textOf((await b.press("mia", message, "Accept")).said[0])).toMatch(/already moved with Mia/);
  });

  it("passes on to a colleague, and says at the field why somebody cannot take it", async () => {
    await using b = await bench();
    const { offer, caseId } = await offered(b);
    const message = b.shown(`work:${caseId}:mia`);
    expect((await b.press("mia", message, "Suggest someone")).asked[0]?.kind).toBe("pass-offer");
    expect((await b.ask("mia", { kind: "pass-offer", offerId: offer, to: "Ualice" })).faults[0]?.["to"]).toBeDefined();
    expect((await b.ask("mia", { kind: "pass-offer", offerId: offer, to: "Unone" })).faults[0]?.["to"]).toBeDefined();
    const passed = await b.ask("mia", { kind: "pass-offer", offerId: offer, to: "Uolga" });
    expect(textOf(passed.said[0])).toMatch(/Olga is asked now/);
    await b.settle();
    expect(labels(b.shown(`work:${caseId}:mia`))).toEqual([]);
    expect(labels(b.shown(`work:${caseId}:olga`))).toEqual(["Accept", "Decline", "Suggest someone", "Later"]);
  });

  it("asks for a word before it declines", async () => {
    await using b = await bench();
    const { caseId } = await offered(b);
    const { asked } = await b.press("mia", b.shown(`work:${caseId}:mia`), "Decline");
    const read = readAnswers("decline-offer", asked[0]?.carried ?? {}, { why: "no-time" });
    if (read.kind !== "ask") throw new Error("no ask");
    expect(textOf((await b.ask("mia", read.ask)).said[0])).toMatch(/You declined it/);
  });
});

describe("/audit", () => {
  it("shows the newest entries first, proven, with a page of older ones, and is an entry itself", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.press("bob", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ualice" } });
    const list = said[0]?.parts.find((part) => part.kind === "list");
    expect(list?.items).toHaveLength(20);
    expect(textOf(said[0])).not.toContain("Case opened");
    expect(textOf(said[0])).not.toContain("not as it was signed");
    expect(textOf(said[0])).toMatch(/SHA256:/);
    const older = await b.press("audrey", said[0], "Older");
    expect(textOf(older.said[0])).toMatch(/Case opened.*by Hr/);
    expect(labels(older.said[0])).toEqual(["Verify the log"]);
    expect(await actions(b, "history.read")).toBe(2);
  });

  it("finds somebody by e-mail or login, whose chat account is gone, and filters", async () => {
    await using b = await bench();
    const caseId = await b.open();
    b.chat.members.delete("Ualice");
    const ask = (who: object, filter?: string) =>
      b.ask("audrey", { kind: "history", who, ...(filter ? { filter } : {}) } as Parameters<Bench["ask"]>[1]);
    for (const who of [
      { kind: "member", id: "Ualice" },
      { kind: "email", email: "alice@acme.test" },
      { kind: "unclear", text: "a1-login plan" },
    ])
      expect(textOf((await ask(who)).said[0])).toContain(`case ${caseId}`);
    const filtered = textOf((await ask({ kind: "email", email: "alice@acme.test" }, "plan.")).said[0]);
    expect(filtered).toContain("Plan proposed");
    expect(filtered).not.toContain("Case opened");
    expect(textOf((await ask({ kind: "unclear", text: "Alice" })).said[0])).toMatch(/Nobody is known/);
  });

  it("says how it cannot read a filter, and shows nothing then", async () => {
    await using b = await bench();
    await b.open();
    const { said } = await b.ask("audrey", {
      kind: "history",
      who: { kind: "member", id: "Ualice" },
      filter: "since 05/06",
    });
    expect(textOf(said[0])).toMatch(/day first or month first.*Nothing was read/);
    expect(await actions(b, "history.read")).toBe(0);
  });

  it("verifies the whole log at a press, says what was found, and makes it an entry", async () => {
    await using b = await bench();
    await b.open();
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ualice" } });
    const verified = await b.press("audrey", said[0], "Verify the log");
    expect(textOf(verified.said[0])).toMatch(/being read and verified/);
    expect(textOf(verified.said[1])).toMatch(/The log is good: all \d+ entries/);
    expect(textOf(verified.said[1])).toMatch(/SHA256:/);
    expect(await actions(b, "log.verified")).toBe(1);
    const hr = await b.press("hr", said[0], "Verify the log");
    expect(hr.said.map(textOf)).toEqual([expect.stringMatching(/You cannot do this/)]);
  });

  it("names the first bad entry of a log that somebody changed, although nothing can be appended to it", async () => {
    await using b = await bench();
    await b.open();
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ualice" } });
    await runAs(
      b.t.database.superUrl,
      `alter table audit.entries disable trigger all;
       update audit.entries set leaf_hash = decode(repeat('00', 32), 'hex') where seq = 1`,
    );
    const verified = await b.press("audrey", said[0], "Verify the log");
    expect(textOf(verified.said.at(-1))).toMatch(/The log is NOT good[\s\S]*Entry 1 is the first bad one/);
    // This log is spoilt on purpose: nobody should verify it later.
    await b.t.database.drop();
  });

  it.each([
    ["a bot", { id: "Ubot", kind: "bot" }, /This is a bot, not a person/],
    ["somebody external", { id: "Uext", kind: "external", email: "alice@acme.test" }, /another organization/],
    ["a guest that nobody knows", { id: "Ug", kind: "guest", email: "g@x.test" }, /This is a guest, and the directory/],
    ["an account that nobody knows", { id: "Unew", name: "New" }, /does not know New by this account/],
  ] as const)("answers exactly about %s, and reads nothing", async (_, account, words) => {
    await using b = await bench();
    await b.open();
    b.chat.add(account);
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: account.id } });
    expect(said.map(textOf)).toEqual([expect.stringMatching(words)]);
    expect(await actions(b, "history.read")).toBe(0);
  });

  it("finds a guest whom the directory has, as /offboard does", async () => {
    await using b = await bench();
    b.chat.add({ id: "Ug", kind: "guest", email: "olga@acme.test" });
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ug" } });
    expect(textOf(said[0])).toContain("History of Olga");
  });

  it.each([
    ["guest", /You are a guest here, and guests cannot use Signoff/],
    ["external", /Your account belongs to another organization/],
    ["bot", /Bots cannot use Signoff/],
  ] as const)("tells a %s why it has no rights, although the directory has the e-mail", async (kind, words) => {
    await using b = await bench();
    b.chat.add({ id: "Uaudrey", kind, email: "audrey@acme.test" });
    const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ualice" } });
    expect(said.map(textOf)).toEqual([expect.stringMatching(words)]);
    expect(await actions(b, "request.refused")).toBe(1);
  });

  it("refuses one's own history and who has no role", async () => {
    await using b = await bench();
    await b.open();
    const own = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Uaudrey" } });
    expect(textOf(own.said[0])).toMatch(/You cannot do this/);
    const hr = await b.ask("hr", { kind: "history", who: { kind: "member", id: "Ualice" } });
    expect(textOf(hr.said[0])).toMatch(/You cannot do this/);
    expect(await actions(b, "history.read")).toBe(0);
    expect(await actions(b, "request.refused")).toBe(2);
  });
});

it("explains itself", async () => {
  await using b = await bench();
  expect(textOf((await b.ask("olga", { kind: "help", command: "/offboard" })).said[0])).toContain("/offboard @alice");
});
