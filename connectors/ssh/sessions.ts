import type { Host } from "./connect.ts";
import type { Session } from "./grant-id.ts";
import { quoted } from "./shell.ts";

// Who is logged in with which key stands nowhere but in sshd's log: `Accepted publickey for U from A port P ssh2: T F`.
// A process belongs to a login by its SSH_CONNECTION, which names the same address and port.

const FUNCTIONS = `
log() {
  { journalctl -q --no-pager -t sshd -t sshd-session 2>/dev/null
    cat /var/log/auth.log.1 /var/log/auth.log /var/log/secure 2>/dev/null; } | grep -aF 'Accepted ' | grep -aF -- "$1"
}
# Processes of the login from $1, port $2, served by process $3 if it is known, made with key $4.
pids() {
  log " from $1 port $2 " | tail -n 1 | grep -qF -- " $4" || return 0
  for p in $3; do
    case $(readlink "/proc/$p/exe" 2>/dev/null) in */sshd*) echo "$p" ;; esac
  done
  for p in $(grep -laF "SSH_CONNECTION=$1 $2 " /proc/[0-9]*/environ 2>/dev/null); do p=\${p#/proc/}; echo "\${p%/environ}"; done
}
`;

const LOGINS = `
say log "$(log ' ssh2: ' | tail -n 20000)"
for p in /proc/[0-9]*; do case $(readlink "$p/exe" 2>/dev/null) in */sshd*) say daemon "\${p#/proc/}" ;; esac; done
for p in $(grep -laF SSH_CONNECTION= /proc/[0-9]*/environ 2>/dev/null); do
  say connection "$(tr '\\0' '\\n' <"$p" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\\([^ ]* [^ ]*\\) .*/\\1/p' | head -n 1)"
done
`;

const ACCEPTED =
  /^(?:.*?\bsshd(?:-session)?\[(\d+)\]:)?.*?\bAccepted publickey for (\S+) from (\S+) port (\d+) ssh2: .*?(SHA256:[A-Za-z0-9+/]{43})/;

/** A login with a key that sshd's log tells of. */
export interface Login extends Session {
  readonly fingerprint: string;
  /** Something of it still runs. */
  readonly live: boolean;
}

/** Logins that the log tells of: of one address and port only the last, since ports are used again. */
export async function readLogins(host: Host): Promise<Login[]> {
  const answers = await host.run(FUNCTIONS + LOGINS);
  const said = (word: string) => new Set(answers.flatMap((one) => (one.word === word ? (one.fields[0] ?? "") : [])));
  const daemons = said("daemon");
  const connections = said("connection");
  const older: Login[] = [];
  const last = new Map<string, Login>();
  for (const line of (answers.find(({ word }) => word === "log")?.fields[0] ?? "").split("\n")) {
    const [, pid = "", user, from, port, fingerprint] = ACCEPTED.exec(line) ?? [];
    if (!user || !from || !port || !fingerprint) continue;
    const at = `${from} ${port}`;
    const before = last.get(at);
    if (before) older.push({ ...before, live: false });
    last.set(at, { user, from, port, pid, fingerprint, live: daemons.has(pid) || connections.has(at) });
  }
  return [...older, ...last.values()];
}

/** Ends every process of a login; answers how many there were. Nobody else's is touched, in a shared account neither. */
export async function endSession(host: Host, session: Session, fingerprint: string): Promise<number> {
  const answers = await host.run(`${FUNCTIONS}
all=$(pids ${argumentsOf(session, fingerprint)})
[ -z "$all" ] || kill -KILL $all 2>/dev/null
say ended $all`);
  return new Set(answers[0]?.fields ?? []).size;
}

/** Processes of a login that run now. */
export async function countProcesses(host: Host, session: Session, fingerprint: string): Promise<number> {
  const answers = await host.run(`${FUNCTIONS}say pids $(pids ${argumentsOf(session, fingerprint)})`);
  return new Set(answers[0]?.fields ?? []).size;
}

function argumentsOf({ from, port, pid }: Session, fingerprint: string): string {
  return [from, port, pid, fingerprint].map(quoted).join(" ");
}
