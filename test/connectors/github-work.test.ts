import { describe, expect, it } from "vitest";
import type { WorkItem } from "../../connectors/connector.ts";
import type { GitHubSeed } from "../peers/github-seed.ts";
import type { GitHubBench } from "./github-bench.ts";
import { ALICE_IN, accountOf, call, failureOf, open, workOf, writesTo } from "./github-calls.ts";

describe("github hands work over", () => {
  const seed: Partial<GitHubSeed> = {
    ...ALICE_IN,
    repos: [
      {
        name: "ledger",
        commits: ["bob", "carol", "carol", "build-bot", "alice-dev"],
        pulls: [
          { title: "Add interest", author: "alice-dev", draft: true, reviewers: ["carol"] },
          { title: "Round down", author: "bob", reviewers: ["alice-dev"], assignees: ["alice-dev"] },
        ],
        issues: [
          { title: "Wrong total", author: "bob", assignees: ["alice-dev", "bob"] },
          { title: "Not hers", author: "alice-dev", assignees: ["bob"] },
        ],
      },
      { name: "empty" },
      { name: "old", archived: true, issues: [{ title: "Frozen", author: "bob", assignees: ["alice-dev"] }] },
    ],
  };

  async function itemOf(bench: GitHubBench, kind: string): Promise<WorkItem> {
    const item = (await workOf(bench)).find((one) => one.kind === kind);
    if (!item) throw new Error(`no ${kind}`);
    return item;
  }

  it("lists open pull requests, review requests and assigned issues, and nothing of others", async () => {
    const bench = await open(seed);
    const items = await workOf(bench);
    expect(items.map(({ kind, title, container }) => [kind, title, container])).toEqual([
      ["pull-request", "Add interest", "Acme/ledger"],
      ["review-request", "Round down", "Acme/ledger"],
      ["issue", "Wrong total", "Acme/ledger"],
    ]);
    expect(items[0]?.facts).toContain("it is a draft");
    expect(items[2]?.facts).toEqual(["also assigned to bob"]);
  });

  it("suggests who knows it, never a bot, the leaver or someone without access, and at most three", async () => {
    const bench = await open(seed);
    const suggestions = await bench.system.work?.suggestOwners(await itemOf(bench, "pull-request"), call);
    expect(suggestions?.map(({ account, why }) => [account.login, why])).toEqual([
      ["carol", "is asked to review it"],
      ["bob", "1 of the last 5 commits in Acme/ledger"],
    ]);
    const reviewers = await bench.system.work?.suggestOwners(await itemOf(bench, "review-request"), call);
    expect(
      reviewers?.map(({ account }) => account.login),
      "not the author",
    ).toEqual(["carol"]);
  });

  it.each(["pull-request", "review-request", "issue"])(
    "moves a %s, says so once, and takes the leaver off",
    async (kind) => {
      const bench = await open(seed);
      const item = await itemOf(bench, kind);
      const to = accountOf(bench, "carol");
      for (let time = 1; time <= 2; time += 1) {
        expect(await bench.system.work?.reassign(item, to, call)).toMatchObject({ state: "present" });
      }
      const number = item.id.split("/")[1];
      const path = kind === "issue" ? "issues" : "pulls";
      const now = (await bench.peer.look(`/repos/Acme/ledger/${path}/${number}`)) as Record<
        string,
        { login: string }[]
      >;
      const holders = now[kind === "review-request" ? "requested_reviewers" : "assignees"]?.map((one) => one.login);
      expect(holders).toContain("carol");
      expect(holders).not.toContain("Alice-Dev");
      const comments = (await bench.peer.look(`/repos/Acme/ledger/issues/${number}/comments`)) as { body: string }[];
      expect(comments).toHaveLength(1);
      expect(comments[0]?.body).toMatch(/^@carol takes over this /);
      expect(comments[0]?.body, "no word of a departure").not.toMatch(/leav|depart|offboard|signoff|alice/i);
      expect((await workOf(bench)).filter((one) => one.id === item.id && kind !== "pull-request")).toEqual([]);
    },
  );

  it("takes an assignee that GitHub silently drops for a failure", async () => {
    const bench = await open(seed);
    const item = await itemOf(bench, "issue");
    const failure = await failureOf(
      Promise.resolve(bench.system.work?.reassign(item, accountOf(bench, "outsider"), call)),
    );
    expect(failure).toEqual({ code: "refused", reason: "outsider cannot be assigned: has no access" });
    expect(writesTo(bench), "nobody is notified").toEqual([]);
    bench.peer.behave({ when: (request) => request.path.endsWith("/assignees"), then: "ignore" });
    const dropped = await failureOf(
      Promise.resolve(bench.system.work?.reassign(item, accountOf(bench, "carol"), call)),
    );
    expect(dropped.code).toBe("refused");
    expect(
      (await workOf(bench)).map((one) => one.id),
      "it stays the leaver's until someone has it",
    ).toContain(item.id);
  });

  it("needs no owner any more when it was closed meanwhile", async () => {
    const bench = await open(seed);
    const item = await itemOf(bench, "issue");
    await bench.peer.closeIssue("ledger", Number(item.id.split("/")[1]));
    expect(await bench.system.work?.reassign(item, accountOf(bench, "carol"), call)).toMatchObject({ state: "absent" });
    expect(writesTo(bench)).toEqual([]);
  });

  it("comments once although the answer to the comment was lost", async () => {
    const bench = await open(seed);
    const item = await itemOf(bench, "issue");
    const to = accountOf(bench, "carol");
    bench.peer.behave({
      when: (request) => request.method === "POST" && request.path.endsWith("/comments"),
      then: "cut-after",
    });
    expect((await failureOf(Promise.resolve(bench.system.work?.reassign(item, to, call)))).code).toBe("unreachable");
    bench.peer.behave();
    expect(await bench.system.work?.reassign(item, to, call)).toMatchObject({ state: "present" });
    const number = item.id.split("/")[1];
    expect(await bench.peer.look(`/repos/Acme/ledger/issues/${number}/comments`)).toHaveLength(1);
  });

  it("says who cannot take it: the author a review of their own, and who has no access, with who can give it", async () => {
    const bench = await open(seed);
    const review = await itemOf(bench, "review-request");
    const issue = await itemOf(bench, "issue");
    const asked = (item: WorkItem, login: string) => bench.system.work?.mayTake?.(item, accountOf(bench, login), call);
    expect(await asked(review, "bob")).toEqual({ may: false, why: "it is a review of their own pull request" });
    expect(await asked(review, "carol")).toEqual({ may: true });
    expect(await asked(issue, "bob")).toEqual({ may: true });
    expect(await asked(issue, "outsider")).toMatchObject({
      may: false,
      access: "outsider needs access to Acme/ledger: an administrator of the repository can give it",
    });
    expect(writesTo(bench), "nothing is granted").toEqual([]);
  });

  it("moves what was taken on to somebody else, and takes the first taker off", async () => {
    const bench = await open(seed);
    const item = await itemOf(bench, "pull-request");
    const [bob, carol] = [accountOf(bench, "bob"), accountOf(bench, "carol")];
    await bench.system.work?.reassign(item, bob, call);
    expect(await bench.system.work?.moveOn?.(item, bob, carol, call)).toMatchObject({ state: "present" });
    const now = (await bench.peer.look(`/repos/Acme/ledger/pulls/${item.id.split("/")[1]}`)) as {
      assignees: { login: string }[];
    };
    expect(now.assignees.map(({ login }) => login)).toEqual(["carol"]);
  });

  it.each(["pull-request", "issue"])("closes a %s once, and only a fresh read says so", async (kind) => {
    const bench = await open(seed);
    const item = await itemOf(bench, kind);
    expect(bench.system.work?.close?.kinds).toContain(kind);
    bench.peer.behave({ when: (request) => request.method === "PATCH", then: "ignore" });
    expect(await bench.system.work?.close?.end(item, call)).toMatchObject({ state: "present" });
    bench.peer.behave();
    for (let time = 1; time <= 2; time += 1)
      expect(await bench.system.work?.close?.end(item, call)).toMatchObject({ state: "absent" });
    expect((await workOf(bench)).map(({ id }) => id)).not.toContain(item.id);
  });
});
