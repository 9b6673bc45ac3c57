/** Where Microsoft is reached. National clouds and tests have others. */
export interface Addresses {
  /** Gives tokens for what we call. */
  readonly login: string;
  /** The directory of people. */
  readonly graph: string;
  /** The keys with which the Bot Connector signs what it sends us. */
  readonly metadata: string;
  /** The Bot Connector, for conversations that never wrote to us; its answers come from the address that they name. */
  readonly service: string;
}

/** https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication */
export const PUBLIC_CLOUD: Addresses = {
  login: "https://login.microsoftonline.com",
  graph: "https://graph.microsoft.com/v1.0",
  metadata: "https://login.botframework.com/v1/.well-known/openidconfiguration",
  service: "https://smba.trafficmanager.net/teams/",
};

/** Who signs what the Bot Connector sends. */
export const ISSUER = "https://api.botframework.com";
/** What a token for the Bot Connector is for. */
export const CONNECTOR_SCOPE = "https://api.botframework.com/.default";
/** What a token for the directory is for. */
export const GRAPH_SCOPE = "https://graph.microsoft.com/.default";
