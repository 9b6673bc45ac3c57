// What is asked of a host: scripts for a POSIX shell, which get everything on its standard input, and answer in lines of
// `word hex hex …`, so that no path, name or content can be taken for anything else. Text is latin1: a character, a byte.

/** One line of an answer. */
export interface Answer {
  readonly word: string;
  readonly fields: readonly string[];
}

/** The first and the last word of an answer that is whole. */
const BEGIN = "signoff-begin";
const END = "signoff-end";

// `od`, `tr`, `ls`, `cmp` and the like are found in the system's folders only, whatever the login's PATH says.
const PRELUDE = `set -u
LC_ALL=C; export LC_ALL
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
umask 077
cd /
h() { v=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \\n'); printf ' %s' "\${v:--}"; }
say() { printf '%s' "$1"; shift; for a; do h "$a"; done; echo; }
body() { v=$(od -An -v -tx1 <"$1" | tr -d ' \\n') || return 1; printf 'body %s\\n' "\${v:--}"; }
printf '${BEGIN}'; h "$(id -u)"; echo
`;

/** The whole text of a script, in one function so that the shell has read all of it before it does anything. */
export function scriptOf(text: string): string {
  return `signoff() {\n${PRELUDE}${text}\nprintf '${END}\\n'\n}\nsignoff </dev/null\nexit\n`;
}

/** A text as one word of a script. Nothing in single quotes means anything to a shell but the quote itself. */
export function quoted(text: string): string {
  if (text.includes("\0")) throw new RangeError("a word of a shell cannot hold NUL");
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Bytes as an argument of `printf %b`, NUL among them. */
export function escaped(bytes: string): string {
  const kept = bytes.replace(/[^ !-&(-[\]-~]/g, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `'${kept}'`;
}

/** The lines of a whole answer and as whom the shell ran; `undefined` if it is cut short. */
export function parseAnswer(output: string): { readonly uid: string; readonly answers: readonly Answer[] } | undefined {
  const lines = output.split("\n");
  const from = lines.findIndex((line) => line.startsWith(`${BEGIN} `));
  const to = lines.lastIndexOf(END);
  if (from < 0 || to < from) return undefined;
  return {
    uid: fieldsOf(lines[from] ?? "").fields[0] ?? "",
    answers: lines.slice(from + 1, to).map(fieldsOf),
  };
}

/** Says whether a shell answered at all: it began, whether or not it came to the end. */
export function hasBegun(output: string): boolean {
  return output.includes(`${BEGIN} `);
}

function fieldsOf(line: string): Answer {
  const [word = "", ...fields] = line.split(" ");
  return { word, fields: fields.map((hex) => (hex === "-" ? "" : Buffer.from(hex, "hex").toString("latin1"))) };
}
