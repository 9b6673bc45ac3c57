import { createHash } from "node:crypto";
import type { Host } from "./connect.ts";
import type { HeldKind } from "./grant-id.ts";
import { quoted } from "./shell.ts";
import { aliasesOf, namingIn, parseSudoers, type Statement, type Sudoer } from "./sudoers.ts";

// What a Unix account of a person holds on one host beside keys: rules of sudo, groups, jobs, processes, the account itself.

/** A file of sudo's rules, with its statements. */
export interface SudoersFile {
  readonly path: string;
  readonly statements: readonly Statement[];
}

/** One thing that an account holds, named so that it is found again. */
export interface Held {
  readonly kind: HeldKind;
  /** What tells it from others of its kind: a hash of the rule, a group, a job's place. */
  readonly key: string;
  /** For people. */
  readonly text: string;
  /** The file of a rule. */
  readonly path?: string;
  /** A rule that is theirs alone, byte for byte. */
  readonly bytes?: string;
  /** Which statement of its file it is, from 0. */
  readonly at?: number;
  /** Why a human has to take it, with what to type. Absent where we can. */
  readonly byHand?: string;
}

/** What a host says of an account; `undefined` if it knows none of that name. */
export interface UserFacts {
  readonly who: Sudoer;
  readonly held: readonly Held[];
  readonly blind: readonly string[];
}

const SUDOERS = `
rules() {
  [ -f "$1" ] && [ "\${deep-0}" -lt 16 ] || return 0
  deep=$((\${deep-0} + 1))
  say rules "$1" "$(cat "$1" && echo x)"
  sed -n 's/^[[:space:]]*[@#]include\\(dir\\)\\{0,1\\}[[:space:]][[:space:]]*/\\1 /p' "$1" | tr -d '"\\r' | while IFS= read -r l; do
    k=\${l%% *}; i=\${l#* }; i=\${i%"\${i##*[! ]}"}
    case $i in /*) ;; *) i=\${1%/*}/$i ;; esac
    if [ -n "$k" ]; then
      for f in "$i"/*; do case \${f##*/} in *.*|*~) ;; *) ( rules "$f" ) ;; esac; done
    else ( rules "$i" ); fi
  done
}
`;

const FACTS = `
facts() {
  e=$(getent passwd "$1" 2>/dev/null) || e=$(grep -aF -- "$1:" /etc/passwd | grep -a "^$1:" | head -n 1)
  [ -n "$e" ] || return 0
  say passwd "$e"
  u=$(id -u -- "$1")
  say groups "$(id -G -- "$1")" "$(id -Gn -- "$1")"
  say shadow "$(getent shadow "$1" 2>/dev/null | cut -d: -f2 | cut -c1)" "$(getent shadow "$1" 2>/dev/null | cut -d: -f8)" "$(($(date +%s) / 86400))"
  rules /etc/sudoers
  for f in "/var/spool/cron/crontabs/$1" "/var/spool/cron/$1" "/var/spool/cron/tabs/$1"; do
    [ -f "$f" ] && say job "$f" "$(grep -acv '^[[:space:]]*\\(#\\|$\\)' "$f")"
  done
  for f in /etc/crontab /etc/cron.d/*; do
    [ -f "$f" ] && awk -v u="$1" '!/^[ \\t]*#/ && ($6 == u || ($1 ~ /^@/ && $2 == u)) { n++ } END { exit !n }' "$f" && say job "$f" ''
  done
  for f in $(find /var/spool/cron/atjobs /var/spool/at /var/spool/atjobs -maxdepth 1 -type f -user "$u" 2>/dev/null); do say job "$f" ''; done
  h=$(printf '%s' "$e" | cut -d: -f6)
  for f in "$h/.config/systemd/user/"*.service "$h/.config/systemd/user/"*.timer; do [ -f "$f" ] && say job "$f" ''; done
  [ -e "/var/lib/systemd/linger/$1" ] && say job "/var/lib/systemd/linger/$1" ''
  for f in $(grep -lsE "^[[:space:]]*User=($1|$u)[[:space:]]*$" /etc/systemd/system/*.service /etc/systemd/system/*.d/*.conf 2>/dev/null); do say job "$f" ''; done
  for p in /proc/[0-9]*; do
    [ "$(awk '/^Uid:/ { print $2 }' "$p/status" 2>/dev/null)" = "$u" ] && say process "\${p#/proc/}" "$(tr '\\0\\n' '  ' <"$p/comm" 2>/dev/null)"
  done
  :
}
`;

/** Groups whose members become root by what Linux distributions ship. */
export const ADMIN_GROUPS = ["root", "sudo", "wheel", "admin", "docker", "lxd"];

/** Asks a host for everything that an account of this name holds. */
export async function readUserFacts(host: Host, name: string): Promise<UserFacts | undefined> {
  const answers = await host.run(`${SUDOERS}${FACTS}facts ${quoted(name)}`);
  const first = (word: string) => answers.find((one) => one.word === word)?.fields ?? [];
  const [, , uid = "", , , , shell = ""] = (first("passwd")[0] ?? "").split(":");
  if (uid === "") return undefined;
  const [gids = "", names = ""] = first("groups");
  const groupNames = names.trim().split(" ");
  const groups = gids
    .trim()
    .split(" ")
    .map((gid, at) => ({ gid, name: groupNames[at] ?? "" }));
  const who: Sudoer = { name, uid, groups };
  const files = answers.flatMap(({ word, fields: [path = "", body = ""] }): SudoersFile[] =>
    word === "rules" ? [{ path, statements: parseSudoers(body.replace(/x$/, "")) }] : [],
  );
  const [mark = "", expires = "", today = ""] = first("shadow");
  const expired = expires !== "" && Number(expires) <= Number(today);
  const processes = answers.flatMap(({ word, fields }) => (word === "process" ? [(fields[1] ?? "").trim()] : []));
  return {
    who,
    held: [
      ...rulesOf(files, who),
      ...groupsOf(groups, files, name),
      ...answers.flatMap(({ word, fields: [path = "", lines = ""] }): Held[] =>
        word === "job" ? [jobOf(path, lines, name)] : [],
      ),
      ...processesOf(processes, name),
      ...(expired ? [] : accountOf(shell, mark, name)),
    ],
    blind: files.length === 0 ? ["rules of sudo, if it keeps them elsewhere than in /etc/sudoers"] : [],
  };
}

function rulesOf(files: readonly SudoersFile[], who: Sudoer): Held[] {
  const aliases = aliasesOf(files.flatMap(({ statements }) => statements));
  return files.flatMap(({ path, statements }) =>
    statements.flatMap((statement, at): Held[] => {
      const naming = namingIn(statement, who, aliases);
      // A rule for everybody is nobody's.
      if (!naming || naming.by === "ALL") return [];
      const text = statement.bytes.replaceAll("\\\n", " ").trim();
      const rule = { kind: "sudo-rule", key: keyOfRule(path, statement.bytes), text, path } as const;
      return [
        naming.alone
          ? { ...rule, at, bytes: statement.bytes }
          : {
              ...rule,
              byHand: `the rule names ${who.name} by ${naming.by} and others too: change it with visudo -f ${path}`,
            },
      ];
    }),
  );
}

function keyOfRule(path: string, bytes: string): string {
  return createHash("sha256").update(`${path}\0${bytes.trim()}`, "latin1").digest("base64url");
}

function groupsOf(groups: Sudoer["groups"], files: readonly SudoersFile[], name: string): Held[] {
  const named = files.flatMap(({ statements }) => statements.flatMap(({ subjects = [] }) => subjects));
  return groups.flatMap(({ name: group, gid }): Held[] => {
    if (!ADMIN_GROUPS.includes(group) && !named.includes(`%${group}`) && !named.includes(`%#${gid}`)) return [];
    return [
      {
        kind: "admin-group",
        key: group,
        text: `group ${group}`,
        byHand: `take it away with gpasswd -d ${name} ${group}`,
      },
    ];
  });
}

function jobOf(path: string, lines: string, name: string): Held {
  const count = lines === "" ? "" : `, ${lines} lines`;
  const byHand = `somebody may depend on it: look at it, then remove what is ${name}'s in ${path}`;
  return { kind: "job", key: path, text: `job in ${path}${count}`, path, byHand };
}

function processesOf(names: readonly string[], name: string): Held[] {
  if (names.length === 0) return [];
  const which = [...new Set(names)].slice(0, 8).join(", ");
  return [
    {
      kind: "processes",
      key: "",
      text: `${names.length} running: ${which}`,
      byHand: `somebody may depend on them: look at them, then end them with pkill -KILL -u ${name}`,
    },
  ];
}

/** One that has expired lets nobody in, whatever its password or keys (shadow(5)); neither does one without a shell. */
function accountOf(shell: string, mark: string, name: string): Held[] {
  if (/\/(?:nologin|false)$/.test(shell)) return [];
  const password = mark !== "" && mark !== "!" && mark !== "*" ? "with a password" : "without a password";
  return [
    {
      kind: "unix-account",
      key: "",
      text: `the account itself, ${password}`,
      byHand: `lock it with usermod --lock --expiredate 1 ${name}`,
    },
  ];
}
