import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { defineConnector, secretField } from "../connectors/connector.ts";
import shipped from "../signoff.config.ts";
import { newLogKey } from "../src/audit/key.ts";
import { describeConfig } from "../src/config/describe.ts";
import { ConfigError } from "../src/config/faults.ts";
import type { ConfigFile } from "../src/config/settings.ts";
import { loadConfig, loadLogConfig, unknownVariables } from "../src/config.ts";

const FINE = {
  DATABASE_URL: "postgres://app:hunter2@db.example/signoff",
  SIGNOFF_LOG_KEY: newLogKey("test/config").key.reveal(),
  SLACK_BOT_TOKEN: "xoxb-1",
  SLACK_APP_TOKEN: "xapp-1",
  SIGNOFF_APPROVERS_CHANNEL: "C0123",
  SIGNOFF_APPROVERS: "sam@x.example, ivo@x.example",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signoff-config-"));
  return () => rm(folder, { recursive: true });
});

describe("the configuration", () => {
  it("turns on each system whose variables are set, and takes Slack by socket unless there is a signing secret", () => {
    const bare = loadConfig(shipped, "needed", FINE);
    expect(bare.systems).toEqual([]);
    expect(bare.chat?.slack?.mode.kind).toBe("socket");
    expect(bare.http).toEqual({ host: "127.0.0.1", port: 3000 });
    expect(bare.roles).toEqual({
      requester: [],
      approver: ["sam@x.example", "ivo@x.example"],
      auditor: [],
      operator: [],
      "restricted-approver": [],
      restricted: [],
      protected: [],
    });
    const full = loadConfig(shipped, "needed", {
      ...FINE,
      GITHUB_ORG: "acme",
      GITHUB_TOKEN: "t",
      POSTGRES_TARGET_NAME: "orders",
      POSTGRES_TARGET_URL: "postgres://a:b@h/d",
      SIGNOFF_IT_OWNER: "it@x.example",
      SLACK_SIGNING_SECRET: "s",
    });
    expect(full.systems.map(({ kind }) => kind)).toEqual(["github", "postgres", "manual"]);
    expect(full.chat?.slack?.mode.kind).toBe("http");
  });

  it("names every fault at once by its variable, and shows no value", () => {
    const faults = faultsOf({
      DATABASE_URL: "mysql://hunter2@db.example/x",
      SIGNOFF_LOG_KEY: "PRIVATE+KEY+hunter2",
      SIGNOFF_PORT: "hunter2",
      SIGNOFF_ZONE: "+02:00",
      SIGNOFF_LOG_LEVEL: "hunter2",
      SIGNOFF_POLICY: '{"tries":"hunter2","hunter":1}',
      SIGNOFF_APROVERS: "hunter2",
      SIGNOFF_APPROVERS_CHANNEL: "#hunter2",
      SLACK_API_URL: "https://hunter2.example",
      SLACK_BOT_TOKEN: "hunter2",
      GITHUB_ORG: "-hunter2-",
    });
    expect(faults.map(({ variable }) => variable).sort()).toEqual([
      "DATABASE_URL",
      "GITHUB_ORG",
      "GITHUB_TOKEN",
      "SIGNOFF_APPROVERS",
      "SIGNOFF_APPROVERS_CHANNEL",
      "SIGNOFF_APROVERS",
      "SIGNOFF_LOG_KEY",
      "SIGNOFF_LOG_LEVEL",
      "SIGNOFF_POLICY",
      "SIGNOFF_POLICY",
      "SIGNOFF_PORT",
      "SIGNOFF_ZONE",
      "SLACK_API_URL",
      "SLACK_APP_TOKEN",
    ]);
    expect(faults).toContainEqual({
      variable: "SIGNOFF_APROVERS",
      problem: expect.stringContaining("SIGNOFF_APPROVERS?"),
    });
    expect(faults).toContainEqual({ variable: "SIGNOFF_LOG_KEY", problem: expect.stringContaining("cannot be read") });
    expect(new ConfigError(faults).message).not.toContain("hunter2");
  });

  it("names the nearest variable for one that nobody reads, and none where none is near", () => {
    const found = (name: string) => unknownVariables(shipped, { [name]: "hunter2" });
    const near = (name: string) => /is it (\S+)\?/.exec(found(name)[0]?.problem ?? "")?.[1];
    expect(near("SIGNOFF_APPROVER")).toBe("SIGNOFF_APPROVERS");
    expect(near("SIGNOFF_REQUESTOR")).toBe("SIGNOFF_REQUESTERS");
    expect(near("SIGNOFF_LOGKEY_FILE")).toBe("SIGNOFF_LOG_KEY");
    expect(near("SIGNOFF_PROT")).toBe("SIGNOFF_PORT");
    expect(found("SIGNOFF_X")).toEqual([
      { variable: "SIGNOFF_X", problem: "is not a variable of Signoff (.env.example names all)" },
    ]);
    expect(found("SIGNOFF_IT_OWNER")).toEqual([]);
  });

  it("takes an empty variable for an absent one", () => {
    expect(faultsOf({ ...FINE, DATABASE_URL: "", SIGNOFF_ZONE: "", SIGNOFF_UNKNOWN: "" })).toEqual([
      { variable: "DATABASE_URL", problem: expect.stringContaining("is missing") },
    ]);
  });

  it("needs the chat to start, and not to import people", () => {
    const { SLACK_APP_TOKEN: _, SLACK_BOT_TOKEN: __, SIGNOFF_APPROVERS_CHANNEL: ___, ...silent } = FINE;
    expect(loadConfig(shipped, "optional", silent).chat).toBeUndefined();
    expect(faultsOf(silent).map(({ variable }) => variable)).toEqual([
      "SLACK_BOT_TOKEN",
      "SLACK_APP_TOKEN",
      "SIGNOFF_APPROVERS_CHANNEL",
    ]);
  });

  it("reads any secret from a file, of connectors too", async () => {
    await writeFile(join(folder, "token"), "from-a-file\n");
    const { SLACK_BOT_TOKEN: _, ...rest } = FINE;
    const config = loadConfig(shipped, "needed", {
      ...rest,
      SLACK_BOT_TOKEN_FILE: join(folder, "token"),
      GITHUB_ORG: "acme",
      GITHUB_TOKEN_FILE: join(folder, "token"),
    });
    expect(config.chat?.slack?.botToken.reveal()).toBe("from-a-file");
    expect(config.systems.map(({ kind }) => kind)).toEqual(["github"]);
  });

  it("refuses a file that is empty, missing, or given beside the value", async () => {
    await writeFile(join(folder, "empty"), "");
    const { SLACK_BOT_TOKEN: _, ...rest } = FINE;
    expect(
      faultsOf({
        ...rest,
        SLACK_BOT_TOKEN_FILE: join(folder, "empty"),
        SLACK_APP_TOKEN_FILE: join(folder, "empty"),
        SIGNOFF_LOG_KEY: "",
        SIGNOFF_LOG_KEY_FILE: join(folder, "nowhere"),
      }),
    ).toEqual([
      { variable: "SIGNOFF_LOG_KEY_FILE", problem: "names a file that cannot be read (ENOENT)" },
      { variable: "SLACK_BOT_TOKEN_FILE", problem: "names an empty file" },
      { variable: "SLACK_APP_TOKEN_FILE", problem: "and SLACK_APP_TOKEN are both set: use one" },
    ]);
  });

  it("keeps the embedded database out of the checkout, links followed", async () => {
    const { DATABASE_URL: _, ...rest } = FINE;
    const embedded = (data: string) => faultsOf({ ...rest, SIGNOFF_DATABASE: "embedded", SIGNOFF_DATA_FOLDER: data });
    await symlink(join(import.meta.dirname, ".."), join(folder, "link"));
    expect(embedded(join(folder, "new", "data"))).toEqual([]);
    for (const inside of [join(import.meta.dirname, "../data/x"), join(folder, "link", "data")]) {
      expect(embedded(inside)).toEqual([
        { variable: "SIGNOFF_DATA_FOLDER", problem: "lies in Signoff's own folder: choose one outside" },
      ]);
    }
    expect(embedded("")).toEqual([{ variable: "SIGNOFF_DATA_FOLDER", problem: "is missing" }]);
    expect(faultsOf({ ...FINE, SIGNOFF_DATABASE: "embedded", SIGNOFF_DATA_FOLDER: folder })).toEqual([
      { variable: "SIGNOFF_DATABASE", problem: "and DATABASE_URL are both set: use one" },
    ]);
  });

  it("lets signoff.config.ts name its own variables and policy, and refuses what it does not know", () => {
    const vault = defineConnector({
      kind: "vault",
      options: z.object({ token: secretField("VAULT_TOKEN", "a token") }),
      connect: () => {
        throw new Error("not here");
      },
    });
    const own: ConfigFile = (env) => ({
      systems: [vault({ token: env.text("SIGNOFF_VAULT") })],
      roles: { approvers: ["E1"] },
      chat: { slack: env.slack(), approversChannel: env.text("SIGNOFF_APPROVERS_CHANNEL") },
      policy: { tries: 3 },
    });
    const config = loadConfig(own, "needed", { ...FINE, SIGNOFF_VAULT: "s", SIGNOFF_POLICY: '{"readBacks":2}' });
    expect(config.policy).toMatchObject({ tries: 3, readBacks: 2, readTries: 3 });
    expect(faultsOf(FINE, own).map(({ variable }) => variable)).toContain("SIGNOFF_VAULT");
    const typo = (() => ({ ...own(ENV), approvers: [] })) as unknown as ConfigFile;
    expect(faultsOf(FINE, typo)).toEqual([{ variable: "signoff.config.ts", problem: 'Unrecognized key: "approvers"' }]);
  });

  it("has one hash for one meaning, and another for another", () => {
    const hash = (more: object, ids = ["github:acme"]) =>
      describeConfig(loadConfig(shipped, "needed", { ...FINE, ...more }), ids).hash;
    expect(hash({ SIGNOFF_APPROVERS: "ivo@x.example sam@x.example" })).toBe(hash({}));
    expect(hash({ DATABASE_URL: "postgres://other:x@elsewhere/y", SLACK_BOT_TOKEN: "xoxb-2" })).toBe(hash({}));
    expect(hash({ SIGNOFF_AUDITORS: "noor@x.example" })).not.toBe(hash({}));
    expect(hash({ SIGNOFF_POLICY: '{"tries":2}' })).not.toBe(hash({}));
    expect(hash({}, [])).not.toBe(hash({}));
  });

  it("asks for nothing but the database to read the log", () => {
    expect(loadLogConfig({ DATABASE_URL: FINE.DATABASE_URL, SIGNOFF_PORT: "x" }).database.kind).toBe("given");
    expect(() => loadLogConfig({ SIGNOFF_LOG_KEY: "hunter2" })).toThrow(
      /SIGNOFF_LOG_KEY cannot[\s\S]*DATABASE_URL|DATABASE_URL[\s\S]*SIGNOFF_LOG_KEY cannot/,
    );
    expect(() => loadLogConfig({ SIGNOFF_LOG_KEY_FILE: "/nowhere" })).toThrow(
      /SIGNOFF_LOG_KEY_FILE[\s\S]*DATABASE_URL/,
    );
  });
});

const ENV = {
  whenSet: () => [],
  text: () => "C1",
  optional: () => undefined,
  list: () => [],
  slack: () => ({ botToken: "b", appToken: "a" }),
  teams: () => undefined,
};

function faultsOf(raw: Record<string, string>, file: ConfigFile = shipped) {
  try {
    loadConfig(file, "needed", raw);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.faults];
    throw error;
  }
}
