import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { build } from "esbuild";
import { z } from "zod";
import type { Change } from "./gate/changes.ts";
import type { ChatMember } from "./gate/members.ts";
import type { Gate } from "./gate.ts";
import { readState } from "./page-state.ts";

// Serves the chat page and what it does, on loopback only. It acts for invented people and for nobody else, yet a page
// of the internet must not reach it: Host and Origin are checked (DNS rebinding, cross-site requests).

/** The chat page's server. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const Json = z.record(z.string(), z.unknown());
const Source = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("message"), channel: z.string(), ts: z.string(), thread: z.string().optional() }),
  z.object({ kind: z.literal("ephemeral"), ts: z.string() }),
  z.object({ kind: z.literal("view"), viewId: z.string() }),
]);
const Act = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("say"),
    channel: z.string(),
    text: z.string().min(1).max(12_000),
    thread: z.string().optional(),
  }),
  z.object({ kind: z.literal("command"), channel: z.string(), command: z.string(), text: z.string() }),
  z.object({
    kind: z.literal("press"),
    source: Source,
    blockId: z.string(),
    actionId: z.string(),
    chosen: Json,
    values: Json,
  }),
  z.object({ kind: z.literal("submit"), viewId: z.string(), values: Json }),
  z.object({ kind: z.literal("close"), viewId: z.string() }),
  z.object({
    kind: z.literal("suggest"),
    source: Source,
    blockId: z.string(),
    actionId: z.string(),
    value: z.string(),
  }),
  z.object({
    kind: z.literal("shortcut"),
    callbackId: z.string(),
    message: z.object({ channel: z.string(), ts: z.string(), thread: z.string().optional() }).optional(),
  }),
  z.object({ kind: z.literal("open-tab"), tab: z.enum(["home", "messages"]) }),
  z.object({ kind: z.literal("open-dm"), member: z.string() }),
  z.object({ kind: z.literal("read"), channel: z.string(), ts: z.string() }),
]);
type Act = z.infer<typeof Act>;

/** Bundles the page and serves it; `port` 0 takes a free one. */
export async function startPageServer(gate: Gate, options: { readonly port?: number } = {}): Promise<PageServer> {
  const files = await bundle();
  const streams = new Set<ServerResponse>();
  /** The newest `ts` that a person has seen, by person and conversation. */
  const read = new Map<string, string>();
  let host = "";

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : "that did not work";
      if (!response.headersSent) sendJson(response, error instanceof z.ZodError ? 400 : 409, { error: message });
      else response.end();
    });
  });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isOwnRequest(request, host)) return sendJson(response, 403, { error: "not from this page" });
    const url = new URL(request.url ?? "/", `http://${host}`);
    const file = files.get(url.pathname);
    if (request.method === "GET" && file !== undefined) return sendFile(response, file);
    const viewer = gate.members.resolve(url.searchParams.get("as") ?? "");
    if (viewer === undefined || viewer.kind === "bot") return sendJson(response, 404, { error: "nobody by that name" });
    if (request.method === "GET" && url.pathname === "/api/state") {
      return sendJson(response, 200, await readState(gate, viewer, read));
    }
    if (request.method === "GET" && url.pathname === "/api/events") return stream(request, response, viewer);
    if (request.method === "POST" && url.pathname === "/api/act") {
      const act = Act.parse(JSON.parse(await readText(request)));
      return sendJson(response, 200, (await perform(act, viewer)) ?? {});
    }
    sendJson(response, 404, { error: "no such page" });
  };

  const perform = async (act: Act, viewer: ChatMember): Promise<unknown> => {
    const userId = viewer.id;
    switch (act.kind) {
      case "say":
        return gate.say({ ...act, userId });
      case "command":
        return gate.interactions.command({ ...act, userId });
      case "press":
        return gate.interactions.press({ ...act, userId });
      case "submit":
        return gate.interactions.submit({ ...act, userId });
      case "close":
        return gate.interactions.closeView({ ...act, userId });
      case "suggest":
        return { options: await gate.interactions.suggest({ ...act, userId }) };
      case "shortcut":
        return gate.interactions.shortcut({ ...act, userId });
      case "open-tab":
        return gate.interactions.openTab({ ...act, userId });
      case "open-dm":
        return gate.slack.call("conversations.open", { users: act.member }, viewer.handle);
      case "read":
        read.set(`${userId} ${act.channel}`, act.ts);
        return {};
      default:
        return act satisfies never;
    }
  };

  const stream = (request: IncomingMessage, response: ServerResponse, viewer: ChatMember): void => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 500\n\n");
    streams.add(response);
    // One after another, so that two changes of one message arrive in their order.
    let last = Promise.resolve();
    const end = gate.changes.subscribe((change) => {
      last = last.then(async () => {
        if (await maySee(gate, viewer, change)) response.write(`data: ${JSON.stringify(change)}\n\n`);
      });
    });
    const beat = setInterval(() => response.write(": beat\n\n"), 15_000);
    request.on("close", () => {
      end();
      clearInterval(beat);
      streams.delete(response);
    });
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return {
    url: `http://${host}/`,
    close() {
      for (const response of streams) response.end();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Who sees a change: for what is private the one it is for, else whoever can read the conversation. */
async function maySee(gate: Gate, viewer: ChatMember, change: Change): Promise<boolean> {
  if ("userId" in change) return change.userId === viewer.id;
  const answer = await gate.slack.ask("conversations.members", { channel: change.channel }, viewer.handle);
  return Array.isArray(answer["members"]) && answer["members"].includes(viewer.id);
}

/** Whether a request comes to the name we print and, where it changes something, from our own page. */
function isOwnRequest(request: IncomingMessage, host: string): boolean {
  const port = host.split(":")[1];
  const names = [host, `localhost:${port}`];
  if (!names.includes(request.headers.host ?? "")) return false;
  const { origin } = request.headers;
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) return false;
  if (request.method === "GET") return request.headers["sec-fetch-site"] !== "cross-site";
  // A form of another site can send neither this type nor this header without asking first.
  const isJson = request.headers["content-type"] === "application/json";
  return request.method === "POST" && isJson && request.headers["x-acme-chat"] === "1";
}

interface File {
  readonly type: string;
  readonly body: Uint8Array | string;
}

async function bundle(): Promise<Map<string, File>> {
  const here = new URL("page/", import.meta.url);
  const built = await build({
    entryPoints: [new URL("main.tsx", here).pathname],
    bundle: true,
    write: false,
    outdir: "/out",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  });
  const output = (ending: string) => built.outputFiles.find((file) => file.path.endsWith(ending))?.contents ?? "";
  const html = await readFile(new URL("index.html", here), "utf8");
  return new Map<string, File>([
    ["/", { type: "text/html; charset=utf-8", body: html }],
    ["/main.js", { type: "text/javascript; charset=utf-8", body: output(".js") }],
    ["/main.css", { type: "text/css; charset=utf-8", body: output(".css") }],
  ]);
}

function sendFile(response: ServerResponse, file: File): void {
  response.writeHead(200, {
    "content-type": file.type,
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  response.end(file.body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
