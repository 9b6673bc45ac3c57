import "./node-version.ts";
import { Command, Option } from "commander";
import signoffConfig from "../signoff.config.ts";
import { findRollback } from "./audit/keep-checkpoint.ts";
import { auditVerify, type VerifyOptions } from "./cli/audit-verify.ts";
import { check } from "./cli/check.ts";
import { type ImportPeopleOptions, importPeopleFile } from "./cli/import-people.ts";
import { type KeyNewOptions, keyNew } from "./cli/key-new.ts";
import { terminalOf } from "./cli/say.ts";
import { describeConfig } from "./config/describe.ts";
import { ConfigError } from "./config/faults.ts";
import { type Config, loadConfig, loadLogConfig } from "./config.ts";
import { openLog } from "./log.ts";
import { main } from "./main.ts";
import {
  checkGroups,
  connectSystems,
  migrateDatabase,
  openCheckpointFile,
  openDatabase,
  readVersion,
} from "./parts.ts";
import { ENCODINGS } from "./people/triggers/csv.ts";
import { StoreError } from "./store/fault.ts";
import type { Store } from "./store/open.ts";
import { openSurfaces, SURFACE_TITLES } from "./surfaces.ts";
import type { Workflow } from "./workflow/workflow.ts";

const terminal = terminalOf(process);
/** Commands answer in words; only what goes wrong is logged. */
const log = openLog("warn", { write: (line) => process.stderr.write(line) });

const program = new Command("signoff")
  .description("Takes a leaver's access away safely and provably, and hands their work over.")
  .version(readVersion())
  .addHelpText(
    "after",
    examples("start", "check", "import people people.csv --dry-run", "audit verify --key SHA256:…"),
  );

program
  .command("start")
  .description("Run Signoff until it is told to end (SIGTERM, Ctrl-C).")
  .addHelpText("after", examples("start"))
  .action(() => main());

program
  .command("check")
  .description("Try every system, the chat and the database with the real credentials, before a case needs them.")
  .addHelpText("after", examples("check"))
  .action(() =>
    withParts(async ({ config, workflow, rollback }) =>
      check(workflow, await chatsOf(config, workflow.store), rollback, terminal),
    ),
  );

const audit = program.command("audit").description("The audit log.");
audit
  .command("verify")
  .description("Verify the whole log, and say what each thing given proves. Needs only DATABASE_URL.")
  .option("--key <fingerprint>", "the key's fingerprint, as kept outside")
  .option("--verifier <key>", "the public key itself, as `key new` showed it")
  .option("--checkpoint <files...>", "files with checkpoints: a mail, a chat's export, a copy of the checkpoint file")
  .option("--json", "for programs")
  .addHelpText(
    "after",
    examples("audit verify", "audit verify --key SHA256:kx3…", "audit verify --checkpoint thread.txt mail.eml --json"),
  )
  .action((options: VerifyOptions) => run(() => verify(options)));

const key = program.command("key").description("The key that signs the log.");
key
  .command("new")
  .description("Make a key: prints the line for .env, and its fingerprint to keep outside.")
  .option("--name <name>", "the log's name, for ever, such as signoff.example.com/main")
  .option("--file <file>", "write the line to a new file instead")
  .addHelpText("after", examples("key new --name signoff.example.com/main", "key new --file /etc/signoff/log.env"))
  .action((options: KeyNewOptions) => run(() => keyNew(options, terminal)));

const importing = program.command("import").description("Bring facts in.");
importing
  .command("people <file>")
  .description(
    "Bring the directory to what a CSV file says. Columns: id, emails, name; manager, zone, slack; and one of logins for each system (github, postgres:orders).",
  )
  .option("--dry-run", "say what would change and write nothing")
  .addOption(new Option("--encoding <encoding>", "of the file").choices(ENCODINGS).default("utf-8"))
  .addHelpText("after", examples("import people people.csv --dry-run", "import people people.csv"))
  .action((file: string, options: ImportPeopleOptions) =>
    withParts(({ config, workflow, rollback }) => {
      if (rollback === undefined) {
        const parts = { workflow, configured: config.systems, zone: config.zone };
        return importPeopleFile(file, parts, options, terminal);
      }
      terminal.err(`Nothing is written: ${rollback}`);
      return Promise.resolve(1);
    }),
  );

for (const group of [audit, key, importing]) group.helpCommand(false);
await program.parseAsync();

interface Parts {
  readonly config: Config;
  readonly workflow: Workflow;
  readonly rollback: string | undefined;
}

/** Runs a command on the configured database, brought up to date. */
function withParts(command: (parts: Parts) => Promise<number>): Promise<void> {
  return run(async () => {
    await using opened = new AsyncDisposableStack();
    const config = loadConfig(signoffConfig, "optional");
    const { signer } = config;
    const systems = connectSystems(config.systems);
    checkGroups(config.roles, systems);
    const database = await openDatabase(config.database, log);
    const { store, embedded } = database;
    if (embedded && !embedded.wasRunning) opened.defer(() => embedded.stop());
    opened.defer(() => store.close());
    await migrateDatabase(database);
    await store.ready();
    const rollback = await findRollback(store, signer.verifier, openCheckpointFile(config, signer.verifier));
    const workflow: Workflow = {
      store,
      // Commands write no jobs: the running app does.
      boss: { send: () => Promise.reject(new TypeError("a command sends no jobs")) },
      signer,
      verifier: signer.verifier,
      systems,
      policy: config.policy,
      roles: config.roles,
      now: () => new Date(),
      log,
      version: readVersion(),
      configHash: describeConfig(config, [...systems.keys()]).hash,
      signal: new AbortController().signal,
      // The running app keeps the file; two writers could put an older one over a newer.
      witness: () => {},
    };
    return await command({ config, workflow, rollback });
  });
}

async function verify(options: VerifyOptions): Promise<number> {
  await using opened = new AsyncDisposableStack();
  const config = loadLogConfig();
  const { store, embedded } = await openDatabase(config.database, log);
  if (embedded && !embedded.wasRunning) opened.defer(() => embedded.stop());
  opened.defer(() => store.close());
  await store.ready();
  return await auditVerify(store, config, options, terminal);
}

/** The approvers' channel of each surface, to be asked for. */
async function chatsOf(config: Config, store: Store): Promise<Parameters<typeof check>[1]> {
  if (!config.chat) return [];
  const surfaces = await openSurfaces(config.chat, { store, log, now: () => new Date() });
  return surfaces.map((surface) => ({
    title: SURFACE_TITLES[surface.id],
    channel: config.chat?.approversChannels[surface.id],
    getChannel: (id) => surface.getChannel(id),
  }));
}

/** Runs a command; what it cannot do becomes words and exit code 1. */
async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (cause) {
    if (!(cause instanceof ConfigError || cause instanceof StoreError)) throw cause;
    terminal.err(cause.message);
    process.exitCode = 1;
  }
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  npm run signoff -- ${line}`).join("\n")}\n`;
}
