import { z } from "zod";
import type { Configured, ConnectorFunction, Fault } from "../../connectors/connector.ts";
import type { Policy } from "../core/policy.ts";
import { type Environment, faultOf } from "./environment.ts";
import { VariableMeta } from "./variables.ts";

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
  /** TEAMS_…, if any of them is set. */
  teams(): TeamsSettings | undefined;
}

export interface SlackSettings {
  readonly botToken?: string | undefined;
  readonly appToken?: string | undefined;
  readonly signingSecret?: string | undefined;
  readonly apiUrl?: string | undefined;
}

export interface TeamsSettings {
  readonly appId?: string | undefined;
  readonly appPassword?: string | undefined;
  readonly tenantId?: string | undefined;
  /** Id of the private channel or group chat where approvers see every case. */
  readonly approversConversation?: string | undefined;
}

/** What signoff.config.ts says. */
export interface Settings {
  /** The only list of what is taken away and handed over. */
  readonly systems: readonly Configured[];
  /** Person ids, e-mails, chat account ids, or groups of a directory: `group:okta:acme.okta.com:00g1abc`. */
  readonly roles: {
    readonly requesters?: readonly string[];
    readonly approvers: readonly string[];
    readonly auditors?: readonly string[];
    readonly operators?: readonly string[];
    /** The fewer people who alone see and decide restricted cases. */
    readonly restrictedApprovers?: readonly string[];
  };
  /** People whose departure is handled otherwise, named like those with a role. */
  readonly people?: {
    /** Their cases are restricted: executives, the security team. */
    readonly restricted?: readonly string[];
    /** Their cases move only when a second person asked for them too. */
    readonly protected?: readonly string[];
  };
  readonly chat: {
    readonly slack?: SlackSettings | undefined;
    readonly teams?: TeamsSettings | undefined;
    /** Id of Slack's private channel where every case is shown. */
    readonly approversChannel?: string | undefined;
    /** Id of the private channel of restricted cases; without one each who decides them is told directly. */
    readonly restrictedChannel?: string | undefined;
  };
  readonly policy?: Partial<Policy>;
}

export type ConfigFile = (env: Env) => Settings;

const SettingsShape = z.strictObject({
  systems: z.array(z.custom<Configured>((value) => typeof value === "object" && value !== null && "connect" in value)),
  roles: z.strictObject({
    requesters: z.array(z.string()).optional(),
    approvers: z.array(z.string()),
    auditors: z.array(z.string()).optional(),
    operators: z.array(z.string()).optional(),
    restrictedApprovers: z.array(z.string()).optional(),
  }),
  people: z
    .strictObject({ restricted: z.array(z.string()).optional(), protected: z.array(z.string()).optional() })
    .optional(),
  chat: z.strictObject({
    slack: z
      .strictObject({
        botToken: z.string().optional(),
        appToken: z.string().optional(),
        signingSecret: z.string().optional(),
        apiUrl: z.string().optional(),
      })
      .optional(),
    teams: z
      .strictObject({
        appId: z.string().optional(),
        appPassword: z.string().optional(),
        tenantId: z.string().optional(),
        approversConversation: z.string().optional(),
      })
      .optional(),
    approversChannel: z.string().optional(),
    restrictedChannel: z.string().optional(),
  }),
  policy: z.record(z.string(), z.unknown()).optional(),
});

/** What signoff.config.ts says with these variables; nothing if it has not the shape of settings. Faults are added to `faults`. */
export function readSettings(file: ConfigFile, environment: Environment, faults: Fault[]): Settings | undefined {
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
    teams() {
      const teams = {
        appId: environment.read("TEAMS_APP_ID"),
        appPassword: environment.read("TEAMS_APP_PASSWORD"),
        tenantId: environment.read("TEAMS_TENANT_ID"),
        approversConversation: environment.read("TEAMS_APPROVERS_CONVERSATION"),
      };
      return Object.values(teams).some((value) => value !== undefined) ? teams : undefined;
    },
  };
  return env;
}
