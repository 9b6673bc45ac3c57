import type { Fault } from "../../connectors/connector.ts";
import { Secret } from "../core/secret.ts";
import { isFaulty } from "./faults.ts";
import type { Settings } from "./settings.ts";

/** How to reach Slack: by socket, or by HTTP if there is a signing secret. */
export interface SlackConfig {
  readonly botToken: Secret;
  readonly mode:
    | { readonly kind: "socket"; readonly appToken: Secret }
    | { readonly kind: "http"; readonly signingSecret: Secret };
  readonly apiUrl?: string;
}

/** Where we talk to people. */
export interface ChatConfig {
  readonly slack: SlackConfig;
  readonly approversChannel: string;
  readonly restrictedChannel?: string;
}

/** The chat's settings made whole; what is missing is added to `faults`. */
export function chatOf(chat: Settings["chat"], need: "needed" | "optional", faults: Fault[]): ChatConfig | undefined {
  const { slack, approversChannel, restrictedChannel } = chat;
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
    ...(restrictedChannel === undefined ? {} : { restrictedChannel }),
  };
}
