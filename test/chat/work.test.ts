import { expect, it } from "vitest";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

const WHEN = { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } as const;

/** Alice's announced case, approved: her work is put to people before she goes. */
async function announced(b: Bench, leave: Parameters<Bench["open"]>[0] = {}): Promise<string> {
  const caseId = await b.open({ announced: true, when: WHEN, ...leave });
  await b.settle();
  await b.press("ann", b.shown(`case:${caseId}`), "Approve");
  await b.press("bob", b.shown(`case:${caseId}`), "Approve");
  await b.settle();
  return caseId;
}

const at = (b: Bench, iso: string) => {
  b.t.clock.now = new Date(iso);
};
const many = (number: number) => ({
  work: Array.from({ length: number }, (_, index) => `Piece ${String(index).padStart(2, "0")}`),
});

it("all work of a case is one message a person, kept up to date, with later pages on demand", async () => {
  await using b = await bench({ alice: { ...many(20), email: "alice@acme.test", grants: [{ id: "g1" }] } });
  const caseId = await announced(b);
  const [message, ...others] = b.chat.dm("Umia");
  expect(others).toEqual([]);
  expect(textOf(message?.message)).toMatch(/20 pieces of work, until now with Alice/);
  const page = await b.press("mia", message?.message, "Show 8 more of 12");
  expect(textOf(page.said[0])).toMatch(/Page 2[\s\S]*Piece 08[\s\S]*Piece 15/);
  expect((await b.ask("olga", { kind: "show-work", caseId, page: 0 })).said[0]?.summary).toMatch(/does not exist/);
  await b.press("mia", page.said[0], "Accept");
  const all = await b.press("mia", message?.message, "Accept all 20 in acme/payments");
  expect(textOf(all.said[0])).toMatch(/accepted 19 pieces/);
  await b.settle();
  expect(b.chat.dm("Umia")).toHaveLength(1);
  expect(textOf(b.shown(`work:${caseId}:mia`))).toMatch(/Nothing waits for your answer[\s\S]*It is yours/);
});

it("a new message waits for working hours in its reader's zone; one that stands is brought up to date at any hour", async () => {
  await using b = await bench({ alice: { ...many(2), email: "alice@acme.test", grants: [{ id: "g1" }] } });
  b.chat.add({ ...b.member("mia"), zone: "America/New_York" });
  // Friday evening in New York.
  at(b, "2026-11-27T23:00:00.000Z");
  const caseId = await announced(b, { when: { ...WHEN, date: "2026-12-10" } });
  expect(b.chat.dm("Umia")).toEqual([]);
  at(b, "2026-11-30T13:59:00.000Z");
  await b.settle();
  expect(b.chat.dm("Umia")).toEqual([]);
  at(b, "2026-11-30T14:00:00.000Z");
  await b.settle();
  expect(b.chat.dm("Umia")).toHaveLength(1);
  at(b, "2026-11-30T23:00:00.000Z");
  await b.press("mia", b.shown(`work:${caseId}:mia`), "Accept");
  await b.settle();
  expect(textOf(b.shown(`work:${caseId}:mia`))).toMatch(/It is yours/);
});

it("nobody gets more new messages about work in a day than the policy says", async () => {
  await using b = await bench({
    policy: { offersPerDay: 1, offerDeadlineHours: 30, offerReminderHours: 29 },
    alice: { ...many(1), email: "alice@acme.test", grants: [{ id: "g1" }] },
  });
  const caseId = await announced(b);
  const { sweep } = await import("../../src/workflow/sweep.ts");
  at(b, "2026-11-25T13:00:00.000Z");
  await sweep(b.t.w);
  await b.settle();
  expect(b.chat.dm("Umia")).toHaveLength(1);
  at(b, "2026-11-26T09:00:00.000Z");
  await b.settle();
  expect(b.chat.dm("Umia").map(({ key }) => key)).toEqual([
    `work:${caseId}:mia`,
    `work-reminder:${caseId}:mia:2026-11-25`,
  ]);
  expect(labels(b.chat.dm("Umia")[1]?.message)).toEqual(["Show them here"]);
});

it("who is away by their status is passed over, and is asked only if there is nobody else", async () => {
  await using b = await bench();
  b.chat.add({ ...b.member("olga"), away: true });
  const caseId = await announced(b, { heir: "Uolga" });
  expect(b.chat.dm("Uolga")).toEqual([]);
  expect(textOf(b.shown(`work:${caseId}:mia`))).toMatch(/Fix pay\(\)/);
  const [offer] = (await b.view(caseId)).offers;
  expect(offer?.skipped).toEqual([{ id: "olga", why: "away" }]);

  await using alone = await bench();
  alone.chat.add({ ...alone.member("mia"), away: true });
  await announced(alone);
  expect(alone.chat.dm("Umia")).toHaveLength(1);
});

it("who is deactivated in the chat is passed over for the next, whatever the directory says, and the approvers are told", async () => {
  await using b = await bench();
  const caseId = await announced(b, { heir: "Uolga", when: { ...WHEN, date: "2026-12-10" } });
  b.chat.add({ ...b.member("mia"), kind: "deactivated" });
  await b.press("olga", b.shown(`work:${caseId}:olga`), "Decline");
  const [offer] = (await b.view(caseId)).offers;
  await b.ask("olga", { kind: "decline-offer", offerId: offer?.id ?? "", why: "not-mine" });
  await b.settle();
  expect(b.chat.dm("Umia")).toEqual([]);
  expect((await b.view(caseId)).offers[0]?.state).toBe("unclaimed");
  expect(textOf(b.shown(`unreached:${caseId}:mia`))).toMatch(/Mia could not be told/);
});

it("a voluntary leaver whose departure is announced leaves a word for the taker, and nobody else can", async () => {
  await using b = await bench();
  const caseId = await announced(b);
  const [offer] = (await b.view(caseId)).offers;
  const offerId = offer?.id ?? "";
  expect((await b.ask("alice", { kind: "note-work", offerId })).asked[0]?.kind).toBe("note-work");
  for (const who of ["mia", "ann", "hr"])
    expect(textOf((await b.ask(who, { kind: "note-work", offerId, note: "x" })).said[0])).toMatch(/cannot do this/);
  expect(textOf((await b.ask("alice", { kind: "note-work", offerId, note: "ask Olga first" })).said[0])).toMatch(
    /Thank/,
  );
  await b.settle();
  expect(textOf(b.shown(`work:${caseId}:mia`))).toMatch(/Alice wrote: “ask Olga first”/);
  expect(b.chat.dm("Ualice")).toEqual([]);
});

it.each(["involuntary", "contract-end"] as const)("whose departure is %s leaves none", async (kind) => {
  await using b = await bench();
  const caseId = await announced(b, { kind });
  const [offer] = (await b.view(caseId)).offers;
  const said = await b.ask("alice", { kind: "note-work", offerId: offer?.id ?? "", note: "x" });
  expect(textOf(said.said[0])).toMatch(/cannot do this/);
});
