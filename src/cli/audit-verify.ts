import { readFile } from "node:fs/promises";
import { desc, eq } from "drizzle-orm";
import { BadKey, type LogVerifier, readVerifierKey } from "../audit/key.ts";
import { readEntry } from "../audit/read-proven.ts";
import { type Report, verifyLog, type Witness } from "../audit/verify.ts";
import type { LogConfig } from "../config.ts";
import { checkpointPath } from "../parts.ts";
import { readLog } from "../store/log.ts";
import type { Store, Tx } from "../store/open.ts";
import { entries } from "../store/schema.ts";
import { counted, shown, type Terminal } from "./say.ts";

export interface VerifyOptions {
  /** Fingerprint from outside. */
  readonly key?: string;
  /** The public key itself, `name+hash+keydata`. */
  readonly verifier?: string;
  /** Files with checkpoints: mails, chat exports, the checkpoint file. */
  readonly checkpoint?: readonly string[];
  readonly json?: boolean;
}

/** `signoff audit verify`: reads the whole log and says what each input proves. @returns the exit code */
export async function auditVerify(
  store: Store,
  config: LogConfig,
  options: VerifyOptions,
  terminal: Terminal,
): Promise<number> {
  const named = namedKey(config, options, terminal);
  if (named === "bad") return 1;
  const [table] = await store.sql<{ there: boolean }[]>`select to_regclass('audit.entries') is not null as there`;
  if (!table?.there) {
    terminal.err("There is no log in this database.");
    return 1;
  }
  const given = await readWitnesses(options.checkpoint ?? [], terminal);
  if (given === undefined) return 1;
  // The files are read before the log: a running app may write meanwhile, and the log is only ever longer.
  const key = named ?? (await store.db.transaction(findKey));
  if (key === undefined) {
    terminal.err(
      "There is no key to verify with: the log does not name one. Add --verifier KEY or set SIGNOFF_LOG_KEY.",
    );
    return 1;
  }
  const kept = await readKept(config, key);
  const report = await store.db.transaction(
    (tx) =>
      verifyLog(readLog(tx), {
        key,
        witnesses: [...given, ...kept],
        ...(options.key === undefined ? {} : { fingerprint: options.key }),
      }),
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
  if (options.json) terminal.out(JSON.stringify({ ...report, root: Buffer.from(report.root).toString("base64") }));
  else tell(report, key, terminal);
  return report.ok ? 0 : 1;
}

function tell(report: Report, key: LogVerifier, terminal: Terminal): void {
  const good = counted(report.size, "entry is", "entries are");
  terminal.out(`${report.ok ? "✓" : "✗"} ${shown(key.name)}: ${good} as signed.`);
  for (const proof of report.proofs) terminal.out(`  ${proof.holds ? "✓" : "✗"} ${shown(proof.says)}`);
  if (report.firstBad) {
    terminal.out(`  ✗ The first bad entry is number ${report.firstBad.seq}: ${shown(report.firstBad.what)}.`);
  }
  terminal.out(
    report.ok ? "The log is good." : "The log is NOT good. Keep this database and every checkpoint as they are.",
  );
}

function namedKey(config: LogConfig, options: VerifyOptions, terminal: Terminal): LogVerifier | "bad" | undefined {
  if (options.verifier === undefined) return config.verifier;
  try {
    return readVerifierKey(options.verifier);
  } catch (cause) {
    if (!(cause instanceof BadKey)) throw cause;
    terminal.err(`--verifier: ${cause.message}`);
    return "bad";
  }
}

/** The key that the log names itself, which is worth nothing without a fingerprint from outside. */
async function findKey(tx: Tx): Promise<LogVerifier | undefined> {
  const [row] = await tx
    .select({ body: entries.body })
    .from(entries)
    .where(eq(entries.action, "app.started"))
    .orderBy(desc(entries.seq))
    .limit(1);
  const named = row && readEntry(row.body)?.detail?.["logKey"];
  if (typeof named !== "string") return undefined;
  try {
    return readVerifierKey(named);
  } catch {
    return undefined;
  }
}

async function readWitnesses(files: readonly string[], terminal: Terminal): Promise<readonly Witness[] | undefined> {
  const witnesses: Witness[] = [];
  for (const name of files) {
    const text = await readFile(name, "utf8").catch((cause: NodeJS.ErrnoException) => {
      terminal.err(`${name} cannot be read (${cause.code}).`);
    });
    if (text === undefined) return undefined;
    witnesses.push({ name, text });
  }
  return witnesses;
}

/** The checkpoint file of this installation, if this machine has it. */
async function readKept(config: LogConfig, key: LogVerifier): Promise<readonly Witness[]> {
  const path = checkpointPath(config, key);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  return text === undefined ? [] : [{ name: `the checkpoint file ${path}`, text }];
}
