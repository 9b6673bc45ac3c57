import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Grant, System } from "../../connectors/connector.ts";
import { aliasesOf, namingIn, parseSudoers } from "../../connectors/ssh/sudoers.ts";
import { makeKey, type SshHost, startSshHost } from "../peers/ssh.ts";
import { aCall, BOT, blindOf, connectTo, idOf, lastCallOf, listOf, listUser, SKIPS, titled } from "./ssh-bench.ts";

const WHO = { name: "alice", uid: "20000", groups: [{ name: "ops", gid: "900" }] };

describe("rules of sudo", () => {
  const named = (text: string) => {
    const statements = parseSudoers(text);
    const aliases = aliasesOf(statements);
    return statements.flatMap((one) => namingIn(one, WHO, aliases) ?? []);
  };

  it.each([
    "alice ALL=(ALL) ALL\n",
    "  alice\tweb1 = NOPASSWD: /bin/true, \\\n   /bin/false\n",
    '"alice" ALL=ALL',
    "#20000 ALL=(ALL) ALL # since 2019\r\n",
    "alice ALL=(ALL) /bin/sh -c a\\,b : web2=(root) ALL\n",
    "ali\\ce ALL=ALL\n",
  ])("are the person's alone: %j", (text) => {
    expect(named(text)).toEqual([{ alone: true, by: expect.any(String) }]);
  });

  it.each([
    "alice, bob ALL=(ALL) ALL\n",
    "bob,alice ALL=ALL\n",
    "%ops ALL=(ALL) ALL\n",
    "%#900 ALL=ALL\n",
    "User_Alias A = bob, alice : B = carol\nUser_Alias OUTER = B, A\nOUTER ALL=ALL\n",
    "ALL, !alice ALL=ALL\n",
  ])("name the person beside others: %j", (text) => {
    expect(named(text)).toEqual([{ alone: false, by: expect.any(String) }]);
  });

  it.each([
    "# alice ALL=ALL\n",
    "bob ALL=(alice) ALL\n",
    "bob ALL=(ALL) /bin/su alice\n",
    "alice2 ALL=ALL\n#200001 ALL=ALL\n",
    "Defaults:alice !lecture\n",
    "Runas_Alias OP = alice\nUser_Alias A = alice\n",
    "@includedir /etc/alice\n#include /etc/alice\n",
    "%alice ALL=ALL\n",
  ])("do not name the person: %j", (text) => expect(named(text)).toEqual([]));

  it("are not hidden by a comment that ends with a backslash, and every byte comes back", () => {
    const text = "# a comment \\\nalice ALL=ALL\nbob ALL=\\\n ALL\n\n\xff\\";
    expect(named(text)).toHaveLength(1);
    expect(
      parseSudoers(text)
        .map(({ bytes }) => bytes)
        .join(""),
    ).toBe(text);
  });
});

describe.skipIf(SKIPS)(titled("what a person's own Unix account holds"), () => {
  let host: SshHost;
  let system: System;
  beforeAll(async () => {
    host = await startSshHost({ bot: BOT });
    system = connectTo([{ host }]);
  });
  afterAll(() => host?.stop());
  beforeEach(async () => {
    await host.restorePrograms();
    await host.inside("rm -rf /etc/sudoers.d/* /home/user?/.ssh");
    await host.write(
      "/etc/sudoers",
      "root ALL=(ALL:ALL) ALL\nsignoff ALL=(root) NOPASSWD: /bin/sh -s\n@includedir /etc/sudoers.d\n",
      0,
      0o440,
    );
  });

  const RULES =
    "# keep\nuser0 ALL=(ALL) NOPASSWD: \\\n  ALL\nuser1 ALL=(ALL) ALL\nUser_Alias OPS = user0, user1\nOPS ALL=(root) /bin/true";
  const rule = (grants: readonly Grant[], text: string) => {
    const found = grants.find(({ kind, resource }) => kind === "sudo-rule" && resource.includes(text));
    if (!found) throw new Error(`there is no rule with ${text}: ${grants.map(({ resource }) => resource).join()}`);
    return found;
  };

  it("takes a rule of sudo that is theirs alone, whole, and gives it back in its place", async () => {
    await host.write("/etc/sudoers.d/team", RULES, 0, 0o440);
    const own = rule(await listUser(system, "user0"), "NOPASSWD");
    expect(own.privileged).toBe(true);
    expect(await system.revoke(own, aCall())).toMatchObject({ status: "revoked" });
    expect((await host.read("/etc/sudoers.d/team")).toString()).toBe(RULES.replace(/user0 ALL.*\n.*\n/, ""));
    expect(await host.inside("stat -c '%u %g %a' /etc/sudoers.d/team; ls -A /etc/sudoers.d")).toBe("0 0 440\nteam\n");
    expect((await system.readBack(own, aCall())).state).toBe("absent");
    expect(await host.inside("sudo -n -l -U user0")).not.toContain("NOPASSWD");
    expect((await system.revoke(own, aCall())).status).toBe("already-gone");
    await system.restore?.(own, aCall());
    expect((await host.read("/etc/sudoers.d/team")).toString()).toBe(RULES);
    expect((await system.readBack(own, aCall())).state).toBe("present");
  });

  it("leaves a rule that names others too to a human, with what to type, and reads back what they did", async () => {
    await host.write("/etc/sudoers.d/team", RULES, 0, 0o440);
    const shared = rule(await listUser(system, "user0"), "OPS ALL");
    expect(await system.revoke(shared, aCall())).toMatchObject({
      status: "blocked",
      by: [{ what: expect.stringContaining("visudo -f /etc/sudoers.d/team") }],
    });
    expect((await host.read("/etc/sudoers.d/team")).toString()).toBe(RULES);
    await host.write("/etc/sudoers.d/team", RULES.replace("user0, user1", "user1"), 0, 0o440);
    expect((await system.readBack(shared, aCall())).state).toBe("absent");
    expect((await system.revoke(shared, aCall())).status).toBe("already-gone");
  });

  it("changes nothing while visudo finds faults, and puts back what would break the rest", async () => {
    await host.write("/etc/sudoers.d/team", RULES, 0, 0o440);
    const own = rule(await listUser(system, "user0"), "NOPASSWD");
    await host.write("/etc/sudoers.d/other", "this is no rule\n", 0, 0o440);
    await expect(system.revoke(own, aCall())).rejects.toMatchObject({ failure: { code: "refused" } });
    await host.inside("rm /etc/sudoers.d/other");
    // The whole is right before, and no more once the rule is gone.
    await host.replaceProgram("sync", (real) => `echo broken >/etc/sudoers.d/other; exec ${real} "$@"`);
    await expect(system.revoke(own, aCall())).rejects.toMatchObject({
      failure: { code: "refused", reason: expect.stringContaining("put back") },
    });
    expect((await host.read("/etc/sudoers.d/team")).toString()).toBe(RULES);
  });

  it("never takes the rule by which it works itself", async () => {
    const own = rule(await listUser(system, "signoff"), "/bin/sh -s");
    expect(await system.revoke(own, aCall())).toMatchObject({ status: "blocked" });
    expect((await system.readBack(own, aCall())).state).toBe("present");
  });

  it("names groups that amount to root, jobs, and what runs, each for a human", async () => {
    await host.inside("mkdir -p /home/user2/.config/systemd/user; : >/home/user2/.config/systemd/user/sync.timer");
    const key = makeKey();
    await host.write("/home/user2/.ssh/authorized_keys", `${key.line}\n`, 20_002);
    const session = await host.openSession(key, "user2", "exec sleep 602");
    const grants = await listUser(system, "user2");
    const kinds = grants.map(({ kind, resource }) => `${kind}: ${resource}`).join("\n");
    expect(kinds).toContain(`admin-group: user2 on 127.0.0.1:${host.port}: group docker`);
    expect(kinds).toContain("/home/user2/.config/systemd/user/sync.timer");
    expect(kinds).toMatch(/processes: .*sleep/);
    expect(kinds).toContain("unix-account: ");
    for (const grant of grants) {
      expect((await system.revoke(grant, aCall())).status).toBe("blocked");
      expect((await system.readBack(grant, aCall())).state).toBe("present");
    }
    expect(blindOf(system).join("\n")).toContain("whether it is clean, since the person could be root there");
    session.end();
    await session.closed;
  });

  it("finds nothing of an account that the host does not know", async () => {
    expect(await listUser(system, "nobody-here")).toEqual([]);
  });

  it("tells of every key where it stands and as whom it was used, whosever it is", async () => {
    const [hers, his] = [makeKey(), makeKey()];
    await host.write("/home/user0/.ssh/authorized_keys", `${hers.line}\n${his.line} hers\n`, 20_000);
    expect(await host.login(his, "user0")).toBe(true);
    await listOf(system, hers);
    const seen = new Map(system.seenAccounts?.(lastCallOf(system)).map((one) => [one.id, one]));
    expect(seen.get(idOf(his))).toEqual({
      id: idOf(his),
      where: `user0 on 127.0.0.1:${host.port}: /home/user0/.ssh/authorized_keys`,
      usedAs: ["user:user0"],
    });
    expect(seen.get(idOf(hers))?.usedAs).toEqual([]);
  });
});
