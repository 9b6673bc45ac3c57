import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Grant, System } from "../../connectors/connector.ts";
import { makeKey, type SshHost, startSshHost } from "../peers/ssh.ts";
import { aCall, accountOf, BOT, blindOf, connectTo, idOf, listOf, SKIPS, sightOf, titled } from "./ssh-bench.ts";

const ALICE = makeKey();
const BOB = makeKey();
const HOME = "/home/user0/.ssh/authorized_keys";

describe.skipIf(SKIPS)(titled("hosts that are as they should not be"), () => {
  let web: SshHost;
  let db: SshHost;
  beforeAll(async () => {
    [web, db] = await Promise.all([startSshHost({ bot: BOT }), startSshHost({ bot: BOT })]);
  });
  afterAll(() => Promise.all([web?.stop(), db?.stop()]));
  beforeEach(async () => {
    for (const host of [web, db]) await host.write(HOME, `${BOB.line} bob\n${ALICE.line} alice\n`, 20_000);
  });

  it("lists the keys of all hosts at once", async () => {
    const system = connectTo([{ host: web }, { host: db }]);
    const grants = await listOf(system, ALICE);
    expect(grants.map(({ resource }) => resource)).toEqual([
      `user0 on 127.0.0.1:${web.port}: ${HOME}`,
      `user0 on 127.0.0.1:${db.port}: ${HOME}`,
    ]);
  });

  it("names a host that is down, and hides nothing of the others", async () => {
    const port = await closedPort();
    const system = connectTo([{ host: web }, { host: db, port }]);
    expect(await listOf(system, ALICE)).toHaveLength(1);
    expect(blindOf(system)).toContain(`all of host 127.0.0.1:${port}, since it did not answer`);
    expect(sightOf(system).unanswered).toEqual([`all of host 127.0.0.1:${port}, since it did not answer`]);
    const checks = await system.check(aCall());
    expect(checks.map(({ ok }) => ok)).toEqual([true, false]);
  });

  it("refuses a host whose key is not the pinned one, before it says or learns anything", async () => {
    const system = connectTo([{ host: web }], { knownHosts: `[127.0.0.1]:${web.port} ${BOB.line}` });
    await expect(listOf(system, ALICE)).rejects.toMatchObject({
      failure: { code: "refused", reason: expect.stringContaining("not the one in known_hosts") },
    });
    expect((await system.check(aCall()))[0]).toMatchObject({ ok: false, fix: expect.stringContaining("SHA256:") });
    expect((await web.read("/var/log/auth.log")).toString().split("\n").at(-2)).not.toContain("Accepted");
  });

  it("refuses a host that nobody pinned, and names it beside the others", async () => {
    const system = connectTo([{ host: web }, { host: db }], { knownHosts: web.knownHost() });
    expect(await listOf(system, ALICE)).toHaveLength(1);
    expect(blindOf(system).join()).toContain(`127.0.0.1:${db.port} is not in known_hosts`);
  });

  it("is told what is missing when the key is not let in", async () => {
    const system = connectTo([{ host: web }], { bot: BOB });
    await expect(listOf(system, ALICE)).rejects.toMatchObject({ failure: { code: "forbidden" } });
  });
});

describe.skipIf(SKIPS)(titled("files of keys"), () => {
  let host: SshHost;
  let system: System;
  beforeAll(async () => {
    const config =
      "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u\nAuthorizedKeysCommand /usr/bin/true\nAuthorizedKeysCommandUser nobody\n" +
      'TrustedUserCAKeys /etc/ssh/ca.pub\nMatch User user1\nAuthorizedKeysFile /etc/ssh/of-%U\nMatch Address 192.0.2.0/24\nAuthorizedKeysFile "/etc/ssh/from afar/%u"\n';
    host = await startSshHost({ bot: BOT, config });
    system = connectTo([{ host }]);
  });
  afterAll(() => host?.stop());
  beforeEach(async () => {
    await host.restorePrograms();
    await host.inside("rm -rf /home/user?/.ssh /root/.ssh /etc/ssh/keys/* /etc/ssh/of-* '/etc/ssh/from afar'");
  });

  const only = (grants: readonly Grant[]) => {
    expect(grants).toHaveLength(1);
    const [grant] = grants;
    if (!grant) throw new Error("there is no grant");
    return grant;
  };

  it("reads every file that sshd may read for somebody, under any condition, and says who is as good as root", async () => {
    for (const path of [
      "/root/.ssh/authorized_keys",
      "/etc/ssh/of-20001",
      "/etc/ssh/from afar/user2",
      "/etc/ssh/keys/user0",
    ])
      await host.write(path, `${ALICE.line}\n`);
    const grants = await listOf(system, ALICE);
    const seen = grants.map(({ role, privileged }) => `${role} ${privileged}`).sort();
    // user1 may use sudo, user2 is in group docker.
    expect(seen).toEqual(["root true", "user0 false", "user1 true", "user2 true"]);
    expect(blindOf(system).join()).toContain("keys that /usr/bin/true gives to sshd");
    expect(blindOf(system).join()).toContain("certificates of the authorities in /etc/ssh/ca.pub");
  });

  it("finds the files of a second sshd", async () => {
    const port = await closedPort();
    await host.write(
      "/etc/ssh/second",
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey /etc/ssh/host_key\nPidFile none\nAuthorizedKeysFile /etc/ssh/keys/second-%u\n`,
    );
    await host.write("/etc/ssh/keys/second-user0", `${ALICE.line}\n`);
    await host.inside("/usr/sbin/sshd -f /etc/ssh/second -E /var/log/second.log");
    expect(only(await listOf(system, ALICE)).resource).toContain("/etc/ssh/keys/second-user0");
  });

  it("takes neither its own key nor a protected one", async () => {
    const careful = connectTo([{ host }], { protectedKeys: [idOf(BOB)] });
    await host.write(HOME, `${BOB.line}\n${BOT.line}\n`, 20_000);
    for (const key of [BOB, BOT]) {
      for (const grant of await listOf(careful, key)) {
        if (grant.kind === "session") continue;
        expect((await careful.revoke(grant, aCall())).status).toBe("blocked");
      }
    }
    expect((await host.read(HOME)).toString()).toBe(`${BOB.line}\n${BOT.line}\n`);
  });

  it("flags a key that signs certificates, and leaves it to a human", async () => {
    await host.write(HOME, `cert-authority ${ALICE.line}\n`, 20_000);
    const grant = only(await listOf(system, ALICE));
    expect(grant.kind).toBe("certificate-authority");
    expect((await system.revoke(grant, aCall())).status).toBe("blocked");
    expect((await system.readBack(grant, aCall())).state).toBe("present");
  });

  it("loses no line that somebody else writes meanwhile", async () => {
    await host.write(HOME, `${ALICE.line}\n`, 20_000);
    const grant = only(await listOf(system, ALICE));
    // The first comparison comes too late: a line was written after the file had been read.
    await host.replaceProgram(
      "cmp",
      (real) => `[ -e /run/once ] || { : >/run/once; echo '${BOB.line} new' >>${HOME}; }\nexec ${real} "$@"`,
    );
    expect((await system.revoke(grant, aCall())).status).toBe("revoked");
    expect((await host.read(HOME)).toString()).toBe(`${BOB.line} new\n`);
  });

  it("keeps owner, mode and links, and writes where the link leads", async () => {
    await host.write("/home/user0/real keys\n'x'", `${ALICE.line}\n${BOB.line}\n`, 20_000, 0o640);
    await host.inside(`mkdir -p /home/user0/.ssh; ln -s "/home/user0/real keys\n'x'" ${HOME}`);
    await system.revoke(only(await listOf(system, ALICE)), aCall());
    expect((await host.read("/home/user0/real keys\n'x'")).toString()).toBe(`${BOB.line}\n`);
    const stat = await host.inside(
      `stat -c '%F' ${HOME}; stat -L -c '%u %g %a' ${HOME}; ls -A /home/user0 | grep -c signoff || true`,
    );
    expect(stat).toBe("symbolic link\n20000 20000 640\n0\n");
  });

  it("does not follow a folder that was exchanged after it was read", async () => {
    await host.write(HOME, `${ALICE.line}\n${BOB.line}\n`, 20_000);
    await host.write("/etc/ssh/keys/authorized_keys", `${ALICE.line}\n${BOB.line}\n`);
    const grant = only((await listOf(system, ALICE)).filter(({ resource }) => resource.includes("/home/")));
    await host.replaceProgram(
      "ls",
      (real) =>
        `[ -e /run/swapped ] || { : >/run/swapped; mv /home/user0/.ssh /home/user0/old; ln -s /etc/ssh/keys /home/user0/.ssh; }\nexec ${real} "$@"`,
    );
    await system.revoke(grant, aCall()).catch(() => undefined);
    expect((await host.read("/etc/ssh/keys/authorized_keys")).toString()).toBe(`${ALICE.line}\n${BOB.line}\n`);
  });

  it("says blocked files and odd things in the place of files instead of leaving them out", async () => {
    await host.inside(`mkdir -p ${HOME} /etc/ssh/keys; mkfifo /etc/ssh/keys/user0`);
    expect(await listOf(system, ALICE)).toEqual([]);
    const blind = blindOf(system).join("\n");
    expect(blind).toContain(`${HOME}, since it is no plain file`);
    expect(blind).toContain("/etc/ssh/keys/user0, since it is no plain file");
  });

  it("says why when the file cannot be replaced, and leaves nothing behind", async () => {
    await host.write(HOME, `${ALICE.line}\n`, 20_000);
    const grant = only(await listOf(system, ALICE));
    await host.replaceProgram("mv", () => "exit 1");
    await expect(system.revoke(grant, aCall())).rejects.toMatchObject({ failure: { code: "refused" } });
    expect(await host.inside("ls -A /home/user0/.ssh")).toBe("authorized_keys\n");
  });

  it("does not give back a key that is there, and says when the file is gone", async () => {
    await host.write(HOME, `${ALICE.line}\n${BOB.line}`, 20_000);
    const grant = only(await listOf(system, ALICE));
    await system.restore?.(grant, aCall());
    expect((await host.read(HOME)).toString()).toBe(`${ALICE.line}\n${BOB.line}`);
    await host.inside(`rm ${HOME}`);
    expect((await system.readBack(grant, aCall())).state).toBe("absent");
    await expect(system.restore?.(grant, aCall())).rejects.toMatchObject({ failure: { code: "conflict" } });
  });

  it("ends the leaver's session in a shared account, and nobody else's", async () => {
    await host.write(HOME, `${ALICE.line}\n${BOB.line}\n`, 20_000);
    const [hers, his] = [
      await host.openSession(ALICE, "user0", "sleep 600"),
      await host.openSession(BOB, "user0", "sleep 601"),
    ];
    const grants = await listOf(system, ALICE);
    const session = only(grants.filter(({ kind }) => kind === "session"));
    expect(session.after).toEqual(grants.filter(({ kind }) => kind !== "session").map(({ id }) => id));
    expect((await system.readBack(session, aCall())).state).toBe("present");
    expect((await system.revoke(session, aCall())).status).toBe("revoked");
    await hers.closed;
    expect((await system.readBack(session, aCall())).state).toBe("absent");
    expect((await system.revoke(session, aCall())).status).toBe("already-gone");
    expect(await listOf(system, BOB)).toHaveLength(2);
    his.end();
    await his.closed;
  });

  it("asks nothing of a host that the configuration does not name any more", async () => {
    await host.write(HOME, `${ALICE.line}\n`, 20_000);
    const grant = only(await listOf(system, ALICE));
    const elsewhere = { ...grant, id: grant.id.replace(/^key:[^:]+/, "key:other.example.com") };
    await expect(system.revoke(elsewhere, aCall())).rejects.toMatchObject({ failure: { code: "refused" } });
    expect(accountOf(system, ALICE).id).toBe(grant.account);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
