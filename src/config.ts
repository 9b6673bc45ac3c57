import { homedir } from "node:os";
import { join } from "node:path";
import type { Configured, Fault } from "../connectors/connector.ts";
import { BadKey, type LogSigner, type LogVerifier, readLogKey } from "./audit/key.ts";
import { type ChatConfig, chatOf } from "./config/chat.ts";
import { type DatabaseConfig, databaseOf } from "./config/database.ts";
import { type Environment, environmentOf, faultOf, type Raw } from "./config/environment.ts";
import { ConfigError, distinct, isFaulty } from "./config/faults.ts";
import { type ConfigFile, readSettings } from "./config/settings.ts";
import { Variables } from "./config/variables.ts";
import { Policy } from "./core/policy.ts";
import type { Lists } from "./core/rights.ts";

/** Everything an installation decides, without a fault. */
export interface Config {
  readonly systems: readonly Configured[];
  readonly roles: Lists;
  readonly chat?: ChatConfig;
  readonly policy: Policy;
  readonly database: DatabaseConfig;
  readonly signer: LogSigner;
  /** Where the newest checkpoint goes; by default main.ts chooses a place in `stateFolder`. */
  readonly checkpointFile?: string;
  readonly stateFolder: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly zone?: string;
  /** When the daily digest is due; none if it is off. */
  readonly digest?: { readonly at: string; readonly zone: string };
  readonly logLevel: Variables["SIGNOFF_LOG_LEVEL"];
}

/** What reading the log needs, and no more. */
export interface LogConfig {
  readonly database: DatabaseConfig;
  readonly verifier?: LogVerifier;
  readonly checkpointFile?: string;
  readonly stateFolder: string;
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
  const signer = signerOf(variables, faults);
  if (!signer && !isFaulty(faults, "SIGNOFF_LOG_KEY")) {
    faults.push({ variable: "SIGNOFF_LOG_KEY", problem: "is missing: make one with npm run -s signoff -- key new" });
  }
  const policy = Policy.safeParse({ ...settings?.policy, ...variables.SIGNOFF_POLICY });
  for (const issue of policy.error?.issues ?? []) faults.push(faultOf("SIGNOFF_POLICY", issue));
  if (settings && !settings.roles.approvers.length)
    faults.push({ variable: "SIGNOFF_APPROVERS", problem: "is missing" });
  if (settings?.people?.restricted?.length && !settings.roles.restrictedApprovers?.length)
    faults.push({
      variable: "SIGNOFF_RESTRICTED_APPROVERS",
      problem: "is missing: somebody has to decide restricted cases",
    });
  faults.push(...environment.unknown());
  if (faults.length > 0 || !settings || !database || !signer || !policy.data) throw new ConfigError(distinct(faults));
  return {
    systems: settings.systems,
    roles: {
      requester: settings.roles.requesters ?? [],
      approver: settings.roles.approvers,
      auditor: settings.roles.auditors ?? [],
      operator: settings.roles.operators ?? [],
      "restricted-approver": settings.roles.restrictedApprovers ?? [],
      restricted: settings.people?.restricted ?? [],
      protected: settings.people?.protected ?? [],
    },
    ...(found ? { chat: found } : {}),
    policy: policy.data,
    database,
    signer,
    ...places(variables, raw),
    http: { host: variables.SIGNOFF_HOST, port: variables.SIGNOFF_PORT },
    ...(variables.SIGNOFF_ZONE === undefined ? {} : { zone: variables.SIGNOFF_ZONE }),
    ...(variables.SIGNOFF_DIGEST_AT === "off"
      ? {}
      : { digest: { at: variables.SIGNOFF_DIGEST_AT, zone: variables.SIGNOFF_ZONE ?? "UTC" } }),
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
  const signer = signerOf(variables, faults);
  if (faults.length > 0 || !database) throw new ConfigError(distinct(faults));
  return {
    database,
    ...(signer ? { verifier: signer.verifier } : {}),
    ...places(variables, raw),
  };
}

/** SIGNOFF_… variables that neither Signoff nor signoff.config.ts reads: typing errors most of the time. */
export function unknownVariables(file: ConfigFile, raw: Raw = process.env): readonly Fault[] {
  const environment = environmentOf(raw);
  readVariables(environment);
  readSettings(file, environment, environment.faults);
  return environment.unknown();
}

/** The key that signs the log, if there is one; one that cannot be read is added to `faults`. */
function signerOf(variables: Variables, faults: Fault[]): LogSigner | undefined {
  if (!variables.SIGNOFF_LOG_KEY) return undefined;
  try {
    return readLogKey(variables.SIGNOFF_LOG_KEY);
  } catch (cause) {
    if (!(cause instanceof BadKey)) throw cause;
    faults.push({ variable: "SIGNOFF_LOG_KEY", problem: `cannot be read: ${cause.message}` });
    return undefined;
  }
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

function places(variables: Variables, raw: Raw): Pick<Config, "checkpointFile" | "stateFolder"> {
  // https://specifications.freedesktop.org/basedir-spec
  const state = raw["XDG_STATE_HOME"]?.startsWith("/") ? raw["XDG_STATE_HOME"] : join(homedir(), ".local", "state");
  const file = variables.SIGNOFF_CHECKPOINT_FILE;
  return { ...(file === undefined ? {} : { checkpointFile: file }), stateFolder: join(state, "signoff") };
}
