import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newLogKey } from "../../src/audit/key.ts";
import { type Embedded, openEmbedded } from "../../src/store/embedded.ts";
import { freePort } from "../../src/store/server/port.ts";
import { appEnvironment } from "./app-environment.ts";
import { type AppProcess, createAppProcess, runOnce } from "./app-process.ts";
import { APPROVERS_CHANNEL, peopleCsv } from "./company.ts";
import { readManifest } from "./gate/manifest.ts";
import { type Gate, startGate } from "./gate.ts";
import { startPageServer } from "./page-server.ts";
import { type SlackService, startSlack } from "./services/slack.ts";
import { allOf, type Systems, startSystems } from "./systems.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Everything of the sandbox, running. The services and the folder are the launcher's, so the app may die at any time. */
export interface Sandbox extends Omit<Systems, "stop"> {
  /** The chat page. `?as=sam` makes it Sam's. */
  readonly url: string;
  readonly folder: string;
  readonly app: AppProcess;
  readonly appUrl: string;
  /** What the app was started with, for the command line beside it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly gate: Gate;
  readonly slack: SlackService;
  /** The app's database. */
  readonly store: Embedded;
  /** Runs `signoff ARGS…` beside the app and gives what it printed; throws if it fails. */
  signoff(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export interface SandboxOptions {
  /** Hears what is going on, line by line. */
  readonly say: (line: string) => void;
  /** Port of the chat page; any free one if absent. */
  readonly port?: number | undefined;
  /** Whether an app and a database that die are started again. */
  readonly restarts: boolean;
  /** When the day's digest comes, `14:35` in UTC; never if absent. */
  readonly digestAt?: string;
  /** Other durations than a real installation's. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** What runs as the app instead of src/main.ts, for tests of the sandbox itself. */
  readonly entry?: string;
  /** Our own environment; only names of folders are handed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts everything on loopback in a fresh folder. What was started is ended again if something fails. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { say } = options;
  const ends: (() => Promise<unknown>)[] = [];
  const stop = once(async () => {
    for (const end of ends.reverse()) await end().catch((error: unknown) => say(String(error)));
  });
  try {
    return await assemble(options, ends, stop);
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function assemble(
  options: SandboxOptions,
  ends: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Sandbox> {
  const { say } = options;
  const folder = await mkdtemp(join(tmpdir(), "signoff-sandbox-"));
  // The database's user must reach its part of it; what is secret lies in files that are closed by themselves.
  await chmod(folder, 0o755);
  ends.push(() => rm(folder, { recursive: true, force: true }));

  say("Starting Acme's systems on this machine: databases, chat, GitHub, Okta and what else there is…");
  const [store, slack, systems, appPort] = await allOf([
    openEmbedded({ folder: join(folder, "store"), log: { info: () => undefined } }).then((store) => {
      ends.push(() => store.remove());
      return store;
    }),
    startSlack().then((slack) => {
      ends.push(() => slack.close());
      return slack;
    }),
    startSystems().then((systems) => {
      ends.push(() => systems.stop());
      return systems;
    }),
    freePort(),
  ]);
  if (systems.leftOut.length > 0) say(`Left out: ${systems.leftOut.join("; ")}. All else works without.`);

  const appUrl = `http://127.0.0.1:${appPort}`;
  const signingSecret = randomBytes(16).toString("hex");
  const manifest = await readManifest(join(ROOT, "manifest/slack/manifest.json"));
  const gate = await startGate({ slack, manifest, signingSecret, appUrl: () => `${appUrl}/slack/events` });
  ends.push(() => gate.close());
  const page = await startPageServer(gate, options.port === undefined ? {} : { port: options.port });
  ends.push(() => page.close());

  const environment = appEnvironment(
    {
      databaseUrl: store.url,
      databaseOwnerUrl: store.ownerUrl,
      logKey: newLogKey("sandbox.acme.example").key.reveal(),
      folder,
      port: appPort,
      slack: {
        botToken: slack.botToken,
        signingSecret,
        apiUrl: gate.apiUrl,
        approversChannel: slack.channels[APPROVERS_CHANNEL] ?? "",
      },
      systems: systems.variables,
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      ...(options.digestAt === undefined ? {} : { digestAt: options.digestAt }),
    },
    options.env,
  );
  const signoff = (...args: string[]) => runOnce([join(ROOT, "src/cli.ts"), ...args], { environment, cwd: ROOT });

  if (options.entry === undefined) {
    say("Importing the people of Acme…");
    const people = join(folder, "people.csv");
    const slackIds = Object.fromEntries(Object.entries(slack.ids).map(([handle, id]) => [handle, [id]]));
    await writeFile(people, peopleCsv({ slack: slackIds, ...systems.columns }));
    await signoff("import", "people", people);
  }
  say("Starting the app…");
  const app = createAppProcess({
    entry: options.entry ?? join(ROOT, "src/main.ts"),
    environment,
    cwd: ROOT,
    isReady: () => answers(`${appUrl}/healthz`),
    patience: 45_000,
    say,
    restarts: options.restarts,
  });
  ends.push(() => app.stop());
  await app.start();
  if (options.restarts) ends.push(keepRunning(store, say));

  return { url: page.url, folder, app, appUrl, environment, gate, slack, ...systems, store, signoff, stop };
}

/** Looks after the database: somebody may try what happens when it is killed. */
function keepRunning(store: Embedded, say: (line: string) => void): () => Promise<void> {
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    const { pid } = store;
    looking = looking.then(() =>
      store.ensureRunning().then(
        () => {
          if (store.pid !== pid) say("The database was gone and is back; nothing is lost.");
        },
        (error: unknown) => say(`The database does not start: ${String(error)}`),
      ),
    );
  }, 1000);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let acted: Promise<void> | undefined;
  return () => {
    acted ??= act();
    return acted;
  };
}
