import { textOfBytes } from "../connector.ts";
import type { Host } from "./connect.ts";
import { type Answer, quoted } from "./shell.ts";
import { ADMIN_GROUPS } from "./user-facts.ts";

// Where a host's keys are: every sshd that runs there says, for every account, which files it reads.

/** An account of the host. Its name is bytes in latin1, as everything that a host says. */
export interface HostUser {
  readonly name: string;
  readonly uid: string;
  readonly home: string;
}

/** What a host says of itself. */
export interface Survey {
  readonly users: readonly HostUser[];
  /** Files of keys, and for which accounts sshd reads each. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Names of accounts by group that makes them as good as root. */
  readonly admins: ReadonlySet<string>;
  /** What cannot be seen there, each a phrase for people. */
  readonly blind: readonly string[];
}

/** One sshd that runs: its program and the arguments that choose its settings. */
interface Daemon {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly config: string;
}

const DEFAULT: Daemon = { program: "sshd", arguments: [], config: "/etc/ssh/sshd_config" };

const FACTS = `
v=$(getent passwd 2>/dev/null) || v=$(cat /etc/passwd)
say passwd "$v"
v=$(getent group 2>/dev/null) || v=$(cat /etc/group)
say group "$v"
say nsswitch "$(sed -n 's/^[[:space:]]*passwd:[[:space:]]*//p' /etc/nsswitch.conf 2>/dev/null)"
for p in /proc/[0-9]*; do
  e=$(readlink "$p/exe" 2>/dev/null) || continue
  e=\${e%' (deleted)'}
  case $e in */dropbear|*/tinysshd) say other "$e" ;; */sshd) say daemon "$e" "$(tr '\\0' '\\n' <"$p/cmdline" 2>/dev/null)" ;; esac
done
`;

const CONFIG = `
conf() {
  [ -f "$1" ] && [ "\${depth-0}" -lt 16 ] || return 0
  depth=$((\${depth-0} + 1))
  say config "$1" "$(cat "$1")"
  sed -n 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p' "$1" | tr -d '"' | while IFS= read -r l; do
    cd /etc/ssh 2>/dev/null || cd /
    for i in $l; do case $i in /*) ;; *) i=/etc/ssh/$i ;; esac; ( conf "$i" ); done
  done
}
ask() {
  say asked "$1"; shift
  if v=$("$@" 2>/dev/null); then say settings "$v"; else say failed "$("$@" 2>&1 >/dev/null)"; fi
}
`;

/** Asks every sshd of a host for every account. Throws nothing of its own: what a host does not say is named as blind. */
export async function surveyHost(host: Host): Promise<Survey> {
  const facts = await host.run(FACTS);
  const users = usersOf(first(facts, "passwd"));
  const daemons = daemonsOf(facts);
  const blind = new Set(directoriesOf(first(facts, "nsswitch")).map((name) => directoryIsBlind(host, name)));
  for (const { word, fields } of facts) {
    if (word === "other") blind.add(`${host.id}: keys that ${shown(fields[0] ?? "")} reads, which is no OpenSSH`);
  }
  const files = new Map<string, Set<string>>();
  for (const daemon of daemons) {
    const configs = (await host.run(`${CONFIG}\nconf ${quoted(daemon.config)}`)).filter(
      ({ word }) => word === "config",
    );
    const text = configs.map(({ fields }) => fields[1] ?? "").join("\n");
    // Without Match the answer is the same for everybody, and a thousand accounts need one question.
    const asked = /^\s*match\b/im.test(text) ? users : users.slice(0, 1);
    const answers = await host.run(CONFIG + asked.map((user) => question(daemon, user)).join("\n"));
    const said = settingsOf(answers);
    const nothing = answers.find(({ word }) => word === "failed");
    if (nothing && (daemon !== DEFAULT || daemons.length === 1)) {
      blind.add(
        `${host.id}: what sshd with ${shown(daemon.config)} reads: ${shown(nothing.fields[0] ?? "").split("\n")[0]}`,
      );
    }
    for (const user of users) {
      const settings = said.get(user.name) ?? (asked.length === 1 ? said.get(asked[0]?.name ?? "") : undefined);
      // Match may depend on where somebody comes from: what any line of the file names is read for everybody.
      for (const pattern of [...(settings?.get("authorizedkeysfile") ?? []).flatMap(words), ...namedIn(text)]) {
        const path = pathOf(pattern, user);
        if (path === undefined) continue;
        files.set(path, (files.get(path) ?? new Set()).add(user.name));
      }
      for (const sentence of blindOf(host, settings)) blind.add(sentence);
    }
  }
  return {
    users,
    files: new Map([...files].map(([path, names]) => [path, [...names]])),
    admins: adminsOf(first(facts, "group"), users),
    blind: [...blind],
  };
}

function question(daemon: Daemon, user: HostUser): string {
  const spec = `user=${user.name},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22`;
  const command = [daemon.program, "-T", ...daemon.arguments, "-C", spec];
  return `ask ${[user.name, ...command].map(quoted).join(" ")}`;
}

/** Settings by account: each keyword in lower case with all its values. */
function settingsOf(answers: readonly Answer[]): Map<string, Map<string, string[]>> {
  const all = new Map<string, Map<string, string[]>>();
  let user = "";
  for (const { word, fields } of answers) {
    if (word === "asked") user = fields[0] ?? "";
    if (word !== "settings") continue;
    const settings = new Map<string, string[]>();
    for (const line of (fields[0] ?? "").split("\n")) {
      const [, keyword, value] = /^(\S+) (.*)$/.exec(line) ?? [];
      if (keyword && value) settings.set(keyword, [...(settings.get(keyword) ?? []), value]);
    }
    all.set(user, settings);
  }
  return all;
}

function blindOf(host: Host, settings: Map<string, string[]> | undefined): string[] {
  const set = (keyword: string) => settings?.get(keyword)?.find((value) => value !== "none");
  const command = set("authorizedkeyscommand");
  const authorities = set("trustedusercakeys");
  const principals = [set("authorizedprincipalsfile"), set("authorizedprincipalscommand")].filter((one) => one);
  return [
    ...(command ? [`${host.id}: keys that ${shown(command)} gives to sshd`] : []),
    ...(authorities ? [`${host.id}: certificates of the authorities in ${shown(authorities)}`] : []),
    ...principals.map((one) => `${host.id}: who may use a certificate, as ${shown(one ?? "")} says`),
  ];
}

/** Every AuthorizedKeysFile of a configuration, under whatever condition. */
function namedIn(config: string): string[] {
  return [...config.matchAll(/^[ \t]*authorizedkeysfile[ \t=]+(.*)$/gim)].flatMap(([, value = ""]) => words(value));
}

function words(value: string): string[] {
  return [...value.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quotedWord, word]) => quotedWord ?? word ?? "");
}

/** The file that a pattern names for an account (sshd_config(5), TOKENS). */
function pathOf(pattern: string, user: HostUser): string | undefined {
  if (pattern.toLowerCase() === "none" || pattern === "") return undefined;
  const tokens: Record<string, string> = { "%": "%", h: user.home, u: user.name, U: user.uid };
  const path = pattern.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
  return path.startsWith("/") ? path : `${user.home.replace(/\/+$/, "")}/${path}`;
}

function usersOf(passwd: string): HostUser[] {
  const users = new Map<string, HostUser>();
  for (const line of passwd.split("\n")) {
    const [name, , uid, , , home] = line.split(":");
    if (name && uid && home !== undefined && !users.has(name)) users.set(name, { name, uid, home: home || "/" });
  }
  return [...users.values()];
}

function adminsOf(group: string, users: readonly HostUser[]): Set<string> {
  const admins = new Set(users.filter(({ uid }) => uid === "0").map(({ name }) => name));
  for (const line of group.split("\n")) {
    const [name = "", , , members = ""] = line.split(":");
    if (ADMIN_GROUPS.includes(name)) for (const member of members.split(",")) if (member) admins.add(member);
  }
  return admins;
}

function daemonsOf(facts: readonly Answer[]): Daemon[] {
  const daemons = new Map<string, Daemon>([["", DEFAULT]]);
  for (const { word, fields } of facts) {
    if (word !== "daemon") continue;
    const daemon = daemonOf(fields[0] ?? "", fields[1] ?? "");
    if (daemon && daemon.arguments.length > 0) daemons.set(JSON.stringify(daemon), daemon);
  }
  return [...daemons.values()];
}

/** A listening sshd; `undefined` for one that serves a session. Its title is `sshd: COMMAND LINE [listener] …`. */
function daemonOf(program: string, title: string): Daemon | undefined {
  const renamed = /^sshd: (.*?)(?: \[listener\].*)?$/s.exec(title);
  if (renamed && !title.includes("[listener]")) return undefined;
  const [, ...parts] = renamed ? (renamed[1] ?? "").split(" ") : title.split("\n");
  const kept: string[] = [];
  let config = DEFAULT.config;
  for (let at = 0; at < parts.length; at++) {
    const [, flag, glued] = /^-[46DdeiqtG]*([bcCEfghkopu])(.*)$/s.exec(parts[at] ?? "") ?? [];
    if (!flag) continue;
    const value = glued || parts[++at] || "";
    if (flag === "f") config = value;
    if (flag === "f" || flag === "o") kept.push(`-${flag}`, value);
  }
  return { program, arguments: kept, config };
}

/** Sources of accounts that may not be listed whole, such as a directory behind sss. */
function directoriesOf(nsswitch: string): string[] {
  return nsswitch
    .replace(/\[[^\]]*\]/g, " ")
    .split(/\s+/)
    .filter((name) => name !== "" && !["files", "compat", "systemd", "db"].includes(name));
}

function directoryIsBlind(host: Host, name: string): string {
  return `${host.id}: accounts that ${shown(name)} knows and does not list`;
}

function first(answers: readonly Answer[], word: string): string {
  return answers.find((answer) => answer.word === word)?.fields[0] ?? "";
}

/** What a host said, as text for people. */
export function shown(bytes: string): string {
  return textOfBytes(Buffer.from(bytes, "latin1")).slice(0, 300);
}
