import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { SystemError } from "../../connectors/connector.ts";
import { cases, entries, offers, posts } from "../../src/store/schema.ts";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

/** Opens somebody's page. @returns what it shows */
async function openHome(b: Bench, who: string, requestId?: string): Promise<string> {
  await b.ask(who, { kind: "open-home" }, requestId);
  await b.settle();
  return shown(b, who);
}

function shown(b: Bench, who: string): string {
  return textOf(b.chat.homes.get(`U${who}`));
}

function buttons(b: Bench, who: string): string[] {
  return labels(b.chat.homes.get(`U${who}`));
}

const NOTHING = /^Your work\nNothing waits for you\.\n\[Help\]\n/;

describe("somebody's own page", () => {
  it("shows a requester their own cases and nobody else's", async () => {
    await using b = await bench({ roles: { requester: ["hr", "olga"] } });
    await b.open();
    expect(await openHome(b, "hr")).toMatch(/Your cases \(1\)\n• Alice case \w{8}: Waits for approval \(0 of 2\)/);
    expect(buttons(b, "hr")).toEqual(["Offboard someone", "Help", "Show Alice"]);
    expect(await openHome(b, "olga")).not.toContain("Alice");
    expect(buttons(b, "olga")).toEqual(["Offboard someone", "Help"]);
  });

  it("shows an approver the plans that wait for them, and not those that they decided or asked for", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    expect(await openHome(b, "ann")).toMatch(/Wait for your approval \(1\)\n• Alice case \w{8}: Waits for approval/);
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    // It was opened a moment ago, so it follows.
    expect(shown(b, "ann")).not.toContain("Wait for your approval");
    expect(shown(b, "ann")).toMatch(/Open cases \(1\)/);
    expect(await openHome(b, "bob")).toContain("Wait for your approval (1)");
    await b.t.w.store.db.update(cases).set({ requesterId: "bob" });
    expect(await openHome(b, "bob")).not.toContain("Wait for your approval");
  });

  it("shows an owner what is put to them, to be answered there, and nothing before it may be known", async () => {
    await using b = await bench();
    const caseId = await b.open({ announced: true });
    await b.settle();
    expect(await openHome(b, "mia")).toMatch(NOTHING);
    for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    expect(shown(b, "mia")).toMatch(/Asked of you \(1\)\nUntil now with Alice\.\nFix pay\(\)[\s\S]* in Code/);
    expect(buttons(b, "mia")).toEqual(expect.arrayContaining(["Accept", "Decline", "Suggest someone"]));
    await b.press("mia", b.chat.homes.get("Umia"), "Accept");
    await b.settle();
    expect(shown(b, "mia")).not.toContain("Asked of you");
    const [offer] = await b.t.w.store.db.select().from(offers);
    expect(offer?.state).toBe("moved");
  });

  it("believes no row that puts somebody's work to a stranger", async () => {
    await using b = await bench();
    const caseId = await b.open({ announced: true });
    await b.settle();
    for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    await b.t.w.store.db.update(offers).set({ toId: "olga" });
    expect(await openHome(b, "olga")).toMatch(NOTHING);
  });

  it("shows an auditor the latest cases, also those that are over, and the log to verify", async () => {
    await using b = await bench();
    await b.ask("hr", { kind: "cancel-case", caseId: await b.open() });
    await b.open();
    const page = await openHome(b, "audrey");
    expect(page).toMatch(/Open cases \(1\)[\s\S]*Over lately\n• Alice case \w{8}: Cancelled 2026-11-25T/);
    expect(buttons(b, "audrey")).toEqual(["Verify the log", "Help", "Show Alice", "History of Alice"]);
    const { said } = await b.press("audrey", b.chat.homes.get("Uaudrey"), "History of Alice");
    expect(textOf(said[0])).toContain("History of Alice");
  });

  it("shows an operator how Signoff is, and no name", async () => {
    await using b = await bench({ roles: { operator: ["olga"] } });
    await b.open();
    const page = await openHome(b, "olga");
    expect(page).toMatch(
      /Health\nDatabase: up\nJob queue: up\nChat: up\n[\s\S]*Messages waiting: \d+\nEntries in the log: \d+/,
    );
    expect(page).not.toMatch(/Alice|case/);
    expect(buttons(b, "olga")).toEqual(["Verify the log", "Help"]);
    await b.ask("ann", { kind: "pause" });
    await b.settle();
    expect(shown(b, "olga")).toMatch(/^Your work\nPaused by Ann/);
    expect(buttons(b, "olga")).toContain("Resume");
  });

  it("shows a leaver what anybody without a role sees, whatever role they had, until it may be known", async () => {
    await using b = await bench({ roles: { approver: ["ann", "bob", "alice"] } });
    const caseId = await b.open({ announced: true });
    await b.settle();
    expect(await openHome(b, "alice")).toMatch(NOTHING);
    for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    expect(shown(b, "alice")).toMatch(/Your handover\nYour access ends[\s\S]*• Fix pay\(\): Mia is asked/);
    // She may leave a word with each piece of her work, and nothing else.
    expect(buttons(b, "alice")).toEqual(["Help", "Fix pay()"]);
  });

  it.each(["involuntary", "contract-end"] as const)(
    "shows who leaves by %s nothing even when all know",
    async (kind) => {
      await using b = await bench();
      const caseId = await b.open({ announced: true, kind });
      await b.settle();
      for (const who of ["ann", "bob"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
      await b.settle();
      expect(await openHome(b, "alice")).toMatch(NOTHING);
    },
  );

  it("lists no case that only a row speaks of", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.t.w.store.db.update(cases).set({ openedSeq: 9999 }).where(eq(cases.id, caseId));
    expect(await openHome(b, "ann")).not.toContain("Alice");
  });

  it("shows nothing to a guest, a stranger and a deactivated account, whoever the row is for", async () => {
    await using b = await bench();
    await b.open();
    await openHome(b, "ann");
    for (const kind of ["guest", "external", "deactivated"] as const) {
      b.chat.members.set("Uann", { ...b.member("ann"), kind });
      expect(await openHome(b, "ann"), kind).toMatch(NOTHING);
    }
  });
});

describe("opening it", () => {
  it("is no act: it writes no entry and refuses nobody", async () => {
    await using b = await bench();
    await openHome(b, "ann");
    const before = await b.t.w.store.db.select().from(entries);
    await openHome(b, "ann");
    b.chat.add({ id: "Unobody", email: "nobody@acme.test" });
    await b.askAs(b.chat.members.get("Unobody") ?? b.member("ann"), { kind: "open-home" });
    await b.settle();
    expect(textOf(b.chat.homes.get("Unobody"))).toMatch(NOTHING);
    expect(await b.t.w.store.db.select().from(entries)).toHaveLength(before.length);
  });

  it("shows it anew each time, and once for an event that is delivered again", async () => {
    await using b = await bench();
    await openHome(b, "ann", "slack:event:Ev1");
    await openHome(b, "ann", "slack:event:Ev1");
    expect(b.chat.calls.publishHome).toBe(1);
    await openHome(b, "ann", "slack:event:Ev2");
    expect(b.chat.calls.publishHome).toBe(2);
  });

  it("is tried again when the chat says when, and nothing else waits for it", async () => {
    await using b = await bench();
    const at = new Date(b.t.clock.now.getTime() + 60_000);
    b.chat.broken = new SystemError({ code: "rate-limited", retryAt: at });
    await b.ask("ann", { kind: "open-home" });
    await b.settle();
    b.chat.broken = undefined;
    await b.settle();
    expect(b.chat.homes.size).toBe(0);
    b.t.clock.now = at;
    await b.settle();
    expect(shown(b, "ann")).toMatch(/^Your work/);
  });

  it("is not kept up to date for ever: no chat says that somebody left", async () => {
    await using b = await bench();
    await openHome(b, "ann");
    b.t.clock.now = new Date(b.t.clock.now.getTime() + 16 * 60_000);
    await b.open();
    await b.settle();
    expect(shown(b, "ann")).not.toContain("Alice");
    expect((await b.t.w.store.db.select().from(posts).where(eq(posts.key, "home:slack:Uann")))[0]).toMatchObject({
      failure: null,
    });
    expect(await openHome(b, "ann")).toContain("Alice");
  });

  it("publishes nothing while what it shows stays the same", async () => {
    await using b = await bench();
    await openHome(b, "olga");
    await b.open();
    await b.settle();
    expect(b.chat.calls.publishHome).toBe(1);
  });
});
