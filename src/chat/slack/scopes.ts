/**
 * Every method of Slack's Web API that is called, with the scopes of the bot that it needs
 * (https://docs.slack.dev/reference/methods). A method that is not here cannot be called, and the manifest asks for
 * exactly these scopes.
 *
 * Conversations need a scope per kind of conversation. `channels:read` is needed to be able to say that a channel is
 * public; nothing is ever posted or searched for in one, so `channels:history` is not asked for.
 */
export const METHODS = {
  "auth.test": [],
  "users.info": ["users:read", "users:read.email"],
  "users.list": ["users:read", "users:read.email"],
  "users.lookupByEmail": ["users:read.email"],
  "conversations.open": ["im:write"],
  "conversations.info": ["channels:read", "groups:read"],
  "conversations.members": ["channels:read", "groups:read"],
  "conversations.history": ["groups:history", "im:history"],
  "conversations.replies": ["groups:history", "im:history"],
  "chat.postMessage": ["chat:write"],
  "chat.update": ["chat:write"],
  "views.open": [],
  "views.publish": [],
  "views.update": [],
} as const satisfies Record<string, readonly string[]>;

export type Method = keyof typeof METHODS;

/** Needed by what Slack sends us rather than by what we call. */
export const COMMAND_SCOPE = "commands";

/** The slash commands, as the manifest declares them. */
export const COMMANDS = ["/offboard", "/audit"] as const;
