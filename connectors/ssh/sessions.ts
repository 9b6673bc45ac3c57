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

const ACCEPTED = /^(?:.*?\bsshd(?:-session)?\[(\d+)\]:)?.*?\bAccepted publickey for (\S+) from (\S+) port (\d+) ssh2: /;

/** Logins made with this key that still run. */
export async function listSessions(host: Host, fingerprint: string): Promise<Session[]> {
  const answers = await host.run(`${FUNCTIONS}say log "$(log ${quoted(fingerprint)} | tail -n 1000)"`);
  const seen = new Map<string, Session>();
  for (const line of (answers[0]?.fields[0] ?? "").split("\n")) {
    const [, pid = "", user, from, port] = ACCEPTED.exec(line) ?? [];
    if (user && from && port) seen.set(`${from} ${port}`, { user, from, port, pid });
  }
  const live: Session[] = [];
  const sessions = [...seen.values()];
  const found = await host.run(
    FUNCTIONS + sessions.map((one) => `say pids "$(pids ${argumentsOf(one, fingerprint)})"`).join("\n"),
  );
  for (const [index, session] of sessions.entries()) if (found[index]?.fields[0]) live.push(session);
  return live;
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
