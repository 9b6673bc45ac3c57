import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Log } from "../../connectors/connector.ts";
import type { Intent } from "../../src/chat/intent.ts";
import type { Reply } from "../../src/chat/surface.ts";
import type { Conversation, Conversations } from "../../src/chat/teams/conversations.ts";
import { type TeamsSurface, teamsSurface } from "../../src/chat/teams/index.ts";
import { Secret } from "../../src/core/secret.ts";
import { APP_ID, APP_PASSWORD, closed, type Json, startTeamsCloud, TENANT_ID, type TeamsCloud } from "./teams-cloud.ts";

/** The surface over HTTP, as the app mounts it, with the stand-in of Microsoft around it. */
export interface HttpTeams {
  readonly cloud: TeamsCloud;
  readonly surface: TeamsSurface;
  readonly known: Map<string, Conversation & { memberId?: string | undefined }>;
  readonly intents: Intent[];
  readonly logged: string[];
  handle: (intent: Intent, reply: Reply) => Promise<void>;
  /** Sends an activity with a token of the Bot Connector, unless another is given. */
  send(activity: Json, token?: string): Promise<Response>;
  /** What somebody writes: `<at>` tags are the text's own, mentions besides the bot's are given. */
  write(userId: string, text: string, more?: Json): Promise<Response>;
  /** What somebody presses, as Teams sends it; answers what Teams is told. */
  press(userId: string, action: Json, more?: Json): Promise<Json>;
  dialog(userId: string, name: "task/fetch" | "task/submit", data: unknown, more?: Json): Promise<Json>;
  /** The newest card somebody was sent in their own chat. */
  told(userId: string): Json | undefined;
  close(): Promise<void>;
}

export const BOT = { id: `28:${APP_ID}`, name: "Signoff" };

export function memoryConversations(): { port: Conversations; known: HttpTeams["known"] } {
  const known: HttpTeams["known"] = new Map();
  const port: Conversations = {
    find: async (id) => known.get(id),
    findPersonal: async (memberId) => [...known.values()].find((one) => one.memberId === memberId),
    save: async (conversation, memberId) => void known.set(conversation.id, { ...conversation, memberId }),
    forget: async (id) => void known.delete(id),
  };
  return { port, known };
}

/** Starts everything and waits until the surface listens. */
export async function startHttpTeams(given: { conversations?: Conversations; log?: Log } = {}): Promise<HttpTeams> {
  const cloud = await startTeamsCloud();
  const { port, known } = memoryConversations();
  const logged: string[] = [];
  const keep = (level: string) => (fields: object, message: string) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log = given.log ?? { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  const surface = teamsSurface({
    appId: APP_ID,
    appPassword: new Secret(APP_PASSWORD),
    tenantId: TENANT_ID,
    conversations: given.conversations ?? port,
    addresses: cloud.addresses,
    log,
    now: () => new Date(),
  });
  const app = express();
  app.use("/teams", surface.router);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/teams/messages`;
  const intents: Intent[] = [];
  const from = (userId: string) => ({
    id: `29:${userId}`,
    aadObjectId: userId,
    name: cloud.users.get(userId)?.displayName ?? "somebody",
  });
  const around = (userId: string, type: string): Json => ({
    type,
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    channelId: "msteams",
    serviceUrl: cloud.addresses.service,
    from: from(userId),
    recipient: BOT,
    conversation: { id: cloud.personalId(userId), conversationType: "personal", tenantId: TENANT_ID },
    channelData: { tenant: { id: TENANT_ID } },
  });
  const all: HttpTeams = {
    cloud,
    surface,
    known,
    intents,
    logged,
    handle: async () => {},
    send: (activity, token = cloud.token()) =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
        body: JSON.stringify(activity),
      }),
    write: (userId, text, more = {}) => all.send({ ...around(userId, "message"), text, ...more }),
    async press(userId, action, more = {}) {
      const value = { action: { type: "Action.Execute", ...action }, trigger: "manual" };
      const answer = await all.send({ ...around(userId, "invoke"), name: "adaptiveCard/action", value, ...more });
      return (await answer.json()) as Json;
    },
    async dialog(userId, name, data, more = {}) {
      const answer = await all.send({ ...around(userId, "invoke"), name, value: { data }, ...more });
      return (await answer.json()) as Json;
    },
    told: (userId) => cloud.conversations.get(cloud.personalId(userId))?.messages.at(-1)?.body,
    async close() {
      await surface.stop();
      await closed(server);
      await cloud.close();
    },
  };
  await surface.start(async (intent, reply) => {
    intents.push(intent);
    await all.handle(intent, reply);
  });
  return all;
}

/** Every action in a card or a message, however deep. */
export function actionsOf(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(actionsOf);
  if (typeof value !== "object" || value === null) return [];
  const own = value as Json;
  const inner = Object.values(own).flatMap(actionsOf);
  return typeof own["type"] === "string" && own["type"].startsWith("Action.") ? [own, ...inner] : inner;
}

/** Everything that a reader of a card sees, as one text. */
export function shownText(value: unknown): string {
  if (Array.isArray(value)) return value.map(shownText).join("");
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([key, inner]) =>
      ["text", "title", "label", "value"].includes(key) && typeof inner === "string" ? `${inner}\n` : shownText(inner),
    )
    .join("");
}
