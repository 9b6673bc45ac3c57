import "./node-version.ts";
import { Command, Option } from "commander";
import signoffConfig from "../signoff.config.ts";
import { findRollback } from "./audit/keep-checkpoint.ts";
import { type PauseOptions, pauseCommand, resumeCommand } from "./cli/acts.ts";
import type { AsOptions } from "./cli/as.ts";
import { auditShow, type ShowOptions } from "./cli/audit-show.ts";
import { auditVerify, type VerifyOptions } from "./cli/audit-verify.ts";
import { caseCancel, caseList, caseOpen, caseStatus, type OpenOptions } from "./cli/case.ts";
import { check } from "./cli/check.ts";
import { type ImportPeopleOptions, importPeopleFile } from "./cli/import-people.ts";
import { type KeyNewOptions, keyNew } from "./cli/key-new.ts";
import { terminalOf } from "./cli/say.ts";
import { describeConfig } from "./config/describe.ts";
import { ConfigError } from "./config/faults.ts";
import { type Config, loadConfig, loadLogConfig } from "./config.ts";
import { LEAVE_KINDS, REASONS } from "./core/case.ts";
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

/** Whose words a command's are. */
const AS = "who you are: an e-mail or an id of the directory; an entry says it beside the operating system's user";

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

audit
  .command("show <who> [filter...]")
  .description(
    "Show what the log holds of a person: an e-mail, a login in any system, or an id; then words, as in chat.",
  )
  .requiredOption("--as <person>", AS)
  .option("--before <number>", "only entries before this one")
  .option("--json", "for programs")
  .addHelpText(
    "after",
    examples(
      "audit show alice@example.com --as noor@example.com",
      "audit show alice-nguyen github failed since monday --as noor@example.com",
    ),
  )
  .action((who: string, words: string[], options: ShowOptions) =>
    withParts((parts) => auditShow(parts.workflow, parts.config.zone ?? "UTC", who, words, options, terminal)),
  );

const cases = program.command("case").description("Cases without any chat. Exit code 2: refused, nothing was changed.");
for (const mode of ["open", "contain"] as const) {
  const command = cases
    .command(`${mode} <who>`)
    .description(
      mode === "open"
        ? "Open a case for a person: an e-mail, a login in any system, or an id of the directory."
        : "Ask for a containment: at once, once one approver agrees, everything that can be given back.",
    )
    .requiredOption("--as <person>", AS);
  if (mode === "open")
    command.requiredOption("--at <when>", "when access ends, in the person's zone: “30 Nov 18:00”, “Friday 6pm”, now");
  command
    .addOption(
      new Option("--kind <kind>", "of the departure")
        .choices(LEAVE_KINDS)
        .default(mode === "open" ? "voluntary" : "involuntary"),
    )
    .addOption(new Option("--reason <reason>").choices(REASONS).default(mode === "open" ? "other" : "security"))
    .option("--announced", "the team knows: work may be offered to people before the end")
    .option("--heir <person>", "who takes over by default; else their manager")
    .option("--json", "for programs")
    .addHelpText(
      "after",
      mode === "open"
        ? examples(
            'case open alice@example.com --at "30 Nov 18:00" --as hana@example.com',
            "case open alice-nguyen --at now --heir bob@example.com --announced --as hana@example.com",
          )
        : examples("case contain alice@example.com --as sam@example.com"),
    )
    .action((who: string, options: OpenOptions) =>
      writing(({ workflow }) => {
        const when = mode === "open" ? options : { ...options, at: "now" };
        return caseOpen(workflow, who, { ...when, mode: mode === "open" ? "orderly" : "contain" }, terminal);
      }),
    );
}
cases
  .command("cancel <who>")
  .description("Take a person's case back before anything is taken.")
  .requiredOption("--as <person>", AS)
  .option("--json", "for programs")
  .addHelpText("after", examples("case cancel alice@example.com --as hana@example.com"))
  .action((who: string, options: AsOptions) => writing(({ workflow }) => caseCancel(workflow, who, options, terminal)));
cases
  .command("status <who>")
  .description("Show a person's open case.")
  .requiredOption("--as <person>", AS)
  .option("--json", "for programs")
  .addHelpText("after", examples("case status alice@example.com --as sam@example.com"))
  .action((who: string, options: AsOptions) =>
    withParts(({ workflow }) => caseStatus(workflow, who, options, terminal)),
  );
cases
  .command("list")
  .description("Show every open case that this person may see.")
  .requiredOption("--as <person>", AS)
  .option("--json", "for programs")
  .addHelpText("after", examples("case list --as sam@example.com", "case list --as sam@example.com --json"))
  .action((options: AsOptions) => withParts(({ workflow }) => caseList(workflow, options, terminal)));

program
  .command("pause")
  .description("Stop every act of every replica at once, over restarts.")
  .option("--as <person>", `${AS}; without it the operating system's user is named`)
  .option("--note <text>", "why")
  .option("--json", "for programs")
  .addHelpText("after", examples('pause --note "the directory is being moved"', "pause --as sam@example.com"))
  .action((options: PauseOptions) => writing(({ workflow }) => pauseCommand(workflow, options, terminal)));
program
  .command("resume")
  .description("Lift a pause: by another person than who paused.")
  .requiredOption("--as <person>", AS)
  .option("--json", "for programs")
  .addHelpText("after", examples("resume --as ivo@example.com"))
  .action((options: AsOptions) => writing(({ workflow }) => resumeCommand(workflow, options, terminal)));

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
    writing(({ config, workflow }) => {
      const parts = { workflow, configured: config.systems, zone: config.zone };
      return importPeopleFile(file, parts, options, terminal);
    }),
  );

for (const group of [audit, cases, key, importing]) group.helpCommand(false);
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
      // Commands write no jobs: what is to be done stands in the tables, and the app's next sweep finds it.
      boss: { send: () => Promise.resolve(null) },
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

/** As `withParts`, for what writes: not into a database that is older than its checkpoint file. */
function writing(command: (parts: Parts) => Promise<number>): Promise<void> {
  return withParts((parts) => {
    if (parts.rollback === undefined) return command(parts);
    terminal.err(`Nothing is written: ${parts.rollback}`);
    return Promise.resolve(1);
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
