import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Request, type Response } from "express";
import type { Addresses } from "../../src/chat/teams/addresses.ts";

// A stand-in of what Microsoft runs around a bot: login, the keys of the Bot Connector, the directory, and the Bot Connector
// itself, which holds conversations, refuses what Teams refuses, and can misbehave.

export type Json = Record<string, unknown>;

/** An account of the tenant's directory. */
export interface CloudUser {
  readonly id: string;
  readonly displayName: string;
  readonly mail: string;
  readonly userPrincipalName: string;
  userType: "Member" | "Guest";
  accountEnabled: boolean;
}

/** A message as it stands. */
export interface CloudMessage {
  readonly id: string;
  body: Json;
  updates: number;
}

export interface CloudConversation {
  readonly kind: "personal" | "groupChat" | "channel";
  readonly members: string[];
  readonly messages: CloudMessage[];
  /** Whether the app is there. */
  installed: boolean;
  /** Somebody blocked the bot: it may not write. */
  blocked?: boolean;
}

/** What the next call that fits is answered instead. */
export interface CloudFault {
  readonly method: string;
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Record<string, string>;
  times: number;
}

export interface TeamsCloud {
  readonly addresses: Addresses;
  readonly users: Map<string, CloudUser>;
  readonly conversations: Map<string, CloudConversation>;
  readonly channels: Map<string, { id: string; type: string }[]>;
  readonly faults: CloudFault[];
  /** Calls of the Bot Connector, in order: `POST a:alice/activities`. */
  readonly calls: string[];
  /** The most writes that were under way in one conversation. */
  mostWriters: number;
  /** Whether the application was granted User.Read.All. */
  mayReadUsers: boolean;
  addUser(name: string, more?: Partial<CloudUser>): CloudUser;
  /** A token as the Bot Connector signs it, unless it is told otherwise. */
  token(claims?: Json, how?: { key?: KeyObject; kid?: string; alg?: string }): string;
  personalId(userId: string): string;
  close(): Promise<void>;
}

export const APP_ID = "0b0b0b0b-0000-4000-8000-00000000b07a";
export const APP_PASSWORD = "secret of the bot";
export const TENANT_ID = "7e7e7e7e-0000-4000-8000-000000000001";
/** Above it Teams refuses a message, by bytes. */
const MOST_BYTES = 28 * 1024;
/** How long a write takes, so that two can meet. */
const WRITE_MS = 15;

export async function startTeamsCloud(): Promise<TeamsCloud> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const app = express();
  app.use(express.json({ limit: "5mb" }), express.urlencoded({ extended: false }));
  let origin = "";
  let ids = 0;
  const writing = new Map<string, number>();

  app.post("/login/:tenant/oauth2/v2.0/token", ({ body, params }: Request, response: Response) => {
    const good = body.client_id === APP_ID && body.client_secret === APP_PASSWORD && params["tenant"] === TENANT_ID;
    if (!good) return void response.status(401).json({ error: "invalid_client" });
    response.json({ access_token: `token for ${body.scope}`, expires_in: 3600 });
  });
  app.get("/metadata", (_, response) => void response.json({ jwks_uri: `${origin}/keys` }));
  app.get("/keys", (_, response) => {
    const { n, e } = publicKey.export({ format: "jwk" });
    response.json({ keys: [{ kty: "RSA", kid: "k1", n, e, endorsements: ["msteams"] }] });
  });

  const allowed = (scope: string) => (request: Request, response: Response, next: () => void) => {
    if (request.headers.authorization === `Bearer token for ${scope}`) next();
    else response.status(401).json({ error: { code: "InvalidAuthenticationToken" } });
  };
  app.use("/graph", allowed("https://graph.microsoft.com/.default"));
  app.use("/graph", (_, response, next) => {
    if (cloud.mayReadUsers) next();
    else response.status(403).json({ error: { code: "Authorization_RequestDenied" } });
  });
  app.get("/graph/users", (request, response) => {
    const wanted = /mail eq '([^']*)'/.exec(String(request.query["$filter"]))?.[1];
    response.json({ value: [...cloud.users.values()].filter((user) => user.mail === wanted) });
  });
  app.get("/graph/users/:id", (request, response) => {
    const user = cloud.users.get(request.params.id);
    if (user) response.json(user);
    else response.status(404).json({ error: { code: "Request_ResourceNotFound" } });
  });

  app.use("/connector", allowed("https://api.botframework.com/.default"), (request, response, next) => {
    cloud.calls.push(`${request.method} ${decodeURIComponent(request.path.replace("/v3/", ""))}`);
    const fault = cloud.faults.find(({ method, times }) => method === request.method && times > 0);
    if (!fault) return next();
    fault.times -= 1;
    response
      .status(fault.status)
      .set(fault.headers ?? {})
      .json(fault.body ?? {});
  });
  const refuse = (response: Response, status: number, code: string) =>
    void response.status(status).json({ error: { code, message: "said for people" } });

  app.post("/connector/v3/conversations", ({ body }, response) => {
    const [member] = body.members as { id: string }[];
    const conversation = cloud.conversations.get(cloud.personalId(member?.id ?? ""));
    // The id of a channel's user or of a conversation names nobody here.
    if (!conversation) return refuse(response, 400, "BadSyntax");
    if (!conversation.installed) return refuse(response, 403, "ForbiddenOperationException");
    response.status(201).json({ id: cloud.personalId(member?.id ?? "") });
  });
  const write = async (
    request: Request,
    response: Response,
    done: (conversation: CloudConversation, id: string) => Json | undefined,
  ) => {
    const id = String(request.params["id"]);
    const root = id.replace(/;messageid=.*/, "");
    const conversation = cloud.conversations.get(root);
    if (!conversation) return refuse(response, 404, "ConversationNotFound");
    if (conversation.blocked) return refuse(response, 403, "MessageWritesBlocked");
    if (!conversation.installed) return refuse(response, 403, "BotNotInConversationRoster");
    const { body } = request;
    if (Buffer.byteLength(JSON.stringify(body)) > MOST_BYTES) return refuse(response, 413, "MessageSizeTooBig");
    if (!mentionsFit(body)) return refuse(response, 400, "BadArgument");
    const writers = (writing.get(root) ?? 0) + 1;
    cloud.mostWriters = Math.max(cloud.mostWriters, writers);
    writing.set(root, writers);
    await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
    writing.set(root, (writing.get(root) ?? 1) - 1);
    if (writers > 1) return refuse(response, 412, "PreconditionFailed");
    const made = done(conversation, id);
    if (made) response.status(201).json(made);
    else refuse(response, 404, "ActivityNotFound");
  };
  app.post("/connector/v3/conversations/:id/activities", (request, response) =>
    write(request, response, (conversation, id) => {
      ids += 1;
      const message = { id: String(1_700_000_000_000 + ids), body: { ...request.body, in: id }, updates: 0 };
      conversation.messages.push(message);
      return { id: message.id };
    }),
  );
  app.put("/connector/v3/conversations/:id/activities/:activity", (request, response) =>
    write(request, response, (conversation) => {
      const message = conversation.messages.find(({ id }) => id === request.params.activity);
      if (!message) return undefined;
      message.body = request.body;
      message.updates += 1;
      return { id: message.id };
    }),
  );
  app.get("/connector/v3/conversations/:id/members/:member", (request, response) => {
    const user = cloud.users.get(request.params.member.replace("29:", ""));
    const there = user && cloud.conversations.get(request.params.id)?.members.includes(user.id);
    if (!there) return refuse(response, 404, "MemberNotFoundInConversation");
    response.json({ id: `29:${user.id}`, aadObjectId: user.id, name: user.displayName });
  });
  app.get("/connector/v3/conversations/:id/pagedmembers", (request, response) => {
    const conversation = cloud.conversations.get(request.params.id);
    if (!conversation?.installed) return refuse(response, 403, "BotNotInConversationRoster");
    // Two a page, whatever is asked for.
    const start = Number(request.query["continuationToken"] ?? 0);
    const members = conversation.members.slice(start, start + 2).map((id) => ({ id: `29:${id}`, aadObjectId: id }));
    const more = start + 2 < conversation.members.length ? { continuationToken: String(start + 2) } : {};
    response.json({ members, ...more });
  });
  app.get("/connector/v3/teams/:id/conversations", (request, response) => {
    response.json({ conversations: cloud.channels.get(request.params.id) ?? [] });
  });

  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service = `${origin}/connector`;
  const cloud: TeamsCloud = {
    addresses: { login: `${origin}/login`, graph: `${origin}/graph`, metadata: `${origin}/metadata`, service },
    users: new Map(),
    conversations: new Map(),
    channels: new Map(),
    faults: [],
    calls: [],
    mostWriters: 0,
    mayReadUsers: true,
    addUser(name, more = {}) {
      const id = more.id ?? `aaaaaaaa-0000-4000-8000-${String(cloud.users.size + 1).padStart(12, "0")}`;
      const mail = more.mail ?? `${name.toLowerCase()}@acme.test`;
      const base = {
        id,
        displayName: name,
        mail,
        userPrincipalName: mail,
        userType: "Member",
        accountEnabled: true,
      } as const;
      const user: CloudUser = { ...base, ...more };
      cloud.users.set(id, user);
      cloud.conversations.set(cloud.personalId(id), { kind: "personal", members: [id], messages: [], installed: true });
      return user;
    },
    token(claims = {}, { key = privateKey, kid = "k1", alg = "RS256" } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const body = {
        iss: "https://api.botframework.com",
        aud: APP_ID,
        serviceurl: service,
        nbf: now - 10,
        exp: now + 600,
      };
      const part = (json: Json) => Buffer.from(JSON.stringify(json)).toString("base64url");
      const head = `${part({ alg, typ: "JWT", kid })}.${part({ ...body, ...claims })}`;
      const signature = alg === "none" ? "x" : sign("RSA-SHA256", Buffer.from(head), key).toString("base64url");
      return `${head}.${signature}`;
    },
    personalId: (userId) => `a:${userId}`,
    close: () => closed(server),
  };
  return cloud;
}

/** Teams refuses a card in which a mention's text does not stand letter by letter. */
function mentionsFit(body: Json): boolean {
  const cards = (body["attachments"] as { content: Json }[] | undefined) ?? [];
  return cards.every(({ content }) => {
    const entities = (content["msteams"] as { entities?: { text: string }[] } | undefined)?.entities ?? [];
    return entities.every(({ text }) => JSON.stringify(content["body"]).includes(JSON.stringify(text).slice(1, -1)));
  });
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
