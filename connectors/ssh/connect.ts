import ssh2, { type ClientChannel, type Client as Connection, type ServerHostKeyAlgorithm } from "ssh2";
import { type Call, type Secret, SystemError, textOfBytes } from "../connector.ts";
import type { HostAddress } from "./hosts.ts";
import { fingerprintOf } from "./key-line.ts";
import { findPinned } from "./known-hosts.ts";
import { type Answer, hasBegun, parseAnswer, scriptOf } from "./shell.ts";

/** How to log in, the same on all hosts. */
export interface Login {
  readonly user: string;
  readonly privateKey: Secret;
  readonly knownHosts: string;
}

/** A host that we are logged in to. */
export interface Host {
  readonly id: string;
  /** Runs a script as root and gives its whole answer. @throws SystemError if it is cut short. */
  run(script: string): Promise<readonly Answer[]>;
}

/** Milliseconds until a host that says nothing counts as down. */
const HANDSHAKE = 15_000;
const SCRIPT = 120_000;

/** RSA keys sign in several ways (RFC 8332); a line of known_hosts names the key, not the way. */
const RSA: readonly ServerHostKeyAlgorithm[] = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];

/**
 * Logs in, lends the host, and logs out whatever happens. Fails with `refused` if the host is not known by its key,
 * `forbidden` if it does not let us in or not become root, `unreachable` if it does not answer.
 */
export async function withHost<T>(
  login: Login,
  address: HostAddress,
  call: Call,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  call.signal.throwIfAborted();
  const connection = new ssh2.Client();
  const stop = () => connection.destroy();
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    await connect(connection, login, address);
    return await work({ id: address.id, run: (script) => run(connection, login, address, script) });
  } catch (error) {
    call.signal.throwIfAborted();
    throw error;
  } finally {
    call.signal.removeEventListener("abort", stop);
    connection.end();
    connection.destroy();
  }
}

function connect(connection: Connection, login: Login, address: HostAddress): Promise<void> {
  const pinned = findPinned(login.knownHosts, address);
  if (!pinned) {
    const reason = `the key of host ${address.id} is not in known_hosts`;
    return Promise.reject(new SystemError({ code: "refused", reason }));
  }
  let shown: string | undefined;
  return new Promise((resolve, reject) => {
    const unreachable = (message: string) =>
      reject(new SystemError({ code: "unreachable" }, { message: `${address.id}: ${message}` }));
    connection.on("ready", resolve);
    connection.on("close", () => unreachable("the connection was closed"));
    connection.on("error", (error: Error & { level?: string; code?: string }) => {
      if (shown !== undefined) {
        const reason = `host ${address.id} shows the key ${shown}, which is not the one in known_hosts`;
        reject(new SystemError({ code: "refused", reason }));
      } else if (error.level === "client-authentication") {
        reject(new SystemError({ code: "forbidden", scope: `a login as ${login.user} on ${address.id}` }));
      } else {
        // Its text may hold what was sent; the code of the network's error does not.
        unreachable(error.code ?? error.level ?? "the connection failed");
      }
    });
    connection.connect({
      host: address.host,
      port: address.port,
      username: login.user,
      privateKey: login.privateKey.reveal(),
      readyTimeout: HANDSHAKE,
      keepaliveInterval: 10_000,
      keepaliveCountMax: 3,
      authHandler: ["publickey"],
      // Only kinds of keys that are pinned: else a host with several could show one that nobody wrote down.
      algorithms: { serverHostKey: pinned.types.flatMap(signedBy) },
      hostVerifier(key: Buffer) {
        const good = pinned.accepts(key);
        if (!good) shown = fingerprintOf(key);
        return good;
      },
    });
  });
}

function signedBy(type: string): ServerHostKeyAlgorithm[] {
  return type === "ssh-rsa" ? [...RSA] : [type as ServerHostKeyAlgorithm];
}

function run(connection: Connection, login: Login, address: HostAddress, script: string): Promise<readonly Answer[]> {
  const sudo = login.user !== "root";
  const cut = () =>
    new SystemError({ code: "unreachable" }, { message: `${address.id}: the connection was cut within an answer` });
  return new Promise<readonly Answer[]>((resolve, reject) => {
    const lost = () => end(() => reject(cut()));
    const timer = setTimeout(lost, SCRIPT);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      connection.off("close", lost);
      settle();
    };
    connection.on("close", lost);
    const begin = (error: Error | undefined, channel: ClientChannel) => {
      if (error) {
        const scope = `commands for ${login.user} on ${address.id}`;
        return end(() => reject(new SystemError({ code: "forbidden", scope })));
      }
      const output: Buffer[] = [];
      const complaints: Buffer[] = [];
      let code: number | null | undefined;
      channel.on("data", (chunk: Buffer) => output.push(chunk));
      channel.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
      channel.on("exit", (status: number | null) => {
        code = status;
      });
      channel.on("error", lost);
      channel.on("close", () =>
        end(() => {
          const text = Buffer.concat(output).toString("latin1");
          const answer = parseAnswer(text);
          if (answer?.uid === "0") return resolve(answer.answers);
          if (answer) return reject(new SystemError({ code: "forbidden", scope: `root's rights on ${address.id}` }));
          if (code === undefined || code === null || hasBegun(text)) return reject(cut());
          const message = `${address.id}: ${firstLine(Buffer.concat(complaints))}`;
          const scope = sudo ? `sudo /bin/sh -s for ${login.user} on ${address.id}` : `a shell on ${address.id}`;
          return reject(new SystemError({ code: "forbidden", scope }, { cause: new Error(message) }));
        }),
      );
      // A channel that is gone meanwhile closes, and says so there.
      channel.stdin.on("error", () => undefined);
      return channel.end(Buffer.from(scriptOf(script), "latin1"));
    };
    try {
      connection.exec(sudo ? "sudo -n /bin/sh -s" : "/bin/sh -s", begin);
    } catch {
      // The library throws in the place of calling back when the connection is gone already.
      lost();
    }
  });
}

function firstLine(bytes: Uint8Array): string {
  return textOfBytes(bytes).split("\n", 1)[0]?.slice(0, 200) || "the shell did not start";
}
