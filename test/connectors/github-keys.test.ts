import { describe, expect, it } from "vitest";
import type { Grant } from "../../connectors/connector.ts";
import { ALICE_IN, call, failureOf, grantOf, grantsOf, open, readState } from "./github-calls.ts";

describe("github says what a grant lets the leaver know", () => {
  it("names secrets by grant: of the repositories they can push to, and of the organization where those reach", async () => {
    const bench = await open({
      ...ALICE_IN,
      secrets: [
        { name: "EVERYWHERE", visibility: "all" },
        { name: "INSIDE", visibility: "private" },
        { name: "CHOSEN", visibility: "selected", repos: ["site"] },
      ],
      repos: [
        { name: "ledger", secrets: ["DEPLOY"], collaborators: [{ login: "alice-dev", permission: "push" }] },
        { name: "read-only", secrets: ["HIDDEN"], collaborators: [{ login: "alice-dev", permission: "pull" }] },
        { name: "site", private: false, secrets: ["PAGES"] },
      ],
      teams: [
        {
          name: "Web",
          members: [{ login: "alice-dev" }],
          repos: [
            { name: "site", permission: "push" },
            { name: "read-only", permission: "pull" },
          ],
        },
      ],
    });
    expect((await grantOf(bench, "org-membership")).secrets).toEqual([]);
    expect((await grantOf(bench, "team-membership")).secrets).toEqual([
      "PAGES of Acme/site",
      "EVERYWHERE of acme",
      "CHOSEN of acme",
    ]);
    const [ledger, readOnly] = (await grantsOf(bench)).filter(({ kind }) => kind === "repo-collaborator");
    expect(ledger?.secrets).toEqual(["DEPLOY of Acme/ledger", "EVERYWHERE of acme", "INSIDE of acme"]);
    expect(readOnly?.secrets).toEqual([]);
  });

  it.each([
    [
      "an owner",
      {
        members: [
          { login: "root-owner", role: "admin" },
          { login: "Alice-Dev", role: "admin" },
        ],
      },
    ],
    ["a member where everybody may write", { ...ALICE_IN, basePermission: "write" }],
  ] as const)("says of %s that it is every repository's", async (_, change) => {
    const bench = await open({ ...change, repos: [{ name: "ledger", secrets: ["DEPLOY"] }] });
    const membership = await grantOf(bench, "org-membership");
    expect(membership.secrets).toEqual(["the Actions secrets of every repository of Acme"]);
  });

  it("names who added a deploy key by the key, its last use and what breaks", async () => {
    const key = { title: "alice laptop", key: "ssh-ed25519 AAAAB", readOnly: false, lastUsed: "2026-11-24T10:00:00Z" };
    const others = [
      { title: "app", key: "ssh-ed25519 AAAAC" },
      { title: "bob", key: "ssh-ed25519 AAAAD", addedBy: "bob" },
    ];
    const keys = [{ ...key, addedBy: "alice-dev" }, ...others];
    const bench = await open({
      repos: [
        { name: "ledger", keys },
        { name: "old", archived: true, keys: [] },
      ],
    });
    const grant = await grantOf(bench, "deploy-key");
    expect(grant).toMatchObject({
      role: "write",
      privileged: true,
      lastUsedAt: "2026-11-24T10:00:00.000Z",
      breaks: ["whatever uses the deploy key alice laptop of Acme/ledger, last used 2026-11-24T10:00:00Z"],
    });
    await bench.system.revoke(grant, call);
    await bench.peer.addKeys("ledger", [{ ...key, title: "again" }]);
    expect(await readState(bench, grant), "the same key under another id is still that key").toBe("present");
    await bench.system.revoke(grant, call);
    expect(await readState(bench, grant)).toBe("absent");
    expect(await bench.peer.look("/repos/Acme/ledger/keys")).toHaveLength(2);
  });

  it("finds the 101st key, and throws where the page that has it fails", async () => {
    const keys = Array.from({ length: 101 }, (_, index) => ({
      title: `key ${index}`,
      key: `ssh-ed25519 ${index}`,
      addedBy: index === 100 ? "alice-dev" : "bob",
    }));
    const bench = await open({ repos: [{ name: "ledger", keys }] });
    const grant = await grantOf(bench, "deploy-key");
    expect(grant.resource).toBe("Acme/ledger: key 100");
    bench.peer.behave({ when: ({ query }) => query.get("page") === "2", then: "bad-gateway" });
    expect((await failureOf(grantsOf(bench))).code).toBe("unreachable");
    expect((await failureOf(bench.system.readBack(grant, call))).code).toBe("unreachable");
  });

  it("cancels every invitation to an address, and says before the plan who the last owner is", async () => {
    const bench = await open();
    bench.peer.inviteAddress("alice@example.com", "admin");
    const person = { id: "p", name: "Alice", emails: ["alice@example.com"], logins: {}, active: true };
    const [match] = await bench.system.findAccounts(person, call);
    if (!match) throw new Error("not invited");
    const grants: Grant[] = [];
    for await (const grant of bench.system.listGrants(match.account, call)) grants.push(grant);
    expect(grants).toMatchObject([{ kind: "email-invitation", privileged: true, reversible: "always" }]);
    bench.peer.inviteAddress("alice@example.com", "member");
    for (const grant of grants) {
      await bench.system.revoke(grant, call);
      expect(await readState(bench, grant)).toBe("absent");
    }
    expect(await bench.peer.look("/orgs/Acme/invitations")).toEqual([]);
    const last = await grantOf(bench, "org-membership", "root-owner");
    expect(last.breaks).toContain("acme has no other owner: name one first");
  });
});
