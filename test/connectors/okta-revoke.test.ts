import { afterEach, describe, expect, it } from "vitest";
import { LOGIN, SEED } from "./okta-bench.ts";
import {
  accountOf,
  call,
  changes,
  failureOf,
  grantOf,
  grantsOf,
  open,
  read,
  stopAll,
  withAlice,
} from "./okta-calls.ts";

afterEach(stopAll);

describe("okta revokes", () => {
  it("touches nothing of the account that owns our token", async () => {
    const bench = await open();
    for (const grant of await grantsOf(bench, SEED.tokenOf)) {
      expect(grant.place?.at, "it is planned after everything else").toBe("last");
      expect(await bench.system.revoke(grant, call)).toMatchObject({
        status: "blocked",
        by: [
          { what: expect.stringContaining("our own Okta token"), url: expect.stringContaining("acme-admin.okta.com") },
        ],
      });
    }
    expect(changes(bench)).toEqual([]);
  });

  it("says where it ends what a directory or a group gives", async () => {
    const bench = await open({
      groups: [
        { name: "Imported", members: [LOGIN], imported: true },
        { name: "Admins", members: [LOGIN], roles: ["ORG_ADMIN"] },
      ],
      apps: [{ label: "Git", groups: ["Admins"] }],
    });
    for (const kind of ["imported-group", "admin-role", "app"]) {
      const grant = await grantOf(bench, kind);
      expect(await bench.system.revoke(grant, call), kind).toMatchObject({ status: "elsewhere" });
      expect(await read(bench, grant)).toBe("present");
    }
    await bench.system.revoke(await grantOf(bench, "group"), call);
    expect((await grantsOf(bench)).map((grant) => grant.kind)).toEqual(["imported-group", "account", "lifecycle"]);
  });

  it("cannot suspend a locked account, says so, and does not let the deactivation wait for it", async () => {
    const bench = await open();
    await bench.peer.org.setStatus((await accountOf(bench)).id, "LOCKED_OUT");
    const account = await grantOf(bench, "account");
    expect(await bench.system.revoke(account, call)).toMatchObject({
      status: "blocked",
      by: [{ what: expect.stringContaining("LOCKED_OUT") }],
    });
    expect(await read(bench, account)).toBe("present");
    const lifecycle = await grantOf(bench, "lifecycle");
    expect(lifecycle.after).toEqual([]);
    expect(await bench.system.revoke(lifecycle, call)).toMatchObject({ status: "revoked" });
    expect([await read(bench, account), await read(bench, lifecycle)]).toEqual(["absent", "absent"]);
  });

  it("waits for a deactivation in the background, and asks for it once", async () => {
    const bench = await open();
    bench.peer.org.slow = true;
    const grant = await grantOf(bench, "lifecycle");
    expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "accepted" });
    const reading = await bench.system.readBack(grant, call);
    expect(reading.state).toBe("not-yet");
    if (reading.state === "not-yet") expect(reading.readAgainAfter.getTime()).toBeGreaterThan(Date.now());
    expect(
      (await grantsOf(bench)).map((one) => one.kind),
      "it is not over",
    ).toContain("lifecycle");
    expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "accepted" });
    await bench.peer.org.finish();
    expect(await read(bench, grant)).toBe("absent");
    expect(await bench.system.revoke(grant, call)).toEqual({ status: "already-gone" });
    expect(changes(bench).map(({ method, path }) => `${method} ${path.split("/").at(-1)}`)).toEqual([
      "POST deactivate",
    ]);
    expect(changes(bench)[0]?.query.get("sendEmail"), "the person gets no mail").toBe("false");
  });

  it("takes an account that is deactivated, or deleted, for gone already", async () => {
    const bench = await open({ ...withAlice({ factors: ["push"], signedIn: ["0oaCli"], apiTokens: ["ci"] }) });
    const grants = await grantsOf(bench);
    const { id } = await accountOf(bench);
    await bench.peer.org.setStatus(id, "DEPROVISIONED");
    for (const grant of grants.filter(({ kind }) => kind === "account" || kind === "lifecycle")) {
      expect(await bench.system.revoke(grant, call)).toEqual({ status: "already-gone" });
    }
    expect(
      (await grantsOf(bench)).map((one) => one.kind),
      "its API token is still there",
    ).toContain("api-token");
    await bench.peer.org.deleteUser(id);
    for (const grant of grants) {
      expect(await bench.system.revoke(grant, call)).toEqual({ status: "already-gone" });
      expect(await read(bench, grant)).toBe("absent");
    }
    expect(changes(bench)).toEqual([]);
  });

  it("never sends a change twice by itself", async () => {
    const bench = await open();
    const grant = await grantOf(bench, "account");
    bench.peer.behave({ when: ({ method }) => method !== "GET", then: "cut-after" });
    expect((await failureOf(bench.system.revoke(grant, call))).code).toBe("unreachable");
    expect(changes(bench)).toHaveLength(1);
  });

  it("takes a 404 for a missing right to see, where the list still has it", async () => {
    const bench = await open(withAlice({ factors: ["push"] }));
    const grant = await grantOf(bench, "factor");
    bench.peer.behave({ when: ({ method }) => method === "DELETE", then: "hide" });
    expect((await failureOf(bench.system.revoke(grant, call))).code).toBe("refused");
    expect(await read(bench, grant)).toBe("present");
  });

  it("refuses ids that are none of Okta's, without asking", async () => {
    const bench = await open();
    const grant = await grantOf(bench, "account");
    for (const odd of [
      { ...grant, id: "group:../../users" },
      { ...grant, id: "everything" },
      { ...grant, account: ".." },
    ]) {
      expect((await failureOf(bench.system.revoke(odd, call))).code).toBe("refused");
    }
    expect(changes(bench)).toEqual([]);
  });
});

describe("okta proves that sessions ended", () => {
  it("only once the log shows it, and with the log's own time", async () => {
    const bench = await open(withAlice({ signedIn: ["0oaCli", "0oaWeb"] }));
    const grant = await grantOf(bench, "session");
    bench.peer.org.log.shownUntil = Date.now();
    expect(await bench.system.revoke(grant, call)).toMatchObject({ status: "accepted" });
    expect(await read(bench, grant)).toBe("present");
    bench.peer.org.log.shownUntil = Number.POSITIVE_INFINITY;
    const reading = await bench.system.readBack(grant, call);
    expect(reading).toMatchObject({
      state: "absent",
      theirTime: expect.any(Date),
      evidence: { answer: expect.stringContaining("user.session.clear event-") },
    });
  });

  it("and not for a sign-in that came later", async () => {
    const bench = await open(withAlice({ signedIn: [] }));
    const grant = await grantOf(bench, "session");
    await bench.system.revoke(grant, call);
    const { id } = await accountOf(bench);
    bench.peer.org.log.write("user.session.start", id, [], "FAILURE");
    expect(await read(bench, grant), "a refused sign-in is none").toBe("absent");
    const { org } = bench.peer;
    org.log.write("user.session.clear", org.own, [id], "FAILURE");
    expect(await read(bench, grant), "a failed clearing takes nothing from the one before").toBe("absent");
    bench.peer.org.access.signIn(id);
    expect(await read(bench, grant)).toBe("present");
    expect((await grantsOf(bench)).map((one) => one.kind)).toContain("session");
  });

  it("not by somebody else's, and not while a refresh token is left", async () => {
    const bench = await open(withAlice({ signedIn: [] }));
    const grant = await grantOf(bench, "session");
    const { org } = bench.peer;
    org.log.write("user.session.clear", org.own, [await org.idOf("bob@acme.example")]);
    expect(await read(bench, grant)).toBe("present");
    const { id } = await accountOf(bench);
    org.access.signIn(id, ["0oaCli"]);
    org.log.write("user.session.clear", org.own, [id]);
    expect(await read(bench, grant)).toBe("present");
    await bench.system.revoke(grant, call);
    expect(await read(bench, grant)).toBe("absent");
  });
});

describe("okta gives back", () => {
  it("an app with its profile, and a custom role with its resources", async () => {
    const bench = await open({ apps: [{ label: "Cloud", users: [LOGIN] }] });
    const { org } = bench.peer;
    const { id } = await accountOf(bench);
    const app = (await grantOf(bench, "app")).id.slice("app:".length);
    org.apps.setProfile(app, id, { roles: ["billing"] });
    org.access.addRole(id, "CUSTOM", { role: "cr0Helper", "resource-set": "iamTeams" });
    for (const kind of ["app", "admin-role"]) {
      const grant = await grantOf(bench, kind);
      await bench.system.revoke(grant, call);
      expect(await read(bench, grant)).toBe("absent");
      await bench.system.restore?.(grant, call);
      await bench.system.restore?.(grant, call);
      expect(await grantOf(bench, kind)).toEqual(grant);
    }
    expect(await bench.peer.look(`/api/v1/apps/${app}/users/${id}`)).toMatchObject({ profile: { roles: ["billing"] } });
  });

  it("no role that was narrowed, since it would come back wider", async () => {
    const bench = await open(withAlice({ roles: ["USER_ADMIN"] }));
    const grant = await grantOf(bench, "admin-role");
    await bench.system.revoke(grant, call);
    expect((await failureOf(Promise.resolve(bench.system.restore?.(grant, call)))).code).toBe("refused");
    expect(await read(bench, grant)).toBe("absent");
  });

  it("nothing to an account that is deactivated", async () => {
    const bench = await open({ groups: [{ name: "Developers", members: [LOGIN] }] });
    const grant = await grantOf(bench, "group");
    await bench.peer.org.setStatus((await accountOf(bench)).id, "DEPROVISIONED");
    expect((await failureOf(Promise.resolve(bench.system.restore?.(grant, call)))).code).toBe("refused");
  });
});
