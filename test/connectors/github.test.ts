import { afterEach, describe, expect, it } from "vitest";
import type { Account, Call, Grant, Person, WorkItem } from "../../connectors/connector.ts";
import { SystemError } from "../../connectors/connector.ts";
import { github } from "../../connectors/github/index.ts";
import type { GitHubSeed, Rule } from "../peers/github.ts";
import { conformance } from "./conformance.ts";
import { type GitHubBench, SEED, startBench, TOKEN } from "./github-bench.ts";

conformance("github", {
  start: startBench,
  kinds: ["org-membership", "org-invitation", "team-membership", "repo-collaborator", "repo-invitation"],
});

const opened: GitHubBench[] = [];
afterEach(async () => {
  for (const bench of opened.splice(0)) await bench.stop();
});

async function open(change: Partial<GitHubSeed> = {}): Promise<GitHubBench> {
  const bench = await startBench({ ...SEED, ...change });
  opened.push(bench);
  return bench;
}

const silent = () => undefined;
const call: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
};

function accountOf(bench: GitHubBench, login: string): Account {
  const person = bench.peer.people.get(login);
  return { system: bench.system.id, id: String(person.id), login: person.login, kind: "human" };
}

async function grantsOf(bench: GitHubBench, login = "alice-dev"): Promise<Grant[]> {
  const grants: Grant[] = [];
  for await (const grant of bench.system.listGrants(accountOf(bench, login), call)) grants.push(grant);
  return grants;
}

async function workOf(bench: GitHubBench, login = "alice-dev"): Promise<WorkItem[]> {
  const items: WorkItem[] = [];
  for await (const item of bench.system.work?.list(accountOf(bench, login), call) ?? []) items.push(item);
  return items;
}

async function failureOf(work: Promise<unknown>): Promise<SystemError["failure"]> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof SystemError)) throw new Error(`no SystemError: ${String(error)}`);
  return error.failure;
}

async function readState(bench: GitHubBench, grant: Grant): Promise<string> {
  return (await bench.system.readBack(grant, call)).state;
}

const ALICE_IN: Partial<GitHubSeed> = { members: [...SEED.members, { login: "Alice-Dev" }] };
const all: Rule["when"] = () => true;

describe("github is configured", () => {
  it("names every fault at once by its variable, and shows no value", () => {
    const faults = github({ org: "not an org!", token: "", apiUrl: "nowhere" }).faults;
    expect(faults.map((fault) => fault.variable)).toEqual(["GITHUB_ORG", "GITHUB_TOKEN", "GITHUB_API_URL"]);
    expect(JSON.stringify(faults)).not.toMatch(/not an org!|nowhere/);
  });

  it("says what is missing", () => {
    const none: { org: string; token: string } = JSON.parse("{}");
    expect(github(none).faults).toEqual([
      { variable: "GITHUB_ORG", problem: "is missing" },
      { variable: "GITHUB_TOKEN", problem: "is missing" },
    ]);
  });

  it("does not ignore an option it does not know", () => {
    const mistyped = { org: "acme", token: TOKEN, apiURL: "https://github.example.com/api/v3" };
    expect(github(mistyped).faults).toEqual([{ variable: "github.apiURL", problem: "is not an option" }]);
  });

  it("has one id whatever the case of the organization's name", () => {
    expect(github({ org: "ACME", token: TOKEN }).connect({ fetch }).id).toBe("github:acme");
  });
});

describe("github checks its credential", () => {
  it("says whose it is", async () => {
    const bench = await open();
    const checks = await bench.system.check(call);
    expect(checks.map((check) => check.ok)).toEqual([true, true, true]);
    expect(JSON.stringify(checks)).toContain("root-owner");
  });

  it.each([
    ["a member who is no owner", { tokenOf: "bob" }, "owner of the organization"],
    ["a token without repo", { scopes: ["admin:org"] }, "repo"],
    ["a token that may only read the organization", { scopes: ["repo", "read:org"] }, "admin:org"],
  ] as const)("refuses to read with %s, since it would see half and show it as all", async (_, change, missing) => {
    const bench = await open({ ...ALICE_IN, ...change });
    const checks = await bench.system.check(call);
    expect(checks.flatMap((check) => (check.ok ? [] : [check.fix])).join()).toContain(missing);
    expect(await failureOf(grantsOf(bench))).toMatchObject({
      code: "forbidden",
      scope: expect.stringContaining(missing),
    });
  });

  it("says that the token is not valid", async () => {
    const bench = await open();
    const wrong = github({ org: "acme", token: "ghp_wrong", apiUrl: bench.peer.url }).connect({ fetch });
    expect(await wrong.check(call)).toMatchObject([
      { name: "token", ok: false, fix: expect.stringContaining("GITHUB_TOKEN") },
    ]);
  });
});

describe("github finds accounts", () => {
  const person = (logins: string[]): Person => ({
    id: "p",
    name: "Alice",
    emails: ["alice@example.com"],
    logins: { "github:acme": logins },
    active: true,
  });

  it("by login in any case, by the connector's kind, and once each", async () => {
    const bench = await open();
    const logins = { "github:acme": ["ALICE-dev"], github: ["alice-DEV", "bob"] };
    const matches = await bench.system.findAccounts({ ...person([]), logins }, call);
    expect(matches.map((match) => match.account.login)).toEqual(["Alice-Dev", "bob"]);
  });

  it("by a known id, under whatever login it has now", async () => {
    const bench = await open();
    const { id } = bench.peer.people.get("alice-dev");
    bench.peer.people.rename("alice-dev", "alice-elsewhere");
    const matches = await bench.system.findAccounts(person([`id:${id}`, "alice-dev"]), call);
    expect(matches).toMatchObject([{ rule: "account-id", account: { id: String(id), login: "alice-elsewhere" } }]);
  });

  it("with the fingerprints of all SSH keys on their profile, by the account’s id", async () => {
    const bench = await open();
    const { id } = bench.peer.people.get("alice-dev");
    const keys = Array.from(
      { length: 101 },
      (_, index) => `ssh-ed25519 ${Buffer.from(`key ${index}`).toString("base64")}`,
    );
    bench.peer.people.get("alice-dev").keys = keys;
    bench.peer.people.rename("alice-dev", "alice-elsewhere");
    bench.peer.people.rename("mallory", "alice-dev");
    const [match] = await bench.system.findAccounts(person([`id:${id}`]), call);
    expect(match?.account.publicKeys).toHaveLength(101);
    // sha256sum of "key 0", in base64.
    expect(match?.account.publicKeys?.[0]).toBe("SHA256:Saxd4hntrmL5/e6g/D869I/YMvIvrFCCCsERdNbgaL0");
  });

  it("never matches a stranger who has the login of a known id, and says so", async () => {
    const bench = await open();
    const { id } = bench.peer.people.get("alice-dev");
    bench.peer.people.rename("alice-dev", "alice-elsewhere");
    bench.peer.people.rename("mallory", "alice-dev");
    const matches = await bench.system.findAccounts(person(["alice-dev", `id:${id}`]), call);
    expect(matches.map((match) => match.account.id)).toEqual([String(id)]);
    expect(matches[0]?.why).toContain("alice-dev belongs to another account now");
  });

  it("tells bots from people", async () => {
    const bench = await open();
    const matches = await bench.system.findAccounts(person(["build-bot"]), call);
    expect(matches.map((match) => match.account.kind)).toEqual(["bot"]);
  });
});

describe("github lists grants", () => {
  it("names what is privileged, how it can be undone and what ends with what", async () => {
    const bench = await open({
      members: [...SEED.members, { login: "Alice-Dev", role: "admin" }],
      teams: [
        { name: "Platform", members: [{ login: "bob" }] },
        { name: "Payments", parent: "Platform", members: [{ login: "alice-dev", role: "maintainer" }] },
        { name: "Others", members: [{ login: "bob" }] },
      ],
      repos: [
        { name: "ledger", collaborators: [{ login: "alice-dev", permission: "admin" }] },
        { name: "docs", invitations: [{ login: "alice-dev", permission: "pull" }] },
        { name: "other", collaborators: [{ login: "bob", permission: "push" }] },
      ],
    });
    const grants = await grantsOf(bench);
    const [org, platform, payments, ledger, docs] = grants;
    expect(grants).toHaveLength(5);
    expect(org).toMatchObject({
      kind: "org-membership",
      role: "admin",
      privileged: true,
      reversible: { untilDays: 90 },
    });
    expect(payments).toMatchObject({
      resource: "Acme/payments",
      role: "maintainer",
      via: org?.id,
      reversible: "always",
    });
    expect(platform).toMatchObject({ resource: "Acme/platform", via: payments?.id });
    expect(ledger).toMatchObject({ resource: "Acme/ledger", role: "admin", privileged: true, reversible: "never" });
    expect(docs).toMatchObject({ kind: "repo-invitation", role: "read", privileged: false, reversible: "always" });
    expect(JSON.stringify(grants), "ids are made of what never changes").not.toMatch(
      /"id":"[^"]*(alice|ledger|payments)/i,
    );
  });

  it("takes a maintainer of a team for no owner", async () => {
    const bench = await open({
      ...ALICE_IN,
      teams: [{ name: "Payments", members: [{ login: "alice-dev", role: "maintainer" }] }],
    });
    expect((await grantsOf(bench))[0]).toMatchObject({ role: "member", privileged: false });
  });

  it("finds a direct grant on the last of 101 repositories, and among 101 collaborators", async () => {
    const users = Array.from({ length: 101 }, (_, index) => ({ login: `user-${index}` }));
    const bench = await open({ users: [...SEED.users, ...users] });
    const others = users.map(({ login }) => ({ login, permission: "pull" }));
    for (let index = 0; index < 100; index += 1) await bench.peer.addRepo({ name: `repo-${index}` });
    const collaborators = [...others, { login: "alice-dev", permission: "maintain" }];
    await bench.peer.addRepo({ name: "last", collaborators });
    expect(await grantsOf(bench)).toMatchObject([
      { kind: "repo-collaborator", resource: "Acme/last", role: "maintain" },
    ]);
    expect(await grantsOf(bench, "user-100")).toHaveLength(1);
  });

  it("reads the last of 1,001 members back as present, and as absent once gone", async () => {
    const crowd = Array.from({ length: 997 }, (_, index) => ({ login: `user-${index}` }));
    const members = [...SEED.members, ...crowd.slice(1), { login: "Alice-Dev" }];
    const bench = await open({ users: [...SEED.users, ...crowd], members });
    const [grant] = await grantsOf(bench);
    if (!grant) throw new Error("no membership");
    const reading = await bench.system.readBack(grant, call);
    expect(reading).toMatchObject({
      state: "present",
      evidence: { answer: expect.stringContaining('"members":1001') },
    });
    await bench.system.revoke(grant, call);
    expect(await readState(bench, grant)).toBe("absent");
  });

  it.each(["primary-limit", "secondary-limit", "too-many"] as const)(
    "knows GitHub's limit in the form of %s",
    async (then) => {
      const bench = await open(ALICE_IN);
      bench.peer.behave({ when: all, then });
      const failure = await failureOf(grantsOf(bench));
      expect(failure.code).toBe("rate-limited");
      if (failure.code === "rate-limited") expect(failure.retryAt.getTime()).toBeGreaterThan(Date.now() + 30_000);
      expect(bench.peer.requests, "it does not knock on").toHaveLength(1);
    },
  );

  it("asks no further repositories once one of them has failed", async () => {
    const bench = await open({ repos: Array.from({ length: 30 }, (_, index) => ({ name: `repo-${index}` })) });
    const collaborators: Rule["when"] = (request) => request.path.endsWith("/collaborators");
    bench.peer.behave({ when: collaborators, then: "forbid", times: 1 });
    expect((await failureOf(grantsOf(bench))).code).toBe("forbidden");
    for (let time = 0; time < 5; time += 1) await bench.system.check(call);
    expect(bench.peer.requests.filter(collaborators).length).toBeLessThan(20);
  });

  it("does not hang on a server that never answers once the call is aborted", async () => {
    const bench = await open(ALICE_IN);
    const stop = new AbortController();
    bench.peer.behave({
      when: () => {
        setImmediate(() => stop.abort(new Error("the job was stopped")));
        return true;
      },
      then: "hang",
    });
    const person = { id: "p", name: "Alice", emails: [], logins: { github: ["alice-dev"] }, active: true };
    const work = bench.system.findAccounts(person, { ...call, signal: stop.signal });
    await expect(work).rejects.toThrow("the job was stopped");
  });
});

describe("github revokes", () => {
  it("takes a 404 for a missing right, not for a grant that is gone", async () => {
    const bench = await open(ALICE_IN);
    const [grant] = await grantsOf(bench);
    if (!grant) throw new Error("no membership");
    bench.peer.behave({ when: (request) => request.method === "DELETE", then: "hide" });
    expect((await failureOf(bench.system.revoke(grant, call))).code).toBe("forbidden");
    bench.peer.behave({ when: (request) => request.path !== "/user", then: "hide" });
    expect((await failureOf(bench.system.revoke(grant, call))).code).toBe("forbidden");
    expect((await failureOf(bench.system.readBack(grant, call))).code).toBe("forbidden");
  });

  it.each(["Alice-Dev", "mallory"])(
    "stops when the login changes hands in the middle, with %s in the end",
    async (last) => {
      const bench = await open({ members: [...SEED.members, { login: "Alice-Dev" }, { login: "mallory" }] });
      const [grant] = await grantsOf(bench);
      if (!grant) throw new Error("no membership");
      const { people } = bench.peer;
      // Between the two questions that resolve the login, right before the request that removes its holder.
      bench.peer.behave({
        when: ({ path }) => {
          const owners = bench.peer.requests.at(-2)?.query.get("role") === "admin";
          if (owners && path.startsWith("/users/") && people.find("mallory")) {
            people.rename("alice-dev", "alice-elsewhere");
            if (last === "mallory") people.rename("mallory", "alice-dev");
          }
          return false;
        },
        then: "cut",
      });
      expect((await failureOf(bench.system.revoke(grant, call))).code).toBe("conflict");
      expect(bench.peer.requests.filter((request) => request.method === "DELETE")).toEqual([]);
      bench.peer.behave();
      expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "revoked" });
      const left = last === "mallory" ? "alice-dev" : "mallory";
      expect(await bench.peer.look(`/orgs/Acme/memberships/${left}`)).toMatchObject({ state: "active" });
      expect(await bench.peer.look("/orgs/Acme/memberships/alice-elsewhere")).toBeUndefined();
    },
  );

  it("takes back an invitation that was accepted after it was listed", async () => {
    const bench = await open({ repos: [{ name: "docs", invitations: [{ login: "alice-dev", permission: "pull" }] }] });
    bench.peer.inviteMember("alice-dev", "member");
    const grants = await grantsOf(bench);
    expect(grants.map((grant) => grant.kind)).toEqual(["org-invitation", "repo-invitation"]);
    await bench.peer.acceptInvitations("alice-dev");
    for (const grant of grants) {
      expect(await readState(bench, grant)).toBe("present");
      expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "revoked" });
      expect(await readState(bench, grant)).toBe("absent");
    }
    expect(await grantsOf(bench)).toEqual([]);
  });

  it("follows a repository that was renamed, and leaves the one that took its name", async () => {
    const collaborators = [{ login: "alice-dev", permission: "push" }];
    const bench = await open({ repos: [{ name: "ledger", collaborators }] });
    const [grant] = await grantsOf(bench);
    if (!grant) throw new Error("no collaborator");
    await bench.peer.renameRepo("ledger", "ledger-old");
    await bench.peer.addRepo({ name: "ledger", collaborators });
    expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "revoked" });
    expect(await readState(bench, grant)).toBe("absent");
    expect((await grantsOf(bench)).map((one) => one.resource)).toEqual(["Acme/ledger"]);
  });

  it("takes team memberships along with the membership, and they read as gone", async () => {
    const bench = await open({ ...ALICE_IN, teams: [{ name: "Payments", members: [{ login: "alice-dev" }] }] });
    const [org, team] = await grantsOf(bench);
    if (!org || !team) throw new Error("no grants");
    expect(team.via).toBe(org.id);
    await bench.system.revoke(org, call);
    expect(await readState(bench, team)).toBe("absent");
  });

  it.each([
    ["owns our own token", "bob", ["our own GitHub token"]],
    ["owns our own token and is the last owner", undefined, ["our own GitHub token", "last owner"]],
  ])("is blocked where the account %s, and says where to go", async (_, secondOwner, reasons) => {
    const bench = await open();
    if (secondOwner) await bench.peer.addMember(secondOwner, "admin");
    const [grant] = await grantsOf(bench, "root-owner");
    if (!grant) throw new Error("no membership");
    const revoked = await bench.system.revoke(grant, call);
    if (revoked.status !== "blocked") throw new Error(`not blocked but ${revoked.status}`);
    expect(revoked.by).toHaveLength(reasons.length);
    for (const [index, reason] of reasons.entries()) {
      expect(revoked.by[index]).toMatchObject({
        what: expect.stringContaining(reason),
        url: expect.stringMatching(/^https:/),
      });
    }
    expect(bench.peer.requests.filter((request) => request.method !== "GET")).toEqual([]);
    expect(await readState(bench, grant)).toBe("present");
  });

  it("is blocked by an archived repository, whose collaborators GitHub freezes", async () => {
    const collaborators = [{ login: "alice-dev", permission: "push" }];
    const bench = await open({ repos: [{ name: "old", archived: true, collaborators }] });
    const [grant] = await grantsOf(bench);
    if (!grant) throw new Error("no collaborator");
    expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "blocked" });
  });
});

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
    expect(
      bench.peer.requests.filter((request) => request.method === "POST"),
      "nobody is notified",
    ).toEqual([]);
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
    expect(bench.peer.requests.filter((request) => request.method === "POST")).toEqual([]);
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
});
