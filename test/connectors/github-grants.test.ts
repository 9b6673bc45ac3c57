import { describe, expect, it } from "vitest";
import type { Rule } from "../peers/github.ts";
import { SEED } from "./github-bench.ts";
import { ALICE_IN, all, call, failureOf, grantsOf, open, readState } from "./github-calls.ts";

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
      { kind: "outside-collaborator", resource: "Acme/last", role: "maintain" },
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

  it.each(["primary-limit", "secondary-limit", "secondary-limit-until", "too-many"] as const)(
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

  it("asks two lists of each repository, one query of 25, and nothing twice", async () => {
    const repos = Array.from({ length: 30 }, (_, index) => ({ name: `repo-${index}`, secrets: ["UNREACHABLE"] }));
    const bench = await open({ ...ALICE_IN, repos, teams: [{ name: "Payments", members: [{ login: "alice-dev" }] }] });
    await grantsOf(bench);
    const asked = bench.peer.requests.map(({ method, path, query }) => `${method} ${path}?${query}`);
    const once = asked.filter((line) => !/^POST \/graphql|^GET \/user\/\d/.test(line));
    expect(new Set(once).size).toBe(once.length);
    const each = asked.filter((line) => line.startsWith("GET /repos/"));
    expect(each).toHaveLength(2 * repos.length);
    // Whose token it is, the organization, our own part in it; who it is, before and after; membership; repositories;
    // two queries; teams, the membership in one, its repositories.
    expect(asked).toHaveLength(each.length + 3 + 2 + 1 + 1 + 2 + 3);
  });

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
