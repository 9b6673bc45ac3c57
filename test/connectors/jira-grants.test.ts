import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { addGroup, isChange } from "../sandbox/services/jira.ts";
import { DOCUMENTED_PERMISSIONS } from "../sandbox/services/jira-state.ts";
import { ALICE, BOB, MALLORY, ORG_KEY, OWN, PERSON, SEED, SITE, userOf } from "./jira-bench.ts";
import { call, failureOf, grantOf, grantsOf, open, revoke, stateOf, stopAll, worksOf } from "./jira-calls.ts";

afterEach(stopAll);

describe("jira's accounts", () => {
  const byMail = (...emails: string[]) => ({ ...PERSON, logins: {}, emails });

  it("are found by an e-mail that Jira shows, whatever its case", async () => {
    const bench = await open();
    userOf(bench.peer.state, ALICE).emailAddress = "Alice@Acme.example";
    const [match, ...others] = await bench.system.findAccounts(byMail("alice@acme.example"), call);
    expect(match).toMatchObject({ rule: "email", account: { id: ALICE, kind: "human" } });
    expect(others).toEqual([]);
  });

  it("are found by nobody's hidden address, name, or beginning of an address", async () => {
    const bench = await open();
    const { state } = bench.peer;
    const search = () => bench.system.findAccounts(byMail("alice@acme.example"), call);
    userOf(state, ALICE).emailHidden = true;
    expect(await search()).toEqual([]);
    userOf(state, MALLORY).emailAddress = "alice@acme.example.evil.example";
    expect(await search()).toEqual([]);
    userOf(state, MALLORY).emailAddress = "mallory@acme.example";
    userOf(state, MALLORY).displayName = "alice@acme.example";
    expect(await search()).toEqual([]);
  });

  it("are found by a known id alone where somebody else carries the e-mail by now", async () => {
    const bench = await open();
    userOf(bench.peer.state, MALLORY).emailAddress = "old@acme.example";
    const matches = await bench.system.findAccounts({ ...PERSON, emails: ["old@acme.example"] }, call);
    expect(matches.map(({ account }) => account.id)).toEqual([ALICE]);
    expect(matches[0]?.why).toContain(`${MALLORY} carries the same e-mail and was left alone`);
  });
});

describe("jira's grants", () => {
  it("say which group gives a role, and what is privileged", async () => {
    const bench = await open({
      seed: {
        groups: [
          { name: "devs", members: [ALICE] },
          { name: "jira-administrators", accessType: "admin", members: [ALICE] },
        ],
        projects: [
          {
            key: "PAY",
            name: "Payments",
            lead: BOB,
            actors: { Developers: { groups: ["devs"] }, Administrators: { users: [ALICE] } },
          },
        ],
      },
    });
    const grants = await grantsOf(bench);
    const [devs, admins] = grants.filter((grant) => grant.kind === "group");
    expect([devs?.privileged, admins?.privileged]).toEqual([false, true]);
    expect(grants.find((grant) => grant.kind === "inherited-role")).toMatchObject({ via: devs?.id, privileged: false });
    expect(grants.find((grant) => grant.kind === "project-role")).toMatchObject({
      role: "Administrators",
      privileged: true,
    });
    expect(grants.find((grant) => grant.kind === "admin-role")).toMatchObject({
      privileged: true,
      after: [devs?.id, admins?.id],
    });
  });

  it("end with the group that gave them, and that is read", async () => {
    const bench = await open({
      seed: { groups: [{ name: "admins", accessType: "admin", members: [ALICE] }] },
    });
    const [group, admin] = [await grantOf(bench, "group"), await grantOf(bench, "admin")];
    expect((await revoke(bench, admin)).status).toBe("elsewhere");
    expect(await stateOf(bench, admin)).toBe("present");
    expect((await revoke(bench, group)).status).toBe("revoked");
    expect((await revoke(bench, admin)).status).toBe("already-gone");
    expect(await stateOf(bench, admin)).toBe("absent");
  });

  it("stay where an identity provider fills the group, and say so", async () => {
    const bench = await open({ seed: { groups: [{ name: "synced", members: [ALICE], synced: true }] } });
    expect(await revoke(bench, await grantOf(bench, "group"))).toMatchObject({
      status: "elsewhere",
      where: expect.stringContaining("identity provider"),
    });
  });

  it("keep the last site administrator, and take one of two", async () => {
    const bench = await open();
    const admins = bench.peer.state.groups.find(({ name }) => name === "site-admins");
    const other = addGroup(bench.peer.state, { name: "site-admins-2", accessType: "site-admin", members: [ALICE] });
    const last = await grantOf(bench, `group:${other}`);
    expect((await revoke(bench, last)).status).toBe("blocked");
    admins?.members.push(ALICE);
    const shared = await grantOf(bench, `group:${admins?.groupId}`);
    expect((await revoke(bench, shared)).status).toBe("revoked");
    expect(admins?.members).toEqual([OWN]);
  });

  it("of the account that our own token belongs to are never touched", async () => {
    const bench = await open();
    bench.peer.behave({ when: isChange, then: "bad-gateway" });
    const grants = await grantsOf(bench, OWN);
    expect(grants.every(({ place }) => place?.at === "last")).toBe(true);
    for (const grant of grants) expect((await revoke(bench, grant)).status).toBe("blocked");
  });

  it("without the organization's key leave the account to a human, and read what that one did", async () => {
    const bench = await open({ withoutOrganization: true });
    userOf(bench.peer.state, ALICE).apiTokens.push({ id: "t1", label: "laptop" });
    const grants = await grantsOf(bench);
    expect(grants.map(({ kind }) => kind)).toEqual(["account"]);
    const account = await grantOf(bench, "account");
    expect(await revoke(bench, account)).toMatchObject({ status: "elsewhere", where: expect.stringContaining(ALICE) });
    expect(await stateOf(bench, account)).toBe("present");
    userOf(bench.peer.state, ALICE).suspended = true;
    expect(await stateOf(bench, account)).toBe("absent");
    const { sight } = bench.system;
    expect(sight.kind === "partial" && sight.blind.some((part) => part.includes("API tokens"))).toBe(true);
  });

  it("of an account that the organization does not manage are listed without its tokens", async () => {
    const bench = await open();
    userOf(bench.peer.state, ALICE).managed = false;
    expect((await grantsOf(bench)).map(({ kind }) => kind)).toEqual(["account"]);
    expect((await revoke(bench, await grantOf(bench, "account"))).status).toBe("revoked");
  });

  it("keep groups and roles while the account is suspended, and are given back with it", async () => {
    const bench = await open({ seed: { groups: [{ name: "devs", members: [ALICE] }] } });
    const account = await grantOf(bench, "account");
    await revoke(bench, account);
    expect((await grantsOf(bench)).map(({ kind }) => kind)).toEqual(["group"]);
    await bench.system.restore?.(account, call);
    expect(await stateOf(bench, account)).toBe("present");
  });
});

describe("jira's credential", () => {
  const faultsOf = async (bench: Awaited<ReturnType<typeof open>>) =>
    (await bench.system.check(call)).flatMap((check) => (check.ok ? [] : [`${check.name}: ${check.fix}`]));

  it("with exactly the documented rights passes the check", async () => {
    const bench = await open();
    expect(bench.peer.state.credential.permissions).toEqual([...DOCUMENTED_PERMISSIONS]);
    expect(await faultsOf(bench)).toEqual([]);
  });

  it.each(DOCUMENTED_PERMISSIONS)("is told which permission is missing, and where it is given: %s", async (key) => {
    const permissions = DOCUMENTED_PERMISSIONS.filter((one) => one !== key);
    const faults = await faultsOf(await open({ seed: { permissions } }));
    expect(faults.filter((fault) => fault.includes(`permission ${key}`))).toHaveLength(1);
    expect(faults.join()).toMatch(/Global permissions|permission scheme/);
  });

  it.each(["ADMINISTER", "USER_PICKER", "BROWSE_PROJECTS"] as const)(
    "without %s gives no short list, but an error",
    async (key) => {
      const permissions = DOCUMENTED_PERMISSIONS.filter((one) => one !== key);
      const bench = await open({ seed: { permissions } });
      expect((await failureOf(grantsOf(bench))).code).toBe("forbidden");
      expect((await failureOf(worksOf(bench))).code).toBe("forbidden");
    },
  );

  it("outside site-admins is told so, by the check and by the first group", async () => {
    const bench = await open({ seed: { groups: [{ name: "devs", members: [ALICE] }] } });
    const [admins] = bench.peer.state.groups;
    if (admins) admins.members = [BOB];
    expect((await faultsOf(bench)).join()).toContain("site-admins");
    expect(await failureOf(grantOf(bench, "group").then((grant) => revoke(bench, grant)))).toEqual({
      code: "forbidden",
      scope: expect.stringContaining("site administration"),
    });
  });

  it("of the organization is checked on its own", async () => {
    const bench = await open();
    bench.peer.state.organization.key = `${ORG_KEY}-other`;
    const faults = await faultsOf(bench);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/organization.*without scopes/);
  });

  it("loads jira.js only when something is asked", () => {
    const script = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ resolve: (name, context, next) => { if (name.startsWith("jira.js")) loaded.push(name); return next(name, context); } });
      const { jira } = await import("./connectors/jira/index.ts");
      const system = jira({ site: "${SITE}", email: "${SEED.email}", token: "x" }).connect({ fetch: async () => new Response("{}", { status: 401 }) });
      const before = loaded.length;
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      await system.check({ signal: new AbortController().signal, now: () => new Date(), log });
      console.log(JSON.stringify({ before, after: loaded.includes("jira.js/cloud") }));`;
    const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(JSON.parse(out)).toEqual({ before: 0, after: true });
  });
});
