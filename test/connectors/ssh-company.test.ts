import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Grant, System } from "../../connectors/connector.ts";
import { fingerprintOf } from "../../connectors/ssh/key-line.ts";
import { type Key, makeKey, type SshHost, startSshHost } from "../peers/ssh.ts";
import { aCall, BOT, blindOf, connectTo, idOf, listAccount, SKIPS, titled } from "./ssh-bench.ts";
import { decoysOf, futureKey, GOOD_FORMS, securityKey, UNREADABLE } from "./ssh-forms.ts";

// 40 accounts, 400 lines with keys in every odd form, and lines that only look like it.

/** One line as it was written, and whose key it holds. */
interface Written {
  readonly user: string;
  readonly path: string;
  readonly bytes: string;
  readonly key: Key | undefined;
  readonly leavers: boolean;
}

const ALICE = [makeKey(), makeKey()];
const DEVICE = securityKey();
const FUTURE = futureKey("alice's key of the future");
/** Only on lines that look like the leaver's: which of two lines with one key sshd takes is no matter of ours. */
const MISTAKEN = makeKey();
const COLLEAGUES = Array.from({ length: 30 }, makeKey);

describe.skipIf(SKIPS)(titled("a host with 40 accounts and 400 keys"), { timeout: 300_000 }, () => {
  let host: SshHost;
  let system: System;
  let written: Written[];
  let grants: Grant[];
  const before = new Map<string, Buffer>();

  beforeAll(async () => {
    host = await startSshHost({ bot: BOT, accounts: 39 });
    system = connectTo([{ host }]);
    written = linesFor(host);
    for (const [path, lines] of Map.groupBy(written, (line) => line.path)) {
      const content = Buffer.from(lines.map((line) => line.bytes).join(""), "latin1");
      const uid = path.startsWith("/home/") ? host.accounts.find(({ home }) => path.startsWith(`${home}/`))?.uid : 0;
      await host.write(path, content, uid, path.startsWith("/etc") ? 0o644 : path.includes("keys2") ? 0o640 : 0o600);
      before.set(path, content);
    }
  });
  afterAll(() => host?.stop());

  it("lets the leaver in with the lines that this test will take", async () => {
    expect(written.filter(({ key }) => key !== undefined)).toHaveLength(400);
    expect(new Set(written.map(({ user }) => user)).size).toBe(40);
    for (const { key, user } of sample(
      written.filter(canLogin).filter(({ leavers }) => leavers),
      14,
    )) {
      expect(await host.login(key, user), user).toBe(true);
    }
  });

  it("lists exactly the leaver's keys", async () => {
    grants = [];
    for (const id of leaversIds()) {
      grants.push(...(await listAccount(system, { system: system.id, id, login: id, kind: "human" })));
    }
    const places = new Set(written.filter(({ leavers }) => leavers).map(({ path, key }) => `${path} ${key?.line}`));
    expect(grants).toHaveLength(places.size);
    expect(grants.filter(({ privileged }) => privileged).length).toBeGreaterThan(0);
  });

  it("names every line in which no key can be read", () => {
    const unread = blindOf(system).filter((what) => what.includes("no key that can be read"));
    expect(unread.length).toBeGreaterThan(5);
  });

  it("takes exactly those lines, and leaves every other byte, owner and mode", async () => {
    const stats = await host.inside("stat -c '%n %U %G %a' /home/*/.ssh/* /etc/ssh/keys/* /root/.ssh/*");
    // Together, as a plan's steps may be: several of them change the same file.
    const revoked = await Promise.all(grants.map((grant) => system.revoke(grant, aCall())));
    expect(new Set(revoked.map(({ status }) => status))).toEqual(new Set(["revoked"]));
    for (const [path, lines] of Map.groupBy(written, (line) => line.path)) {
      const kept = lines.filter(({ leavers }) => !leavers).map(({ bytes }) => bytes);
      expect((await host.read(path)).equals(Buffer.from(kept.join(""), "latin1")), path).toBe(true);
    }
    expect(await host.inside("stat -c '%n %U %G %a' /home/*/.ssh/* /etc/ssh/keys/* /root/.ssh/*")).toBe(stats);
    expect(
      await host.inside("find / -xdev -name '.signoff-*' 2>/dev/null; find /home /root /etc/ssh -name '.signoff*'"),
    ).toBe("");
    const read = await Promise.all(grants.map((grant) => system.readBack(grant, aCall())));
    expect(new Set(read.map(({ state }) => state))).toEqual(new Set(["absent"]));
  });

  it("refuses each login that was taken, and lets everybody else in as before", async () => {
    const able = written.filter(canLogin);
    const left = (key: Key, user: string) => able.some((one) => !one.leavers && one.user === user && one.key === key);
    for (const { key, user } of sample(
      able.filter(({ leavers }) => leavers),
      14,
    )) {
      expect(await host.login(key, user), user).toBe(left(key, user));
    }
    for (const { key, user } of sample(
      able.filter(({ leavers }) => !leavers),
      14,
    )) {
      expect(await host.login(key, user), user).toBe(true);
    }
  });

  it("gives back the same bytes", async () => {
    const files = [...Map.groupBy(grants.toReversed(), ({ before }) => before?.["file"]).values()];
    await Promise.all(
      files.map(async (own) => {
        for (const grant of own) await system.restore?.(grant, aCall());
      }),
    );
    for (const [path, content] of before) expect((await host.read(path)).equals(content), path).toBe(true);
  });
});

function leaversIds(): string[] {
  const made = [DEVICE, FUTURE].map(({ line }) => fingerprintOf(Buffer.from(line.split(" ")[1] ?? "", "base64")));
  return [...ALICE.map(idOf), ...made];
}

/** Ten keys for each of 40 accounts, over three files, among lines that only look like keys. */
function linesFor(host: SshHost): Written[] {
  const users = [{ name: "root", home: "/root" }, ...host.accounts];
  let turn = 0;
  const next = <T>(from: readonly T[], step = 1): T => {
    turn += step;
    const one = from[turn % from.length];
    if (one === undefined) throw new Error("nothing to choose from");
    return one;
  };
  return users.flatMap(({ name, home }, number) => {
    const lines: Written[] = [];
    const files = [`${home}/.ssh/authorized_keys`, `${home}/.ssh/authorized_keys2`, `/etc/ssh/keys/${name}`];
    for (const [nth, path] of files.entries()) {
      const count = nth === 0 ? 6 : 2;
      for (let at = 0; at < count; at++) {
        const form = GOOD_FORMS[(number * 10 + nth * 6 + at) % GOOD_FORMS.length];
        if (!form) throw new Error("no form");
        const leavers = (number + at + nth) % 4 === 0;
        const odd = leavers && at === 1 ? next([DEVICE, FUTURE]) : undefined;
        const key = odd ? { ...odd, privateKey: "" } : next(leavers ? ALICE : COLLEAGUES);
        const last = at === count - 1 && number % 3 === 0;
        const bom = at === 0 && number % 5 === 0 ? "\xef\xbb\xbf" : "";
        lines.push({ user: name, path, key, leavers, bytes: `${bom}${form.write(key.line)}${last ? "" : form.end}` });
        if (last) continue;
        const [alice] = ALICE;
        const decoys = alice ? decoysOf(alice.line, MISTAKEN.line) : [];
        const other = number % 2 === 0 ? next(decoys, 3) : next(UNREADABLE, 2);
        lines.push({ user: name, path, key: undefined, leavers: false, bytes: `${other}\n` });
      }
    }
    return lines;
  });
}

function canLogin(line: Written): line is Written & { readonly key: Key } {
  // sshd reads neither a line behind an editor's byte order mark nor, in Debian 12, the short name of a type.
  return line.key !== undefined && line.key.privateKey !== "" && !/^\xef\xbb\xbf|ED25519 /.test(line.bytes);
}

function sample<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, index) => index % step === 0).slice(0, count);
}
