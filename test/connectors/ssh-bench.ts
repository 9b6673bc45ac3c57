import type { Account, Call, Grant, Person, System } from "../../connectors/connector.ts";
import { ssh } from "../../connectors/ssh/index.ts";
import { findFingerprint } from "../../connectors/ssh/key-line.ts";
import { type Key, makeKey, SSH_LACKS, type SshHost, SUDOERS, startSshHost } from "../peers/ssh.ts";
import { startTcpProxy, type TcpProxy } from "../peers/tcp-proxy.ts";
import type { Bench, Misbehaviour } from "./conformance.ts";

/** Says whether tests with a host are skipped here; with CI=true they fail instead. */
export const SKIPS = SSH_LACKS !== undefined && process.env["CI"] !== "true";

/** The name of a suite that needs a host, with what is missing where it is skipped. */
export function titled(title: string): string {
  return SKIPS ? `${title} (needs ${SSH_LACKS})` : title;
}

export const BOT = makeKey();

/** What a connector is connected with; hosts are reached on loopback. */
export function connectTo(
  hosts: readonly { readonly host: SshHost; readonly port?: number }[],
  options: {
    readonly bot?: Key;
    readonly knownHosts?: string;
    readonly protectedKeys?: string[];
    readonly user?: string;
  } = {},
): System {
  const configured = ssh({
    name: "test",
    hosts: hosts.map(({ host, port }) => `127.0.0.1:${port ?? host.port}`),
    user: options.user ?? "signoff",
    privateKey: (options.bot ?? BOT).privateKey,
    knownHosts: options.knownHosts ?? hosts.map(({ host, port }) => host.knownHost(port)).join("\n"),
    protectedKeys: options.protectedKeys ?? [],
  });
  return configured.connect({ fetch });
}

/** `SHA256:…` of a key. */
export function idOf(key: Key): string {
  const fingerprint = findFingerprint(key.line);
  if (!fingerprint) throw new Error("this is no public key");
  return fingerprint;
}

export function accountOf(system: System, key: Key): Account {
  return { system: system.id, id: idOf(key), login: idOf(key), kind: "human" };
}

export function aCall(signal: AbortSignal = AbortSignal.timeout(120_000)): Call {
  const quiet = () => {};
  return { signal, now: () => new Date(), log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
}

/** The call of the last listing of a system: what it could not see is told of that call. */
const lastCalls = new WeakMap<System, Call>();

export function listOf(system: System, key: Key): Promise<Grant[]> {
  return listAccount(system, accountOf(system, key));
}

/** What a Unix account holds. */
export function listUser(system: System, name: string): Promise<Grant[]> {
  const id = `user:${name}`;
  return listAccount(system, { system: system.id, id, login: id, kind: "human" });
}

export async function listAccount(system: System, account: Account): Promise<Grant[]> {
  const call = aCall();
  lastCalls.set(system, call);
  const grants: Grant[] = [];
  for await (const grant of system.listGrants(account, call)) grants.push(grant);
  return grants;
}

/** What the last listing could not see. */
export function blindOf(system: System): readonly string[] {
  return sightOf(system).blind;
}

export function sightOf(system: System): Extract<System["sight"], { kind: "partial" }> {
  const sight = system.sightOf?.(lastCallOf(system)) ?? system.sight;
  if (sight.kind !== "partial") throw new Error("it says that it sees everything");
  return sight;
}

export function lastCallOf(system: System): Call {
  const call = lastCalls.get(system);
  if (!call) throw new Error("nothing was listed yet");
  return call;
}

const CUT = `for p in /proc/[0-9]*; do p=\${p#/proc/}; [ "$p" = 1 ] || case $(readlink "/proc/$p/exe") in */sshd) kill -9 "$p" ;; esac; done`;

/** Fits a host to the conformance suite: the bot is the documented account with sudo. */
export async function bench(): Promise<Bench> {
  // 60 accounts with 17 files each hold more than a thousand grants.
  const shelves = Array.from({ length: 15 }, (_, index) => `/etc/ssh/shelf${index}`);
  const files = [".ssh/authorized_keys", "/etc/ssh/keys/%u", ...shelves.map((shelf) => `${shelf}/%u`)];
  const host = await startSshHost({ bot: BOT, accounts: 60, config: `AuthorizedKeysFile ${files.join(" ")}\n` });
  const proxy: TcpProxy = await startTcpProxy(host.port);
  const system = connectTo([{ host, port: proxy.port }]);
  const leaver = makeKey();
  const colleague = makeKey();
  const person: Person = {
    id: "p-1",
    name: "Alice Example",
    emails: ["alice@example.com"],
    logins: { ssh: [idOf(leaver)] },
    active: true,
  };
  const places = host.accounts.flatMap(({ name, uid, home }) => [
    { path: `${home}/.ssh/authorized_keys`, uid },
    { path: `/etc/ssh/keys/${name}`, uid: 0 },
  ]);
  const more = shelves.flatMap((shelf) => host.accounts.map(({ name }) => ({ path: `${shelf}/${name}`, uid: 0 })));
  const sudoers = (text: string) => host.write("/etc/sudoers", text, 0, 0o440);
  const rules: Record<Misbehaviour, () => unknown> = {
    well: async () => {
      proxy.behave({ kind: "pass" });
      await sudoers(SUDOERS);
      await host.restorePrograms();
    },
    // A long list is cut within: the connection ends while the files are sent.
    "page-fails": () =>
      host.replaceProgram(
        "od",
        (real) => `
n=$(cat /run/count 2>/dev/null || echo 0); echo $((n + 1)) >/run/count; [ "$n" -lt 80 ] || { ${CUT}; exit 1; }
exec ${real} "$@"`,
      ),
    "does-nothing": () => host.replaceProgram("mv", () => "exit 0"),
    "answer-lost": () => host.replaceProgram("mv", (real) => `${real} "$@"; ${CUT}`),
    "rate-limited": () => undefined,
    forbidden: () => sudoers("root ALL=(ALL:ALL) ALL\n"),
    unreachable: () => proxy.behave({ kind: "refuse" }),
  };
  return {
    system,
    secrets: BOT.privateKey.split("\n").filter((line) => line.length > 30 && !line.startsWith("-----")),
    person,
    namesake: { ...person, id: "p-2", logins: {} },
    async grant(count) {
      for (const [index, { path, uid }] of [
        ...places,
        ...more.slice(0, Math.max(0, count - places.length)),
      ].entries()) {
        const hers = index < count ? `${leaver.line} alice@laptop\n` : "";
        await host.write(path, `${colleague.line} bob\n${hers}`, uid);
      }
    },
    async grantOf() {
      await host.write("/home/user0/.ssh/authorized_keys", `${colleague.line} bob\n${leaver.line} alice\n`, 20_000);
    },
    behave: async (how) => {
      await rules[how]();
    },
    async nameBadly() {
      const bad = Buffer.concat([Buffer.from("al\0ice \u202e\u2066 "), Buffer.from([0xff, 0xfe, 0xc3, 0x28])]);
      const line = Buffer.concat([Buffer.from(`${leaver.line} `), bad, Buffer.from("\n")]);
      await host.write("/home/user0/.ssh/authorized_keys", line, 20_000);
    },
    async stop() {
      await proxy.stop();
      await host.stop();
    },
  };
}
