import { describe, expect, it } from "vitest";
import { SEED } from "./github-bench.ts";
import { ALICE_IN, call, failureOf, grantsOf, open, readState, writesTo } from "./github-calls.ts";

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
    expect(grant.place?.at, "it is planned after everything else").toBe("last");
    const revoked = await bench.system.revoke(grant, call);
    if (revoked.status !== "blocked") throw new Error(`not blocked but ${revoked.status}`);
    expect(revoked.by).toHaveLength(reasons.length);
    for (const [index, reason] of reasons.entries()) {
      expect(revoked.by[index]).toMatchObject({
        what: expect.stringContaining(reason),
        url: expect.stringMatching(/^https:/),
      });
    }
    expect(writesTo(bench)).toEqual([]);
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
