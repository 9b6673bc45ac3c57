import type { Fault } from "../../connectors/connector.ts";
import { Secret } from "../core/secret.ts";
import { isFaulty } from "./faults.ts";
import type { Settings, SlackSettings, TeamsSettings } from "./settings.ts";

/** How to reach Slack: by socket, or by HTTP if there is a signing secret. */
export interface SlackConfig {
  readonly botToken: Secret;
  readonly mode:
    | { readonly kind: "socket"; readonly appToken: Secret }
    | { readonly kind: "http"; readonly signingSecret: Secret };
  readonly apiUrl?: string;
}

/** How to reach Teams. */
export interface TeamsConfig {
  readonly appId: string;
  readonly appPassword: Secret;
  readonly tenantId: string;
}

/** Where we talk to people: on one surface at least. */
export interface ChatConfig {
  readonly slack?: SlackConfig;
  readonly teams?: TeamsConfig;
  /** Where approvers read every case; each surface that is configured may have such a place, and one has. */
  readonly approversChannels: { readonly slack?: string; readonly teams?: string };
  /** Slack’s smaller channel, of restricted cases. */
  readonly restrictedChannel?: string;
}

/** The chat's settings made whole; what is missing is added to `faults`. */
export function chatOf(chat: Settings["chat"], need: "needed" | "optional", faults: Fault[]): ChatConfig | undefined {
  if (!chat.slack && !chat.teams && need === "optional") return undefined;
  const missing: Missing = (variable, or = "") => {
    if (!isFaulty(faults, variable)) faults.push({ variable, problem: `is missing${or}` });
  };
  // Slack is what is asked for when nothing is set.
  const slack = chat.slack || !chat.teams ? slackOf(chat.slack, missing) : undefined;
  const teams = chat.teams && teamsOf(chat.teams, missing);
  const approversChannels = {
    ...(slack && chat.approversChannel ? { slack: chat.approversChannel } : {}),
    ...(teams && chat.teams?.approversConversation ? { teams: chat.teams.approversConversation } : {}),
  };
  if (!chat.approversChannel && !chat.teams?.approversConversation) {
    missing(chat.slack || !chat.teams ? "SIGNOFF_APPROVERS_CHANNEL" : "TEAMS_APPROVERS_CONVERSATION");
  }
  if (!slack && !teams) return undefined;
  return {
    ...(slack ? { slack } : {}),
    ...(teams ? { teams } : {}),
    approversChannels,
    ...(chat.restrictedChannel === undefined ? {} : { restrictedChannel: chat.restrictedChannel }),
  };
}

type Missing = (variable: string, or?: string) => void;

function slackOf(slack: SlackSettings | undefined, missing: Missing): SlackConfig | undefined {
  if (!slack?.botToken) missing("SLACK_BOT_TOKEN");
  if (!slack?.appToken && !slack?.signingSecret) {
    missing("SLACK_APP_TOKEN", " (or SLACK_SIGNING_SECRET, to be reached over HTTP)");
  }
  if (!slack?.botToken) return undefined;
  const { botToken, appToken, signingSecret, apiUrl } = slack;
  const mode = signingSecret
    ? ({ kind: "http", signingSecret: new Secret(signingSecret) } as const)
    : ({ kind: "socket", appToken: new Secret(appToken ?? "") } as const);
  return { botToken: new Secret(botToken), mode, ...(apiUrl ? { apiUrl } : {}) };
}

function teamsOf({ appId, appPassword, tenantId }: TeamsSettings, missing: Missing): TeamsConfig | undefined {
  if (!appId) missing("TEAMS_APP_ID");
  if (!appPassword) missing("TEAMS_APP_PASSWORD");
  if (!tenantId) missing("TEAMS_TENANT_ID");
  if (!appId || !appPassword || !tenantId) return undefined;
  return { appId: appId.toLowerCase(), appPassword: new Secret(appPassword), tenantId: tenantId.toLowerCase() };
}
