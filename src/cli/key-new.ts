import { open } from "node:fs/promises";
import { BadKey, newLogKey } from "../audit/key.ts";
import { machineName } from "../parts.ts";
import type { Terminal } from "./say.ts";

export interface KeyNewOptions {
  /** The log's name, for ever. */
  readonly name?: string;
  /** Where the line goes instead of the output. */
  readonly file?: string;
}

/** `signoff key new`. @returns the exit code */
export async function keyNew(options: KeyNewOptions, terminal: Terminal): Promise<number> {
  try {
    const made = newLogKey(options.name ?? `${machineName()}/signoff`);
    const line = `SIGNOFF_LOG_KEY=${made.key.reveal()}`;
    if (options.file === undefined) terminal.out(line);
    else await writeNew(options.file, `${line}\n`);
    terminal.err(`Fingerprint:  ${made.fingerprint}`);
    terminal.err(`Verifier key: ${made.verifierKey}`);
    terminal.err("Keep the fingerprint where nobody who runs Signoff can change it, such as with your auditor.");
    terminal.err("Keep the key itself like a password, with a copy: a lost key cannot continue its log.");
    return 0;
  } catch (cause) {
    if (cause instanceof BadKey) terminal.err(cause.message);
    else if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      terminal.err(`${options.file} is there already and is not overwritten: it may hold the key of a log.`);
    } else throw cause;
    return 1;
  }
}

/** Readable for its owner alone, and never over what is there. */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text, "utf8");
    await file.sync();
  } finally {
    await file.close();
  }
}
