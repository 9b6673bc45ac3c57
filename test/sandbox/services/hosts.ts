import { makeKey, type SshHost, startSshHost } from "../../peers/ssh.ts";
import { HOSTS } from "../company-hosts.ts";
import type { KeyRing } from "./keys.ts";

/** Acme's hosts: real sshds with accounts of their own. */
export interface CompanyHosts {
  /** What the app must be told. */
  readonly variables: Readonly<Record<string, string>>;
  /** Logs in with one of somebody's keys, with the real client: whether it is let in. */
  login(host: string, account: string, of: string, key: string): Promise<boolean>;
  /** The file as it is now; nothing if it is not there. */
  read(host: string, path: string): Promise<string>;
  /** Whether the session that Alice left open on the database host still runs. */
  sessionIsOpen(): boolean;
  stop(): Promise<void>;
}

/** Starts them side by side, puts everybody's keys there, and leaves a session of Alice's open. Needs what `SSH_LACKS` says. */
export async function startCompanyHosts(keys: KeyRing): Promise<CompanyHosts> {
  const bot = makeKey();
  const hosts = new Map<string, SshHost>();
  const stop = async () => void (await Promise.all([...hosts.values()].map((host) => host.stop())));
  try {
    const started = await Promise.allSettled(
      HOSTS.map(async ({ name, accounts, sudoers = "", files }) => {
        const host = await startSshHost({ bot, accounts, sudoers });
        hosts.set(name, host);
        for (const { path, owner, lines } of files) {
          const text = lines.map(
            (one) => `${one.options ? `${one.options} ` : ""}${keys.get(one.of, one.key).line} ${one.comment}\n`,
          );
          const uid = host.accounts.find((account) => account.name === owner)?.uid ?? 0;
          await host.write(path, text.join(""), uid, path.startsWith("/etc/") ? 0o644 : 0o600);
        }
      }),
    );
    for (const one of started) if (one.status === "rejected") throw one.reason;
    const get = (name: string): SshHost => {
      const host = hosts.get(name);
      if (!host) throw new Error(`Acme has no host ${name}`);
      return host;
    };
    const db = get("db1.acme.example");
    const session = await db.openSession(keys.get("alice", "laptop"), "alice", "exec sleep 86400");
    let open = true;
    void session.closed.then(() => {
      open = false;
    });
    return {
      variables: {
        SSH_NAME: "production",
        SSH_HOSTS: HOSTS.map(({ name }) => `${name}=127.0.0.1:${get(name).port}`).join(" "),
        SSH_USER: "signoff",
        SSH_PRIVATE_KEY: bot.privateKey,
        SSH_KNOWN_HOSTS: [...hosts.values()].map((host) => host.knownHost()).join("\n"),
      },
      login: (host, account, of, key) => get(host).login(keys.get(of, key), account),
      read: async (host, path) => (await get(host).read(path)).toString(),
      sessionIsOpen: () => open,
      stop,
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}
