import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { z } from "zod";
import type { Configured, ConnectorFunction, Fault } from "../connectors/connector.ts";
import { canonicalBytes } from "./audit/canonical.ts";
import { type Environment, environmentOf, faultOf, type Raw } from "./config/environment.ts";
import { VariableMeta, Variables } from "./config/variables.ts";
import { Policy } from "./core/policy.ts";
import type { Role } from "./core/rights.ts";
import { Secret } from "./core/secret.ts";

/** What signoff.config.ts is lent: variables by name. Each secret may be given as a file, by NAME_FILE. */
export interface Env {
  /** The connector as its own variables configure it; nothing if none that it needs is set. */
  whenSet<S extends z.ZodObject>(connector: ConnectorFunction<S>): readonly Configured[];
  /** A variable that is needed: a fault if it is absent. */
  text(name: string): string;
  optional(name: string): string | undefined;
  /** Separated by commas or spaces; may be empty. */
  list(name: string): readonly string[];
  /** SLACK_…, if any of them is set. */
  slack(): SlackSettings | undefined;
}

export interface SlackSettings {
  readonly botToken?: string | undefined;
  readonly appToken?: string | undefined;
  readonly signingSecret?: string | undefined;
  readonly apiUrl?: string | undefined;
}

/** What signoff.config.ts says. */
export interface Settings {
  /** The only list of what is taken away and handed over. */
  readonly systems: readonly Configured[];
  /** Person ids, e-mails or chat account ids. */
  readonly roles: {
    readonly requesters?: readonly string[];
    readonly approvers: readonly string[];
    readonly auditors?: readonly string[];
    readonly operators?: readonly string[];
  };
  readonly chat: {
    readonly slack?: SlackSettings | undefined;
    /** Id of the private channel where every case is shown. */
    readonly approversChannel?: string | undefined;
  };
  readonly policy?: Partial<Policy>;
}

export type ConfigFile = (env: Env) => Settings;

export type DatabaseConfig =
  | { readonly kind: "given"; readonly url: Secret; readonly ownerUrl: Secret }
  | { readonly kind: "embedded"; readonly folder: string };

/** How to reach Slack: by socket, or by HTTP if there is a signing secret. */
export interface SlackConfig {
  readonly botToken: Secret;
  readonly mode:
    | { readonly kind: "socket"; readonly appToken: Secret }
    | { readonly kind: "http"; readonly signingSecret: Secret };
  readonly apiUrl?: string;
}

/** Everything an installation decides, without a fault. */
export interface Config {
  readonly systems: readonly Configured[];
  readonly roles: Readonly<Record<Role, readonly string[]>>;
  readonly chat?: { readonly slack: SlackConfig; readonly approversChannel: string };
  readonly policy: Policy;
  readonly database: DatabaseConfig;
  readonly logKey: Secret;
  /** Where the newest checkpoint goes; by default main.ts chooses a place in `stateFolder`. */
  readonly checkpointFile?: string;
  readonly stateFolder: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly zone?: string;
  readonly logLevel: Variables["SIGNOFF_LOG_LEVEL"];
}

/** What reading the log needs, and no more. */
export interface LogConfig {
  readonly database: DatabaseConfig;
  readonly logKey?: Secret;
  readonly checkpointFile?: string;
  readonly stateFolder: string;
}

/** Every fault of the configuration at once, by variable name and without values. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const lines = faults.map(({ variable, problem }) => `  ${variable} ${problem}`);
    super(`The configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/** Gives signoff.config.ts its types. */
export function defineConfig(file: ConfigFile): ConfigFile {
  return file;
}

/**
 * Reads the whole configuration. `chat` says whether the chat is needed: `signoff start` talks, `signoff import` does not.
 * Throws `ConfigError`.
 */
export function loadConfig(file: ConfigFile, chat: "needed" | "optional", raw: Raw = process.env): Config {
  const environment = environmentOf(raw);
  const { faults } = environment;
  const variables = readVariables(environment);
  const settings = readSettings(file, environment, faults);
  const found = settings && chatOf(settings.chat, chat, faults);
  const database = databaseOf(variables, faults);
  const logKey = variables.SIGNOFF_LOG_KEY;
  if (!logKey && !isFaulty(faults, "SIGNOFF_LOG_KEY")) {
    faults.push({ variable: "SIGNOFF_LOG_KEY", problem: "is missing: make one with npm run -s signoff -- key new" });
  }
  const policy = Policy.safeParse({ ...settings?.policy, ...variables.SIGNOFF_POLICY });
  for (const issue of policy.error?.issues ?? []) faults.push(faultOf("SIGNOFF_POLICY", issue));
  if (settings && !settings.roles.approvers.length)
    faults.push({ variable: "SIGNOFF_APPROVERS", problem: "is missing" });
  faults.push(...environment.unknown());
  if (faults.length > 0 || !settings || !database || !logKey || !policy.data) throw new ConfigError(distinct(faults));
  return {
    systems: settings.systems,
    roles: {
      requester: settings.roles.requesters ?? [],
      approver: settings.roles.approvers,
      auditor: settings.roles.auditors ?? [],
      operator: settings.roles.operators ?? [],
    },
    ...(found ? { chat: found } : {}),
    policy: policy.data,
    database,
    logKey,
    ...places(variables, raw),
    http: { host: variables.SIGNOFF_HOST, port: variables.SIGNOFF_PORT },
    ...(variables.SIGNOFF_ZONE === undefined ? {} : { zone: variables.SIGNOFF_ZONE }),
    logLevel: variables.SIGNOFF_LOG_LEVEL,
  };
}

/** Reads only what `signoff audit verify` needs: the database, and the rest if it is there. Throws `ConfigError`. */
export function loadLogConfig(raw: Raw = process.env): LogConfig {
  const environment = environmentOf(raw);
  const variables = readVariables(environment);
  const faults = environment.faults.filter(({ variable }) =>
    /^(DATABASE_|SIGNOFF_(DATA|LOG_KEY|CHECKPOINT))/.test(variable),
  );
  const database = databaseOf(variables, faults);
  if (faults.length > 0 || !database) throw new ConfigError(distinct(faults));
  return {
    database,
    ...(variables.SIGNOFF_LOG_KEY ? { logKey: variables.SIGNOFF_LOG_KEY } : {}),
    ...places(variables, raw),
  };
}

/** Parts of the configuration that decide what happens, without secrets; names of people are in `roles` alone. */
export interface Described {
  readonly systems: readonly string[];
  readonly roles: Config["roles"];
  readonly policy: Policy;
  readonly chat: string;
}

/** What a start says of its configuration, and the hash that every entry names. `ids` are those of the systems. */
export function describeConfig(config: Config, ids: readonly string[]): { is: Described; hash: string } {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  const { requester, approver, auditor, operator } = config.roles;
  const is: Described = {
    systems: sorted(ids),
    roles: {
      requester: sorted(requester),
      approver: sorted(approver),
      auditor: sorted(auditor),
      operator: sorted(operator),
    },
    policy: config.policy,
    chat: config.chat ? `slack ${config.chat.slack.mode.kind} ${config.chat.approversChannel}` : "none",
  };
  return {
    is,
    hash: createHash("sha256")
      .update(canonicalBytes({ ...is }))
      .digest("hex"),
  };
}

function readVariables(environment: Environment): Variables {
  const given: Record<string, string> = {};
  for (const name of Object.keys(Variables.shape)) {
    const value = environment.read(name);
    if (value !== undefined) given[name] = value;
  }
  // Each by itself, so that one fault hides no other and what is good can be read on.
  const variables = Object.fromEntries(
    Object.entries(Variables.shape).map(([name, field]) => {
      const parsed = field.safeParse(given[name]);
      for (const issue of parsed.error?.issues ?? []) environment.faults.push(faultOf(name, issue));
      return [name, parsed.success ? parsed.data : field.safeParse(undefined).data];
    }),
  );
  return variables as Variables;
}

const SettingsShape = z.strictObject({
  systems: z.array(z.custom<Configured>((value) => typeof value === "object" && value !== null && "connect" in value)),
  roles: z.strictObject({
    requesters: z.array(z.string()).optional(),
    approvers: z.array(z.string()),
    auditors: z.array(z.string()).optional(),
    operators: z.array(z.string()).optional(),
  }),
  chat: z.strictObject({
    slack: z
      .strictObject({
        botToken: z.string().optional(),
        appToken: z.string().optional(),
        signingSecret: z.string().optional(),
        apiUrl: z.string().optional(),
      })
      .optional(),
    approversChannel: z.string().optional(),
  }),
  policy: z.record(z.string(), z.unknown()).optional(),
});

function readSettings(file: ConfigFile, environment: Environment, faults: Fault[]): Settings | undefined {
  const settings = file(envOf(environment, faults));
  const parsed = SettingsShape.safeParse(settings);
  for (const issue of parsed.error?.issues ?? []) faults.push(faultOf("signoff.config.ts", issue));
  if (!parsed.success) return undefined;
  for (const system of settings.systems) faults.push(...system.faults);
  return settings;
}

function envOf(environment: Environment, faults: Fault[]): Env {
  const env: Env = {
    whenSet(connector) {
      const options: Record<string, string> = {};
      let set = false;
      for (const [key, field] of Object.entries(connector.options.shape) as [string, z.ZodType][]) {
        const name = VariableMeta.safeParse(field.meta()).data?.env;
        const value = name === undefined ? undefined : environment.read(name);
        if (value === undefined) continue;
        options[key] = value;
        set ||= !field.safeParse(undefined).success;
      }
      return set ? [connector(options as z.input<typeof connector.options>)] : [];
    },
    text(name) {
      const value = environment.read(name);
      if (value === undefined) faults.push({ variable: name, problem: "is missing" });
      return value ?? "";
    },
    optional: (name) => environment.read(name),
    list: (name) => (environment.read(name) ?? "").split(/[\s,]+/).filter((item) => item !== ""),
    slack() {
      const slack = {
        botToken: environment.read("SLACK_BOT_TOKEN"),
        appToken: environment.read("SLACK_APP_TOKEN"),
        signingSecret: environment.read("SLACK_SIGNING_SECRET"),
        apiUrl: environment.read("SLACK_API_URL"),
      };
      return slack.botToken || slack.appToken || slack.signingSecret ? slack : undefined;
    },
  };
  return env;
}

function chatOf(chat: Settings["chat"], need: "needed" | "optional", faults: Fault[]): Config["chat"] {
  const { slack, approversChannel } = chat;
  if (!slack && need === "optional") return undefined;
  const missing = (variable: string, or = "") => {
    if (!isFaulty(faults, variable)) faults.push({ variable, problem: `is missing${or}` });
  };
  if (!slack?.botToken) missing("SLACK_BOT_TOKEN");
  if (!slack?.appToken && !slack?.signingSecret) {
    missing("SLACK_APP_TOKEN", " (or SLACK_SIGNING_SECRET, to be reached over HTTP)");
  }
  if (!approversChannel) missing("SIGNOFF_APPROVERS_CHANNEL");
  if (!slack?.botToken || !approversChannel) return undefined;
  const { botToken, appToken, signingSecret, apiUrl } = slack;
  const mode = signingSecret
    ? ({ kind: "http", signingSecret: new Secret(signingSecret) } as const)
    : ({ kind: "socket", appToken: new Secret(appToken ?? "") } as const);
  return {
    slack: { botToken: new Secret(botToken), mode, ...(apiUrl ? { apiUrl } : {}) },
    approversChannel,
  };
}

/** The checkout, which is thrown away and cloned again: nothing that must last may lie in it. */
const CHECKOUT = join(import.meta.dirname, "..");

function databaseOf(variables: Variables, faults: Fault[]): DatabaseConfig | undefined {
  const { DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl, SIGNOFF_DATABASE, SIGNOFF_DATA_FOLDER: folder } = variables;
  const fault = (variable: string, problem: string) => {
    if (!isFaulty(faults, variable)) faults.push({ variable, problem });
    return undefined;
  };
  if (SIGNOFF_DATABASE === undefined) {
    if (folder !== undefined) fault("SIGNOFF_DATA_FOLDER", "is only for SIGNOFF_DATABASE=embedded");
    if (url) return { kind: "given", url, ownerUrl: ownerUrl ?? url };
    if (isFaulty(faults, "SIGNOFF_DATABASE")) return undefined;
    return fault("DATABASE_URL", "is missing (or SIGNOFF_DATABASE=embedded, with SIGNOFF_DATA_FOLDER)");
  }
  if (url || ownerUrl) fault("SIGNOFF_DATABASE", "and DATABASE_URL are both set: use one");
  if (folder === undefined) return fault("SIGNOFF_DATA_FOLDER", "is missing");
  if (isWithin(folder, CHECKOUT))
    return fault("SIGNOFF_DATA_FOLDER", "lies in Signoff's own folder: choose one outside");
  return { kind: "embedded", folder };
}

/** Whether a folder that need not exist lies in another, links followed. */
function isWithin(folder: string, parent: string): boolean {
  let existing = folder;
  let rest = "";
  for (;;) {
    try {
      const real = join(realpathSync(existing), rest);
      return `${real}${sep}`.startsWith(`${realpathSync(parent)}${sep}`);
    } catch {
      if (dirname(existing) === existing) return false;
      rest = join(basename(existing), rest);
      existing = dirname(existing);
    }
  }
}

function places(variables: Variables, raw: Raw): Pick<Config, "checkpointFile" | "stateFolder"> {
  // https://specifications.freedesktop.org/basedir-spec
  const state = raw["XDG_STATE_HOME"]?.startsWith("/") ? raw["XDG_STATE_HOME"] : join(homedir(), ".local", "state");
  const file = variables.SIGNOFF_CHECKPOINT_FILE;
  return { ...(file === undefined ? {} : { checkpointFile: file }), stateFolder: join(state, "signoff") };
}

function isFaulty(faults: readonly Fault[], name: string): boolean {
  return faults.some(({ variable }) => variable === name || variable === `${name}_FILE`);
}

function distinct(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ variable, problem }) => {
    const key = `${variable} ${problem}`;
    return !seen.has(key) && seen.add(key);
  });
}
