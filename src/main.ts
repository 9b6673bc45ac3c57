import "./node-version.ts";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { PgBoss } from "pg-boss";
import type { Log } from "../connectors/connector.ts";
import signoffConfig from "../signoff.config.ts";
import { LogRefused } from "./audit/append.ts";
import { type CheckpointKeeper, findRollback, keepCheckpoint } from "./audit/keep-checkpoint.ts";
import { Unproven } from "./audit/read-proven.ts";
import { handle } from "./chat/handle.ts";
import { liveHomes } from "./chat/live-homes.ts";
import { notifierOf } from "./chat/notify.ts";
import type { ChatSurface } from "./chat/surface.ts";
import { describeConfig } from "./config/describe.ts";
import { ConfigError } from "./config/faults.ts";
import { type Config, loadConfig } from "./config.ts";
import { rootMessage } from "./core/failure.ts";
import { repeats } from "./core/repeats.ts";
import { readHealth, readMetrics, type Vitals } from "./http/health.ts";
import { startServer } from "./http/server.ts";
import { openLog } from "./log.ts";
import {
  checkGroups,
  connectSystems,
  machineName,
  migrateDatabase,
  openCheckpointFile,
  openDatabase,
  readVersion,
} from "./parts.ts";
import { StoreError } from "./store/fault.ts";
import { openSurfaces, refusedBy } from "./surfaces.ts";
import { startDaily } from "./workflow/daily.ts";
import { noteRoles, startRoles } from "./workflow/note-roles.ts";
import { noteStart } from "./workflow/note-start.ts";
import { createQueues } from "./workflow/queues.ts";
import { startWorkers } from "./workflow/workers.ts";
import type { Workflow } from "./workflow/workflow.ts";

/** Signoff as it runs. */
export interface App {
  readonly port: number;
  /** Why nothing is done, if it started so. */
  readonly paused?: string;
  /** Takes nothing new, lets what is under way end, closes everything. */
  stop(): Promise<void>;
}

/** How long a job under way may take to end when we stop, in milliseconds. Its lease runs out if it does not. */
const JOB_PATIENCE = 10_000;
/** How often the embedded server is looked after, in milliseconds. */
const LOOK_AFTER = 1000;

/** Puts everything together and starts it. Whatever was started is closed again if a later part cannot be. */
export async function startApp(config: Config, log: Log): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const { signer } = config;
  const systems = connectSystems(config.systems);
  checkGroups(config.roles, systems);
  const described = describeConfig(config, [...systems.keys()]);

  const database = await openDatabase(config.database, log);
  const { store, embedded } = database;
  if (embedded) opened.defer(() => embedded.stop());
  opened.defer(() => store.close());
  await migrateDatabase(database);
  await store.ready();
  if (embedded) opened.defer(lookAfter(embedded, log));

  const file = openCheckpointFile(config, signer.verifier);
  await mkdir(dirname(file.path), { recursive: true });
  const keeper = keepCheckpoint(store, file, log);
  opened.defer(() => keeper.settle());

  const boss = new PgBoss({
    connectionString: store.url,
    application_name: "signoff jobs",
    max: 5,
    migrate: false,
    createSchema: false,
    schedule: false,
    useListenNotify: true,
  });
  const often = repeats(() => new Date());
  boss.on("error", (err) => {
    const unsaid = often(rootMessage(err));
    if (unsaid !== undefined) log.warn({ err, unsaid }, "the job queue had an error");
  });
  boss.on("warning", ({ message }) => log.debug({ message }, "the job queue warns"));

  const ending = new AbortController();
  const w: Workflow = {
    store,
    boss,
    signer,
    verifier: signer.verifier,
    systems,
    policy: config.policy,
    roles: config.roles,
    now: () => new Date(),
    log,
    version: readVersion(),
    configHash: described.hash,
    signal: ending.signal,
    witness: keeper.witness,
  };
  const paused = await pausedBecause(w, keeper, file, described.is);
  const opening = config.chat ? await openSurfaces(config.chat, { store, log, now: w.now }) : [];
  const vitals: Vitals = {
    store,
    askQueue: () => boss.getQueue("notify"),
    chatIsUp: () => (opening.length === 0 ? undefined : opening.every((surface) => surface.healthy())),
    paused,
    witnessedSize: keeper.size,
  };
  if (paused === undefined) {
    await boss.start();
    opened.defer(() => boss.stop({ graceful: true, timeout: JOB_PATIENCE }));
    await createQueues(boss);
    const surfaces = new Map<ChatSurface["id"], ChatSurface>(opening.map((surface) => [surface.id, surface]));
    const deps = {
      workflow: w,
      homes: liveHomes(w),
      health: async () => ({ ...(await readHealth(vitals)), version: w.version, systems: systems.size }),
      surfaces,
      approversChannels: config.chat?.approversChannels,
      restrictedChannel: config.chat?.restrictedChannel,
      log,
      readWitnesses: async () => {
        const kept = await file.read();
        return kept ? [{ name: "the checkpoint file", text: kept.note }] : [];
      },
    };
    const workers = await startWorkers(w, boss, notifierOf(deps));
    opened.defer(() => workers.stop());
    // Groups of a chat are Slack’s user groups: Teams has tags, which anybody may edit.
    const listChatGroup = surfaces.get("slack")?.listGroup;
    await noteRoles(w, listChatGroup);
    opened.defer(startRoles(w, listChatGroup));
    if (config.digest) opened.defer(await startDaily(w, config.digest));
    opened.defer(() => ending.abort(new Error("Signoff is stopping")));
    for (const surface of opening) {
      opened.defer(() => surface.stop());
      await surface.start((intent, reply) => handle(deps, intent, reply)).catch(refusedBy(surface.id));
    }
  } else log.error({ paused }, "Signoff is paused: nothing is revoked, asked or sent until somebody looked");

  const server = await startServer(
    {
      ...Object.fromEntries(opening.map(({ id, router }) => [id, router])),
      health: () => readHealth(vitals),
      metrics: () => readMetrics(vitals),
      log,
    },
    config.http,
  );
  opened.defer(() => server.stop());
  const running = opened.move();
  log.info(
    { port: server.port, host: config.http.host, version: w.version, systems: [...systems.keys()] },
    "Signoff is ready",
  );
  return {
    port: server.port,
    ...(paused === undefined ? {} : { paused }),
    stop: () => running.disposeAsync(),
  };
}

/** A log that is not as we left it is for a human: acting on it, or writing on, would bury what happened. */
async function pausedBecause(
  w: Workflow,
  keeper: CheckpointKeeper,
  file: Parameters<typeof findRollback>[2],
  started: ReturnType<typeof describeConfig>["is"],
): Promise<string | undefined> {
  const rollback = await findRollback(w.store, w.verifier, file);
  if (rollback !== undefined) return rollback;
  try {
    await noteStart(w, started, machineName());
  } catch (cause) {
    if (cause instanceof LogRefused || cause instanceof Unproven) return cause.message;
    throw cause;
  }
  keeper.witness();
  return undefined;
}

/** Starts the embedded server again whenever it died. */
function lookAfter(embedded: { ensureRunning(): Promise<void> }, log: Log): () => void {
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await embedded.ensureRunning().catch((err: unknown) => log.error({ err }, "the database could not be started"));
    looking = false;
  }, LOOK_AFTER);
  return () => clearInterval(timer);
}

/** Runs until SIGTERM or SIGINT; says every fault of the configuration, or what is wrong with the database, and ends. */
export async function main(): Promise<void> {
  let log: Log | undefined;
  try {
    const config = loadConfig(signoffConfig, "needed");
    log = openLog(config.logLevel);
    const end = endOnFault(log);
    // Listened for from the start: whoever is told that we are ready may end us in the same instant.
    const asked = askedToEnd(log);
    const app = await startApp(config, log);
    await asked;
    await app.stop().catch(end);
    process.exit(0);
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StoreError) process.stderr.write(`${error.message}\n`);
    else if (log) log.error({ err: error }, "Signoff could not start");
    else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
    // Connections of what was half started must not keep us.
    setTimeout(() => process.exit(1), 1000).unref();
  }
}

/** Resolves at the first SIGTERM or SIGINT. */
function askedToEnd(log: Log): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        log.info({ signal }, "Signoff is stopping");
        // Nothing may hold us longer: what is cut off here goes on at the next start.
        setTimeout(() => process.exit(1), JOB_PATIENCE + 10_000).unref();
        resolve();
      });
    }
  });
}

/** After an error that nobody expected the state in memory is not to be trusted; everything that matters is in the database. */
function endOnFault(log: Log): (error: unknown) => never {
  const end = (err: unknown): never => {
    log.error({ err }, "an error that nobody expected: ending");
    process.exit(1);
  };
  process.on("unhandledRejection", end);
  process.on("uncaughtException", end);
  return end;
}

if (import.meta.main) await main();
