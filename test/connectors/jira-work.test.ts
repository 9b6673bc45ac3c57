import { afterEach, describe, expect, it } from "vitest";
import { addIssue, type JiraSeed, type Seen } from "../sandbox/services/jira.ts";
import { DOCUMENTED_PERMISSIONS } from "../sandbox/services/jira-state.ts";
import { ALICE, BOB, type JiraBench, MALLORY, OWN, SEED, userOf } from "./jira-bench.ts";
import { accountOf, call, failureOf, open, reassign, stopAll, workOf, worksOf } from "./jira-calls.ts";

afterEach(stopAll);

const CAROL = "712020:carol-0004";
const isSearch = ({ path }: Seen) => path === "/rest/api/3/search/jql";
const searchesOf = (bench: JiraBench) => bench.peer.requests.filter(isSearch);
const isAssign = ({ path }: Seen) => path.endsWith("/assignee");

const PAY: NonNullable<JiraSeed["projects"]>[number] = {
  key: "PAY",
  name: "Payments",
  lead: ALICE,
  components: [
    { name: "Ledger", lead: ALICE },
    { name: "Refunds", lead: CAROL },
  ],
  issues: [
    {
      summary: "Rounding differs",
      assignee: ALICE,
      reporter: BOB,
      priority: "High",
      dueDate: "2026-12-01",
      components: ["Refunds"],
      comments: [
        { by: BOB, text: "seen again" },
        { by: BOB, text: "and again" },
        { by: ALICE, text: "on it" },
        { by: OWN, text: "Handed over" },
        { by: OWN, text: "Handed over" },
        { by: OWN, text: "Handed over" },
      ],
      assignedBefore: [MALLORY],
    },
    { summary: "Old", assignee: ALICE, category: "done" },
    { summary: "Not hers", assignee: BOB },
  ],
};
const WORK = {
  users: [...SEED.users, { accountId: CAROL, displayName: "Carol", email: "carol@acme.example" }],
  projects: [PAY],
  filters: [{ name: "My bugs", owner: ALICE, shared: false }],
  dashboards: [{ name: "Payments", owner: ALICE }],
};

const project = (bench: JiraBench) => bench.peer.state.projects[0]?.id ?? "";
const issue = (bench: JiraBench, key = "PAY-1") => {
  const found = bench.peer.state.issues.find((one) => one.key === key);
  if (!found) throw new Error(`no issue ${key}`);
  return found;
};
const ours = (bench: JiraBench) => issue(bench).comments.filter(({ properties }) => properties.length > 0);

describe("jira's work", () => {
  it("is open tickets, leads, filters and dashboards, with what the one who decides should know", async () => {
    const bench = await open({ seed: WORK });
    const work = await worksOf(bench);
    expect(work.map(({ kind, title }) => `${kind} ${title}`)).toEqual([
      "issue PAY-1 Rounding differs",
      "project-lead Lead of Payments",
      "component-lead Lead of component Ledger",
      "filter My bugs",
      "dashboard Payments",
    ]);
    expect(work[0]).toMatchObject({
      container: "Payments",
      url: "https://acme.atlassian.net/browse/PAY-1",
      facts: ["status new", "priority High", "due 2026-12-01", "reported by Bob Example"],
    });
  });

  it.each([0, 1, 100, 101])("is %i tickets, whatever the length of a page", async (count) => {
    const bench = await open({ seed: { projects: [{ key: "PAY", name: "Payments", lead: BOB }] } });
    for (let index = 0; index < count; index += 1) {
      addIssue(bench.peer.state, project(bench), { summary: `n${index}`, assignee: ALICE });
    }
    const work = await worksOf(bench);
    expect(new Set(work.map(({ id }) => id)).size).toBe(count);
    expect(work).toHaveLength(count);
  });

  it("does not end at a short or an empty page, only where no token follows", async () => {
    const bench = await open({ seed: { projects: [{ key: "PAY", name: "Payments", lead: BOB }] } });
    for (let index = 0; index < 144; index += 1) {
      addIssue(bench.peer.state, project(bench), { summary: `n${index}`, assignee: ALICE });
    }
    bench.peer.state.searchPages.push(100, 3, 0, 41);
    expect(await worksOf(bench)).toHaveLength(144);
    // The first sweep has them all; the second finds nothing new.
    expect(searchesOf(bench).filter(({ body }) => !JSON.stringify(body).includes("nextPageToken"))).toHaveLength(2);
  });

  it("is an error, and never less, when a page fails, breaks off or comes again and again", async () => {
    const bench = await open({ seed: WORK });
    const isLater = (seen: Seen) => isSearch(seen) && JSON.stringify(seen.body).includes("nextPageToken");
    bench.peer.state.searchPages.push(0, 0);
    bench.peer.behave({ when: isLater, then: "bad-gateway" });
    expect((await failureOf(worksOf(bench))).code).toBe("unreachable");
    bench.peer.behave({ when: isSearch, then: "half" });
    expect((await failureOf(worksOf(bench))).code).toBe("unreachable");
    bench.peer.behave();
    bench.peer.state.stuckToken = "again";
    const before = searchesOf(bench).length;
    expect((await failureOf(worksOf(bench))).code).toBe("unreachable");
    expect(searchesOf(bench).length - before).toBe(2);
  });

  it("is an error when the search is gone", async () => {
    const bench = await open({ seed: WORK });
    bench.peer.behave({ when: isSearch, then: "hide" });
    expect((await failureOf(worksOf(bench))).code).toBe("refused");
  });

  it("is swept again, since the search knows a new ticket late", async () => {
    const bench = await open({ seed: WORK });
    const { state } = bench.peer;
    state.searchIndex = structuredClone(state.issues);
    addIssue(state, project(bench), { summary: "Just now", assignee: ALICE });
    let searches = 0;
    bench.peer.behave({
      when: (seen) => {
        if (isSearch(seen)) searches += 1;
        if (searches === 2) delete state.searchIndex;
        return false;
      },
      then: "cut",
    });
    expect((await worksOf(bench)).map(({ title }) => title)).toContain("PAY-4 Just now");
  });

  it("suggests who had it, who leads its component, who commented, each with the reason", async () => {
    const bench = await open({ seed: WORK });
    const suggestions = await bench.system.work?.suggestOwners(await workOf(bench, "issue"), call);
    expect(suggestions?.map(({ account, why }) => `${account.id}: ${why}`)).toEqual([
      `${MALLORY}: was assigned to it before`,
      `${CAROL}: leads the component Refunds`,
      `${BOB}: commented on it 2 times`,
    ]);
    const lead = await bench.system.work?.suggestOwners(await workOf(bench, "project-lead"), call);
    expect(lead?.map(({ account }) => account.id)).toEqual([CAROL]);
  });

  it("suggests nobody who cannot be assigned there, or is gone", async () => {
    const bench = await open({ seed: { ...WORK, projects: [{ ...PAY, assignable: [BOB, MALLORY] }] } });
    userOf(bench.peer.state, MALLORY).active = false;
    const suggestions = await bench.system.work?.suggestOwners(await workOf(bench, "issue"), call);
    expect(suggestions?.map(({ account }) => account.id)).toEqual([BOB]);
  });
});

describe("jira's tickets", () => {
  it("move, and say once from whom to whom", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    for (const _ of [1, 2]) expect((await reassign(bench, item, BOB)).state).toBe("present");
    expect(issue(bench).assignee).toBe(BOB);
    expect(ours(bench)).toHaveLength(1);
    const text = JSON.stringify(ours(bench)[0]?.body);
    expect(text).toContain("Handed over from Alice Example to ");
    expect(text).toContain("@Bob Example");
    expect(text).not.toMatch(/leav|offboard/i);
  });

  it("are not moved to who cannot be assigned, or has no account any more", async () => {
    const bench = await open({ seed: { ...WORK, projects: [{ ...PAY, assignable: [ALICE] }] } });
    const item = await workOf(bench, "issue");
    expect(await failureOf(reassign(bench, item, BOB))).toMatchObject({ code: "refused" });
    userOf(bench.peer.state, BOB).active = false;
    expect(await failureOf(reassign(bench, item, BOB))).toMatchObject({ code: "refused" });
    expect(bench.peer.requests.some(({ method }) => method === "PUT")).toBe(false);
  });

  it("count as moved only when a fresh read says so", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    bench.peer.behave({ when: isAssign, then: "ignore" });
    expect(await failureOf(reassign(bench, item, BOB))).toMatchObject({ code: "refused" });
    expect(ours(bench)).toEqual([]);
  });

  it("survive an answer that was lost: tried again, moved and said once", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    bench.peer.behave({ when: isAssign, then: "cut-after" });
    expect((await failureOf(reassign(bench, item, BOB))).code).toBe("unreachable");
    bench.peer.behave({
      when: ({ method, path }) => method === "POST" && path.endsWith("/comment"),
      then: "cut-after",
    });
    expect((await failureOf(reassign(bench, item, BOB))).code).toBe("unreachable");
    bench.peer.behave();
    expect((await reassign(bench, item, BOB)).state).toBe("present");
    expect(ours(bench)).toHaveLength(1);
  });

  it("stay with who took them meanwhile, and need nobody once they are done", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    issue(bench).assignee = CAROL;
    expect((await reassign(bench, item, BOB)).state).toBe("absent");
    expect(issue(bench).assignee).toBe(CAROL);
    issue(bench).assignee = ALICE;
    issue(bench).category = "done";
    expect((await reassign(bench, item, BOB)).state).toBe("absent");
    expect(issue(bench).assignee).toBe(ALICE);
  });

  it("that are hidden from us are not taken for done", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    bench.peer.behave({ when: ({ path }) => path.startsWith("/rest/api/3/issue/"), then: "hide" });
    expect(await failureOf(reassign(bench, item, BOB))).toMatchObject({ code: "refused" });
  });

  it("move even where our comment is refused", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    bench.peer.behave({ when: ({ method, path }) => method === "POST" && path.endsWith("/comment"), then: "forbid" });
    const reading = await reassign(bench, item, BOB);
    expect(reading.state).toBe("present");
    if (reading.state === "present") expect(reading.evidence.answer).toContain('"commented":false');
  });

  it("need the right to assign", async () => {
    const permissions = DOCUMENTED_PERMISSIONS.filter((one) => one !== "ASSIGN_ISSUES");
    const bench = await open({ seed: { ...WORK, permissions } });
    expect((await failureOf(reassign(bench, await workOf(bench, "issue"), BOB))).code).toBe("forbidden");
  });
});

describe("jira's leads, filters and dashboards", () => {
  it.each(["project-lead", "component-lead", "filter", "dashboard"])("move and are read back: %s", async (kind) => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, kind);
    bench.peer.behave({ when: ({ method }) => method === "PUT", then: "ignore" });
    expect(await failureOf(reassign(bench, item, BOB))).toMatchObject({ code: "refused" });
    bench.peer.behave();
    for (const _ of [1, 2]) expect((await reassign(bench, item, BOB)).state).toBe("present");
    expect((await worksOf(bench, BOB)).map(({ id }) => id)).toContain(item.id);
    expect((await worksOf(bench)).map(({ id }) => id)).not.toContain(item.id);
  });

  it("cannot be told of a dashboard that is shown to its owner only, and are not shown as done", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "dashboard");
    const [dashboard] = bench.peer.state.dashboards;
    if (dashboard) dashboard.shared = false;
    expect(await reassign(bench, item, BOB)).toMatchObject({
      state: "unreadable",
      why: expect.stringContaining("told"),
    });
    expect(dashboard?.owner).toBe(BOB);
  });

  it("stay with who took them meanwhile", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "project-lead");
    const [pay] = bench.peer.state.projects;
    if (pay) pay.lead = CAROL;
    expect((await reassign(bench, item, BOB)).state).toBe("absent");
    expect(pay?.lead).toBe(CAROL);
  });

  it("are nothing that another system's item could name", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    for (const id of ["issue:../10001", "issue:1?x=1", "pull:1/2", "issue:"]) {
      expect(await failureOf(reassign(bench, { ...item, id }, BOB))).toMatchObject({ code: "refused" });
    }
    expect(accountOf(bench).id).toBe(ALICE);
  });

  it("are closed by a step of their workflow that counts as done, and only a fresh read says so", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    const { close } = bench.system.work ?? {};
    expect(close?.kinds).toEqual(["issue"]);
    bench.peer.behave({
      when: ({ method, path }) => method === "POST" && path.endsWith("/transitions"),
      then: "ignore",
    });
    expect(await close?.end(item, call)).toMatchObject({ state: "present" });
    bench.peer.behave();
    for (const _ of [1, 2]) expect(await close?.end(item, call)).toMatchObject({ state: "absent" });
    expect(issue(bench).category).toBe("done");
    const filter = await workOf(bench, "filter");
    expect(await failureOf(Promise.resolve(close?.end(filter, call)))).toMatchObject({ code: "refused" });
  });

  it("say who cannot take them, and who can give the permission", async () => {
    const bench = await open({ seed: WORK });
    const item = await workOf(bench, "issue");
    const to = { ...accountOf(bench), id: BOB };
    expect(await bench.system.work?.mayTake?.(item, to, call)).toEqual({ may: true });
    const [pay] = bench.peer.state.projects;
    if (pay) pay.assignable = [ALICE];
    expect(await bench.system.work?.mayTake?.(item, to, call)).toMatchObject({
      may: false,
      access: expect.stringMatching(/needs the permission Assignable User .*administrator of the project/),
    });
  });
});
