import { shownText } from "../core/text.ts";

/** Where a command writes: answers to the output, everything else to the error stream. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Lines that can be read on any terminal: what cannot be seen is made visible. */
export function terminalOf(process: Pick<NodeJS.Process, "stdout" | "stderr">): Terminal {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** Text from outside within a line. */
export function shown(text: string): string {
  return shownText(text, 300);
}

/** Counts with their noun: `1 person`, `2 people`. */
export function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
