import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import ssh2 from "ssh2";

// A host with a real sshd that shares nothing with this machine but its programs: in its own mount and process
// namespaces it has its own accounts, homes, sudoers, log and /etc/ssh. Its files lie in a folder and can be read there.

const run = promisify(execFile);
const PROGRAMS = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sudo", "/usr/bin/unshare", "/usr/bin/nsenter"];

/** What this machine lacks to run such a host, `undefined` if nothing. */
export const SSH_LACKS: string | undefined = lacks();

/** A key pair: text as its files hold it. `line` is type and key without a comment. */
export interface Key {
  readonly privateKey: string;
  readonly line: string;
}

/** A Unix account of the host. */
export interface UnixAccount {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

export interface SshHost {
  readonly port: number;
  /** The line of known_hosts for this host under a port, its own if none is given. */
  knownHost(port?: number): string;
  readonly accounts: readonly UnixAccount[];
  /** Where a path of the host lies on this machine. */
  outside(path: string): string;
  /** Writes a file of the host, owned by this uid, with folders on the way. */
  write(path: string, content: string | Buffer, uid?: number, mode?: number): Promise<void>;
  read(path: string): Promise<Buffer>;
  /** Runs a shell command inside, as its root; gives what it prints. */
  inside(command: string): Promise<string>;
  /** Puts a script in the place of a program of /usr/bin, inside only. `real` is the program itself, by a path inside. */
  replaceProgram(name: string, script: (real: string) => string): Promise<void>;
  /** Undoes every replacement. */
  restorePrograms(): Promise<void>;
  /** Logs in with the real client: whether the key is let in. */
  login(key: Key, user: string): Promise<boolean>;
  /** Opens a session that stays; `closed` tells when it is over. */
  openSession(key: Key, user: string, command: string): Promise<{ readonly closed: Promise<void>; end(): void }>;
  stop(): Promise<void>;
}

export interface SshHostOptions {
  /** Accounts besides root and the bot's: their names, or how many. */
  readonly accounts?: number | readonly string[];
  /** The bot's public key; its account is `signoff`, and it may do what the connector's README grants. */
  readonly bot: Key;
  /** Further lines of sshd_config. */
  readonly config?: string;
  /** Further lines of sudoers. */
  readonly sudoers?: string;
}

/** What the README of the connector grants. */
export const SUDOERS = "signoff ALL=(root) NOPASSWD: /bin/sh -s\n";

export const DEFAULT_FILES = "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/keys/%u\n";

/** A new key. ssh2 writes a few in a thousand so that nobody can read them: those are made again. */
export function makeKey(): Key {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (ssh2.utils.parseKey(pair.private) instanceof Error) continue;
    return { privateKey: pair.private, line: pair.public.trim().split(" ").slice(0, 2).join(" ") };
  }
}

/** Starts a host. It is ended with `stop`, and with this process however that ends. */
export async function startSshHost(options: SshHostOptions): Promise<SshHost> {
  const folder = await mkdtemp(join(tmpdir(), "signoff-ssh-"));
  await chmod(folder, 0o755);
  const { accounts: asked = 3 } = options;
  const names = typeof asked === "number" ? Array.from({ length: asked }, (_, index) => `user${index}`) : asked;
  const accounts = names.map((name, index): UnixAccount => ({ name, uid: 20_000 + index, home: `/home/${name}` }));
  const hostKey = makeKey();
  const port = await freePort();
  const outside = (path: string) => join(folder, path);
  const write: SshHost["write"] = async (path, content, uid = 0, mode = 0o600) => {
    const made = await mkdir(dirname(outside(path)), { recursive: true });
    if (made) {
      for (let at = dirname(outside(path)); at.length >= made.length; at = dirname(at)) {
        await chmod(at, 0o755);
        if (at.startsWith(outside("/home/"))) await chown(at, uid, uid);
      }
    }
    await writeFile(outside(path), content);
    await chown(outside(path), uid, uid);
    await chmod(outside(path), mode);
  };
  const everybody = [...accounts, { name: "signoff", uid: 19_999, home: "/home/signoff" }];
  for (const { home, uid } of everybody) {
    await mkdir(outside(home), { recursive: true });
    await chown(outside(home), uid, uid);
  }
  await Promise.all(
    ["/root", "/var/log", "/run/sshd", "/etc/sudoers.d", "/etc/ssh/keys", "/programs"].map((path) =>
      mkdir(outside(path), { recursive: true }),
    ),
  );
  const passwd = everybody.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:/bin/sh`);
  const system = ["root:x:0:0::/root:/bin/sh", "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin"];
  await write("/etc/passwd", `${[...system, ...passwd].join("\n")}\n`, 0, 0o644);
  const groups = [
    "root:x:0:",
    "nogroup:x:65534:",
    "docker:x:998:user2",
    ...everybody.map((one) => `${one.name}:x:${one.uid}:`),
  ];
  await write("/etc/group", `${groups.join("\n")}\n`, 0, 0o644);
  await write(
    "/etc/shadow",
    ["root", ...everybody.map(({ name }) => name)].map((name) => `${name}:*:19000::::::\n`).join(""),
  );
  await write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n", 0, 0o644);
  await write(
    "/etc/sudoers",
    `root ALL=(ALL:ALL) ALL\nuser1 ALL=(ALL) ALL\n${options.sudoers ?? ""}${SUDOERS}`,
    0,
    0o440,
  );
  await write("/etc/ssh/host_key", hostKey.privateKey);
  await write(
    "/etc/ssh/sshd_config",
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey /etc/ssh/host_key\nUsePAM no\nPasswordAuthentication no\nPidFile none\n` +
      `PermitRootLogin prohibit-password\nMaxStartups 200\nStrictModes yes\n${options.config ?? DEFAULT_FILES}`,
  );
  await write("/home/signoff/.ssh/authorized_keys", `restrict ${options.bot.line} signoff\n`, 19_999);
  await write("/var/log/auth.log", "");
  const start = `set -e
mount --make-rprivate /
for f in passwd group shadow nsswitch.conf sudoers; do mount --bind ${folder}/etc/$f /etc/$f; done
mount --bind ${folder}/etc/sudoers.d /etc/sudoers.d
mount --bind ${folder}/etc/ssh /etc/ssh
mount --bind ${folder}/home /home
mount --bind ${folder}/root /root
mount --bind ${folder}/var/log /var/log
mkdir -p ${folder}/run; mount --bind ${folder}/run /run
exec /usr/sbin/sshd -D -f /etc/ssh/sshd_config -E /var/log/auth.log`;
  // A shell ends it and removes its folder when its input ends, which is also when this process does, however that happens.
  const shell = spawn(
    "/bin/sh",
    [
      "-c",
      `folder=$1; shift
      unshare -m -p --fork --kill-child --mount-proc sh -c "$1" </dev/null >/dev/null & pid=$!; echo $pid
      cat >/dev/null
      kill -9 $pid; wait $pid
      rm -rf "$folder"`,
      "sh",
      folder,
      start,
    ],
    { detached: true, stdio: ["pipe", "pipe", "pipe"] },
  );
  const ended = once(shell, "exit");
  const complaints: Buffer[] = [];
  shell.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  const [said] = (await once(shell.stdout, "data")) as [Buffer];
  const unshared = said.toString().trim();
  await listening(outside("/var/log/auth.log"), unshared, () => Buffer.concat(complaints).toString());
  const pid = (await readFile(`/proc/${unshared}/task/${unshared}/children`, "utf8")).trim();
  const inside = async (command: string) => (await run("nsenter", ["-t", pid, "-m", "-p", "sh", "-c", command])).stdout;
  const replaced = new Set<string>();
  const sessions = new Set<ChildProcess>();
  const clientOptions = async (key: Key) => {
    const name = outside(`/client-${randomBytes(6).toString("hex")}`);
    await writeFile(name, key.privateKey, { mode: 0o600 });
    await writeFile(outside("/known_hosts"), `[127.0.0.1]:${port} ${hostKey.line}\n`);
    const settings = [
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      "IdentityAgent=none",
      "StrictHostKeyChecking=yes",
      "LogLevel=ERROR",
      `UserKnownHostsFile=${outside("/known_hosts")}`,
      "GlobalKnownHostsFile=/dev/null",
      "PreferredAuthentications=publickey",
    ];
    return ["-F", "none", "-i", name, "-p", String(port), ...settings.flatMap((one) => ["-o", one])];
  };
  return {
    port,
    knownHost: (at = port) => `[127.0.0.1]:${at} ${hostKey.line}`,
    accounts,
    outside,
    write,
    read: (path) => readFile(outside(path)),
    inside,
    async replaceProgram(name, script) {
      const real = `/programs/${name}`;
      if (!existsSync(outside(real))) await run("cp", ["-L", `/usr/bin/${name}`, outside(real)]);
      await write(`/programs/${name}.sh`, `#!/bin/sh\n${script(outside(real))}\n`, 0, 0o755);
      if (replaced.has(name)) await inside(`umount /usr/bin/${name}`);
      await inside(`mount --bind ${outside(`/programs/${name}.sh`)} /usr/bin/${name}`);
      replaced.add(name);
    },
    async restorePrograms() {
      for (const name of replaced) await inside(`umount /usr/bin/${name}`);
      replaced.clear();
    },
    async login(key, user) {
      try {
        const { stdout } = await run("ssh", [...(await clientOptions(key)), `${user}@127.0.0.1`, "echo let-in"]);
        return stdout === "let-in\n";
      } catch (error) {
        if (String(error).includes("Permission denied")) return false;
        throw error;
      }
    },
    async openSession(key, user, command) {
      const client = spawn("ssh", [...(await clientOptions(key)), `${user}@127.0.0.1`, `echo ready; ${command}`], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      sessions.add(client);
      const closed = new Promise<void>((resolve) => client.once("exit", () => resolve()));
      await new Promise<void>((resolve, reject) => {
        client.stdout.once("data", () => resolve());
        void closed.then(() => reject(new Error("the session did not open")));
      });
      return { closed, end: () => void client.kill() };
    },
    async stop() {
      for (const client of sessions) client.kill("SIGKILL");
      shell.stdin.end();
      await ended;
    },
  };
}

async function listening(log: string, pid: string, complaints: () => string): Promise<void> {
  for (let tried = 0; tried < 400; tried++) {
    if ((await readFile(log, "utf8")).includes("Server listening")) return;
    if (!existsSync(`/proc/${pid}`)) break;
    await sleep(25);
  }
  throw new Error(`sshd did not start: ${complaints()} ${await readFile(log, "utf8").catch(() => "")}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function lacks(): string | undefined {
  if (process.platform !== "linux") return "Linux";
  if (process.getuid?.() !== 0) return "root, for accounts of its own in a mount namespace";
  const missing = PROGRAMS.filter((path) => !existsSync(path));
  return missing.length > 0 ? `${missing.join(", ")} (openssh-server, openssh-client, sudo)` : undefined;
}
