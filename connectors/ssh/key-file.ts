import { randomBytes } from "node:crypto";
import { SystemError } from "../connector.ts";
import type { Host } from "./connect.ts";
import { escaped, quoted } from "./shell.ts";

/** A file of keys as it stood when it was read. Bytes and paths are text in latin1. */
export type KeyFile =
  | { readonly state: "absent"; readonly path: string }
  /** It is there and cannot be read, or is no plain file. */
  | { readonly state: "unread"; readonly path: string; readonly why: string }
  | {
      readonly state: "read";
      readonly path: string;
      /** The file itself, where `path` leads there through links. */
      readonly realPath: string;
      readonly bytes: string;
    };

/** Characters of a script; a shell holds a script in memory. */
const SCRIPT_LIMIT = 200_000;

// What is absent for us may only be hidden from us: a home on a file server that does not trust root.
const READ = `
one() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    d=\${1%/*}
    while [ -n "$d" ] && [ ! -d "$d" ]; do d=\${d%/*}; done
    if [ -n "$d" ] && [ ! -x "$d" ]; then say unread "$1" 'its folder may not be entered'; else say absent "$1"; fi
    return
  fi
  [ -e "$1" ] || { say absent "$1"; return; }
  [ -f "$1" ] || { say unread "$1" 'it is no plain file'; return; }
  [ "$(wc -c <"$1")" -le 4000000 ] || { say unread "$1" 'it is too large'; return; }
  r=$(readlink -f -- "$1" && echo x) || { say unread "$1" 'where it leads cannot be told'; return; }
  nl='
'
  r=\${r%"\${nl}x"}
  say file "$1" "$r"
  body "$r" || say unread "$1" 'it may not be read'
}
`;

/** Reads files of keys, each afresh. */
export async function readKeyFiles(host: Host, paths: Iterable<string>): Promise<KeyFile[]> {
  const files: KeyFile[] = [];
  for (const some of inParts(paths)) {
    let file: { path: string; realPath: string } | undefined;
    const missing = new Set(some);
    for (const { word, fields } of await host.run(READ + some.map((path) => `one ${quoted(path)}`).join("\n"))) {
      const [path = "", rest = ""] = fields;
      if (word === "file") file = { path, realPath: rest };
      else if (word === "body" && file) files.push({ state: "read", ...file, bytes: path });
      else if (word === "absent") files.push({ state: "absent", path });
      else if (word === "unread") files.push({ state: "unread", path, why: rest });
      missing.delete(word === "body" ? (file?.path ?? "") : word === "file" ? "" : path);
    }
    if (missing.size > 0) throw new SystemError({ code: "unreachable" }, { message: `${host.id} left files out` });
  }
  return files;
}

function inParts(paths: Iterable<string>): string[][] {
  const parts: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const path of paths) {
    if (length > SCRIPT_LIMIT) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(path);
    length += path.length;
  }
  return parts;
}

/**
 * Puts other bytes in the place of those that were read: a new file beside it with the same owner, mode, access list and
 * SELinux label, written to disk and moved over it. Answers `changed` if the file is not the one that was read.
 *
 * The folder may belong to the person who leaves, and this runs as root: so the folder is entered once and checked to be
 * the one that was read, the new file is made where none is and only touched through its open handle.
 */
export async function replaceKeyFile(
  host: Host,
  file: Extract<KeyFile, { state: "read" }>,
  bytes: string,
  check: (path: string) => string = () => ":",
): Promise<"written" | "changed"> {
  const slash = file.realPath.lastIndexOf("/");
  const folder = file.realPath.slice(0, slash) || "/";
  const name = `./${file.realPath.slice(slash + 1)}`;
  const answers = await host.run(`
n=${quoted(name)}; t=./.signoff-${randomBytes(8).toString("hex")}; f=/proc/self/fd/3
no() { say refused "$1"; exec 3>&-; [ -z "\${made-}" ] || rm -f "$t"; }
swap() {
  cd -P ${quoted(folder)} 2>/dev/null && [ "$(pwd -P && echo x)" = ${quoted(`${folder}\nx`)} ] || { say changed; return; }
  [ -f "$n" ] && [ ! -L "$n" ] || { say changed; return; }
  { ${piecesOf(file.bytes).join(" && ")}; } | cmp -s - "$n" || { say changed; return; }
  set -f; set -- $(ls -ldn "$n"); set +f
  set -C; command exec 3>"$t" || { no 'no file can be made beside it'; return; }
  set +C; made=yes
  chmod 600 "$f" && chown "$3:$4" "$f" || { no 'its owner cannot be kept'; return; }
  { ${piecesOf(bytes).join(" && ")}; } >&3 || { no 'it cannot be written'; return; }
  case $1 in
  *+) { getfacl -- "$n" | setfacl --set-file=- "$f"; } 2>/dev/null || { no 'its access list cannot be kept'; return; } ;;
  *) chmod "$(m "$1")" "$f" || { no 'its mode cannot be kept'; return; } ;;
  esac
  if command -v selinuxenabled >/dev/null && selinuxenabled; then
    chcon "--reference=$n" "$f" || { no 'its SELinux label cannot be kept'; return; }
  fi
  ${check('"$t"')} || { no 'it would not be right'; return; }
  sync "$f" 2>/dev/null || sync
  exec 3>&-
  [ -f "$n" ] && [ ! -L "$n" ] || { no 'it was replaced meanwhile'; return; }
  mv -f "$t" "$n" && [ ! -e "$t" ] || { no 'it cannot be replaced'; return; }
  sync . 2>/dev/null || sync
  say written
}
m() {
  o=0
  for i in r:256 w:128 x:64 r:32 w:16 x:8 r:4 w:2 x:1; do
    p=\${p-\${1#?}}; c=\${p%"\${p#?}"}; p=\${p#?}
    case $c in -|S|T) ;; *) o=$((o + \${i#*:})) ;; esac
  done
  unset p; printf '%o' "$o"
}
swap`);
  const last = answers.at(-1);
  if (last?.word === "written") return "written";
  if (last?.word === "changed") return "changed";
  const reason = `${host.id}: ${file.path}: ${last?.fields[0] ?? "it was not replaced"}`;
  throw new SystemError({ code: "refused", reason });
}

/** Commands that print bytes, in pieces that a shell takes as one word. */
function piecesOf(bytes: string): string[] {
  const pieces = bytes.match(/.{1,8000}/gs) ?? [""];
  return pieces.map((piece) => `printf %b ${escaped(piece)}`);
}
