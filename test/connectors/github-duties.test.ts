import { describe, expect, it } from "vitest";
import type { GitHubSeed } from "../peers/github-seed.ts";
import { ALICE_IN, accountOf, call, failureOf, grantOf, open, workOf, workOfKind, writesTo } from "./github-calls.ts";

const NIGHTLY = `on:
  schedule:
    - cron: "0 3 * * *" # at night
jobs: {}`;

const ALICE_WROTE = { path: ".github/workflows/nightly.yml", text: NIGHTLY, by: "bob", lines: { 3: "alice-dev" } };

const seed: Partial<GitHubSeed> = {
  ...ALICE_IN,
  teams: [
    { name: "Solo", members: [{ login: "alice-dev" }] },
    { name: "Two", members: [{ login: "alice-dev" }, { login: "bob" }] },
  ],
  repos: [
    {
      name: "ledger",
      commits: ["carol"],
      collaborators: [{ login: "carol", permission: "push" }],
      files: [
        ALICE_WROTE,
        { ...ALICE_WROTE, path: ".github/workflows/others.yml", by: "alice-dev", lines: { 3: "bob" } },
        { path: ".github/workflows/push.yml", text: "on: push", by: "alice-dev" },
        {
          path: ".github/CODEOWNERS",
          text: [
            "* @bob @Alice-Dev",
            "apps/live/ @Alice-Dev # hers",
            "# old/ @alice-dev",
            "docs/with\\ blank @acme/solo @alice-dev",
            "shared/ @acme/two @alice-dev",
            "nobody/",
          ].join("\r\n"),
          by: "bob",
        },
        { path: "CODEOWNERS", text: "ignored/ @alice-dev", by: "bob" },
      ],
      forks: [
        { owner: "alice-dev", branches: { main: 0, "fix/rounding": 4, spike: 1 } },
        { owner: "bob", branches: { work: 9 } },
      ],
    },
    {
      name: "site",
      private: false,
      collaborators: [{ login: "alice-dev", permission: "admin" }],
      hooks: [
        { url: "https://alice-dev.hooks.example.com/x?key=HOOKSECRET" },
        { url: "https://ci.example.com/alice-developer", events: ["push", "pull_request"] },
      ],
      forks: [{ owner: "alice-dev", branches: { open: 2 } }],
    },
    { name: "other", hooks: [{ url: "https://ci.example.com" }] },
    { name: "old", archived: true, files: [ALICE_WROTE] },
  ],
};

describe("github finds what would be nobody's", () => {
  it("names schedules whose cron line the leaver changed last, and that they stop with the membership", async () => {
    const bench = await open(seed);
    const item = await workOfKind(bench, "schedule");
    expect(item).toMatchObject({ container: "Acme/ledger", title: "Schedule of .github/workflows/nightly.yml" });
    expect(item.facts[0]).toBe("it runs at 0 3 * * *");
    const breaks = (await grantOf(bench, "org-membership")).breaks;
    expect(breaks).toContain("the schedule of .github/workflows/nightly.yml in Acme/ledger is disabled");
    expect(breaks.filter((one) => one.includes("schedule"))).toHaveLength(1);
  });

  it("names the lines of CODEOWNERS that nobody else owns, teams of one among them", async () => {
    const item = await workOfKind(await open(seed), "code-owner");
    expect(item.facts).toEqual(["apps/live/ has no other owner", "docs/with\\ blank has no other owner"]);
  });

  it("names branches of private forks that were never merged, and leaves public ones and other people's", async () => {
    const item = await workOfKind(await open(seed), "private-fork");
    expect(item.title).toBe("Unmerged work in Alice-Dev/ledger");
    expect(item.facts.slice(0, -1)).toEqual([
      "branch fix/rounding has 4 commits that Acme/ledger has not",
      "branch spike has 1 commit that Acme/ledger has not",
    ]);
  });

  it("names webhooks the leaver could have set, flags one of theirs, and shows of its address the host alone", async () => {
    const bench = await open(seed);
    const hooks = (await workOf(bench)).filter(({ kind }) => kind === "webhook");
    expect(hooks.map(({ title, facts }) => [title, facts[0]])).toEqual([
      ["Webhook to alice-dev.hooks.example.com", "its address names the login"],
      ["Webhook to ci.example.com", "an administrator who leaves could have set it"],
    ]);
    expect(JSON.stringify(hooks)).not.toContain("HOOKSECRET");
  });

  it("of an owner, who administers everything, names only webhooks whose address says so", async () => {
    const bench = await open(seed);
    await bench.peer.addMember("alice-dev", "admin");
    const hooks = (await workOf(bench)).filter(({ kind }) => kind === "webhook");
    expect(hooks.map(({ title }) => title)).toEqual(["Webhook to alice-dev.hooks.example.com"]);
  });

  it("fails rather than show half when a query has an error in it", async () => {
    const bench = await open(seed);
    bench.peer.behave({ when: ({ path }) => path === "/graphql", then: "graphql-error" });
    expect((await failureOf(workOf(bench))).code).toBe("unreachable");
    expect((await failureOf(grantOf(bench, "org-membership"))).code).toBe("unreachable");
    bench.peer.behave({ when: ({ path }) => path === "/graphql", then: "graphql-limit" });
    expect((await failureOf(workOf(bench))).code).toBe("rate-limited");
  });
});

describe("github hands over what would be nobody's", () => {
  it.each(["schedule", "code-owner", "private-fork"])(
    "asks the taker of a %s in one issue, without a word of a departure",
    async (kind) => {
      const bench = await open(seed);
      const item = await workOfKind(bench, kind);
      const suggested = await bench.system.work?.suggestOwners(item, call);
      expect(suggested?.map(({ account }) => account.login)).toEqual(["carol"]);
      for (let time = 1; time <= 2; time += 1) {
        const reading = await bench.system.work?.reassign(item, accountOf(bench, "carol"), call);
        expect(reading).toMatchObject({ state: "present" });
      }
      const issues = (await bench.peer.look("/repos/Acme/ledger/issues")) as {
        body: string;
        assignees: { login: string }[];
      }[];
      expect(issues.map(({ assignees }) => assignees.map(({ login }) => login))).toEqual([["carol"]]);
      expect(issues[0]?.body).toMatch(/^@carol takes this over\. /);
      expect(issues[0]?.body).not.toMatch(/offboard|signoff|departure/i);
    },
  );

  it("moves the issue on to another taker, and needs nobody once it is closed", async () => {
    const bench = await open(seed);
    const item = await workOfKind(bench, "schedule");
    await bench.system.work?.reassign(item, accountOf(bench, "carol"), call);
    await bench.system.work?.reassign(item, accountOf(bench, "bob"), call);
    const issues = (await bench.peer.look("/repos/Acme/ledger/issues")) as {
      number: number;
      assignees: { login: string }[];
    }[];
    expect(issues.map(({ assignees }) => assignees.map(({ login }) => login))).toEqual([["bob"]]);
    await bench.peer.closeIssue("ledger", issues[0]?.number ?? 0);
    const reading = await bench.system.work?.reassign(item, accountOf(bench, "bob"), call);
    expect(reading).toMatchObject({ state: "absent" });
  });

  it("refuses a taker without access before anybody is told", async () => {
    const bench = await open(seed);
    const item = await workOfKind(bench, "schedule");
    const work = Promise.resolve(bench.system.work?.reassign(item, accountOf(bench, "outsider"), call));
    expect((await failureOf(work)).code).toBe("refused");
    expect(writesTo(bench)).toEqual([]);
  });

  it("takes an issue that was answered with success and never opened for a failure", async () => {
    const bench = await open(seed);
    const item = await workOfKind(bench, "schedule");
    bench.peer.behave({ when: ({ method, path }) => method === "POST" && path.endsWith("/issues"), then: "ignore" });
    const work = Promise.resolve(bench.system.work?.reassign(item, accountOf(bench, "carol"), call));
    expect((await failureOf(work)).code).toBe("refused");
  });

  it("opens one issue although the answer to it was lost", async () => {
    const bench = await open(seed);
    const item = await workOfKind(bench, "schedule");
    const posts = ({ method, path }: { method: string; path: string }) => method === "POST" && path.endsWith("/issues");
    bench.peer.behave({ when: posts, then: "cut-after" });
    const to = accountOf(bench, "carol");
    expect((await failureOf(Promise.resolve(bench.system.work?.reassign(item, to, call)))).code).toBe("unreachable");
    bench.peer.behave();
    await bench.system.work?.reassign(item, to, call);
    expect(await bench.peer.look("/repos/Acme/ledger/issues")).toHaveLength(1);
  });
});
