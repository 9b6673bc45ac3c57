import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { openConnection } from "./connection.ts";
import { StoreError } from "./fault.ts";
import { dataVersion, initCluster, majorVersion } from "./server/init.ts";
import { withFolderLock } from "./server/lock.ts";
import { disownPidFile, readPidFile } from "./server/pid-file.ts";
import { freePort } from "./server/port.ts";
import { type Postmaster, startPostmaster, stopPostmaster } from "./server/postmaster.ts";
import { isPostmaster, processesIn, signal } from "./server/processes.ts";
import { embeddedPrograms, type Programs, SYSTEM_FOLDER } from "./server/programs.ts";
import { canReach } from "./server/system-user.ts";

/** Our own PostgreSQL, running. It outlives this process; the next one that opens its folder takes it over. */
export interface Embedded {
  /** The runtime role's. */
  readonly url: string;
  /** The role that migrates. */
  readonly ownerUrl: string;
  /** Of the server as it runs now. */
  readonly pid: number;
  readonly data: string;
  /** Whether it ran already when it was opened: then others may be using it. */
  readonly wasRunning: boolean;
  /** Starts the server again, on the same port, if it died. Cheap if it did not. */
  ensureRunning(): Promise<void>;
  /** Ends the server, whoever else uses it. */
  stop(): Promise<void>;
  /** Ends the server and removes its data for good. */
  remove(): Promise<void>;
}

/** Where it is kept, and who hears what happens to it. */
export interface EmbeddedOptions {
  /** Made if missing. As root the data may be kept elsewhere: the server's user must be able to reach it. */
  readonly folder: string;
  readonly log: { info(fields: object, message: string): void };
  /** Another copy of the npm package with PostgreSQL's programs, for tests. */
  readonly packageFolder?: string;
}

const ROLES = { admin: "signoff_admin", owner: "signoff_owner", runtime: "signoff" } as const;
const DATABASE = "signoff";
const PATIENCE = 30_000;

/** What is kept beside the data: known to nobody but the user that runs the app. */
const Keys = z.strictObject({
  data: z.string(),
  passwords: z.strictObject({ admin: z.string(), owner: z.string(), runtime: z.string() }),
});
type Keys = z.infer<typeof Keys>;

/** All that is fixed once the folder is opened. */
interface Place {
  readonly folder: string;
  readonly programs: Programs;
  readonly keys: Keys;
  readonly log: EmbeddedOptions["log"];
}

/**
 * Opens the PostgreSQL kept in a folder: made if there is none, taken over if it runs, else started (and recovered, if
 * it was killed). Processes that open the same folder at once do so one after the other.
 * @throws StoreError that says what to do.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const programs = await embeddedPrograms(options.packageFolder);
  await mkdir(options.folder, { recursive: true, mode: programs.user ? 0o755 : 0o700 });
  const folder = await realpath(options.folder);
  const { place, first, wasRunning } = await withFolderLock(folder, async () => {
    const keys = await readKeys(folder, programs);
    const place: Place = { folder, programs, keys, log: options.log };
    await initOnce(place);
    const running = await adopt(place);
    const first = running ?? (await start(place, await lastPort(folder), "any"));
    return { place, first, wasRunning: running !== undefined };
  });
  let server = first;
  const url = (role: keyof typeof ROLES) => roleUrl(place.keys, role, server.port);
  const stop = async () => {
    const running = await readPidFile(place.keys.data);
    if (running) await stopPostmaster(running.pid, place.keys.data);
  };
  return {
    get url() {
      return url("runtime");
    },
    get ownerUrl() {
      return url("owner");
    },
    get pid() {
      return server.pid;
    },
    data: place.keys.data,
    wasRunning,
    async ensureRunning() {
      if (await isPostmaster(server.pid, place.keys.data)) return;
      server = await withFolderLock(
        folder,
        async () => (await adopt(place)) ?? (await start(place, server.port, "same")),
      );
    },
    stop,
    async remove() {
      await stop();
      const parent = dirname(place.keys.data);
      await rm(parent === folder ? place.keys.data : parent, { recursive: true, force: true });
      await rm(join(folder, "postgres.json"), { force: true });
    },
  };
}

async function initOnce(place: Place): Promise<void> {
  const { programs, keys } = place;
  const made = await dataVersion(keys.data);
  if (made === undefined) {
    await initCluster(programs, {
      data: keys.data,
      superuser: ROLES.admin,
      password: keys.passwords.admin,
      statements: [
        `CREATE ROLE ${ROLES.owner} LOGIN PASSWORD '${keys.passwords.owner}'`,
        `CREATE ROLE ${ROLES.runtime} LOGIN PASSWORD '${keys.passwords.runtime}'`,
        `CREATE DATABASE ${DATABASE} OWNER ${ROLES.owner}`,
      ],
    });
    place.log.info({ data: keys.data }, "made a new database");
    return;
  }
  const ours = await majorVersion(programs);
  if (made !== ours)
    throw new StoreError(
      "machine",
      `The data in ${keys.data} is PostgreSQL ${made}'s and this is PostgreSQL ${ours}. Move it with pg_dump of the former.`,
    );
}

/** The server that runs already, if it is the one of this folder and takes our password. */
async function adopt({ keys, log }: Place): Promise<Postmaster | undefined> {
  for (;;) {
    const file = await readPidFile(keys.data);
    // The process is looked at before anything is sent to the port: whoever listens there now may not be ours.
    if (!file || !(await isPostmaster(file.pid, keys.data))) return undefined;
    if (file.state === "ready") {
      await assertOurs(keys, file.port);
      log.info({ pid: file.pid, port: file.port }, "took over the running database");
      return { pid: file.pid, port: file.port };
    }
    await pause(50);
  }
}

async function assertOurs(keys: Keys, port: number): Promise<void> {
  const connection = openConnection({ url: roleUrl(keys, "admin", port, "postgres"), name: "signoff" });
  try {
    const [row] = await connection.sql<{ data: string }[]>`select current_setting('data_directory') as data`;
    if (row?.data !== keys.data) throw new Error(`it answers for ${row?.data}`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(
      "machine",
      `The database that runs in ${keys.data} is not the one this folder has the passwords of: ${why}.`,
      { cause },
    );
  } finally {
    await connection.end();
  }
}

async function start(place: Place, wish: number | undefined, where: "any" | "same"): Promise<Postmaster> {
  const { programs, keys, folder, log } = place;
  const crashed = (await readPidFile(keys.data)) !== undefined;
  if (crashed) await disownPidFile(keys.data);
  let port = wish ?? (await freePort());
  for (const until = performance.now() + PATIENCE; ; await pause(100)) {
    const started = await startPostmaster(programs, {
      data: keys.data,
      port,
      logFile: join(folder, "postgres.log"),
      settings: { shared_buffers: "64MB", max_connections: "100", log_checkpoints: "off", log_timezone: "UTC" },
    });
    const late = performance.now() > until;
    switch (started.kind) {
      case "ready":
        await replaceFile(join(folder, "port"), `${started.server.port}\n`);
        log.info({ ...started.server, recovered: crashed }, "started the database");
        return started.server;
      case "port-taken":
        if (where === "any") port = await freePort();
        else if (late)
          throw new StoreError("machine", `Another program has taken port ${port} of the database. End it.`);
        break;
      case "failed":
        if (!crashed || late)
          throw new StoreError("machine", `PostgreSQL did not start in ${keys.data}: ${started.said}`);
        // Processes of the killed server still hold its memory. They end by themselves unless they are busy.
        for (const pid of await processesIn(keys.data)) signal(pid, "SIGTERM");
        break;
      default:
        started satisfies never;
    }
  }
}

async function readKeys(folder: string, programs: Programs): Promise<Keys> {
  const file = join(folder, "postgres.json");
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  if (text !== undefined) return Keys.parse(JSON.parse(text));
  const data = join(await dataParent(folder, programs), "data");
  if ((await dataVersion(data)) !== undefined)
    throw new StoreError("machine", `${data} holds a database, but ${file} with its passwords is missing.`);
  const word = () => randomBytes(24).toString("base64url");
  const keys = { data, passwords: { admin: word(), owner: word(), runtime: word() } };
  await replaceFile(file, `${JSON.stringify(keys, undefined, 2)}\n`);
  return keys;
}

/** The folder itself, or as root, if the server's user cannot enter it, one of its own in a place that it can. */
async function dataParent(folder: string, { user }: Programs): Promise<string> {
  if (!user || (await canReach(folder, user))) return folder;
  const parent = join(SYSTEM_FOLDER, `store-${randomBytes(8).toString("hex")}`);
  await mkdir(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  await mkdir(parent, { mode: 0o700 });
  await chown(parent, user.uid, user.gid);
  return await realpath(parent);
}

async function lastPort(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, "port"), "utf8").catch(() => "");
  return Number(text) || undefined;
}

/** Old or new, never half. */
async function replaceFile(file: string, text: string): Promise<void> {
  const half = `${file}.half`;
  await rm(half, { force: true });
  await writeFile(half, text, { mode: 0o600, flag: "wx", flush: true });
  await rename(half, file);
}

function roleUrl(keys: Keys, role: keyof typeof ROLES, port: number, database: string = DATABASE): string {
  return `postgres://${ROLES[role]}:${keys.passwords[role]}@127.0.0.1:${port}/${database}`;
}
