import { readFileSync } from "node:fs";
import type { z } from "zod";
import type { Fault } from "../../connectors/connector.ts";

/** Variables by name, as `process.env` has them. */
export type Raw = Readonly<Record<string, string | undefined>>;

/** Reads variables one by one and remembers what was asked for and what was wrong. */
export interface Environment {
  /** The variable, or the content of the file that NAME_FILE names. Empty counts as absent. */
  read(name: string): string | undefined;
  /** Whoever finds one more adds it here. */
  readonly faults: Fault[];
  /** SIGNOFF_… variables that nobody asked for, a typing error most of the time. */
  unknown(): readonly Fault[];
}

/** Read by tests and their stand-ins alone. */
const ELSEWHERE = /^SIGNOFF_(TEST_.*|SANDBOX_.*|SPECS)$/;

export function environmentOf(raw: Raw): Environment {
  const asked = new Set<string>();
  const read = new Map<string, string | undefined>();
  const faults: Fault[] = [];
  const fault = (variable: string, problem: string) => {
    faults.push({ variable, problem });
    return undefined;
  };
  const fresh = (name: string): string | undefined => {
    const value = raw[name] || undefined;
    const path = raw[`${name}_FILE`] || undefined;
    if (path === undefined) return value;
    if (value !== undefined) return fault(`${name}_FILE`, `and ${name} are both set: use one`);
    try {
      // A file that an editor wrote ends in a line break.
      return readFileSync(path, "utf8").replace(/\r?\n$/, "") || fault(`${name}_FILE`, "names an empty file");
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      return fault(`${name}_FILE`, `names a file that cannot be read (${code})`);
    }
  };
  return {
    read(name) {
      asked.add(name);
      if (!read.has(name)) read.set(name, fresh(name));
      return read.get(name);
    },
    faults,
    unknown() {
      return Object.keys(raw)
        .filter((name) => name.startsWith("SIGNOFF_") && raw[name] && !ELSEWHERE.test(name))
        .filter((name) => !asked.has(name) && !asked.has(name.replace(/_FILE$/, "")))
        .sort()
        .map((variable) => ({ variable, problem: unknownWords(variable, asked) }));
    },
  };
}

function unknownWords(variable: string, known: Iterable<string>): string {
  const near = nearest(variable, known);
  return `is not a variable of Signoff${near === undefined ? " (.env.example names all)" : `: is it ${near}?`}`;
}

/** The known name that a typing error most likely meant; nothing if none is close. */
function nearest(variable: string, known: Iterable<string>): string | undefined {
  const bare = variable.replace(/^SIGNOFF_|_FILE$/g, "");
  const ranked = [...known]
    .filter((name) => name.startsWith("SIGNOFF_"))
    .map((name) => ({ name, away: editsBetween(bare, name.slice("SIGNOFF_".length)) }))
    .sort((a, b) => a.away - b.away);
  const [first] = ranked;
  return first && first.away <= Math.max(2, Math.floor(bare.length / 3)) && first.away < bare.length
    ? first.name
    : undefined;
}

/** How many letters must be put in, left out or changed to make one of the other (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** A zod issue as a fault of `variable`. zod's messages name what is expected and never what was given. */
export function faultOf(variable: string, issue: z.core.$ZodIssue, from = 0): Fault {
  const path = issue.path.slice(from).join(".");
  return { variable, problem: path === "" ? issue.message : `${path}: ${issue.message}` };
}
