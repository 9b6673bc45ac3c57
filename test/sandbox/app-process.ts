import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

/** The app as a child process, with an environment of its own. */
export interface AppProcess {
  /** Of the child that runs now; nothing while none does. */
  readonly pid: number | undefined;
  /** Starts it if it does not run, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it by a signal and waits for its end. It is not started again. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Asks it to end, and insists after ten seconds. */
  stop(): Promise<void>;
}

export interface AppProcessOptions {
  readonly entry: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Asked until it says yes, at most for `patience` milliseconds. */
  readonly isReady: () => Promise<boolean>;
  readonly patience: number;
  readonly say: (line: string) => void;
  /** Whether it is started again when it ends by itself. */
  readonly restarts: boolean;
}

export function createAppProcess(options: AppProcessOptions): AppProcess {
  const { say } = options;
  let child: ChildProcess | undefined;
  let wanted = false;
  let startedAt = 0;

  const run = (): ChildProcess => {
    startedAt = Date.now();
    const process = spawn(globalThis.process.execPath, [options.entry], {
      env: options.environment,
      cwd: options.cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [process.stdout, process.stderr]) {
      createInterface({ input: stream }).on("line", (line) => say(`app │ ${line}`));
    }
    process.once("exit", (code, signal) => {
      if (child === process) child = undefined;
      if (wanted) void again(signal ?? `code ${code ?? "unknown"}`);
    });
    return process;
  };

  // An app that cannot start is not started ten times a second.
  const again = async (why: string): Promise<void> => {
    if (!options.restarts) return say(`The app ended (${why}).`);
    const soon = Date.now() - startedAt > 5000;
    say(`The app ended (${why}). It is started again${soon ? "" : " in 3 s"}; nothing is lost.`);
    if (!soon) await wait(3000);
    if (!wanted || child !== undefined) return;
    child = run();
    await ready(child).then(
      () => say("The app is back."),
      (error: unknown) => say(String(error)),
    );
  };

  const ready = async (process: ChildProcess): Promise<void> => {
    const until = Date.now() + options.patience;
    while (Date.now() < until) {
      if (process.exitCode !== null || process.signalCode !== null) {
        throw new Error("the app ended before it answered: see its lines above");
      }
      if (await options.isReady()) return;
      await wait(50);
    }
    throw new Error(`the app did not answer within ${options.patience / 1000} s`);
  };

  const end = async (signal: NodeJS.Signals, insistAfter?: number): Promise<void> => {
    wanted = false;
    const process = child;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, "exit");
    process.kill(signal);
    if (insistAfter !== undefined) {
      const insist = setTimeout(() => process.kill("SIGKILL"), insistAfter);
      await exited;
      clearTimeout(insist);
    }
    await exited;
  };

  return {
    get pid() {
      return child?.pid;
    },
    async start() {
      wanted = true;
      child ??= run();
      await ready(child);
    },
    kill: (signal) => end(signal),
    stop: () => end("SIGTERM", 10_000),
  };
}

/** Runs a program of the app to its end. Throws with what it said if it fails. */
export async function runOnce(
  args: readonly string[],
  options: Pick<AppProcessOptions, "environment" | "cwd">,
): Promise<string> {
  const child = spawn(process.execPath, [...args], {
    env: options.environment,
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
  }
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${args.slice(1).join(" ")} failed:\n${said.trimEnd()}`);
  return said;
}
