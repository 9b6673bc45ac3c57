// Which scope a method asks for, from its page under https://docs.slack.dev/reference/methods. A method that is not here
// does not exist for the app.

/** What a method needs. `kind` stands for the scope family of the conversation it is about. */
export interface Method {
  readonly scopes: readonly string[];
  /** One of `channels:…`, `groups:…`, `im:…`, `mpim:…`, by the kind of the conversation. */
  readonly conversation?: "read" | "history" | "write";
  readonly needs?: readonly string[];
}

export const METHODS: Readonly<Record<string, Method>> = {
  "api.test": { scopes: [] },
  "auth.test": { scopes: [] },
  "bots.info": { scopes: ["users:read"] },
  "chat.delete": { scopes: ["chat:write"], needs: ["channel", "ts"] },
  "chat.deleteScheduledMessage": { scopes: ["chat:write"], needs: ["channel", "scheduled_message_id"] },
  "chat.getPermalink": { scopes: [], needs: ["channel", "message_ts"] },
  "chat.postEphemeral": { scopes: ["chat:write"], needs: ["channel", "user"] },
  "chat.postMessage": { scopes: ["chat:write"], needs: ["channel"] },
  "chat.scheduleMessage": { scopes: ["chat:write"], needs: ["channel", "post_at"] },
  "chat.update": { scopes: ["chat:write"], needs: ["channel", "ts"] },
  "conversations.history": { scopes: [], conversation: "history", needs: ["channel"] },
  "conversations.info": { scopes: [], conversation: "read", needs: ["channel"] },
  "conversations.invite": { scopes: [], conversation: "write", needs: ["channel", "users"] },
  "conversations.join": { scopes: ["channels:join"], needs: ["channel"] },
  "conversations.kick": { scopes: [], conversation: "write", needs: ["channel", "user"] },
  "conversations.list": { scopes: [], conversation: "read" },
  "conversations.members": { scopes: [], conversation: "read", needs: ["channel"] },
  "conversations.open": { scopes: ["im:write"] },
  "conversations.replies": { scopes: [], conversation: "history", needs: ["channel", "ts"] },
  "files.completeUploadExternal": { scopes: ["files:write"], needs: ["files"] },
  "files.getUploadURLExternal": { scopes: ["files:write"], needs: ["filename", "length"] },
  "pins.add": { scopes: ["pins:write"], needs: ["channel"] },
  "reactions.add": { scopes: ["reactions:write"], needs: ["channel", "name", "timestamp"] },
  "team.info": { scopes: ["team:read"] },
  "users.info": { scopes: ["users:read"], needs: ["user"] },
  "users.list": { scopes: ["users:read"] },
  "users.lookupByEmail": { scopes: ["users:read.email"], needs: ["email"] },
  "users.profile.get": { scopes: ["users.profile:read"] },
  "views.open": { scopes: [], needs: ["view"] },
  "views.publish": { scopes: [], needs: ["user_id", "view"] },
  "views.push": { scopes: [], needs: ["view"] },
  "views.update": { scopes: [], needs: ["view"] },
};

/** Where a conversation stands in the families of scopes. */
export type ConversationKind = "channels" | "groups" | "im" | "mpim";

/** The scopes a call needs; for `conversations.list` one family for each kind that is asked for. */
export function scopesFor(name: string, method: Method, kind: ConversationKind, types: string | undefined): string[] {
  if (method.conversation === undefined) return [...method.scopes];
  if (name !== "conversations.list") return [...method.scopes, scopeOf(kind, method.conversation)];
  const families: Readonly<Record<string, ConversationKind>> = {
    public_channel: "channels",
    private_channel: "groups",
    im: "im",
    mpim: "mpim",
  };
  return (types ?? "public_channel")
    .split(",")
    .flatMap((type) => families[type.trim()] ?? [])
    .map((family) => scopeOf(family, "read"));
}

function scopeOf(kind: ConversationKind, act: "read" | "history" | "write"): string {
  return kind === "channels" && act === "write" ? "channels:manage" : `${kind}:${act}`;
}
