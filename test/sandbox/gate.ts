import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Changes } from "./gate/changes.ts";
import { createCourier } from "./gate/deliver.ts";
import { Faults } from "./gate/faults.ts";
import { Interactions } from "./gate/interactions.ts";
import type { Manifest } from "./gate/manifest.ts";
import { Members } from "./gate/members.ts";
import { isObject, type Json } from "./gate/problems.ts";
import { Replies } from "./gate/replies.ts";
import { Views } from "./gate/views.ts";
import { type SeenCall, WebApi } from "./gate/web-api.ts";
import type { SlackService } from "./services/slack.ts";

/** A strict Slack in front of the lenient emulator: what Slack refuses is refused, what the emulator lacks is added. */
export interface Gate {
  /** What the app takes as `SLACK_API_URL`; ends in `/api/`. */
  readonly apiUrl: string;
  readonly slack: SlackService;
  readonly manifest: Manifest;
  readonly members: Members;
  readonly views: Views;
  readonly changes: Changes;
  readonly interactions: Interactions;
  /** What is made to go wrong. */
  readonly faults: Faults;
  /** Every call of the app, with the scopes it needed. */
  readonly seen: readonly SeenCall[];
  /** A person writes into a conversation, as typed. */
  say(by: { userId: string; channel: string; text: string; thread?: string | undefined }): Promise<Json>;
  close(): Promise<void>;
}

export interface GateOptions {
  readonly slack: SlackService;
  readonly manifest: Manifest;
  readonly signingSecret: string;
  /** Where the app listens for Slack. */
  readonly appUrl: () => string;
  readonly now?: () => number;
  readonly retryAfter?: readonly number[];
}

/** Starts the gate on a free port of the loopback interface. */
export async function startGate(options: GateOptions): Promise<Gate> {
  const { slack, manifest } = options;
  const now = options.now ?? Date.now;
  const parts = {
    slack,
    manifest,
    members: new Members(slack),
    views: new Views(now),
    faults: new Faults(),
    changes: new Changes(),
  };
  const courier = createCourier({ ...options, now });
  const api = new WebApi(parts);
  let origin = "";
  const replies = new Replies(parts, () => origin, now);
  const interactions = new Interactions(parts, courier, replies, now);

  const server = createServer((request, response) => {
    answer(request, response, parts.faults, api, replies).catch((error: unknown) => {
      if (!response.headersSent) send(response, 500, {}, { ok: false, error: "fatal_error", detail: String(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;

  return {
    ...parts,
    apiUrl: `${origin}/api/`,
    interactions,
    seen: api.seen,
    async say({ userId, channel, text, thread }) {
      const member = parts.members.find(userId);
      if (member === undefined || !parts.members.isActive(userId)) throw new Error("this account cannot write");
      const content = parts.members.escape(text, slack.channels, "message");
      const posted = await slack.call(
        "chat.postMessage",
        { channel, text: content, ...(thread === undefined ? {} : { thread_ts: thread }) },
        member.handle,
      );
      const message = isObject(posted["message"]) ? posted["message"] : {};
      const place = String(posted["channel"]);
      parts.changes.tell({ kind: "message", channel: place, message });
      const kind = place.startsWith("D") ? "im" : "channel";
      void interactions.event(`message.${kind === "im" ? "im" : "channels"}`, {
        ...message,
        channel: place,
        channel_type: kind,
        event_ts: message["ts"],
      });
      return message;
    },
    close() {
      courier.stop();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  faults: Faults,
  api: WebApi,
  replies: Replies,
): Promise<void> {
  if (faults.down === "refuse") {
    request.socket.destroy();
    return;
  }
  if (faults.down === "503") return send(response, 503, {}, { ok: false, error: "service_unavailable" });
  const url = new URL(request.url ?? "/", "http://gate");
  const body = { ...Object.fromEntries(url.searchParams), ...parseBody(await readBody(request), request) };
  await faults.delay();
  const reply = /^\/response\/([\w-]+)$/.exec(url.pathname)?.[1];
  if (reply !== undefined && request.method === "POST") {
    const responded = await replies.respond(reply, body);
    return send(response, responded.status, {}, responded.body);
  }
  const method = /^\/api\/([\w.]+)$/.exec(url.pathname)?.[1];
  if (method === undefined) return send(response, 404, {}, { ok: false, error: "unknown_method" });
  const { token, ...rest } = body;
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const answered = await api.call(method, bearer ?? (typeof token === "string" ? token : undefined), rest);
  send(response, answered.status, answered.headers, answered.body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

// In form data, lists and objects come as JSON in a string.
const NESTED = ["blocks", "attachments", "metadata", "view", "files"];

function parseBody(raw: string, request: IncomingMessage): Record<string, unknown> {
  if (raw === "") return {};
  const isJson = (request.headers["content-type"] ?? "").includes("application/json");
  const fields: Record<string, unknown> = isJson ? parseJson(raw) : Object.fromEntries(new URLSearchParams(raw));
  for (const key of NESTED) {
    const value = fields[key];
    if (typeof value !== "string" || value === "") continue;
    try {
      fields[key] = JSON.parse(value);
    } catch {
      // Left as text: the check of its content refuses it.
    }
  }
  return fields;
}

function parseJson(raw: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: Json): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}
