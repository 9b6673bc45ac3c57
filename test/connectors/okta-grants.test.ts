import { afterEach, describe, expect, it } from "vitest";
import type { Match, Person } from "../../connectors/connector.ts";
import { okta } from "../../connectors/okta/index.ts";
import { containmentPart, type Plan, proposePlan } from "../../src/core/plan.ts";
import type { OktaSeed } from "../peers/okta.ts";
import { ALICE, DOMAIN, LOGIN, type OktaBench, SEED, TOKEN } from "./okta-bench.ts";
import { accountOf, call, failureOf, grantsOf, open, stopAll, withAlice } from "./okta-calls.ts";

afterEach(stopAll);

describe("okta is configured", () => {
  it("names every fault at once by its variable, and shows no value", () => {
    const faults = okta({ domain: "https://acme.okta.com/", token: "", apiUrl: "nowhere" }).faults;
    expect(faults.map((fault) => fault.variable)).toEqual(["OKTA_DOMAIN", "OKTA_TOKEN", "OKTA_API_URL"]);
    expect(JSON.stringify(faults)).not.toMatch(/acme\.okta\.com\/|nowhere/);
  });

  it("has one id whatever the case of the host name", () => {
    expect(okta({ domain: "ACME.okta.com", token: TOKEN }).connect({ fetch }).id).toBe("okta:acme.okta.com");
  });
});

describe("okta checks its credential", () => {
  it("says whose it is and that it dies with this account", async () => {
    const bench = await open();
    const checks = await bench.system.check(call);
    expect(checks.map((check) => [check.name, check.ok])).toEqual([
      ["token", true],
      ["rights", true],
      ["API tokens", true],
      ["System Log", true],
    ]);
    expect(JSON.stringify(checks)).toContain("signoff@acme.example");
  });

  it("refuses to read with a lesser administrator's token, which would show half as all", async () => {
    const users = SEED.users.map((user) => (user.roles ? { ...user, roles: ["ORG_ADMIN", "READ_ONLY_ADMIN"] } : user));
    const bench = await open({ users });
    const fixes = (await bench.system.check(call)).flatMap((check) => (check.ok ? [] : [check.fix])).join();
    expect(fixes).toContain("SUPER_ADMIN, where it has ORG_ADMIN, READ_ONLY_ADMIN");
    expect((await failureOf(grantsOf(bench))).code).toBe("forbidden");
  });

  it("counts a role that comes through a group", async () => {
    const users = SEED.users.map(({ roles: _, ...user }) => user);
    const groups = [{ name: "Administrators", members: [SEED.tokenOf], roles: ["SUPER_ADMIN"] }];
    const bench = await open({ users, groups });
    expect((await bench.system.check(call)).filter((check) => !check.ok)).toEqual([]);
  });

  it("says that the token is not valid", async () => {
    const bench = await open();
    const wrong = okta({ domain: DOMAIN, token: "wrong", apiUrl: bench.peer.url }).connect({ fetch });
    expect(await wrong.check(call)).toMatchObject([
      { name: "token", ok: false, fix: expect.stringContaining("OKTA_TOKEN") },
    ]);
  });
});

describe("okta finds accounts", () => {
  const find = (bench: OktaBench, logins: string[], emails: string[] = []): Promise<Match[]> => {
    const person: Person = { ...ALICE, emails, logins: { "okta:acme.okta.com": logins } };
    return bench.system.findAccounts(person, call);
  };

  it("by the whole login in any case, and never by the part before its @, nor as `me`", async () => {
    const bench = await open();
    expect(await find(bench, ["ALICE@acme.example"])).toMatchObject([{ rule: "login", account: { login: LOGIN } }]);
    expect(await find(bench, ["alice", "bob", "me"])).toEqual([]);
    expect(await find(bench, ["id:alice", `id:${LOGIN}`]), "nor is a login an id").toEqual([]);
  });

  it("by a known id under whatever login, and leaves a stranger with the old login alone", async () => {
    const bench = await open();
    const { id } = await accountOf(bench);
    await bench.peer.org.rename(LOGIN, "alice.elsewhere@acme.example");
    await bench.peer.org.rename("mallory@acme.example", LOGIN);
    const matches = await find(bench, [LOGIN, `id:${id}`]);
    expect(matches).toMatchObject([{ rule: "account-id", account: { id, login: "alice.elsewhere@acme.example" } }]);
    expect(matches[0]?.why).toContain(`${LOGIN} belongs to another account now`);
  });

  it("by e-mail only when exactly one account has it as its primary one", async () => {
    const users = [
      ...SEED.users,
      { login: "adm-alice@acme.example", email: "alice.mail@acme.example" },
      { login: "carol@acme.example", email: "shared@acme.example" },
      { login: "dave@acme.example", email: "SHARED@acme.example" },
    ];
    const bench = await open({ users });
    expect(await find(bench, [], ["Alice.Mail@acme.example"])).toMatchObject([
      { rule: "email", account: { login: "adm-alice@acme.example" } },
    ]);
    expect(await find(bench, [], ["shared@acme.example"])).toEqual([]);
    const [match, ...more] = await find(bench, [LOGIN], ["alice.mail@acme.example"]);
    expect(more).toEqual([]);
    expect(match?.why).toContain("adm-alice@acme.example carries the same e-mail");
  });

  it("also a deactivated one, which plain lists leave out", async () => {
    const bench = await open(withAlice({ status: "DEPROVISIONED" }));
    expect(await find(bench, [LOGIN])).toHaveLength(1);
  });
});

describe("okta lists grants", () => {
  const everything: Partial<OktaSeed> = {
    ...withAlice({ factors: ["push", "webauthn"], apiTokens: ["ci"], roles: ["APP_ADMIN"], signedIn: ["0oaCli"] }),
    groups: [
      { name: "Developers", members: [LOGIN] },
      { name: "Admins", members: [LOGIN], roles: ["ORG_ADMIN"] },
      { name: "Domain Users", members: [LOGIN], imported: true },
      { name: "Others", members: ["bob@acme.example"] },
    ],
    apps: [
      { label: "Wiki", users: [LOGIN] },
      { label: "Mail", users: [LOGIN], features: ["PUSH_USER_DEACTIVATION"] },
      { label: "Git", groups: ["Developers"] },
      { label: "Payroll", users: ["bob@acme.example"] },
      { label: "Intranet", groups: ["Everyone"] },
    ],
  };

  it("names what is privileged, what ends with what and how it can be undone", async () => {
    const bench = await open(everything);
    await bench.peer.org.joinEveryone((await accountOf(bench)).id);
    const grants = await grantsOf(bench);
    const by = new Map(grants.map((grant) => [grant.resource, grant]));
    const summary = grants.map(({ kind, resource }) => `${kind} ${resource}`).sort();
    expect(summary).toEqual([
      "account acme.okta.com: sign-in",
      "admin-role app admin",
      "admin-role org admin",
      "api-token ci",
      "app Git",
      "app Intranet",
      "app Mail",
      "app Wiki",
      "factor push by OKTA",
      "factor webauthn by FIDO",
      "group Admins",
      "group Developers",
      "imported-group Domain Users",
      "lifecycle acme.okta.com: the account, for good",
      "session acme.okta.com: all sessions and refresh tokens",
    ]);
    expect(by.get("app admin")).toMatchObject({ role: "APP_ADMIN", privileged: true, reversible: "never" });
    expect(by.get("org admin")).toMatchObject({ privileged: true, via: by.get("Admins")?.id });
    expect(by.get("Admins")).toMatchObject({ privileged: true, reversible: "always" });
    expect(by.get("Developers")).toMatchObject({ privileged: false, reversible: "always" });
    expect(by.get("Git")).toMatchObject({ via: by.get("Developers")?.id, role: "GROUP" });
    expect(by.get("Intranet"), "nobody can leave Everyone").toMatchObject({ via: "lifecycle" });
    expect(by.get("Wiki")).toMatchObject({ reversible: "always", breaks: [] });
    expect(by.get("Mail")).toMatchObject({ reversible: "never", breaks: [expect.stringContaining("deactivate")] });
    expect(by.get("ci")).toMatchObject({ privileged: true, reversible: "never", outlivesSignOn: true });
  });

  it("is planned in the order factors, suspension, sessions, and deactivation last", async () => {
    const bench = await open(everything);
    await bench.peer.org.joinEveryone((await accountOf(bench)).id);
    const grants = await grantsOf(bench);
    const facts = { caseId: "c", revision: 1, leaver: "p", requester: "r", dueAt: new Date(), done: new Set<string>() };
    const read = { system: bench.system.id, title: "Okta", state: "read", accounts: [], grants, work: [] } as const;
    const how = { ...facts, kind: "voluntary", mode: "orderly" } as const;
    const reads = [{ ...read, sight: bench.system.sight }];
    const kinds = (plan: Plan | undefined) => plan?.steps.map((step) => step.grant.kind) ?? [];
    const account = grants.find((grant) => grant.kind === "account");
    const factors = grants.filter((grant) => grant.kind === "factor").map((grant) => grant.id);
    expect(account?.after).toEqual(factors);
    const full = kinds(proposePlan({ ...how, scope: "full" }, reads));
    expect(full.lastIndexOf("factor")).toBeLessThan(full.indexOf("account"));
    expect(full.indexOf("account")).toBeLessThan(full.indexOf("session"));
    const first = grants.filter((grant) => grant.place?.at === "first").map((grant) => grant.kind);
    expect(new Set(first), "sign-in goes before everything in other systems").toEqual(
      new Set(["factor", "account", "session"]),
    );
    // Only what ends with the deactivation comes after it.
    expect(full.slice(full.indexOf("lifecycle"))).toEqual(["lifecycle", "app"]);
    const contain = kinds(containmentPart(how, [{ system: bench.system.id, title: "Okta" }], reads));
    expect(contain).toEqual(expect.arrayContaining(["account", "session", "group"]));
    expect(contain.filter((kind) => ["factor", "lifecycle", "api-token"].includes(kind))).toEqual([]);
  });

  it("leaves a suspended account its deactivation, and a staged one too", async () => {
    for (const status of ["SUSPENDED", "STAGED"] as const) {
      const bench = await open(withAlice({ status }));
      expect((await grantsOf(bench)).map((grant) => grant.kind)).toEqual(["lifecycle"]);
    }
  });

  it.each(["/apps", "/api-tokens", "/groups"])("throws when a later page of %s fails", async (list) => {
    const labels = Array.from({ length: list === "/apps" ? 201 : 0 }, (_, index) => `app-${index}`);
    const names = Array.from({ length: list === "/groups" ? 51 : 0 }, (_, index) => `group-${index}`);
    const apiTokens = Array.from({ length: list === "/api-tokens" ? 51 : 0 }, (_, index) => `token-${index}`);
    const bench = await open({
      ...withAlice({ apiTokens }),
      groups: names.map((name) => ({ name, members: [LOGIN] })),
      apps: labels.map((label) => ({ label, users: [LOGIN] })),
    });
    const whole = (await grantsOf(bench)).length;
    expect(whole).toBe(labels.length + names.length + apiTokens.length + 2);
    bench.peer.behave({ when: ({ path, query }) => path.endsWith(list) && query.has("after"), then: "bad-gateway" });
    expect((await failureOf(grantsOf(bench))).code).toBe("unreachable");
    bench.peer.behave({ when: ({ query }) => query.has("after"), then: "bad-gateway", times: 1 });
    expect(await grantsOf(bench), "one bad answer to a read is no failure").toHaveLength(whole);
  });
});
