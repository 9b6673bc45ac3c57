// sudoers(5): which whole lines name somebody. A file is text in latin1, so that every byte comes back.

/** One statement of a sudoers file: a line with those that continue it. */
export interface Statement {
  /** The whole of it with its end; all together are the file. */
  readonly bytes: string;
  /** Users and groups that a rule is for, `undefined` for what is no rule. */
  readonly subjects: readonly string[] | undefined;
  /** `NAME=member, …` of a User_Alias. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** How somebody is named in a rule. */
export interface Naming {
  /** The rule is theirs alone: it can go as whole lines. */
  readonly alone: boolean;
  /** By what: `alice`, `%deploy`, `OPERATORS`. */
  readonly by: string;
}

/** Who is looked for: names are as the host writes them. */
export interface Sudoer {
  readonly name: string;
  readonly uid: string;
  /** Names and ids of all groups. */
  readonly groups: readonly { readonly name: string; readonly gid: string }[];
}

/** All statements of a file, in order. */
export function parseSudoers(bytes: string): Statement[] {
  const statements: string[] = [];
  let open = "";
  for (const line of bytes.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    open += line;
    // A comment that ends with a backslash: taken as continued, it could hide the rule behind it.
    const continued = /(?<!\\)(?:\\\\)*\\\r?\n$/.test(open) && !/^\s*#(?!\d)/.test(open);
    if (continued) continue;
    statements.push(open);
    open = "";
  }
  if (open !== "") statements.push(open);
  return statements.map(statementOf);
}

/** How a rule names somebody, `undefined` if it does not. Aliases are those of all files together. */
export function namingIn(
  statement: Statement,
  who: Sudoer,
  aliases: ReadonlyMap<string, readonly string[]>,
): Naming | undefined {
  const { subjects } = statement;
  if (!subjects) return undefined;
  const by = subjects.filter((subject) => means(subject, who, aliases, 0));
  const [first] = by;
  if (first === undefined) return undefined;
  return { alone: subjects.length === 1 && isOwn(first, who), by: by.join(", ") };
}

/** All user aliases of several files. */
export function aliasesOf(statements: readonly Statement[]): ReadonlyMap<string, readonly string[]> {
  return new Map(statements.flatMap(({ aliases }) => [...aliases]));
}

function means(subject: string, who: Sudoer, aliases: ReadonlyMap<string, readonly string[]>, depth: number): boolean {
  // A negation takes somebody out of what stands beside it: only a human can say what the rule means without them.
  if (subject.startsWith("!")) return means(subject.replace(/^!+\s*/, ""), who, aliases, depth);
  if (isOwn(subject, who) || subject === "ALL") return true;
  if (subject.startsWith("%#")) return who.groups.some(({ gid }) => `%#${gid}` === subject);
  if (subject.startsWith("%")) return who.groups.some(({ name }) => `%${name}` === subject);
  const members = depth < 16 ? aliases.get(subject) : undefined;
  return members?.some((member) => means(member, who, aliases, depth + 1)) === true;
}

function isOwn(subject: string, { name, uid }: Sudoer): boolean {
  return subject === name || subject === `#${uid}`;
}

function statementOf(bytes: string): Statement {
  const none: ReadonlyMap<string, readonly string[]> = new Map();
  const text = withoutComment(bytes.replace(/\r?\n$/, "").replaceAll("\\\n", " ")).trim();
  const alias = /^User_Alias\s+(.*)$/s.exec(text);
  if (alias) {
    const parts = (alias[1] ?? "").split(/(?<!\\):/).flatMap((part) => {
      const [, name, members = ""] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*)$/s.exec(part) ?? [];
      return name ? [[name, listIn(members).names] as const] : [];
    });
    return { bytes, subjects: undefined, aliases: new Map(parts) };
  }
  if (text === "" || /^(?:Defaults\b|(?:Runas|Host|Cmnd|Cmd)_Alias\s|[@#]include(?:dir)?\s)/.test(text)) {
    return { bytes, subjects: undefined, aliases: none };
  }
  const { names, rest } = listIn(text);
  return { bytes, subjects: rest.includes("=") ? names : undefined, aliases: none };
}

/** `#` begins a comment unless a number follows, which is an id, or it is quoted. */
function withoutComment(text: string): string {
  return /^\s*#include(?:dir)?\s/.test(text) ? text : text.replace(/(?<![\\%])#(?!\d).*$/s, "");
}

/** A list with commas at the start of a text, and what follows it. */
function listIn(text: string): { readonly names: readonly string[]; readonly rest: string } {
  const names: string[] = [];
  let rest = text.trimStart();
  for (;;) {
    const [whole, name] = /^((?:!\s*)*(?:"[^"]*"|(?:\\.|[^\s,"=:\\])+))\s*/s.exec(rest) ?? [];
    if (!whole || !name) break;
    names.push(name.replaceAll('"', "").replace(/\\(.)/gs, "$1").replace(/^!\s+/, "!"));
    rest = rest.slice(whole.length);
    if (!rest.startsWith(",")) break;
    rest = rest.slice(1).trimStart();
  }
  return { names, rest };
}
