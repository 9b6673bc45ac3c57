import { asc, eq } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { SystemError } from "../../connectors/connector.ts";
import { cases, entries, steps } from "../../src/store/schema.ts";
import { cancelCase } from "../../src/workflow/cancel-case.ts";
import { acceptOffer, declineOffer } from "../../src/workflow/decide-offer.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { attestStep, retryStep, skipStep } from "../../src/workflow/decide-step.ts";
import { nameAccount, noAccount, retryRead } from "../../src/workflow/name-account.ts";
import { checkLeaver, type Leaving, openCase } from "../../src/workflow/open-case.ts";
import { proposePlan } from "../../src/workflow/propose-plan.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { type MemorySystem, memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { note } from "../peers/note.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const NOW: Leaving = {
  when: { kind: "now" },
  kind: "voluntary",
  mode: "orderly",
  announced: true,
  reason: "resignation",
};
const PEOPLE = [
  { id: "alice", manager: "mia", zone: "Europe/Berlin" },
  { id: "hana" },
  { id: "sam" },
  { id: "ivo" },
  { id: "bob" },
  { id: "mia" },
];
const ROLES = { requester: ["hana"], approver: ["sam", "ivo"] };

let test: TestWorkflow;
afterEach(() => test.drop());

async function start(systems: readonly MemorySystem[], more: Partial<Parameters<typeof testWorkflow>[0]> = {}) {
  test = await testWorkflow({ systems, roles: ROLES, people: PEOPLE, ...more });
}

async function open(leaving: Partial<Leaving> = {}): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), { ...NOW, ...leaving });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  await test.runJobs();
  return opened.caseId;
}

async function view(caseId: string) {
  const [row] = await test.database.store.db.select().from(cases).where(eq(cases.id, caseId));
  const all = await test.database.store.db
    .select()
    .from(steps)
    .where(eq(steps.caseId, caseId))
    .orderBy(asc(steps.position));
  return { state: row?.state, steps: all.map(({ state }) => state), rows: all };
}

async function newestPlan(caseId: string): Promise<{ hash: string; state: string; scope: string }> {
  const [row] = await test.database.store
    .sql`select hash, state, scope from plans where case_id = ${caseId} order by revision desc limit 1`;
  if (!row) throw new Error("there is no plan");
  return row as unknown as { hash: string; state: string; scope: string };
}

async function decide(
  who: string,
  caseId: string,
  more: { verdict?: "approved" | "rejected"; gaps?: string; hash?: string } = {},
) {
  const planHash = more.hash ?? (await newestPlan(caseId)).hash;
  const decided = await decidePlan(test.w, test.request(who), {
    caseId,
    planHash,
    verdict: more.verdict ?? "approved",
    ...(more.gaps === undefined ? {} : { gaps: more.gaps }),
  });
  await test.runJobs();
  return decided;
}

async function actions(caseId: string): Promise<string[]> {
  const rows = await test.database.store.db
    .select({ action: entries.action, outcome: entries.outcome })
    .from(entries)
    .where(eq(entries.caseId, caseId))
    .orderBy(asc(entries.seq));
  return rows.map(({ action, outcome }) => (outcome === "success" ? action : `${action}:${outcome}`));
}

/** Lets time pass until nothing is due any more. */
async function later(seconds: number): Promise<void> {
  test.clock.now = new Date(test.clock.now.getTime() + seconds * 1000);
  await sweep(test.w);
  await test.runJobs();
}

describe("a case from its opening to its end", () => {
  it("ends proven and closed, with an entry before and after each act", async () => {
    const git = memorySystem("git");
    git.add("1", {
      email: "alice@acme.test",
      grants: [
        { id: "org", privileged: true },
        { id: "team", via: "org" },
      ],
      work: ["Fix rounding"],
    });
    git.add("2", { email: "bob@acme.test" });
    await start([git]);
    const caseId = await open({
      heir: { surface: "slack", id: "Ubob", name: "Bob", email: "bob@acme.test", kind: "member" },
    });
    expect(await decide("sam", caseId)).toMatchObject({ kind: "decided", missing: 1 });
    expect(await view(caseId)).toMatchObject({ state: "planned", steps: [] });
    expect(await decide("ivo", caseId)).toMatchObject({ kind: "decided", missing: 0 });
    expect(await view(caseId)).toMatchObject({ state: "handing-over", steps: ["proven", "proven"] });
    const [offer] = await test.database.store.sql`select id from offers`;
    expect(await acceptOffer(test.w, test.request("bob"), String(offer?.["id"]))).toEqual({ kind: "accepted" });
    await test.runJobs();
    expect((await view(caseId)).state).toBe("closed");
    expect(git.held.get("2")?.work.map(({ title }) => title)).toEqual(["Fix rounding"]);
    expect(git.revoked).toEqual(["org"]);
    expect(await actions(caseId)).toEqual([
      "case.opened",
      "system.readStarted",
      "system.read",
      "plan.proposed",
      "plan.decided",
      "plan.decided",
      "plan.approved",
      "owner.checkStarted",
      "owner.checked",
      "case.cutStarted",
      "system.readStarted",
      "system.read",
      "grant.revokeStarted",
      "grant.revoked",
      "grant.readStarted",
      "grant.readBack",
      "grant.revokeStarted",
      "grant.revoked",
      "grant.readStarted",
      "grant.readBack",
      "system.readStarted",
      "system.read",
      "case.accessGone",
      "offer.accepted",
      "work.moveStarted",
      "work.moved",
      "system.readStarted",
      "system.read",
      "case.closed",
    ]);
  });

  it("waits for its due instant, and cuts then", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git]);
    const caseId = await open({ when: { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } });
    await decide("sam", caseId);
    await later(5 * 86_400);
    expect(test.clock.now.toISOString()).toBe("2026-11-30T09:00:00.000Z");
    expect(await view(caseId)).toMatchObject({ state: "approved", steps: [] });
    await later(8 * 3600);
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["proven"] });
  });

  it("says that it was missed when nobody approved in time, and cuts when somebody does", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git]);
    const caseId = await open({ when: { kind: "at", date: "2026-11-26", time: "18:00", zone: "Europe/Berlin" } });
    await later(2 * 86_400);
    expect(await actions(caseId)).toContain("case.missed:failure");
    await later(60);
    expect((await actions(caseId)).filter((action) => action.startsWith("case.missed"))).toHaveLength(1);
    await decide("sam", caseId);
    expect((await view(caseId)).state).toBe("closed");
  });

  it("contains first with one approver, then asks two for the rest", async () => {
    const git = memorySystem("git");
    git.add("1", {
      email: "alice@acme.test",
      grants: [
        { id: "session", stage: "sessions", privileged: true },
        { id: "org", reversible: { untilDays: 90 } },
      ],
    });
    await start([git]);
    const caseId = await open({ mode: "contain", kind: "involuntary", reason: "security", announced: false });
    expect(await newestPlan(caseId)).toMatchObject({ scope: "contain" });
    await decide("sam", caseId);
    expect(git.revoked).toEqual(["session"]);
    expect(await newestPlan(caseId)).toMatchObject({ scope: "full", state: "proposed" });
    await decide("sam", caseId);
    await decide("ivo", caseId);
    expect(git.revoked).toEqual(["session", "org"]);
    expect((await view(caseId)).state).toBe("closed");
  });

  it("keeps what a containment took when the rest is rejected, and says what was left", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{ id: "session" }, { id: "org", reversible: "never" }] });
    await start([git]);
    const caseId = await open({ mode: "contain", announced: false });
    await decide("sam", caseId);
    await decide("ivo", caseId, { verdict: "rejected" });
    expect(git.revoked).toEqual(["session"]);
    expect((await view(caseId)).state).toBe("closed");
    expect(await actions(caseId)).toContain("case.closed:failure");
  });

  it("is taken back before the cut, and nothing is revoked", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git]);
    const caseId = await open({ when: { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } });
    await decide("sam", caseId);
    expect(await cancelCase(test.w, test.request("hana"), caseId)).toEqual({ kind: "cancelled" });
    await later(10 * 86_400);
    expect(git.revoked).toEqual([]);
    expect((await view(caseId)).state).toBe("cancelled");
  });
});

describe("a plan", () => {
  it("is made once of one picture, however often the job comes, and never again once approved", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{ privileged: true }] });
    await start([git]);
    const caseId = await open({ when: { kind: "at", date: "2026-11-30", time: "18:00", zone: "Europe/Berlin" } });
    const first = await newestPlan(caseId);
    await proposePlan(test.w, { caseId });
    expect(await newestPlan(caseId)).toEqual(first);
    await decide("sam", caseId);
    await decide("ivo", caseId);
    await proposePlan(test.w, { caseId });
    expect(await newestPlan(caseId)).toMatchObject({ hash: first.hash, state: "approved" });
    expect((await view(caseId)).state).toBe("approved");
  });

  it("whose order contradicts itself names it as a gap instead of getting stuck", async () => {
    const git = memorySystem("git");
    git.add("1", {
      email: "alice@acme.test",
      grants: [
        { id: "a", after: ["b"] },
        { id: "b", after: ["a"] },
      ],
    });
    await start([git]);
    const caseId = await open();
    expect(await decide("sam", caseId)).toMatchObject({
      kind: "gaps",
      gaps: [{ why: expect.stringContaining("a after b") }],
    });
  });
});

describe("what can go wrong with a system", () => {
  it("never counts as revoked when it says yes and keeps the grant", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    git.mood.lies = true;
    await start([git], { policy: { readBacks: 3 } });
    const caseId = await open();
    await decide("sam", caseId);
    for (let at = 0; at < 5; at++) await later(600);
    expect(await view(caseId)).toMatchObject({ state: "revoking", steps: ["attention"] });
    const [step] = (await view(caseId)).rows;
    expect(step?.failure).toContain("still shows it");
    git.mood.lies = false;
    expect(await retryStep(test.w, test.request("sam"), step?.id ?? "")).toEqual({ kind: "retrying" });
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["proven"] });
  });

  it("takes by itself what was to end with another grant and did not", async () => {
    const github = memorySystem("github:acme");
    github.mood.keepsInherited = true;
    github.add("a-1", { email: "alice@acme.test", grants: [{ id: "child" }, { id: "parent", via: "child" }] });
    await start([github]);
    const caseId = await open();
    await decide("sam", caseId);
    while ((await view(caseId)).state === "revoking") {
      test.clock.now = new Date(test.clock.now.getTime() + 60_000);
      await sweep(test.w);
      await test.runJobs();
    }
    expect(github.revoked).toEqual(["child", "parent"]);
    expect((await view(caseId)).steps).toEqual(["proven", "proven"]);
  });

  it("asks a human after bounded tries; skipping needs a reason and shows as an exception", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git], { policy: { tries: 2 } });
    const caseId = await open();
    git.mood.answers = [1, 2, 3].map(() => new SystemError({ code: "unreachable" }));
    await decide("sam", caseId);
    await later(10);
    const [step] = (await view(caseId)).rows;
    expect(step).toMatchObject({ state: "attention", tries: 2 });
    expect(await skipStep(test.w, test.request("ivo"), step?.id ?? "", " ")).toEqual({ kind: "note-needed" });
    expect(await skipStep(test.w, test.request("ivo"), step?.id ?? "", "the host is being scrapped")).toEqual({
      kind: "skipped",
    });
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["skipped"] });
    expect(await actions(caseId)).toContain("case.closed:failure");
  });

  it("is a gap when it is down: approving needs it named, with a reason", async () => {
    const git = memorySystem("git");
    const down = memorySystem("down");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    down.mood.down = true;
    await start([git, down], { policy: { readTries: 1 } });
    const caseId = await open();
    expect(await decide("sam", caseId)).toMatchObject({
      kind: "gaps",
      gaps: [{ system: "down", what: "unreachable" }],
    });
    expect(await decide("sam", caseId, { gaps: "it is decommissioned" })).toMatchObject({ kind: "decided" });
    await later(60);
    expect((await view(caseId)).state).toBe("closed");
    expect(await actions(caseId)).toContain("case.closed:failure");
  });

  it("makes a new plan when it answers at last; an approval of the old one counts for nothing", async () => {
    const git = memorySystem("git");
    const flaky = memorySystem("flaky");
    git.add("1", { email: "alice@acme.test", grants: [{ privileged: true }] });
    flaky.add("7", { email: "alice@acme.test", grants: [{ id: "key" }] });
    flaky.mood.down = true;
    await start([git, flaky], { policy: { readTries: 1 } });
    const caseId = await open();
    const old = await newestPlan(caseId);
    await decide("sam", caseId, { gaps: "known" });
    flaky.mood.down = false;
    await retryRead(test.w, test.request("sam"), { caseId, system: "flaky" });
    await test.runJobs();
    expect(await decide("ivo", caseId, { hash: old.hash, gaps: "known" })).toMatchObject({
      kind: "already",
      what: "superseded",
    });
    expect(await decide("ivo", caseId)).toMatchObject({ kind: "decided", missing: 1 });
    expect((await view(caseId)).state).toBe("planned");
  });
});

describe("accounts", () => {
  it("that nobody knows are asked for: looked up, shown, confirmed, and only then hers", async () => {
    const git = memorySystem("git");
    git.add("9", { grants: [{}] });
    await start([git]);
    const caseId = await open();
    const typed = { caseId, system: "git", account: "9-login", confirmed: false };
    expect(await nameAccount(test.w, test.request("hana"), { ...typed, account: "nine" })).toEqual({
      kind: "not-found",
    });
    expect(await nameAccount(test.w, test.request("hana"), typed)).toMatchObject({
      kind: "found",
      account: { id: "9" },
    });
    await test.runJobs();
    expect((await newestPlan(caseId)).state).toBe("proposed");
    expect(await nameAccount(test.w, test.request("hana"), { ...typed, account: "id:9", confirmed: true })).toEqual({
      kind: "named",
    });
    await test.runJobs();
    await decide("sam", caseId);
    expect(git.revoked).toEqual(["grant-0"]);
  });

  it("of somebody else are never taken", async () => {
    const git = memorySystem("git");
    git.add("2", { email: "bob@acme.test", grants: [{}] });
    await start([git]);
    await note(test.w, { system: "git", id: "2", login: "2-login" }, "bob");
    const caseId = await open();
    expect(
      await nameAccount(test.w, test.request("hana"), { caseId, system: "git", account: "2-login", confirmed: false }),
    ).toEqual({ kind: "taken" });
  });

  it("that do not exist are said not to, by a person, and the line is clean then", async () => {
    const git = memorySystem("git");
    await start([git]);
    const caseId = await open();
    expect(await decide("sam", caseId)).toMatchObject({ kind: "gaps" });
    expect(await noAccount(test.w, test.request("sam"), { caseId, system: "git" })).toEqual({ kind: "said-none" });
    await test.runJobs();
    expect(await decide("sam", caseId)).toMatchObject({ kind: "decided", missing: 0 });
    expect((await view(caseId)).state).toBe("closed");
    expect(await actions(caseId)).toContain("account.saidNone");
  });
});

describe("what appears after the approval", () => {
  async function planned(policy = {}) {
    const git = memorySystem("git");
    const held = git.add("1", { email: "alice@acme.test", grants: [{ id: "old" }] });
    await start([git], { policy });
    const caseId = await open({ when: { kind: "at", date: "2026-11-26", time: "18:00", zone: "Europe/Berlin" } });
    await decide("sam", caseId);
    return { git, held, caseId };
  }

  it("goes along if it is harmless", async () => {
    const { git, held, caseId } = await planned();
    held.grants.push(memoryGrant("git", "1", { id: "new" }));
    await later(2 * 86_400);
    expect(git.revoked.toSorted()).toEqual(["new", "old"]);
    expect(await actions(caseId)).toContain("plan.extended");
    expect((await view(caseId)).state).toBe("closed");
  });

  it("is asked about if it is privileged, while the rest goes on, and the case waits for the answer", async () => {
    const { git, held, caseId } = await planned();
    held.grants.push(memoryGrant("git", "1", { id: "admin", privileged: true }));
    await later(2 * 86_400);
    expect(git.revoked).toEqual(["old"]);
    expect((await view(caseId)).state).toBe("revoking");
    await decide("sam", caseId);
    await decide("ivo", caseId);
    expect(git.revoked).toEqual(["old", "admin"]);
    expect((await view(caseId)).state).toBe("closed");
  });

  it("is always asked about if the policy says so", async () => {
    const { git, held, caseId } = await planned({ appearedSince: "ask" });
    held.grants.push(memoryGrant("git", "1", { id: "new" }));
    await later(2 * 86_400);
    expect(git.revoked).toEqual(["old"]);
    expect(await decide("sam", caseId, { verdict: "rejected" })).toMatchObject({ kind: "decided" });
    expect((await view(caseId)).state).toBe("closed");
    expect(await actions(caseId)).toContain("case.closed:failure");
  });

  it("and shows only at the closing inventory is not left behind", async () => {
    const git = memorySystem("git");
    const held = git.add("1", { email: "alice@acme.test", grants: [{ id: "old" }] });
    const { readBack } = git;
    const back = {
      ...git,
      readBack: (async (grant, call) => {
        if (grant.id === "old") held.grants.push(memoryGrant("git", "1", { id: "sneaky" }));
        return readBack(grant, call);
      }) satisfies MemorySystem["readBack"],
    };
    await start([back]);
    const caseId = await open();
    await decide("sam", caseId);
    expect(git.revoked).toEqual(["old", "sneaky"]);
    expect((await view(caseId)).state).toBe("closed");
  });

  it("and comes back after it was proven gone is a finding that reopens the work", async () => {
    const git = memorySystem("git");
    const held = git.add("1", { email: "alice@acme.test", grants: [{ id: "old" }, { id: "other" }] });
    const { readBack } = git;
    let once = false;
    const back = {
      ...git,
      readBack: (async (grant, call) => {
        const reading = await readBack(grant, call);
        if (!once && grant.id === "old") {
          once = true;
          held.grants.push(memoryGrant("git", "1", { id: "old" }));
        }
        return reading;
      }) satisfies MemorySystem["readBack"],
    };
    await start([back]);
    const caseId = await open();
    await decide("sam", caseId);
    expect(await view(caseId)).toMatchObject({ state: "revoking", steps: ["attention", "proven"] });
    expect(await actions(caseId)).toContain("finding.raised:failure");
  });
});

describe("what no connector can read", () => {
  it("is given to its owner, attested with a note, and shown as that", async () => {
    const laptop = memorySystem("laptop", { manual: { owner: "bob@acme.test", dueHours: 24 } });
    laptop.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([laptop]);
    const caseId = await open();
    await decide("sam", caseId);
    const [step] = (await view(caseId)).rows;
    expect(step?.state).toBe("by-hand");
    expect(await attestStep(test.w, test.request("mia"), step?.id ?? "", "done")).toMatchObject({ kind: "forbidden" });
    expect(await attestStep(test.w, test.request("bob"), step?.id ?? "", "")).toEqual({ kind: "note-needed" });
    expect(await attestStep(test.w, test.request("bob"), step?.id ?? "", "laptop 42 is back")).toEqual({
      kind: "checking",
    });
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["attested"] });
  });

  it("takes a second person where it is privileged", async () => {
    const vault = memorySystem("vault", { manual: { owner: "bob", dueHours: 24 } });
    vault.add("1", { email: "alice@acme.test", grants: [{ privileged: true }] });
    await start([vault]);
    const caseId = await open();
    await decide("sam", caseId);
    await decide("ivo", caseId);
    const [step] = (await view(caseId)).rows;
    await attestStep(test.w, test.request("bob"), step?.id ?? "", "rotated");
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ steps: ["attesting"] });
    expect(await attestStep(test.w, test.request("bob"), step?.id ?? "", "really")).toEqual({ kind: "second-needed" });
    expect(await attestStep(test.w, test.request("sam"), step?.id ?? "", "seen")).toEqual({ kind: "attested" });
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["attested"] });
  });

  it("is read all the same if a connector can: a person's word does not make it gone", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git], { policy: { tries: 1 } });
    const caseId = await open();
    const { SystemError } = await import("../../connectors/connector.ts");
    git.mood.answers = [new SystemError({ code: "refused", reason: "no" })];
    await decide("sam", caseId);
    const [step] = (await view(caseId)).rows;
    expect(step?.state).toBe("attention");
    await attestStep(test.w, test.request("ivo"), step?.id ?? "", "I removed it");
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "revoking", steps: ["attention"] });
  });
});

describe("people", () => {
  it("who asked do not approve, and one person with two accounts is one approver", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{ privileged: true }] });
    await start([git], { roles: { requester: [], approver: ["hana", "sam", "ivo"] } });
    const caseId = await open();
    expect(await decide("hana", caseId)).toMatchObject({ kind: "forbidden" });
    await decide("sam", caseId);
    const { hash } = await newestPlan(caseId);
    const second = { by: test.chat("sam", { id: "Usam2" }), requestId: "second-account" };
    expect(await decidePlan(test.w, second, { caseId, planHash: hash, verdict: "approved" })).toMatchObject({
      kind: "already",
      what: "approved",
      by: ["sam"],
    });
    expect((await view(caseId)).state).toBe("planned");
  });

  it("who press at the same instant count once each, and a re-delivery counts for nothing", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{ privileged: true }] });
    await start([git]);
    const caseId = await open();
    const { hash } = await newestPlan(caseId);
    const press = (who: string, id: string) =>
      decidePlan(test.w, { by: test.chat(who), requestId: id }, { caseId, planHash: hash, verdict: "approved" });
    const kinds = (await Promise.all([press("sam", "a"), press("sam", "b"), press("sam", "a")])).map(
      ({ kind }) => kind,
    );
    expect(kinds.toSorted()).toEqual(["already", "decided", "repeated"]);
    expect((await view(caseId)).state).toBe("planned");
  });

  it("are refused with an entry if they have no right, and strangers have none", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}] });
    await start([git]);
    expect(await checkLeaver(test.w, test.request("bob"), test.chat("alice"))).toMatchObject({ kind: "forbidden" });
    const stranger = { by: test.chat("hana", { id: "U999", kind: "external" }), requestId: "x" } as const;
    expect(await checkLeaver(test.w, stranger, test.chat("alice"))).toEqual({ kind: "stranger", account: "external" });
    const refused = await test.database.store.db.select().from(entries).where(eq(entries.action, "request.refused"));
    expect(refused).toHaveLength(2);
  });

  it.each([
    ["a bot", { kind: "bot" }, { kind: "not-a-person", what: "bot" }],
    ["somebody external with one of our e-mails", { kind: "external" }, { kind: "not-a-person", what: "external" }],
    ["nobody the directory knows", { id: "U0", email: "nobody@acme.test" }, { kind: "unknown-person" }],
    ["an account without an e-mail", { id: "U0", email: "" }, { kind: "unknown-person" }],
  ] as const)("cannot be offboarded: %s", async (_, more, answer) => {
    await start([memorySystem("git")]);
    expect(await openCase(test.w, test.request("hana"), test.chat("alice", more), NOW)).toMatchObject(answer);
    expect(await test.database.store.db.select().from(cases)).toEqual([]);
  });

  it("are not offboarded by themselves, nor twice at once", async () => {
    await start([memorySystem("git")]);
    expect(await openCase(test.w, test.request("hana"), test.chat("hana"), NOW)).toMatchObject({ kind: "yourself" });
    const both = await Promise.all([1, 2].map(() => openCase(test.w, test.request("hana"), test.chat("alice"), NOW)));
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(["in-case", "opened"]);
  });

  it("who leave lose their rights the moment their case opens", async () => {
    await start([memorySystem("git")], { roles: { requester: ["hana"], approver: ["sam", "ivo", "alice"] } });
    expect(await checkLeaver(test.w, test.request("alice"), test.chat("bob"))).toMatchObject({ kind: "ready" });
    await open();
    expect(await checkLeaver(test.w, test.request("alice"), test.chat("bob"))).toMatchObject({ kind: "forbidden" });
  });

  it.each([
    ["in the past", { date: "2026-11-24", time: "18:00" }, "past"],
    ["that a clock change skips", { date: "2027-03-28", time: "02:30" }, "does not exist"],
    ["that comes twice", { date: "2027-10-31", time: "02:30" }, "comes twice"],
    ["far ahead", { date: "2062-11-30", time: "18:00" }, "days ahead"],
  ])("are not offboarded at a time %s", async (_, at, fault) => {
    await start([memorySystem("git")]);
    const opened = await openCase(test.w, test.request("hana"), test.chat("alice"), {
      ...NOW,
      when: { kind: "at", zone: "Europe/Berlin", ...at },
    });
    expect(opened).toMatchObject({ kind: "bad-time", fault: expect.stringContaining(fault) });
  });
});

describe("offers", () => {
  it("are held until the access is gone if the departure is not announced", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}], work: ["Fix rounding"] });
    await start([git]);
    const caseId = await open({
      announced: false,
      when: { kind: "at", date: "2026-11-26", time: "18:00", zone: "Europe/Berlin" },
    });
    await decide("sam", caseId);
    expect(test.notices.filter((key) => key.startsWith("work:"))).toEqual([]);
    await later(2 * 86_400);
    expect(test.notices.filter((key) => key.startsWith("work:"))).toHaveLength(1);
    expect((await view(caseId)).state).toBe("handing-over");
  });

  it("go to who the system says knows it best, with the reason, and are bound to the reading that said so", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}], work: ["Fix pay()", "Fix tax()"] });
    git.add("2", { email: "bob@acme.test" });
    git.mood.suggests = [["2", "reviewed it twice"]];
    await start([git]);
    await note(test.w, { system: "git", id: "2", login: "b" }, "bob");
    const caseId = await open();
    git.mood.suggests = new SystemError({ code: "forbidden" });
    await decide("sam", caseId);
    const sql = test.database.store.sql;
    const [honest, offer] = await sql`select id, to_id, why, state from offers order by item->>'id'`;
    expect(offer).toMatchObject({ to_id: "bob", why: "reviewed it twice", state: "offered" });
    await acceptOffer(test.w, test.request("bob"), String(honest?.["id"]));
    await test.runJobs();
    expect(git.held.get("2")?.work.map(({ title }) => title)).toEqual(["Fix pay()"]);
    await sql`update reads set work = jsonb_set(work, '{1,suggested,0,why}', '"says Mallory"')`;
    // What the changed reading says is believed of nobody: nothing puts the work to him any more.
    expect(await acceptOffer(test.w, test.request("bob"), String(offer?.["id"]))).toMatchObject({ kind: "forbidden" });
    expect(git.held.get("1")?.work).toHaveLength(1);
  });

  it("go to the manager when declined, and by name on their list when nobody takes them", async () => {
    const git = memorySystem("git");
    git.add("1", { email: "alice@acme.test", grants: [{}], work: ["Fix rounding"] });
    for (const who of ["bob", "mia"]) git.add(who, { email: `${who}@acme.test` });
    await start([git]);
    const caseId = await open({ heir: test.chat("bob") });
    await decide("sam", caseId);
    const [offer] = await test.database.store.sql`select id from offers`;
    const id = String(offer?.["id"]);
    expect(await acceptOffer(test.w, test.request("mia"), id)).toMatchObject({ kind: "forbidden" });
    expect(await declineOffer(test.w, test.request("bob"), id, "no-time", "no time")).toEqual({ kind: "declined" });
    expect(await declineOffer(test.w, test.request("mia"), id, "other")).toEqual({ kind: "declined" });
    await test.runJobs();
    expect(test.notices).toContain(`unclaimed:${caseId}`);
    expect((await view(caseId)).state).toBe("closed");
  });

  it("end before what is final begins, and it closes the case", async () => {
    const git = memorySystem("git");
    git.add("1", {
      email: "alice@acme.test",
      grants: [
        { id: "login", stage: "sessions" },
        { id: "password", stage: "final", after: ["login"], reversible: "never" },
      ],
      work: ["Fix rounding"],
    });
    git.add("2", { email: "bob@acme.test" });
    await start([git]);
    const caseId = await open({ heir: test.chat("bob") });
    await decide("sam", caseId);
    await decide("ivo", caseId);
    expect(await view(caseId)).toMatchObject({ state: "handing-over", steps: ["proven", "waiting"] });
    // Whatever looks again meanwhile, it waits.
    await sweep(test.w);
    await test.runJobs();
    expect((await view(caseId)).steps).toEqual(["proven", "waiting"]);
    expect(git.revoked).toEqual(["login"]);
    const [offer] = await test.database.store.sql`select id from offers`;
    expect(await acceptOffer(test.w, test.request("bob"), String(offer?.["id"]))).toEqual({ kind: "accepted" });
    await test.runJobs();
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["proven", "proven"] });
    expect(git.revoked).toEqual(["login", "password"]);
  });

  it("hold back what is final also when a closing inventory sends the case back to work", async () => {
    const git = memorySystem("git");
    const grants = [{ id: "login" }, { id: "password", stage: "final" as const, reversible: "never" as const }];
    const held = git.add("1", { email: "alice@acme.test", grants, work: ["Fix rounding"] });
    git.add("2", { email: "bob@acme.test" });
    const { readBack } = git;
    const back = {
      ...git,
      readBack: (async (grant, call) => {
        if (grant.id === "login") held.grants.push(memoryGrant("git", "1", { id: "sneaky" }));
        return readBack(grant, call);
      }) satisfies MemorySystem["readBack"],
    };
    await start([back]);
    const caseId = await open({ heir: test.chat("bob") });
    await decide("sam", caseId);
    await decide("ivo", caseId);
    expect(git.revoked).toEqual(["login", "sneaky"]);
    const { state, steps: left } = await view(caseId);
    expect(state).toBe("handing-over");
    expect(left.toSorted()).toEqual(["proven", "proven", "waiting"]);
  });

  it("that nobody has are not waited for: what is final follows the closing inventory at once", async () => {
    const git = memorySystem("git");
    const grants = [{ id: "login" }, { id: "password", stage: "final" as const, reversible: "never" as const }];
    git.add("1", { email: "alice@acme.test", grants });
    await start([git]);
    const caseId = await open();
    await decide("sam", caseId);
    await decide("ivo", caseId);
    expect(await view(caseId)).toMatchObject({ state: "closed", steps: ["proven", "proven"] });
    expect(git.revoked).toEqual(["login", "password"]);
    const said = await actions(caseId);
    // Read once before it, and once after it.
    const at = said.lastIndexOf("grant.revokeStarted");
    expect(said.slice(0, at).filter((action) => action === "system.read")).toHaveLength(3);
    expect(said.slice(at).filter((action) => action === "system.read")).toHaveLength(1);
  });
});
