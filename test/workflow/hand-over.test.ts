import postgres from "postgres";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DeclineReason } from "../../src/core/offer.ts";
import type { Offer } from "../../src/store/offers.ts";
import { listOffers } from "../../src/store/offers.ts";
import { acceptContainer, acceptOffer, declineOffer, passOffer } from "../../src/workflow/decide-offer.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { handOver } from "../../src/workflow/hand-over.ts";
import { type Leaving, openCase } from "../../src/workflow/open-case.ts";
import { attestSecret, closeWork, returnOffer, snoozeOffer } from "../../src/workflow/settle-work.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { note } from "../peers/note.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const NOW: Leaving = {
  when: { kind: "now" },
  kind: "voluntary",
  mode: "orderly",
  announced: false,
  reason: "resignation",
};

let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

afterEach(async () => {
  await test?.drop();
});

/** Alice's case, approved and cut: her work is put to people. Bob is named, Mia is her manager, Olga knows the code. */
async function start(
  options: {
    readonly work?: readonly string[];
    readonly secrets?: readonly string[];
    readonly policy?: Parameters<typeof testWorkflow>[0]["policy"];
    readonly heir?: string;
    readonly accounts?: readonly string[];
    readonly suggests?: MemorySystem["mood"]["suggests"];
    readonly prepare?: () => void;
  } = {},
): Promise<void> {
  git = memorySystem("git", { title: "Code" });
  git.add("1", {
    email: "alice@acme.test",
    grants: [{ secrets: [...(options.secrets ?? [])] }],
    work: options.work ?? ["Fix pay()"],
  });
  const accounts = options.accounts ?? ["bob", "mia", "olga"];
  for (const id of accounts) git.add(id, { email: `${id}@acme.test` });
  git.mood.suggests = options.suggests ?? [];
  options.prepare?.();
  test = await testWorkflow({
    systems: [git],
    roles: { requester: ["hana"], approver: ["sam", "ivo"] },
    policy: options.policy ?? {},
    people: [
      { id: "alice", manager: "mia", zone: "Europe/Berlin" },
      ...["hana", "sam", "ivo", "mia"].map((id) => ({ id })),
      { id: "bob" },
      { id: "olga", zone: "America/New_York" },
    ],
  });
  await note(test.w, { system: "git", id: "olga", login: "olga-login" }, "olga");
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), {
    ...NOW,
    ...(options.heir === "none" ? {} : { heir: test.chat(options.heir ?? "bob") }),
  });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  caseId = opened.caseId;
  await test.runJobs();
  const [plan] = await test.database.store.sql`select hash from plans where case_id = ${caseId}`;
  for (const by of ["sam", "ivo"])
    await decidePlan(test.w, test.request(by), {
      caseId,
      planHash: String(plan?.["hash"]),
      verdict: "approved",
    });
  await test.runJobs();
}

const all = (): Promise<readonly Offer[]> => test.database.store.db.transaction((tx) => listOffers(tx, caseId));

async function only(): Promise<Offer> {
  const [offer] = await all();
  if (!offer) throw new Error("no offer");
  return offer;
}

async function state(): Promise<unknown> {
  const [row] = await test.database.store.sql`select state from cases where id = ${caseId}`;
  return row?.["state"];
}

/** Actions about work in the log, with who was passed over and why. */
async function said(prefix: string): Promise<readonly string[]> {
  const rows = await test.database.store
    .sql`select action from audit.entries where case_id = ${caseId} and action like ${`${prefix}%`} order by seq`;
  return rows.map((row) => String(row["action"]));
}

const holder = (title: string) =>
  [...git.held].find(([, { work }]) => work.some((item) => item.title === title))?.[0] ?? "nobody";

const back = (by: string, why: DeclineReason = "no-time") =>
  only().then(({ id }) => returnOffer(test.w, test.request(by), id, why));

describe("right before somebody is asked", () => {
  it("who cannot receive it is passed over for who can, with an entry before and after", async () => {
    await start({
      suggests: [["olga", "reviewed it"]],
      prepare: () => {
        git.mood.taking["bob"] = { may: false, why: "it is their own pull request" };
      },
    });
    expect(await only()).toMatchObject({ state: "offered", toId: "olga", skipped: [{ id: "bob", why: "cannot" }] });
    expect(await said("owner.")).toEqual([
      "owner.checkStarted",
      "owner.checked",
      "owner.checkStarted",
      "owner.checked",
    ]);
    expect(test.notices.filter((key) => key.startsWith("obstacle:"))).toEqual([]);
  });

  it("and if nobody else is there they are asked with what they lack, and those who can grant it are told", async () => {
    await start({ heir: "none", accounts: [] });
    expect(await only()).toMatchObject({ state: "offered", toId: "mia" });
    expect((await only()).obstacle).toMatch(/Mia needs an account in Code/);
    expect(test.notices).toContain(`obstacle:${caseId}:mia`);
    // Nothing of it was granted by us.
    expect([...git.held.keys()]).toEqual(["1"]);
  });

  it("who is away by policy is passed over, unless there is nobody else", async () => {
    const away = (who: string) => ({ who, from: "2026-11-20", until: "2026-11-30" });
    await start({
      policy: { absences: [away("olga@acme.test"), away("bob")] },
      suggests: [["olga", "reviewed it"]],
    });
    expect(await only()).toMatchObject({ toId: "mia" });
    await declineOffer(test.w, test.request("mia"), (await only()).id, "no-time");
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "offered", toId: "bob" });
  });

  it("a system that does not answer keeps nobody from being asked", async () => {
    await start({
      prepare: () => {
        const { findAccounts } = git;
        Object.assign(git, {
          findAccounts: async (person: { id: string }, call: never) => {
            if (person.id !== "alice") throw new Error("down");
            return findAccounts(person as never, call);
          },
        });
      },
    });
    expect(await only()).toMatchObject({ state: "offered", toId: "bob", obstacle: null });
    expect((await only()).checkedAt).not.toBeNull();
  });
});

describe("an owner", () => {
  it("who left between the word and the move gets nothing: the next one is asked", async () => {
    await start();
    const { id } = await only();
    await acceptOffer(test.w, test.request("bob"), id);
    const opened = await openCase(test.w, test.request("hana"), test.chat("bob"), NOW);
    expect(opened.kind).toBe("opened");
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "offered", toId: "mia", skipped: [{ id: "bob", why: "leaving" }] });
    expect(holder("Fix pay()")).toBe("1");
  });

  it("gives back before the move, and nothing of it was moved", async () => {
    await start();
    await acceptOffer(test.w, test.request("bob"), (await only()).id);
    expect(await back("olga")).toMatchObject({ kind: "forbidden" });
    expect(await back("bob")).toEqual({ kind: "returned" });
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "offered", toId: "mia", declined: ["bob"], acceptedSeq: null });
    expect(holder("Fix pay()")).toBe("1");
  });

  it("gives back after the move, keeps it until somebody else accepts, and the log says who had it", async () => {
    await start({ work: ["Fix pay()", "Fix tax()"] });
    const [first, second] = await all();
    if (!first || !second) throw new Error("two");
    await acceptOffer(test.w, test.request("bob"), first.id);
    await test.runJobs();
    expect(holder(first.item.title)).toBe("bob");
    expect(await returnOffer(test.w, test.request("bob"), first.id, "other", "too much")).toEqual({ kind: "returned" });
    await test.runJobs();
    expect(holder(first.item.title)).toBe("bob");
    await acceptOffer(test.w, test.request("mia"), first.id);
    await test.runJobs();
    expect(holder(first.item.title)).toBe("mia");
    expect(await said("work.moved")).toHaveLength(2);
    // An old word cannot be used again by who gave it back.
    await test.database.store
      .sql`update offers set state = 'accepted', to_id = 'bob', accepted_seq = ${(await said("x")).length} where id = ${first.id}`;
    test.waiting.push({ queue: "hand-over", payload: { offerId: first.id } });
    await test.runJobs();
    expect(holder(first.item.title)).toBe("mia");
  });

  it("cannot give back what a system cannot move on, and is told so", async () => {
    await start({ work: ["Fix pay()", "Fix tax()"] });
    const [first] = await all();
    if (!git.work || !first) throw new Error("work");
    await acceptOffer(test.w, test.request("bob"), first.id);
    await test.runJobs();
    Object.assign(git.work, { moveOn: undefined });
    const said = await returnOffer(test.w, test.request("bob"), first.id, "no-time");
    expect(said).toMatchObject({ kind: "cannot-take", why: expect.stringMatching(/system itself/) });
  });

  it("puts it aside until a working hour of theirs, never beyond the deadline, and is reminded once", async () => {
    await start({ heir: "olga", policy: { offerDeadlineHours: 96 } });
    const { id, deadlineAt } = await only();
    // A Wednesday, 4 in the morning in New York: she sees it at 9.
    expect(deadlineAt?.toISOString()).toBe("2026-11-29T14:00:00.000Z");
    expect(await snoozeOffer(test.w, test.request("olga"), id, "week")).toMatchObject({ kind: "cannot-take" });
    expect(await snoozeOffer(test.w, test.request("olga"), id, "day")).toMatchObject({
      kind: "snoozed",
      until: new Date("2026-11-26T14:00:00.000Z"),
    });
    test.clock.now = new Date("2026-11-26T13:59:00.000Z");
    await sweep(test.w);
    expect(await said("offer.reminded")).toEqual([]);
    test.clock.now = new Date("2026-11-26T14:00:00.000Z");
    await sweep(test.w);
    await sweep(test.w);
    expect(await said("offer.reminded")).toEqual(["offer.reminded"]);
    expect(test.notices).toContain(`work-reminder:${caseId}:olga:2026-11-26`);
    expect((await only()).snoozedUntil).toBeNull();
  });

  it("takes everything of one place with one word, and nothing that is somebody else's", async () => {
    await start({ work: ["Fix pay()", "Fix tax()", "Fix sum()"] });
    const [first] = await all();
    await passOffer(test.w, test.request("bob"), first?.id ?? "", test.chat("olga"));
    await test.runJobs();
    const of = { caseId, system: "git", container: "acme/payments" };
    expect(await acceptContainer(test.w, test.request("sam"), of)).toMatchObject({ kind: "forbidden" });
    expect(await acceptContainer(test.w, test.request("bob"), of)).toEqual({ kind: "accepted-all", count: 2 });
    await test.runJobs();
    expect((await all()).map(({ state }) => state).sort()).toEqual(["moved", "moved", "offered"]);
    expect(await said("offer.accepted")).toHaveLength(2);
  });
});

it("stays moved when a second worker looked at it just before the first one was done", async () => {
  await start({ work: ["Fix pay()", "Fix tax()"] });
  const [first] = await all();
  await acceptOffer(test.w, test.request("bob"), first?.id ?? "");
  const gate = Promise.withResolvers<void>();
  git.mood.reassigns = gate.promise;
  const moving = handOver(test.w, { offerId: first?.id ?? "" });
  await vi.waitFor(async () => expect(await said("work.moveStarted")).toHaveLength(1));
  // The second has read the offer and stops where it reads what the system showed.
  const sql = postgres(test.database.superUrl, { max: 1, onnotice: () => {} });
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const locking = sql.begin(async (tx) => {
    await tx`lock table reads in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const second = handOver(test.w, { offerId: first?.id ?? "" });
  await new Promise((done) => setTimeout(done, 300));
  gate.resolve();
  // Without the case's lock the first one is done by now.
  await Promise.race([moving, new Promise((done) => setTimeout(done, 700))]);
  release.resolve();
  await Promise.all([locking, moving, second]);
  await sql.end();
  expect((await all()).find(({ id }) => id === first?.id)?.state).toBe("moved");
  expect(await said("offer.held")).toEqual([]);
});

describe("what nobody needs", () => {
  it("is closed by who took it, and only a fresh read says so", async () => {
    await start({ work: ["Fix pay()", "Fix tax()"] });
    const [first] = await all();
    if (!first) throw new Error("offer");
    expect(await closeWork(test.w, test.request("bob"), first.id)).toMatchObject({ kind: "already" });
    await acceptOffer(test.w, test.request("bob"), first.id);
    await test.runJobs();
    git.mood.lies = true;
    expect(await closeWork(test.w, test.request("bob"), first.id)).toEqual({ kind: "closing" });
    await test.runJobs();
    expect((await all())[0]).toMatchObject({ state: "moved", failure: expect.stringMatching(/still open/) });
    git.mood.lies = false;
    await closeWork(test.w, test.request("bob"), first.id);
    await test.runJobs();
    expect((await all())[0]).toMatchObject({ state: "closed" });
    expect(git.mood.closed).toEqual([first.item.id]);
    expect(await said("work.close")).toEqual([
      "work.closeAsked",
      "work.closeStarted",
      "work.closed",
      "work.closeAsked",
      "work.closeStarted",
      "work.closed",
    ]);
  });

  it("is closed by the manager while it waits, by nobody else, and the case ends", async () => {
    await start();
    const { id } = await only();
    for (const by of ["sam", "olga", "alice"])
      expect(await closeWork(test.w, test.request(by), id)).toMatchObject({ kind: "forbidden" });
    expect(await closeWork(test.w, test.request("mia"), id)).toEqual({ kind: "closing" });
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "closed" });
    expect(await state()).toBe("closed");
  });

  it("is not closed for a row that the log does not hold", async () => {
    await start();
    const { id } = await only();
    await test.database.store.sql`update offers set state = 'closing', close_seq = 3 where id = ${id}`;
    test.waiting.push({ queue: "hand-over", payload: { offerId: id } });
    await test.runJobs();
    expect(git.mood.closed).toEqual([]);
    expect(await said("offer.held")).toEqual(["offer.held"]);
  });
});

describe("a secret that the leaver could know", () => {
  it("is a duty of its own: accepted, rotated by hand, and attested with a note", async () => {
    await start({ work: [], secrets: ["DEPLOY_KEY of acme/payments"] });
    const { id, item } = await only();
    expect(item).toMatchObject({ kind: "secret", title: "DEPLOY_KEY of acme/payments" });
    // Taking the grant away does not make her forget it.
    expect(await state()).toBe("handing-over");
    expect(await attestSecret(test.w, test.request("bob"), id, "done")).toMatchObject({ kind: "already" });
    expect(await acceptOffer(test.w, test.request("bob"), id)).toEqual({ kind: "accepted" });
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "rotating" });
    expect(await attestSecret(test.w, test.request("mia"), id, "done")).toMatchObject({ kind: "already" });
    expect(await attestSecret(test.w, test.request("bob"), id, "  ")).toMatchObject({ kind: "cannot-take" });
    expect(await attestSecret(test.w, test.request("bob"), id, "new one in the vault")).toEqual({ kind: "attested" });
    await test.runJobs();
    expect(await state()).toBe("closed");
    const [entry] = await test.database.store
      .sql`select convert_from(body, 'UTF8')::jsonb as body from audit.entries where action = 'secret.attested'`;
    expect(entry?.["body"]).toMatchObject({ verification: { method: "attested", verifier: "bob" } });
    expect(JSON.stringify(entry?.["body"])).not.toContain("vault");
  });

  it("is late under the manager's name when its owner does not rotate it, and can still be attested", async () => {
    await start({ work: [], secrets: ["DEPLOY_KEY"], policy: { offerDeadlineHours: 1 } });
    const { id } = await only();
    await acceptOffer(test.w, test.request("bob"), id);
    test.clock.now = new Date(test.clock.now.getTime() + 3_700_000);
    await sweep(test.w);
    await test.runJobs();
    expect(await only()).toMatchObject({ state: "unclaimed" });
    expect(await state()).toBe("closed");
    expect(await attestSecret(test.w, test.request("bob"), id, "rotated at last")).toEqual({ kind: "attested" });
    expect(await only()).toMatchObject({ state: "attested", toId: "bob" });
  });
});

it("declined by everybody it goes by name to the manager, who can still take it", async () => {
  await start();
  const { id } = await only();
  await declineOffer(test.w, test.request("bob"), id, "not-mine", "ask Olga");
  await test.runJobs();
  await declineOffer(test.w, test.request("mia"), id, "no-time");
  await test.runJobs();
  expect(await only()).toMatchObject({ state: "unclaimed" });
  expect(await state()).toBe("closed");
  expect(await acceptOffer(test.w, test.request("mia"), id)).toEqual({ kind: "accepted" });
  await test.runJobs();
  expect(holder("Fix pay()")).toBe("mia");
});
