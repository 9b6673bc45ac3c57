import { describe, expect, it } from "vitest";
import { type Grant, grantKey } from "../../src/core/access.ts";
import {
  containmentOf,
  containmentPart,
  mayGoAlong,
  type PlanFor,
  proposePlan,
  type SystemRead,
} from "../../src/core/plan.ts";

const facts: PlanFor = {
  caseId: "C1",
  revision: 1,
  scope: "full",
  leaver: "p1",
  requester: "p2",
  dueAt: new Date("2026-11-30T17:00:00Z"),
  kind: "voluntary",
  mode: "orderly",
  done: new Set(),
};

function grant(id: string, more: Partial<Grant> = {}): Grant {
  return {
    system: "s",
    account: "1",
    id,
    kind: "membership",
    resource: id,
    stage: "memberships",
    after: [],
    outlivesSignOn: false,
    reversible: "always",
    privileged: false,
    secrets: [],
    breaks: [],
    ...more,
  };
}

function read(grants: readonly Grant[], more: Partial<SystemRead> = {}): SystemRead {
  return { system: "s", title: "S", state: "read", accounts: [], grants, work: [], sight: { kind: "full" }, ...more };
}

const COVERS = [{ system: "s", title: "S" }];

const ids = (plan: ReturnType<typeof proposePlan>) => plan.steps.map((step) => step.grant.id);

describe("the order of a plan", () => {
  it("ends sessions before memberships, the account and the chat, whatever order they were listed in", () => {
    const plan = proposePlan(facts, [
      read([
        grant("d", { stage: "chat" }),
        grant("c", { stage: "account" }),
        grant("b"),
        grant("a", { stage: "sessions" }),
      ]),
    ]);
    expect(ids(plan)).toEqual(["a", "b", "c", "d"]);
  });

  it("puts what a connector says must go first before the stage order", () => {
    const plan = proposePlan(facts, [
      read([grant("late", { stage: "sessions", after: ["early"] }), grant("early", { stage: "account" })]),
    ]);
    expect(ids(plan)).toEqual(["early", "late"]);
    expect(plan.steps[1]?.reason).toBe("after early");
  });

  it("keeps what is final behind everything, and lets nothing wait for it", () => {
    const plan = proposePlan(facts, [
      read([grant("password", { stage: "final", after: ["login"] }), grant("login"), grant("chat", { stage: "chat" })]),
      read([grant("account", { system: "t", afterSystems: ["s"], place: { at: "last", why: "others need it" } })], {
        system: "t",
      }),
    ]);
    expect(ids(plan)).toEqual(["login", "chat", "account", "password"]);
    const [password] = plan.steps.filter(({ grant: { stage } }) => stage === "final");
    expect(password?.reason).toBe("once the access is gone and the work handed over: it cannot be given back");
    for (const step of plan.steps) expect(step.after).not.toContain(password?.key);
  });

  it("names a cycle instead of choosing an order", () => {
    const looped = [grant("a", { after: ["b"] }), grant("b", { after: ["a"] }), grant("c")];
    expect(() => proposePlan(facts, [read(looped)])).toThrow(/contradicts itself: a after b/);
  });

  it("starts with what a system says goes before everything, and ends with the chat and with what goes last", () => {
    const credential = grant("bot", { place: { at: "last", why: "our own credential is hers" } });
    const plan = proposePlan(facts, [
      read([grant("chat", { system: "a", stage: "chat" }), credential, grant("team")]),
      read([grant("sso", { system: "z", place: { at: "first", why: "it opens new sessions everywhere" } })], {
        system: "z",
      }),
    ]);
    expect(ids(plan)).toEqual(["sso", "team", "chat", "bot"]);
    // Said, and waited for: not only listed so.
    const keyOf = (id: string) => plan.steps.find((step) => step.grant.id === id)?.key;
    expect(plan.steps.map(({ after }) => after)).toEqual([[], [keyOf("sso")], [keyOf("team")], [keyOf("chat")]]);
    expect(plan.steps[0]?.reason).toBe("before everything else: it opens new sessions everywhere");
    expect(plan.steps[3]?.reason).toBe("after everything else: our own credential is hers");
  });

  it("waits for another system where a grant says so, by its id or its kind", () => {
    const owner = grant("account", { system: "idp", stage: "sessions", afterSystems: ["git"] });
    const plan = proposePlan(facts, [
      read([owner], { system: "idp" }),
      read([grant("repo", { system: "git:acme" })], { system: "git:acme" }),
      read([grant("page", { system: "github" })], { system: "github" }),
    ]);
    expect(ids(plan)).toEqual(["repo", "account", "page"]);
    expect(plan.steps[1]?.reason).toBe("after everything in git:acme");
  });

  it("takes a grant before those that it precedes", () => {
    const plan = proposePlan(facts, [read([grant("a"), grant("owned", { stage: "account", precedes: ["a"] })])]);
    expect(ids(plan)).toEqual(["owned", "a"]);
  });

  it("names a cycle across systems, and only what is in it", () => {
    const plan = () =>
      proposePlan(facts, [
        read([grant("a", { system: "s", afterSystems: ["t"] }), grant("free", { system: "u" })]),
        read([grant("b", { system: "t", afterSystems: ["s"] })], { system: "t" }),
      ]);
    expect(plan).toThrow("the order of these contradicts itself: a (s) after b (t)");
  });

  it("keeps what ends with a last grant as late as that one, instead of contradicting itself", () => {
    const plan = proposePlan(facts, [
      read([grant("role", { via: "org" }), grant("org", { place: { at: "last", why: "owner" } }), grant("x")]),
    ]);
    expect(ids(plan)).toEqual(["x", "org", "role"]);
    expect(plan.steps[2]?.act).toBe("with");
  });

  it("is the same for the same inventory in another order", () => {
    const one = [read([grant("a"), grant("b")]), read([grant("a", { system: "t" })], { system: "t", title: "T" })];
    expect(proposePlan(facts, [...one].reverse())).toEqual(proposePlan(facts, one));
  });

  it("only reads back what ends with another grant, after that one", () => {
    const plan = proposePlan(facts, [read([grant("team", { via: "org" }), grant("org")])]);
    expect(plan.steps.map(({ grant: { id }, act }) => [id, act])).toEqual([
      ["org", "revoke"],
      ["team", "with"],
    ]);
  });

  it("revokes an inherited grant itself when the one it comes through stays", () => {
    const contain = containmentPart(facts, COVERS, [
      read([grant("team", { via: "org" }), grant("org", { reversible: { untilDays: 90 } })]),
    ]);
    expect(contain?.steps.map(({ grant: { id }, act }) => [id, act])).toEqual([["team", "revoke"]]);
  });
});

describe("how many approve", () => {
  it.each([
    ["two for a privileged grant", grant("a", { privileged: true }), 2],
    ["two for one that is never given back", grant("a", { reversible: "never" }), 2],
    ["two for one that is given back only for a time", grant("a", { reversible: { untilDays: 90 } }), 2],
    ["one for what is simply given back", grant("a"), 1],
  ])("is %s", (_, one, approvals) => {
    expect(proposePlan(facts, [read([one])]).approvals).toBe(approvals);
  });

  it("is one for a containment, which takes only what can be given back", () => {
    const systems = [
      { id: "s", title: "S" },
      { id: "badge", title: "Badge", manual: {} },
    ];
    expect(containmentOf(facts, systems)).toMatchObject({ approvals: 1, covers: COVERS, steps: [] });
    const part = containmentPart(facts, COVERS, [
      read([grant("a", { privileged: true }), grant("b", { reversible: "never" })]),
      read([grant("c", { system: "t" })], { system: "t" }),
      read([], { system: "u", state: "failed" }),
    ]);
    expect(part?.steps.map((step) => step.grant.id)).toEqual(["a"]);
    expect(part?.approvals).toBe(1);
  });
});

describe("what is missing from the picture", () => {
  it("is a gap for a system that did not answer and for an account nobody knows", () => {
    const plan = proposePlan(facts, [
      read([], { system: "down", title: "Down", state: "failed", failure: "the system did not answer" }),
      read([], { system: "who", title: "Who", state: "unmatched" }),
    ]);
    expect(plan.gaps.map(({ system, what }) => [system, what])).toEqual([
      ["down", "unreachable"],
      ["who", "unmatched"],
    ]);
  });

  it("is named where a system is partly blind, and never counted as clean", () => {
    const plan = proposePlan(facts, [read([], { sight: { kind: "partial", blind: ["classic tokens"] } })]);
    expect(plan.blind).toEqual([{ system: "s", title: "S", what: "classic tokens" }]);
    expect(plan.clean).toEqual([]);
  });
});

describe("what appeared since the approval", () => {
  it("leaves out what an earlier plan holds", () => {
    const plan = proposePlan({ ...facts, scope: "addition", done: new Set([grantKey(grant("a"))]) }, [
      read([grant("a"), grant("b")]),
    ]);
    expect(ids(plan)).toEqual(["b"]);
  });

  it("goes along only where undoing it is simple", () => {
    expect(mayGoAlong(grant("a"))).toBe(true);
    expect(mayGoAlong(grant("a", { privileged: true }))).toBe(false);
    expect(mayGoAlong(grant("a", { reversible: { untilDays: 90 } }))).toBe(false);
  });
});
