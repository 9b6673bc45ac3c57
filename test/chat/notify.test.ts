import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { SystemError } from "../../connectors/connector.ts";
import { notifierOf } from "../../src/chat/notify.ts";
import type { Tx } from "../../src/store/open.ts";
import { cases, offers, posts } from "../../src/store/schema.ts";
import { labels, textOf } from "../peers/chat.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { note } from "../peers/note.ts";
import { type Bench, bench } from "./bench.ts";

/** The process died: the answer of the chat never arrived. */
class Died extends Error {}

function standing(b: Bench, key: string) {
  return b.chat.posts.filter((post) => post.key === key);
}

async function rowOf(b: Bench, key: string) {
  const [row] = await b.t.w.store.db.select().from(posts).where(eq(posts.key, key));
  return row;
}

/** Somebody writes into the database by hand. */
function write(b: Bench, work: (tx: Tx) => Promise<unknown>): Promise<void> {
  return b.t.w.store.db.transaction(async (tx) => {
    await work(tx);
  });
}

function later(b: Bench, ms: number): void {
  b.t.clock.now = new Date(b.t.clock.now.getTime() + ms);
}

/** Takes the case to its end, as far as two approvers can. */
async function approve(b: Bench, caseId: string): Promise<void> {
  await b.settle();
  for (const who of ["ann", "bob"]) {
    const key = b.shown(`case:${caseId}`) ? `case:${caseId}` : `case:${caseId}:to:${who}`;
    await b.press(who, b.shown(key), "Approve");
  }
  await b.settle();
}

describe("where a message stands", () => {
  it("posts the case once into the approvers' channel, the mirror to the requester, and updates both in place", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await approve(b, caseId);
    expect(standing(b, `case:${caseId}`)).toHaveLength(1);
    expect(standing(b, `case:${caseId}`)[0]?.channel).toBe("C1");
    expect(standing(b, `mirror:${caseId}`).map(({ channel }) => channel)).toEqual(["D-Uhr"]);
    expect(textOf(b.shown(`case:${caseId}`))).toMatch(/2 steps, all gone/);
    expect(standing(b, `case:${caseId}`)[0]?.updates).toBeGreaterThan(0);
  });

  it("makes no call for a message that shows the same as before", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    const { post, update } = b.chat.calls;
    await write(b, (tx) =>
      tx
        .update(posts)
        .set({ wanted: 99 })
        .where(eq(posts.key, `case:${caseId}`)),
    );
    await b.settle();
    expect([b.chat.calls.post, b.chat.calls.update]).toEqual([post, update]);
    expect((await rowOf(b, `case:${caseId}`))?.done).toBe(99);
  });

  it("brings a message up to date at most every two seconds, with what is newest then", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    const key = `case:${caseId}`;
    const notifier = notifierOf({ ...b.deps, approversChannels: { slack: "C1" } });
    await b.press("ann", b.shown(key), "Approve");
    await notifier.notify({ key });
    const { update } = b.chat.calls;
    await b.press("bob", b.shown(key), "Approve");
    await notifier.notify({ key });
    expect(b.chat.calls.update).toBe(update);
    expect(await notifier.listDue()).not.toContain(key);
    later(b, 2001);
    expect(await notifier.listDue()).toContain(key);
    await notifier.notify({ key });
    expect(b.chat.calls.update).toBe(update + 1);
    expect(textOf(b.shown(key))).toMatch(/Bob approved/);
  });

  it("posts anew what somebody deleted", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    b.chat.posts.splice(0, b.chat.posts.length);
    await b.press(
      "hr",
      { summary: "", parts: [{ kind: "actions", buttons: [{ label: "x", ask: { kind: "cancel-case", caseId } }] }] },
      "x",
    );
    await b.settle();
    expect(standing(b, `case:${caseId}`)).toHaveLength(1);
    expect(textOf(b.shown(`case:${caseId}`))).toContain("Cancelled");
  });
});

describe("after a crash", () => {
  it.each(["case", "mirror"])(
    "finds the %s message that was posted and not noted, and doubles nothing",
    async (kind) => {
      await using b = await bench();
      const caseId = await b.open();
      const key = `${kind}:${caseId}`;
      b.chat.loseAnswerOf = { call: "post", error: new Died() };
      const dying = notifierOf({ ...b.deps, approversChannels: { slack: "C1" } });
      await dying.notify({ key });
      expect(standing(b, key)).toHaveLength(1);
      expect(await rowOf(b, key)).toMatchObject({ posting: true, ts: null, done: 0 });
      await b.settle();
      expect(standing(b, key)).toHaveLength(1);
      expect(await rowOf(b, key)).toMatchObject({ posting: false, ts: standing(b, key)[0]?.ts });
      expect(textOf(b.shown(key))).toContain("Alice");
    },
  );

  it("takes over a message whose process died while it held it, when its lease is over", async () => {
    await using b = await bench();
    const caseId = await b.open();
    const key = `case:${caseId}`;
    const until = new Date(b.t.clock.now.getTime() + 30_000);
    await write(b, (tx) =>
      tx.update(posts).set({ lease: "dead", leaseUntil: until, posting: true }).where(eq(posts.key, key)),
    );
    const notifier = notifierOf({ ...b.deps, approversChannels: { slack: "C1" } });
    await notifier.notify({ key });
    expect(standing(b, key)).toHaveLength(0);
    later(b, 30_001);
    expect(await notifier.listDue()).toContain(key);
    await notifier.notify({ key });
    expect(standing(b, key)).toHaveLength(1);
    expect(b.chat.calls.findPost).toBe(1);
  });

  it("sends once when two processes take the same job", async () => {
    await using b = await bench();
    const caseId = await b.open();
    const notifier = notifierOf({ ...b.deps, approversChannels: { slack: "C1" } });
    await Promise.all([1, 2, 3].map(() => notifier.notify({ key: `case:${caseId}` })));
    expect(b.chat.calls.post).toBe(1);
  });
});

describe("while the chat is away", () => {
  it("holds no step, and says everything when it is back", async () => {
    await using b = await bench({ alice: { grants: [{ id: "g2" }], work: [] } });
    const caseId = await b.open();
    await b.settle();
    b.chat.broken = new SystemError({ code: "unreachable" });
    const message = b.shown(`case:${caseId}`);
    await b.press("ann", message, "Approve");
    await b.t.runJobs({
      notify: (key) => notifierOf({ ...b.deps, approversChannels: { slack: "C1" } }).notify({ key }),
    });
    expect((await b.view(caseId)).case.state).toBe("closed");
    expect(textOf(b.shown(`case:${caseId}`))).not.toContain("Closed");
    b.chat.broken = undefined;
    later(b, 400_000);
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}`))).toContain("Closed");
    expect(standing(b, `summary:${caseId}`)).toHaveLength(1);
  });

  it("waits as long as the chat asks, whatever is wanted meanwhile", async () => {
    await using b = await bench();
    const caseId = await b.open();
    const key = `case:${caseId}`;
    const notifier = notifierOf({ ...b.deps, approversChannels: { slack: "C1" } });
    const retryAt = new Date(b.t.clock.now.getTime() + 30_000);
    b.chat.broken = new SystemError({ code: "rate-limited", retryAt });
    await notifier.notify({ key });
    b.chat.broken = undefined;
    later(b, 10_000);
    await write(b, (tx) => tx.update(posts).set({ wanted: 50, nextAt: null }).where(eq(posts.key, key)));
    await notifier.notify({ key });
    expect(standing(b, key)).toHaveLength(0);
    later(b, 20_001);
    await notifier.notify({ key });
    expect(standing(b, key)).toHaveLength(1);
  });
});

describe("an unfit approvers' channel", () => {
  it.each([
    ["is public", { private: false, members: ["Uann"] }, /it is not private/],
    ["holds the leaver", { private: true, members: ["Uann", "Ualice"] }, /the person it is about reads it/],
  ])("that %s gets nothing: every approver is told directly, and told why", async (_, channel, why) => {
    await using b = await bench();
    b.chat.channels.set("C1", channel);
    const caseId = await b.open();
    await approve(b, caseId);
    expect(b.chat.posts.filter(({ channel: at }) => at === "C1")).toEqual([]);
    for (const who of ["ann", "bob"]) {
      const key = `case:${caseId}:to:${who}`;
      expect(standing(b, key).map(({ channel: at }) => at)).toEqual([`D-U${who}`]);
      expect(textOf(b.shown(key))).toMatch(why);
      expect(textOf(b.shown(key))).toMatch(/2 steps, all gone/);
    }
    expect(b.chat.dm("Ualice")).toEqual([]);
  });

  it("that does not exist is no obstacle", async () => {
    await using b = await bench({ channel: "C404" });
    const caseId = await b.open();
    await b.settle();
    expect(textOf(b.shown(`case:${caseId}:to:ann`))).toMatch(/it cannot be read/);
  });

  it("is left once the leaver joins it: what stood there names nobody any more", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await b.settle();
    b.chat.channels.get("C1")?.members.push("Ualice");
    await b.press("ann", b.shown(`case:${caseId}`), "Approve");
    await b.settle();
    const inChannel = b.chat.posts.filter(({ channel }) => channel === "C1");
    expect(inChannel.map(({ message }) => JSON.stringify(message))).not.toContainEqual(
      expect.stringContaining("Alice"),
    );
    expect(textOf(b.shown(`case:${caseId}:to:bob`))).toMatch(/Ann approved/);
  });

  it("leaves threads under each approver's own message", async () => {
    await using b = await bench({ policy: { readBacks: 1 }, channel: null });
    b.repo.mood.lies = true;
    const caseId = await b.open();
    await approve(b, caseId);
    const step = (await b.view(caseId)).steps[0]?.id;
    for (const who of ["ann", "bob"]) {
      const [parent] = standing(b, `case:${caseId}:to:${who}`);
      const [thread] = standing(b, `step:${step}:to:${who}`);
      expect(thread).toMatchObject({ channel: `D-U${who}`, thread: parent?.ts });
    }
    expect(textOf(b.shown(`case:${caseId}:to:ann`))).not.toMatch(/cannot be used/);
  });
});

describe("who is told", () => {
  it("puts a step that needs somebody into the thread of the case", async () => {
    await using b = await bench({ policy: { readBacks: 1 } });
    b.repo.mood.lies = true;
    const caseId = await b.open();
    await approve(b, caseId);
    const step = (await b.view(caseId)).steps[0]?.id;
    const [parent] = standing(b, `case:${caseId}`);
    expect(standing(b, `step:${step}`)[0]).toMatchObject({ channel: "C1", thread: parent?.ts });
    expect(labels(b.shown(`step:${step}`))).toEqual(["Retry", "Done by hand", "Skip"]);
  });

  it("offers nothing before the departure may be known", async () => {
    await using b = await bench();
    const when = { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } as const;
    const caseId = await b.open({ when });
    await approve(b, caseId);
    // Somebody writes into the database that it is offered, and asks for the message.
    await write(b, (tx) => tx.update(offers).set({ state: "offered" }));
    const key = `work:${caseId}:mia`;
    const notice = { kind: "work", caseId, personId: "mia" };
    await write(b, (tx) => tx.insert(posts).values({ key, notice, audience: { kind: "person", personId: "mia" } }));
    await b.settle();
    expect(b.chat.dm("Umia")).toEqual([]);
  });

  it.each(["open", "cancelled"])("never tells the leaver of an %s case, whatever row says so", async (state) => {
    await using b = await bench();
    const caseId = await b.open();
    if (state === "cancelled") await b.ask("hr", { kind: "cancel-case", caseId });
    for (const kind of ["case", "mirror"])
      await write(b, (tx) =>
        tx.insert(posts).values({
          key: `forged:${kind}`,
          notice: { kind, caseId },
          audience: { kind: "person", personId: "alice" },
        }),
      );
    await b.settle();
    expect(textOf(b.shown(`mirror:${caseId}`))).toContain("Alice");
    expect(b.chat.dm("Ualice")).toEqual([]);
  });

  it("says nothing of a case that the log does not vouch for", async () => {
    await using b = await bench();
    const caseId = await b.open();
    await write(b, (tx) => tx.update(cases).set({ leaverId: "olga" }).where(eq(cases.id, caseId)));
    await b.settle();
    expect(b.chat.posts).toEqual([]);
    expect(b.t.logged.join()).toMatch(/does not vouch/);
  });

  it("tells the approvers once whom it could not reach", async () => {
    const badge = memorySystem("badge", { title: "Badges", manual: { owner: "olga@acme.test", dueHours: 24 } });
    badge.add("b1", { email: "alice@acme.test", grants: [{ id: "badge" }] });
    await using b = await bench({ more: [badge] });
    b.chat.add({ ...b.member("olga"), kind: "deactivated" });
    await note(b.t.w, { system: "slack", id: "Uolga", login: "Olga" }, "olga");
    const caseId = await b.open();
    await approve(b, caseId);
    await b.settle();
    expect(b.chat.dm("Uolga")).toEqual([]);
    const told = standing(b, `unreached:${caseId}:olga`);
    expect(told.map(({ channel }) => channel)).toEqual(["C1"]);
    expect(textOf(told[0]?.message)).toMatch(/Olga could not be told.*deactivated/);
  });

  it("takes its button from the owner of a system when somebody said that it is done", async () => {
    const badge = memorySystem("badge", { title: "Badges", manual: { owner: "olga@acme.test", dueHours: 24 } });
    badge.add("b1", { email: "alice@acme.test", grants: [{ id: "badge" }] });
    await using b = await bench({ more: [badge] });
    const caseId = await b.open();
    await approve(b, caseId);
    const step = (await b.view(caseId)).steps.find(({ system }) => system === "badge");
    expect(labels(b.shown(`manual:${step?.id}`))).toEqual(["Done by hand"]);
    await b.ask("olga", { kind: "done-by-hand", stepId: step?.id ?? "", note: "it is in the drawer" });
    await b.settle();
    expect(labels(b.shown(`manual:${step?.id}`))).toEqual([]);
    expect(textOf(b.shown(`manual:${step?.id}`))).toMatch(/attested by Olga/);
  });

  it("tells the other approvers of one who is deactivated, without going round in circles", async () => {
    await using b = await bench({ channel: null });
    b.chat.add({ ...b.member("bob"), kind: "deactivated" });
    const caseId = await b.open();
    await b.settle();
    expect(b.chat.dm("Ubob")).toEqual([]);
    expect(textOf(b.shown(`unreached:${caseId}:bob:to:ann`))).toMatch(/Bob could not be told/);
    expect(standing(b, `unreached:${caseId}:bob:to:ann`)).toHaveLength(1);
  });

  it("gives the manager what nobody took, by name", async () => {
    await using b = await bench({ policy: { offerDeadlineHours: 1 } });
    const caseId = await b.open();
    await approve(b, caseId);
    const [offer] = (await b.view(caseId)).offers;
    const { asked } = await b.press("mia", b.shown(`work:${caseId}:mia`), "Decline");
    expect(asked).toHaveLength(1);
    await b.ask("mia", { kind: "decline-offer", offerId: offer?.id ?? "", why: "no-time" });
    await b.settle();
    expect(textOf(b.shown(`unclaimed:${caseId}`))).toContain("Fix pay()");
    expect(standing(b, `summary:${caseId}`)[0]?.thread).toBe(standing(b, `case:${caseId}`)[0]?.ts);
    expect(textOf(b.shown(`summary:${caseId}`))).toMatch(/Proven gone: 2/);
    expect(textOf(b.shown(`summary:${caseId}`))).toMatch(/SHA256:/);
  });
});
