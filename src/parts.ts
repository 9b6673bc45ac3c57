import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Configured, Log, System } from "../connectors/connector.ts";
import { type CheckpointFile, checkpointFile } from "./audit/checkpoint-file.ts";
import type { LogVerifier } from "./audit/key.ts";
import type { DatabaseConfig } from "./config/database.ts";
import { ConfigError } from "./config/faults.ts";
import type { LogConfig } from "./config.ts";
import { LISTS, type Lists } from "./core/rights.ts";
import { type Embedded, openEmbedded } from "./store/embedded.ts";
import { roleOf } from "./store/fault.ts";
import { migrate } from "./store/migrate.ts";
import { openStore, type Store } from "./store/open.ts";
import { groupOf } from "./workflow/note-roles.ts";
import { isGroup } from "./workflow/roles.ts";

// What main.ts and the commands of cli.ts are both put together from.

/** An open database, and our own server if it is kept in one. */
export interface Opened {
  readonly store: Store;
  readonly embedded?: Embedded;
  readonly ownerUrl: string;
}

/** Opens the database of the configuration; the embedded one is started, or taken over if it runs. Throws StoreError. */
export async function openDatabase(config: DatabaseConfig, log: Log): Promise<Opened> {
  if (config.kind === "given") {
    return { store: openStore({ url: config.url.reveal() }), ownerUrl: config.ownerUrl.reveal() };
  }
  const embedded = await openEmbedded({ folder: config.folder, log });
  return { store: openStore({ url: embedded.url }), embedded, ownerUrl: embedded.ownerUrl };
}

/** Brings the database up to this version. Throws StoreError. */
export async function migrateDatabase({ store, ownerUrl }: Opened): Promise<void> {
  await migrate({ ownerUrl, runtimeRole: roleOf(store.url) });
}

/** Connects the systems, by id in the order of the configuration. Two of one id are a ConfigError: entries name ids. */
export function connectSystems(systems: readonly Configured[]): ReadonlyMap<string, System> {
  const connected = new Map<string, System>();
  const twice = new Set<string>();
  for (const configured of systems) {
    const system = configured.connect({ fetch: globalThis.fetch });
    if (connected.has(system.id)) twice.add(system.id);
    connected.set(system.id, system);
  }
  if (twice.size === 0) return connected;
  throw new ConfigError(
    [...twice].map((id) => ({ variable: "signoff.config.ts", problem: `has two systems with the id ${id}` })),
  );
}

/** Throws a ConfigError unless every group that a role names is one that a configured directory can list. */
export function checkGroups(lists: Lists, systems: ReadonlyMap<string, System>): void {
  const names = new Set(LISTS.flatMap((list) => lists[list]).filter(isGroup));
  const unknown = [...names].filter((name) => groupOf({ systems }, name) === undefined);
  if (unknown.length === 0) return;
  const able = [...systems].filter(([, { directory }]) => directory?.listMembers).map(([id]) => `group:${id}:ID`);
  const problem = `names a group of no directory that is configured here: ${able.length > 0 ? `it reads ${able.join(" or ")}` : "none can list groups"}`;
  throw new ConfigError(unknown.map((name) => ({ variable: variableOf(lists, name), problem })));
}

function variableOf(lists: Lists, name: string): string {
  const list = LISTS.find((one) => lists[one].includes(name));
  return {
    requester: "SIGNOFF_REQUESTERS",
    approver: "SIGNOFF_APPROVERS",
    auditor: "SIGNOFF_AUDITORS",
    operator: "SIGNOFF_OPERATORS",
    "restricted-approver": "SIGNOFF_RESTRICTED_APPROVERS",
    restricted: "SIGNOFF_RESTRICTED_PEOPLE",
    protected: "SIGNOFF_PROTECTED_PEOPLE",
  }[list ?? "approver"];
}

/** The checkpoint file: where it was asked for, else beside the embedded data, else in the user's state folder. */
export function openCheckpointFile(config: LogConfig, verifier: LogVerifier): CheckpointFile & { path: string } {
  const path = checkpointPath(config, verifier);
  return { ...checkpointFile(path, verifier), path };
}

/** Where the checkpoint of this key's log is kept. */
export function checkpointPath(config: LogConfig, verifier: LogVerifier): string {
  if (config.checkpointFile !== undefined) return config.checkpointFile;
  if (config.database.kind === "embedded") return join(config.database.folder, "checkpoint");
  // One user may run several logs.
  return join(config.stateFolder, `checkpoint-${Buffer.from(verifier.keyId).toString("hex")}`);
}

/** This version, as package.json has it. */
export function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8"));
  return typeof file === "object" && file !== null && "version" in file ? String(file.version) : "unknown";
}

/** The name of this machine, for entries of starts. */
export function machineName(): string {
  return hostname() || "unknown";
}
