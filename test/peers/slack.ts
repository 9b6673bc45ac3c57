import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { type WebSocket, WebSocketServer } from "ws";
import type { Log } from "../../connectors/connector.ts";
import type { Intent } from "../../src/chat/intent.ts";
import { type SlackSurface, slackSurface } from "../../src/chat/slack/index.ts";
import type { Reply } from "../../src/chat/surface.ts";
import { Secret } from "../../src/core/secret.ts";
import { type Manifest, readManifest } from "../sandbox/gate/manifest.ts";
import { type Gate, startGate } from "../sandbox/gate.ts";
import { startSlack } from "../sandbox/services/slack.ts";

// A Slack for the surface's tests: the emulator behind the strict gate, the surface in a real Express app before it, and a
// stand-in for Slack's socket.

export type Handle = (intent: Intent, reply: Reply) => Promise<void>;

/** One line of the log. */
export interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function readSlackManifest(): Promise<Manifest> {
  return readManifest(new URL("../../manifest/slack/manifest.json", import.meta.url));
}

/** A log that keeps its lines. */
export function keepingLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = [];
  const line = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return { lines, log: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") } };
}

/** The surface over HTTP, as the app mounts it. */
export interface HttpSlack {
  readonly gate: Gate;
  readonly surface: SlackSurface;
  readonly lines: readonly Line[];
  readonly url: string;
  readonly signingSecret: string;
  /** What the core does with an intent; records it and does nothing unless changed. */
  handle: Handle;
  readonly intents: Intent[];
  /** Posts raw bytes to the endpoint, signed as given. */
  send(body: string, how?: { secret?: string; at?: number; type?: string }): Promise<Response>;
  close(): Promise<void>;
}

/** Starts everything and waits until the surface listens. `skew` seconds are added to the surface's clock. */
export async function startHttpSlack(options: { readonly skew?: number } = {}): Promise<HttpSlack> {
  const slack = await startSlack();
  const signingSecret = randomBytes(16).toString("hex");
  let url = "";
  const gate = await startGate({ slack, manifest: await readSlackManifest(), signingSecret, appUrl: () => url });
  const { log, lines } = keepingLog();
  const surface = slackSurface({
    botToken: new Secret(slack.botToken),
    mode: { kind: "http", signingSecret: new Secret(signingSecret) },
    apiUrl: gate.apiUrl,
    log,
    now: () => new Date(Date.now() + (options.skew ?? 0) * 1000),
  });
  if (!surface.router) throw new Error("HTTP mode has a router");
  const app = express();
  app.use("/slack", surface.router);
  app.use(express.json());
  const server = await listening(createServer(app));
  url = `${originOf(server)}/slack/events`;
  const intents: Intent[] = [];
  const all: HttpSlack = {
    gate,
    surface,
    lines,
    url,
    signingSecret,
    intents,
    handle: async () => {},
    send(body, how = {}) {
      const at = String(how.at ?? Math.floor(Date.now() / 1000));
      const hash = createHmac("sha256", how.secret ?? signingSecret)
        .update(`v0:${at}:${body}`)
        .digest("hex");
      return fetch(url, {
        method: "POST",
        headers: {
          "content-type": how.type ?? "application/x-www-form-urlencoded",
          "x-slack-request-timestamp": at,
          "x-slack-signature": `v0=${hash}`,
        },
        body,
      });
    },
    async close() {
      await surface.stop();
      await closed(server);
      await gate.close();
      await slack.close();
    },
  };
  await surface.start(async (intent, reply) => {
    intents.push(intent);
    await all.handle(intent, reply);
  });
  return all;
}

/** What Slack does over its socket. */
export interface SocketPeer {
  readonly apiUrl: string;
  /** How often the app asked for a connection. */
  readonly opened: () => number;
  /** Acknowledgements, in the order they came. */
  readonly acks: { readonly envelope_id: string; readonly payload?: unknown }[];
  /** Sends an envelope; the same id is the same envelope. */
  deliver(type: "slash_commands" | "interactive" | "events_api", payload: object, envelopeId?: string): string;
  /** Asks the app to come back on another connection, as Slack does about hourly. */
  refresh(): void;
  /** Ends connections without a word. */
  cut(): void;
  /** What `apps.connections.open` answers instead of a URL. */
  refuse: string | undefined;
  close(): Promise<void>;
}

/**
 * A stand-in for `apps.connections.open` and its WebSocket, which the emulator lacks; every other method goes to `api`.
 */
export async function startSocketPeer(api: string): Promise<SocketPeer> {
  let opened = 0;
  const sockets = new Set<WebSocket>();
  const acks: SocketPeer["acks"] = [];
  const server = createServer((request, response) => {
    const method = request.url?.split("/").at(-1) ?? "";
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (method === "apps.connections.open") {
        opened += 1;
        const url = `${originOf(server).replace("http", "ws")}/link/${randomUUID()}`;
        const answer = peer.refuse ? { ok: false, error: peer.refuse } : { ok: true, url };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
        return;
      }
      const { authorization = "", "content-type": type = "" } = request.headers;
      const answer = await fetch(api + method, {
        method: "POST",
        headers: { authorization, "content-type": type },
        body: Buffer.concat(chunks),
      });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    })();
  });
  const hub = new WebSocketServer({ server });
  hub.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("message", (data) => void acks.push(JSON.parse(String(data))));
    socket.send(JSON.stringify({ type: "hello", num_connections: 1 }));
    socket.ping("Ping from slack.com");
  });
  await listening(server);
  const peer: SocketPeer = {
    apiUrl: `${originOf(server)}/api/`,
    opened: () => opened,
    acks,
    refuse: undefined,
    deliver(type, payload, envelopeId = randomUUID()) {
      const [socket] = [...sockets].slice(-1);
      if (!socket) throw new Error("the app is not connected");
      socket.send(JSON.stringify({ envelope_id: envelopeId, type, payload, accepts_response_payload: true }));
      return envelopeId;
    },
    refresh() {
      for (const socket of sockets) socket.send(JSON.stringify({ type: "disconnect", reason: "refresh_requested" }));
    },
    cut() {
      for (const socket of sockets) socket.terminate();
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      hub.close();
      await closed(server);
    },
  };
  return peer;
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
