import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { newLogKey } from "../../src/audit/key.ts";
import { freshDatabase, type TestDatabase } from "../peers/database.ts";
import { type Ended, type Environment, type Running, runProgram, startProgram } from "../peers/program.ts";

// Cases without any chat, on the command line as it is typed, with and without the running app.

let folder: string;
let database: TestDatabase;
let environment: Environment;
let slack: Server;
let app: Running | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signoff-case-"));
  database = await freshDatabase({ migrated: false });
  // Slack is down: every call fails.
  slack = createServer((_request, response) => response.writeHead(503).end());
  await new Promise<void>((done) => slack.listen(0, "127.0.0.1", done));
  const address = slack.address();
  environment = {
    HOME: folder,
    XDG_STATE_HOME: folder,
    DATABASE_URL: database.url,
    DATABASE_OWNER_URL: database.ownerUrl,
    SIGNOFF_LOG_KEY: newLogKey("test/case").key.reveal(),
    SIGNOFF_CHECKPOINT_FILE: join(folder, "checkpoint"),
    SIGNOFF_PORT: "0",
    SIGNOFF_DIGEST_AT: "off",
    SIGNOFF_REQUESTERS: "hana@x.example",
    SIGNOFF_APPROVERS: "sam@x.example,ivo@x.example",
    SIGNOFF_AUDITORS: "noor@x.example",
    SIGNOFF_OPERATORS: "olga@x.example",
    SIGNOFF_IT_OWNER: "ivo@x.example",
    SIGNOFF_APPROVERS_CHANNEL: "C0APPROVE",
    SLACK_BOT_TOKEN: "xoxb-hunter2",
    SLACK_SIGNING_SECRET: "hunter3",
    SLACK_API_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/api/`,
  };
  const people = join(folder, "people.csv");
  const names = ["hana", "sam", "ivo", "noor", "olga", "bob"];
  await writeFile(
    people,
    [
      "id,emails,name,zone,slack",
      "E1,alice@x.example,Alice Nguyen,Europe/Berlin,U1",
      "E2,aki@x.example,山田 花子,Asia/Tokyo,U2",
      ...names.map((name, at) => `E${at + 10},${name}@x.example,${name},,U${at + 10}`),
      "",
    ].join("\n"),
  );
  expect(await signoff("import", "people", people)).toMatchObject({ code: 0 });
}, 120_000);

afterAll(async () => {
  app?.kill("SIGTERM");
  await app?.ended;
  slack?.closeAllConnections();
  slack?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});

function signoff(...args: string[]): Promise<Ended> {
  return runProgram("cli.ts", args, environment);
}

/** What a command answers a program. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await signoff(...args, "--json")).out);
}

const sql = (strings: TemplateStringsArray, ...values: string[]) => database.store.sql(strings, ...values);

const Body = z.instanceof(Uint8Array);

/** Actor and way of the newest entry of an action. */
async function newest(action: string) {
  const [row] = await sql`select body from audit.entries where action = ${action} order by seq desc limit 1`;
  return row && JSON.parse(new TextDecoder().decode(Body.parse(row["body"])));
}

const VIA = `terminal:${userInfo().username}@${hostname()}`;
let caseId = "";

describe("while no app runs", () => {
  it("opens a case, as the person named, with who the operating system says it is, and says that it waits for the app", async () => {
    const { code, out } = await signoff(
      "case",
      "open",
      "alice@x.example",
      "--at",
      "1 Mar 2027 18:00",
      "--as",
      "hana@x.example",
      "--reason",
      "resignation",
    );
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/No app\s+is\s+running/) });
    expect(out.replace(/\s+/g, " ")).toContain("Access ends 1 Mar 2027, 18:00 Europe/Berlin (17:00 UTC)");
    caseId = /case (\w{8})/.exec(out)?.[1] ?? "";
    expect(await newest("case.opened")).toMatchObject({
      actor: { kind: "person", id: "E10", via: VIA },
      case: caseId,
      departure: { trigger: "cli", hrId: "E1", mode: "orderly", effective: { local: "2027-03-01T18:00" } },
    });
  });

  it("refuses with exit code 2 and changes nothing: a second case, one's own, a stranger, no right", async () => {
    const open = (who: string, as: string) => signoff("case", "open", who, "--at", "now", "--as", as);
    expect(await open("E1", "hana@x.example")).toMatchObject({ code: 2, err: expect.stringContaining("open case") });
    expect(await open("hana@x.example", "hana@x.example")).toMatchObject({
      code: 2,
      err: expect.stringContaining("you"),
    });
    expect(await open("nobody@x.example", "hana@x.example")).toMatchObject({ code: 2 });
    expect(await open("bob@x.example", "noor@x.example")).toMatchObject({
      code: 2,
      err: expect.stringContaining("This needs the role requester or approver"),
    });
    expect(await newest("request.refused")).toMatchObject({ actor: { id: "E13", via: VIA } });
    expect(await open("bob@x.example", "root@x.example")).toMatchObject({
      code: 2,
      err: expect.stringContaining("Nobody in the directory is called this"),
    });
    expect(await newest("request.refused")).toMatchObject({
      actor: { kind: "operator", user: VIA.replace("terminal:", "") },
      target: { kind: "person", id: "unknown" },
    });
    expect(await sql`select id from cases`).toHaveLength(1);
  });

  it.each([
    ["Friday", "No time was named"],
    ["1 Mar 2020 18:00", "past"],
  ])("takes no time that would have to be guessed: %s", async (at, why) => {
    const { code, err } = await signoff("case", "open", "bob@x.example", "--at", at, "--as", "hana@x.example");
    expect(code).not.toBe(0);
    expect(err).toContain(why);
    expect(await sql`select id from cases`).toHaveLength(1);
  });

  it("lists and shows it to who may see it, within 80 columns, and to programs", async () => {
    const list = await signoff("case", "list", "--as", "sam@x.example");
    expect(list).toMatchObject({ code: 0, out: expect.stringContaining(`Alice Nguyen case ${caseId}`) });
    const status = await signoff("case", "status", "alice@x.example", "--as", "hana@x.example");
    expect(status).toMatchObject({ code: 0, out: expect.stringContaining("Your case: Alice Nguyen") });
    for (const { out } of [list, status])
      expect(Math.max(...out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(await json("case", "list", "--as", "noor@x.example")).toEqual({
      ok: true,
      cases: [
        {
          id: caseId,
          state: "opened",
          mode: "orderly",
          leaver: { id: "E1", name: "Alice Nguyen" },
          due: "2027-03-01T17:00:00.000Z",
          approvals: 0,
          steps: {},
        },
      ],
    });
    expect(await signoff("case", "status", "bob@x.example", "--as", "sam@x.example")).toMatchObject({ code: 2 });
    expect(await signoff("case", "list", "--as", "bob@x.example")).toMatchObject({ code: 2 });
  });
});

describe("beside the running app, while the chat is down", () => {
  beforeAll(async () => {
    app = startProgram("main.ts", [], environment);
    await app.line("Signoff is ready");
  }, 120_000);

  const state = async (person: string) =>
    (await sql`select state from cases where leaver_id = ${person} order by opened_seq desc limit 1`)[0]?.["state"];

  it("its sweep finds what was opened before, and what is opened now", async () => {
    await vi.waitFor(async () => expect(await state("E1")).toBe("planned"), { timeout: 60_000, interval: 200 });
    const opened = await json("case", "open", "aki@x.example", "--at", "now", "--as", "olga@x.example");
    expect(opened).toMatchObject({ ok: true, person: "E2", appRuns: true });
    await vi.waitFor(async () => expect(await state("E2")).toBe("planned"), { timeout: 60_000, interval: 200 });
    expect(await newest("plan.proposed")).toMatchObject({ case: opened["caseId"] });
  });

  it("cancels it, once", async () => {
    const cancel = () => signoff("case", "cancel", "aki@x.example", "--as", "olga@x.example");
    expect(await cancel()).toMatchObject({ code: 0, out: "The case is cancelled. Nothing is taken.\n" });
    expect(await newest("case.cancelled")).toMatchObject({ actor: { id: "E14", via: VIA } });
    expect(await cancel()).toMatchObject({ code: 2, err: expect.stringContaining("no open case") });
  });

  it("asks for a containment, which waits for another approver", async () => {
    const { code, out } = await signoff("case", "contain", "bob@x.example", "--as", "sam@x.example");
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/The\s+running\s+app\s+goes\s+on/) });
    await vi.waitFor(async () => expect(await newest("case.approversCalled")).toBeDefined(), {
      timeout: 60_000,
      interval: 200,
    });
    // Who asked for it is not called, since they cannot approve it.
    expect(await newest("case.approversCalled")).toMatchObject({ detail: { approvers: ["E12"] } });
  });

  it("pauses without a name, and resumes only by a person with the right", async () => {
    expect(await signoff("pause", "--note", "moving")).toMatchObject({
      code: 0,
      out: expect.stringContaining("Paused"),
    });
    expect(await newest("acts.paused")).toMatchObject({ actor: { kind: "operator", user: userInfo().username } });
    expect(await signoff("pause", "--as", "sam@x.example")).toMatchObject({
      code: 0,
      out: expect.stringContaining("already paused by"),
    });
    expect(await signoff("resume", "--as", "hana@x.example")).toMatchObject({ code: 2 });
    expect(await signoff("resume", "--as", "olga@x.example")).toMatchObject({ code: 0 });
    expect(await signoff("pause", "--as", "olga@x.example")).toMatchObject({ code: 0 });
    expect(await signoff("resume", "--as", "olga@x.example")).toMatchObject({
      code: 2,
      err: expect.stringContaining("somebody else has to resume it"),
    });
    expect(await signoff("resume", "--as", "ivo@x.example")).toMatchObject({ code: 0 });
  });

  it("shows what the log holds of a person, filtered as in chat, within 80 columns, and leaves an entry", async () => {
    const show = (...more: string[]) => signoff("audit", "show", ...more, "--as", "noor@x.example");
    const { code, out } = await show("aki@x.example");
    expect(code).toBe(0);
    expect(out).toMatch(/History of 山田 花子[\s\S]*Case cancelled[\s\S]*Case opened/);
    // What is longer than a line is one word: a root, a fingerprint.
    for (const line of out.split("\n")) if (line.length > 80) expect(line.trim()).not.toContain(" ");
    expect(await newest("history.read")).toMatchObject({ actor: { id: "E13", via: VIA }, target: { id: "E2" } });
    const filtered = await show("aki@x.example", "cancelled", "since", "today");
    expect(filtered.out).toContain("Case cancelled");
    expect(filtered.out).not.toContain("Case opened");
    const page = JSON.parse((await show("alice@x.example", "--json")).out);
    expect(page).toMatchObject({ ok: true, person: { id: "E1" }, lines: expect.any(Array) });
    expect(await show("aki@x.example", "since", "05/06")).toMatchObject({ code: 1 });
    expect(await signoff("audit", "show", "E1", "--as", "olga@x.example")).toMatchObject({ code: 2 });
  });
});
