import { describe, expect, it } from "vitest";
import type { Call, Grant as ListedGrant, Person } from "../../connectors/connector.ts";
import { manual } from "../../connectors/manual/index.ts";
import { Account, Grant } from "../../src/core/access.ts";

// The conformance suite does not apply: it revokes and reads back, and here nothing is revoked and nothing is read.

const LAPTOP = { title: "Laptop & badge", owner: "it@example.com", appliesTo: "everyone", dueHours: 48 } as const;
const ALICE: Person = { id: "p-1", name: "Alice", emails: [], logins: {}, active: true };
const CALL: Call = {
  signal: new AbortController().signal,
  now: () => new Date(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

describe("what has no connector", () => {
  it("is on the plan of everyone it applies to, once", async () => {
    const system = manual(LAPTOP).connect({ fetch });
    expect(system.id).toBe("manual:laptop-badge");
    const matches = await system.findAccounts(ALICE, CALL);
    expect(matches.map((match) => Account.parse(match.account).id)).toEqual(["p-1"]);
    const [match] = matches;
    if (!match) throw new Error("no match");
    const grants = await grantsOf(system.listGrants(match.account, CALL));
    expect(grants.map((grant) => Grant.parse(grant))).toEqual(grants);
    expect(grants).toMatchObject([{ kind: "manual", resource: "Laptop & badge", account: "p-1" }]);
  });

  it("concerns only the persons that are named", async () => {
    const system = manual({ ...LAPTOP, appliesTo: { persons: ["p-2"] } }).connect({ fetch });
    expect(await system.findAccounts(ALICE, CALL)).toEqual([]);
    expect(await system.findAccounts({ ...ALICE, id: "p-2" }, CALL)).toHaveLength(1);
  });

  it("is never revoked nor read by us: its owner is named, and what cannot be seen", async () => {
    const system = manual(LAPTOP).connect({ fetch });
    const [match] = await system.findAccounts(ALICE, CALL);
    if (!match) throw new Error("no match");
    const [grant] = await grantsOf(system.listGrants(match.account, CALL));
    if (!grant) throw new Error("no grant");
    expect(await system.revoke(grant, CALL)).toEqual({
      status: "elsewhere",
      where: "it@example.com removes it by hand",
    });
    expect(await system.readBack(grant, CALL)).toMatchObject({ state: "unreadable" });
    expect(system.sight).toMatchObject({ kind: "partial" });
    expect(system.manual).toEqual({ owner: "it@example.com", dueHours: 48 });
    expect((await system.check(CALL)).every((check) => check.ok)).toBe(true);
  });

  it("says every fault of its options at once, and does not connect", () => {
    const configured = manual({ title: " ", owner: "two words", appliesTo: { persons: [] }, dueHours: 0, id: "A B" });
    expect(configured.faults.map((fault) => fault.variable).sort()).toEqual([
      "manual.appliesTo.persons",
      "manual.dueHours",
      "manual.id",
      "manual.owner",
      "manual.title",
    ]);
    expect(() => configured.connect({ fetch })).toThrow();
  });

  it("needs an id where the title has no letter to make one of", () => {
    expect(manual({ ...LAPTOP, title: "笔记本" }).faults).toMatchObject([{ variable: "manual.id" }]);
    expect(manual({ ...LAPTOP, title: "笔记本", id: "laptop" }).faults).toEqual([]);
  });
});

async function grantsOf(listed: AsyncIterable<ListedGrant>): Promise<ListedGrant[]> {
  const all: ListedGrant[] = [];
  for await (const grant of listed) all.push(grant);
  return all;
}
