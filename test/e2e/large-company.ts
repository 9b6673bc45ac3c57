import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Configured } from "../../connectors/connector.ts";
import { newLogKey } from "../../src/audit/key.ts";
import { defineConfig, loadConfig } from "../../src/config.ts";
import type { Grant } from "../../src/core/access.ts";
import { startApp } from "../../src/main.ts";
import { freePort } from "../../src/store/server/port.ts";
import { freshDatabase } from "../peers/database.ts";
import { type MemorySystem, memorySystem } from "../peers/memory-system.ts";
import { runProgram } from "../peers/program.ts";
import { appEnvironment } from "../sandbox/app-environment.ts";
import { APPROVERS_CHANNEL, emailOf, peopleCsv } from "../sandbox/company.ts";
import { readManifest } from "../sandbox/gate/manifest.ts";
import { startGate } from "../sandbox/gate.ts";
import { startPageServer } from "../sandbox/page-server.ts";
import { startSlack } from "../sandbox/services/slack.ts";

// A leaver with more access and work than anybody can look over at once, on the same chat page: the app as it is, before
// systems in memory that hold five hundred grants and 180 open pull requests.

/** Who knows the leaver's work best: one person for each of nine systems. */
const HEIRS = ["bob", "carol", "zoe", "hanako", "lukasz", "mira", "sam", "ivo", "noor"] as const;
const NAMES = [
  "GitHub acme",
  "GitHub acme-labs",
  "GitLab",
  "Payments cluster",
  "Data warehouse",
  "Build servers",
  "Feature flags",
  "Design system",
  "Mobile releases",
  "Okta",
  "Error tracking",
  "Wiki",
];
const GRANTS = 500;
const PULLS = 180;

export interface LargeCompany {
  readonly url: string;
  readonly systems: readonly MemorySystem[];
  /** Lines of the log at warn and above. */
  readonly logged: readonly string[];
  /** Grants that Alice still holds. */
  left(): number;
  /** Open pull requests by who has them. */
  pulls(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts the emulated Slack, its gate and page, and the app with twelve systems. Whatever was started is ended again on `stop`. */
export async function startLargeCompany(): Promise<LargeCompany> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "signoff-large-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const database = await freshDatabase();
  started.defer(() => database.drop());
  const slack = await startSlack();
  started.defer(() => slack.close());
  const port = await freePort();
  const signingSecret = randomBytes(16).toString("hex");
  const manifest = await readManifest(new URL("../../manifest/slack/manifest.json", import.meta.url).pathname);
  const gate = await startGate({
    slack,
    manifest,
    signingSecret,
    appUrl: () => `http://127.0.0.1:${port}/slack/events`,
  });
  started.defer(() => gate.close());
  const page = await startPageServer(gate, {});
  started.defer(() => page.close());

  const systems = NAMES.map((title, at) => filled(title, at));
  const raw = appEnvironment(
    {
      databaseUrl: database.url,
      databaseOwnerUrl: database.ownerUrl,
      logKey: newLogKey("large.acme.example").key.reveal(),
      folder,
      port,
      slack: {
        botToken: slack.botToken,
        signingSecret,
        apiUrl: gate.apiUrl,
        approversChannel: slack.channels[APPROVERS_CHANNEL] ?? "",
      },
      systems: {},
      // Work is put to people at any hour, since the test runs at any.
      policy: {},
    },
    process.env,
  );
  const { SIGNOFF_POLICY: _, ...environment } = raw as Record<string, string>;
  const people = join(folder, "people.csv");
  const ids = Object.fromEntries(Object.entries(slack.ids).map(([handle, id]) => [handle, [id]]));
  await writeFile(people, peopleCsv({ slack: ids }));
  const imported = await runProgram("cli.ts", ["import", "people", people], environment);
  if (imported.code !== 0) throw new Error(imported.err);
  const config = loadConfig(
    defineConfig((env) => ({
      systems: systems.map((system): Configured => ({ kind: "memory", faults: [], connect: () => system })),
      roles: {
        requesters: env.list("SIGNOFF_REQUESTERS"),
        approvers: env.list("SIGNOFF_APPROVERS"),
        auditors: env.list("SIGNOFF_AUDITORS"),
      },
      chat: { slack: env.slack(), approversChannel: env.optional("SIGNOFF_APPROVERS_CHANNEL") },
      policy: { workDays: [1, 2, 3, 4, 5, 6, 7], workFrom: "00:00", workUntil: "23:59", offersPerDay: 100 },
    })),
    "needed",
    { ...environment, SIGNOFF_IT_OWNER: undefined },
  );
  const logged: string[] = [];
  const keep = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const silent = () => {};
  const app = await startApp(config, { debug: silent, info: silent, warn: keep, error: keep });
  started.defer(() => app.stop());
  const all = started.move();
  return {
    url: page.url,
    systems,
    logged,
    left: () => systems.reduce((sum, { held }) => sum + (held.get("alice")?.grants.length ?? 0), 0),
    pulls() {
      const found: Record<string, number> = {};
      for (const { held } of systems)
        for (const [who, { work }] of held) if (work.length > 0) found[who] = (found[who] ?? 0) + work.length;
      return found;
    },
    stop: () => all.disposeAsync(),
  };
}

/** One system with its share of the grants, and of the pull requests if somebody is there to take them. */
function filled(title: string, at: number): MemorySystem {
  const system = memorySystem(`memory:${at}`, {
    title,
    ...(at === 2 ? { sight: { kind: "partial", blind: ["personal access tokens of others", "runners"] } } : {}),
  });
  const share = Math.floor(GRANTS / NAMES.length) + (at < GRANTS % NAMES.length ? 1 : 0);
  const heir = HEIRS[at];
  const each = PULLS / HEIRS.length;
  system.add("alice", {
    email: emailOf("alice"),
    grants: Array.from({ length: share }, (_, number) => generated(at, number)),
    work: heir === undefined ? [] : Array.from({ length: each }, (_, number) => titleOf(at, number)),
  });
  const alice = system.held.get("alice");
  if (alice)
    alice.work = alice.work.map((item) => ({
      ...item,
      container: `acme/repository-${at}`,
      updatedAt: "2026-11-20T10:00:00.000Z",
    }));
  for (const one of HEIRS) system.add(one, { email: emailOf(one) });
  if (heir !== undefined) system.mood.suggests = [[heir, `reviewed most of repository-${at}`]];
  return system;
}

function generated(at: number, number: number): Partial<Grant> & { id: string } {
  const kinds = ["membership", "token", "session", "ssh-key"] as const;
  const kind = kinds[number % kinds.length] ?? "membership";
  return {
    id: `grant-${number}`,
    kind,
    resource: kind === "membership" ? `acme/repository-${at}-${number}` : `${kind} ${number} of Alice <work>`,
    ...(kind === "membership" ? { role: number % 8 === 0 ? "admin" : "write" } : {}),
    stage: kind === "session" ? "sessions" : "memberships",
    privileged: number % 8 === 0,
    outlivesSignOn: kind === "token" || kind === "ssh-key",
    reversible: kind === "token" ? "never" : "always",
    ...(number % 3 === 0 ? { lastUsedAt: `2026-11-${String(1 + (number % 20)).padStart(2, "0")}T08:15:00.000Z` } : {}),
    ...(number === 8 ? { breaks: [`the nightly schedule of repository-${at} is disabled`] } : {}),
    ...(number === 1 && at === 5
      ? { breaks: ["the build servers cannot push any more"], secrets: ["deploy key of the build servers"] }
      : {}),
  };
}

function titleOf(at: number, number: number): string {
  const titles = [
    "Put refunds behind a flag",
    "Fix <!channel> in the changelog",
    "Retry uploads & back off",
    "漢字のタイトルを直す",
  ];
  return `${titles[number % titles.length]} (${at}-${number}), with a title that is about as long as titles get`;
}
