import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { append } from "../src/audit/append.ts";
import { newLogKey, readLogKey } from "../src/audit/key.ts";
import { latestCheckpoint } from "../src/store/log.ts";
import { freshDatabase, runAs, type TestDatabase } from "./peers/database.ts";
import { type Environment, type Running, runProgram, startProgram } from "./peers/program.ts";

describe("the app as a process", () => {
  let folder: string;
  let database: TestDatabase;
  let slack: Server;
  let answer: string;
  let environment: Environment;
  const logKey = newLogKey("test/main");
  const running = new Set<Running>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "signoff-main-"));
    database = await freshDatabase({ migrated: false });
    answer = JSON.stringify({ ok: true, url: "https://acme.slack.com/", team_id: "T1", user_id: "U0", bot_id: "B0" });
    // Only what starting asks Slack: who are we.
    slack = createServer((_request, response) => response.setHeader("content-type", "application/json").end(answer));
    await new Promise<void>((done) => slack.listen(0, "127.0.0.1", done));
    const address = slack.address();
    environment = {
      HOME: folder,
      XDG_STATE_HOME: folder,
      DATABASE_URL: database.url,
      DATABASE_OWNER_URL: database.ownerUrl,
      SIGNOFF_LOG_KEY: logKey.key.reveal(),
      SIGNOFF_CHECKPOINT_FILE: join(folder, "checkpoint"),
      SIGNOFF_PORT: "0",
      SIGNOFF_APPROVERS: "sam@x.example",
      SIGNOFF_APPROVERS_CHANNEL: "C0APPROVE",
      SLACK_BOT_TOKEN: "xoxb-hunter2",
      SLACK_SIGNING_SECRET: "hunter3",
      SLACK_API_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/api/`,
    };
    return async () => {
      for (const app of running) app.kill("SIGKILL");
      await Promise.all([...running].map(({ ended }) => ended));
      running.clear();
      slack.closeAllConnections();
      slack.close();
      await database.drop();
      await rm(folder, { recursive: true });
    };
  });

  it("migrates an empty database, is healthy, refuses unsigned requests, and ends on SIGTERM", async () => {
    const { app, url } = await start();
    expect(await health(url)).toEqual([200, { ok: true, db: "up", queue: "up", chat: "up" }]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^signoff_log_size 2$/m);
    expect(metrics).toMatch(/^signoff_paused 0$/m);
    expect(await status(`${url}/slack/events`, { method: "POST", body: "command=%2Foffboard" })).toBe(401);
    expect(await status(`${url}/`)).toBe(404);
    app.kill("SIGTERM");
    const end = await app.ended;
    expect(end).toMatchObject({ code: 0, err: "" });
    expect(end.out).not.toMatch(/hunter|PRIVATE\+KEY/);
    expect(await readFile(join(folder, "checkpoint"), "utf8")).toMatch(/^test\/main\n2\n/);
  });

  it("writes what changed since the last start", async () => {
    await startAndStop();
    await startAndStop({
      SIGNOFF_APPROVERS: "ivo@x.example",
      SIGNOFF_POLICY: '{"tries":3}',
      GITHUB_ORG: "acme",
      GITHUB_TOKEN: "t",
    });
    await startAndStop({
      SIGNOFF_APPROVERS: "ivo@x.example",
      SIGNOFF_POLICY: '{"tries":3}',
      GITHUB_ORG: "acme",
      GITHUB_TOKEN: "t",
    });
    const details = await starts();
    expect(details.map(({ changed, first }) => changed ?? first)).toEqual([
      true,
      ["system github:acme added", "policy tries 5 → 3", "role approver: 1 added, 1 removed"],
      [],
    ]);
    expect(JSON.stringify(details)).not.toContain("@x.example");
    expect(details[0]).toMatchObject({ logKey: logKey.verifierKey, version: "0.1.0" });
  });

  it("starts paused on a database that is older than its checkpoint file, and writes nothing", async () => {
    await startAndStop();
    await startAndStop();
    const newer = await readFile(join(folder, "checkpoint"), "utf8");
    // What a restored backup looks like: another database with the first start only.
    const backup = await freshDatabase({ migrated: false });
    try {
      const older = { DATABASE_URL: backup.url, DATABASE_OWNER_URL: backup.ownerUrl };
      await startAndStop({ ...older, SIGNOFF_CHECKPOINT_FILE: join(folder, "other") });
      const { app, url } = await start(older);
      const [code, said] = await health(url);
      expect(code).toBe(503);
      expect(said).toMatchObject({ ok: false, db: "up", paused: expect.stringContaining("2 entries, and had 3") });
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^signoff_paused 1$/m);
      expect(await status(`${url}/slack/events`, { method: "POST" })).toBe(503);
      app.kill("SIGTERM");
      expect(await app.ended).toMatchObject({ code: 0 });
      expect((await backup.store.sql`select seq from audit.entries`).length).toBe(2);
      expect(await readFile(join(folder, "checkpoint"), "utf8")).toBe(newer);
    } finally {
      await backup.drop();
    }
  });

  it("starts paused on a log that went on differently than its checkpoint file saw, or that another key signed", async () => {
    await startAndStop();
    const other = await freshDatabase();
    try {
      const signer = readLogKey(logKey.key);
      const note = await other.store.db.transaction(async (tx) => {
        await append(tx, { signer }, [ENTRY]);
        return latestCheckpoint(tx);
      });
      await writeFile(join(folder, "checkpoint"), note?.note ?? "");
      const { app, url } = await start();
      expect(await health(url)).toMatchObject([503, { paused: expect.stringContaining("are not those") }]);
      app.kill("SIGTERM");
      await app.ended;
      const foreign = await start({
        SIGNOFF_LOG_KEY: newLogKey("test/main").key.reveal(),
        SIGNOFF_CHECKPOINT_FILE: join(folder, "none"),
      });
      expect(await health(foreign.url)).toMatchObject([503, { paused: expect.stringContaining("not ours") }]);
    } finally {
      await other.drop();
    }
  });

  it("outlives a database that is away for a while", async () => {
    const { app, url } = await start();
    await database.store.close();
    const name = new URL(database.url).pathname.slice(1);
    await superuser(`alter database ${name} allow_connections false`);
    await superuser(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    expect(await health(url)).toMatchObject([503, { ok: false, db: "down", queue: "down" }]);
    await app.line("the job queue had an error");
    await pause(3000);
    await superuser(`alter database ${name} allow_connections true`);
    await healthy(url, async () => true);
    await app.line("the sweep works again");
    app.kill("SIGTERM");
    const { out } = await app.ended;
    expect(out).not.toContain("[object");
    const said = out.split("\n").filter((line) => /the job queue had an error|the sweep failed/.test(line));
    const troubles = said.map((line) => JSON.parse(line)).map(({ msg, err }) => `${msg}: ${err.message}`);
    expect(troubles).toContainEqual(expect.stringMatching(/the job queue had an error: ./));
    expect(troubles).toContainEqual(expect.stringMatching(/not currently accepting connections/));
    // Each once, however many workers ask however often.
    expect(troubles).toEqual([...new Set(troubles)]);
  });

  it("keeps a database of its own: takes it over after a SIGKILL, and starts it again when it dies", async () => {
    const own = { DATABASE_URL: "", DATABASE_OWNER_URL: "", SIGNOFF_DATABASE: "embedded" };
    const embedded = { ...own, SIGNOFF_DATA_FOLDER: join(folder, "data"), SIGNOFF_CHECKPOINT_FILE: "" };
    const first = await start(embedded);
    first.app.kill("SIGKILL");
    await first.app.ended;
    const { app, url } = await start(embedded);
    const { data }: { data: string } = JSON.parse(await readFile(join(folder, "data", "postgres.json"), "utf8"));
    const postmaster = async () => Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
    const before = await postmaster();
    process.kill(before, "SIGKILL");
    await healthy(url, async () => (await postmaster()) !== before);
    expect(await readFile(join(folder, "data", "checkpoint"), "utf8")).toMatch(/^test\/main\n3\n/);
    app.kill("SIGTERM");
    expect(await app.ended).toMatchObject({ code: 0 });
    // Nobody is left behind.
    await expect(postmaster()).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("says every fault of the configuration at once and no value, and ends with 1", async () => {
    const end = await runProgram("main.ts", [], {
      ...environment,
      SIGNOFF_PORT: "hunter2",
      SIGNOFF_ZONE: "x",
      SIGNOFF_APPROVERS: "",
    });
    expect(end).toMatchObject({ code: 1, out: "" });
    expect(end.err).toBe(
      "The configuration has 3 faults:\n  SIGNOFF_PORT must be a port number\n  SIGNOFF_ZONE must be a time zone such as Europe/Berlin\n  SIGNOFF_APPROVERS is missing\n",
    );
  });

  it("says which database, port or token cannot be used, without the password", async () => {
    const taken = await start();
    const port = { SIGNOFF_PORT: new URL(taken.url).port };
    expect((await failed(port)).err).toMatch(/SIGNOFF_PORT \d+ cannot be had on 127\.0\.0\.1: it is taken/);
    const away = (await failed({ DATABASE_URL: "postgres://signoff:hunter4@127.0.0.1:9/x", DATABASE_OWNER_URL: "" }))
      .err;
    expect(away).toMatch(/No database answers at postgres:\/\/signoff@127\.0\.0\.1:9\/x/);
    expect(away).not.toContain("hunter4");
    expect((await failed({ SIGNOFF_LOG_KEY: "hunter5" })).err).toBe(
      "The configuration has a fault:\n  SIGNOFF_LOG_KEY cannot be read: a log key starts with PRIVATE+KEY+\n",
    );
    answer = JSON.stringify({ ok: false, error: "invalid_auth" });
    expect((await failed({})).err).toBe(
      "The configuration has a fault:\n  SLACK_BOT_TOKEN is refused: the system refused: invalid_auth\n",
    );
  });

  async function start(more: Environment = {}): Promise<{ app: Running; url: string }> {
    const app = startProgram("main.ts", [], { ...environment, ...more });
    running.add(app);
    const { port } = await app.line("Signoff is ready");
    return { app, url: `http://127.0.0.1:${port}` };
  }

  async function startAndStop(more: Environment = {}): Promise<void> {
    const { app } = await start(more);
    app.kill("SIGTERM");
    expect(await app.ended).toMatchObject({ code: 0 });
  }

  async function failed(more: Environment) {
    const end = await runProgram("main.ts", [], { ...environment, ...more });
    expect(end).toMatchObject({ code: 1 });
    return end;
  }

  async function starts(): Promise<{ changed?: string[]; first?: true }[]> {
    const rows = await database.store.sql<{ body: string }[]>`
      select convert_from(body, 'UTF8') as body from audit.entries where action = 'app.started' order by seq`;
    return rows.map(({ body }) => JSON.parse(body).detail);
  }

  async function superuser(text: string): Promise<void> {
    const admin = new URL(database.superUrl);
    admin.pathname = "postgres";
    await runAs(admin.href, text);
  }
});

const ENTRY = {
  at: "2026-11-25T00:00:00.000Z",
  actor: { kind: "operator", user: "root" },
  action: "app.started",
  outcome: "success",
  target: { kind: "app", id: "elsewhere" },
  case: null,
} as const;

async function health(url: string): Promise<[number, unknown]> {
  const response = await fetch(`${url}/healthz`);
  return [response.status, await response.json()];
}

/** Waits until the app is healthy and `also` holds. */
async function healthy(url: string, also: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries++) {
    if ((await also().catch(() => false)) && (await health(url))[0] === 200) return;
    if (tries > 300) throw new Error("it did not come back");
    await pause(100);
  }
}

async function status(url: string, init: RequestInit = {}): Promise<number> {
  return (await fetch(url, init)).status;
}
