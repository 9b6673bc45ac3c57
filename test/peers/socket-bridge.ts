import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { SocketPeer } from "./slack.ts";

/** Takes what Slack would send over HTTP and hands it to an app on the socket; the acknowledgement is the answer. */
export interface SocketBridge {
  readonly url: string;
  close(): Promise<void>;
}

/** Slack waits this long for an acknowledgement, in milliseconds. */
const PATIENCE = 3000;

export async function startSocketBridge(peer: () => SocketPeer): Promise<SocketBridge> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
      const payload = form.get("payload");
      const envelope = randomUUID();
      if (payload === null) peer().deliver("slash_commands", Object.fromEntries(form), envelope);
      else peer().deliver("interactive", JSON.parse(payload), envelope);
      for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(10)) {
        const ack = peer().acks.find(({ envelope_id }) => envelope_id === envelope);
        if (ack) return void response.end(ack.payload === undefined ? "" : JSON.stringify(ack.payload));
      }
      response.writeHead(504).end();
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
