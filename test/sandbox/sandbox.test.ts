import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runProgram } from "../peers/program.ts";
import { appEnvironment } from "./app-environment.ts";
import { EMPLOYEES, peopleCsv } from "./company.ts";
import { credentialVariables, findCredentials } from "./credentials.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

// The launcher with an app that only says that it lives, so that these tests are about the launcher.
const APP = `
import { createServer } from "node:http";
console.log("here with " + Object.keys(process.env).sort().join(" "));
createServer((request, response) => response.end("ok")).listen(Number(process.env.SIGNOFF_PORT), "127.0.0.1");
`;

let folder = "";
let sandbox: Sandbox;
const said: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signoff-launcher-"));
  const entry = join(folder, "app.mjs");
  await writeFile(entry, APP);
  sandbox = await startSandbox({
    say: (line) => said.push(line),
    restarts: true,
    entry,
    env: { ...process.env, GITHUB_TOKEN: "real", AWS_SECRET_ACCESS_KEY: "real" },
  });
});

afterAll(async () => {
  await sandbox?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the sandbox", () => {
  it("serves the chat page once the app answers", async () => {
    const page = await fetch(sandbox.url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Acme chat");
  });

  it("hands the app nothing of the environment it was itself started in", () => {
    const line = said.find((one) => one.startsWith("app │ here with")) ?? "";
    expect(line).toContain("SLACK_API_URL");
    expect(line).not.toContain("AWS_SECRET_ACCESS_KEY");
    expect(sandbox.environment).not.toMatchObject({ GITHUB_TOKEN: "real" });
  });

  it("starts an app that was killed again, and says so", async () => {
    const before = sandbox.app.pid;
    expect(before).toBeTypeOf("number");
    process.kill(before ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(said).toContain("The app is back."), { timeout: 20_000 });
    expect(sandbox.app.pid).not.toBe(before);
    expect((await fetch(`${sandbox.appUrl}/healthz`)).ok).toBe(true);
  });

  it("leaves an app alone that it killed itself, and starts it when asked", async () => {
    await sandbox.app.kill("SIGKILL");
    expect(sandbox.app.pid).toBeUndefined();
    await sandbox.app.start();
    expect((await fetch(`${sandbox.appUrl}/healthz`)).ok).toBe(true);
  });

  it("brings the database back after its postmaster was killed", async () => {
    const before = sandbox.store.pid;
    process.kill(before, "SIGKILL");
    await vi.waitFor(() => expect(said).toContain("The database was gone and is back; nothing is lost."), {
      timeout: 40_000,
    });
    expect(sandbox.store.pid).not.toBe(before);
  });

  it("leaves nothing behind", async () => {
    const { pid } = sandbox.app;
    const { url, folder: own, store } = sandbox;
    await sandbox.stop();
    await expect(stat(own)).rejects.toThrow("ENOENT");
    await expect(fetch(url)).rejects.toThrow();
    for (const one of [pid ?? 0, store.pid]) expect(() => process.kill(one, 0)).toThrow("ESRCH");
  });
});

describe("beside real credentials", () => {
  it("names each variable that is set and never its value", async () => {
    const variables = await credentialVariables();
    const env = {
      GITHUB_TOKEN: "t0p",
      DATABASE_URL: "postgres://u:p@h/d",
      TEAMS_APP_ID: "x",
      PATH: "/bin",
      SLACK_APP_TOKEN: "",
    };
    expect(findCredentials(env, variables)).toEqual(["DATABASE_URL", "GITHUB_TOKEN", "TEAMS_APP_ID"]);
  });

  it("knows the secret of every connector, and files that hold one", async () => {
    const variables = await credentialVariables();
    expect(variables).toEqual(expect.arrayContaining(["GITHUB_TOKEN", "POSTGRES_TARGET_URL", "SIGNOFF_LOG_KEY"]));
    expect(findCredentials({ POSTGRES_TARGET_URL_FILE: "/run/secret" }, variables)).toEqual([
      "POSTGRES_TARGET_URL_FILE",
    ]);
  });

  it("says nothing of what any build server sets", async () => {
    expect(
      findCredentials({ GITHUB_ACTIONS: "true", GITHUB_SHA: "1", CI: "true" }, await credentialVariables()),
    ).toEqual([]);
  });
});

describe("the launcher", () => {
  it("refuses what is nobody's setting and what is real, all at once, without values, and starts nothing", async () => {
    const end = await runProgram("../test/sandbox/start.ts", [], {
      SIGNOFF_X: "hunter2",
      SIGNOFF_APPROVER: "hunter2",
      SIGNOFF_SANDBOX_PROT: "hunter2",
      SIGNOFF_SANDBOX_PORT: "hunter2",
      GITHUB_TOKEN: "hunter2",
    });
    expect(end).toMatchObject({ code: 1, out: "" });
    expect(end.err).not.toContain("hunter2");
    expect(end.err.split("\n").slice(0, 6)).toEqual([
      "The sandbox does not start with:",
      "  SIGNOFF_APPROVER is not a variable of Signoff: is it SIGNOFF_APPROVERS?",
      "  SIGNOFF_X is not a variable of Signoff (.env.example names all)",
      "  SIGNOFF_SANDBOX_PROT is not a variable of the sandbox: it has only SIGNOFF_SANDBOX_PORT",
      "  SIGNOFF_SANDBOX_PORT must be a port number",
      "The sandbox does not start beside real credentials. Set here: GITHUB_TOKEN",
    ]);
  });
});

describe("Acme", () => {
  it("has twelve people, each of them once", () => {
    expect(EMPLOYEES).toHaveLength(12);
    for (const key of ["id", "handle", "name"] as const)
      expect(new Set(EMPLOYEES.map((one) => one[key])).size).toBe(12);
  });

  it("gives everybody a line in the people file, names in their own script", () => {
    const lines = peopleCsv({ slack: { hanako: ["U1"] } })
      .trimEnd()
      .split("\n");
    expect(lines).toHaveLength(13);
    expect(lines.find((line) => line.includes("U1"))).toContain("山田 花子");
  });

  it("tells the app only of addresses on this machine", () => {
    const given = appEnvironment(
      {
        databaseUrl: "d",
        databaseOwnerUrl: "o",
        logKey: "k",
        folder: "/f",
        port: 1,
        slack: { botToken: "b", signingSecret: "s", apiUrl: "http://127.0.0.1:2/api/", approversChannel: "C1" },
        systems: { GITHUB_API_URL: "http://127.0.0.1:3" },
      },
      { HOME: "/home/x", SECRET: "y" },
    );
    expect(given).toMatchObject({
      HOME: "/home/x",
      SIGNOFF_HOST: "127.0.0.1",
      SIGNOFF_APPROVERS: "sam@acme.example,ivo@acme.example",
    });
    expect(given).not.toHaveProperty("SECRET");
  });
});
