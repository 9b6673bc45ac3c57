import { describe, expect, it } from "vitest";
import type { Person } from "../../connectors/connector.ts";
import { github } from "../../connectors/github/index.ts";
import { RIGHTS, TOKEN } from "./github-bench.ts";
import { ALICE_IN, call, failureOf, grantsOf, open } from "./github-calls.ts";

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
    expect(checks.filter((check) => !check.ok)).toEqual([]);
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

  it("works with a classic token of an owner", async () => {
    const bench = await open({ ...ALICE_IN, scopes: ["repo", "admin:org"] });
    expect((await bench.system.check(call)).filter((check) => !check.ok)).toEqual([]);
    expect(await grantsOf(bench)).toHaveLength(1);
  });

  it.each(Object.keys(RIGHTS).filter((right) => right !== "repo:metadata"))(
    "needs the right %s of a fine-grained token, and says so",
    async (right) => {
      const permissions = Object.fromEntries(Object.entries(RIGHTS).filter(([name]) => name !== right));
      const bench = await open({ ...ALICE_IN, permissions, repos: [{ name: "ledger" }] });
      const fixes = (await bench.system.check(call)).flatMap((check) => (check.ok ? [] : [check.fix])).join();
      const [level = "", word = ""] = right.split(":");
      const named = `${word.replace("-", " ")} (${level === "org" ? "organization" : "repository"}`;
      expect(fixes.toLowerCase()).toContain(right === "org:members" ? "members" : named);
    },
  );

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

  it("by an address only where an invitation waits there, and never anybody else's", async () => {
    const bench = await open();
    bench.peer.inviteAddress("Alice@Example.com", "admin");
    bench.peer.inviteAddress("mallory@example.com", "member");
    const matches = await bench.system.findAccounts(person([]), call);
    expect(matches).toMatchObject([{ rule: "email", account: { id: "email:alice@example.com" } }]);
    const elsewhere = { ...person([]), emails: ["alice@example.org"] };
    expect(await bench.system.findAccounts(elsewhere, call)).toEqual([]);
  });

  it("although an organization of managed users has no invitations", async () => {
    const bench = await open();
    bench.peer.behave({ when: ({ path }) => path.endsWith("/invitations"), then: "hide" });
    expect(await bench.system.findAccounts(person(["alice-dev"]), call)).toHaveLength(1);
    bench.peer.behave({ when: ({ path }) => /invitations|memberships/.test(path), then: "hide" });
    expect((await failureOf(bench.system.findAccounts(person(["alice-dev"]), call))).code).toBe("forbidden");
  });

  it("tells bots from people", async () => {
    const bench = await open();
    const matches = await bench.system.findAccounts(person(["build-bot"]), call);
    expect(matches.map((match) => match.account.kind)).toEqual(["bot"]);
  });
});
