import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

// Our own programs as real processes, with no more of this environment than where programs are.

export type Environment = Readonly<Record<string, string>>;

/** A program that ended. */
export interface Ended {
  /** Nothing if a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that runs. */
export interface Running {
  readonly pid: number;
  /** Waits for a line of the log with this message. Throws what was said if the program ends before. */
  line(message: string): Promise<Readonly<Record<string, unknown>>>;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** Runs `src/<file>` to its end; a file elsewhere is named from there. */
export function runProgram(file: string, args: readonly string[], environment: Environment): Promise<Ended> {
  return endOf(start(file, args, environment));
}

/** Starts `src/<file>`; whoever starts it ends it. */
export function startProgram(file: string, args: readonly string[], environment: Environment): Running {
  const child = start(file, args, environment);
  let said = "";
  const waiting = new Set<() => void>();
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    for (const look of waiting) look();
  });
  const ended = endOf(child);
  const find = (message: string): Record<string, unknown> | undefined => {
    for (const line of said.split("\n")) {
      if (!line.includes(JSON.stringify(message))) continue;
      return JSON.parse(line);
    }
    return undefined;
  };
  return {
    pid: child.pid ?? 0,
    async line(message) {
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
      const look = () => {
        const found = find(message);
        if (found) resolve(found);
      };
      waiting.add(look);
      look();
      const end = ended.then((end) => {
        throw new Error(`it ended before “${message}”: ${JSON.stringify(end)}`);
      });
      end.catch(() => {});
      return await Promise.race([promise, end]).finally(() => waiting.delete(look));
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

function start(file: string, args: readonly string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL(`../../src/${file}`, import.meta.url)), ...args], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}
