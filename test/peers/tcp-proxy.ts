import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** What happens to what passes. Texts are looked for in what the client sends. */
export type Rule =
  | { readonly kind: "pass" }
  /** Every occurrence becomes another text of the same length: the server is asked something else than was sent. */
  | { readonly kind: "rewrite"; readonly texts: ReadonlyMap<string, string> }
  /** What holds such a text reaches the server, and its answer reaches nobody. */
  | { readonly kind: "lose-answer"; readonly texts: readonly string[] }
  /** A connection that sends such a text is cut. */
  | { readonly kind: "cut"; readonly text: string }
  | { readonly kind: "refuse" };

/** A door in front of a server on loopback that can lie, lose answers and shut. */
export interface TcpProxy {
  readonly port: number;
  behave(rule: Rule): void;
  stop(): Promise<void>;
}

/** Opens the door in front of `port`. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let rule: Rule = { kind: "pass" };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (rule.kind === "refuse") return void client.destroy();
    const upstream = dial(port, "127.0.0.1");
    let deaf = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      if (rule.kind === "cut" && text.includes(rule.text)) return end();
      if (rule.kind === "lose-answer" && rule.texts.some((one) => text.includes(one))) deaf = true;
      upstream.write(rule.kind === "rewrite" ? rewritten(text, rule.texts) : chunk);
    });
    upstream.on("data", (chunk) => {
      if (deaf) end();
      else client.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    behave: (next) => {
      rule = next;
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function rewritten(text: string, texts: ReadonlyMap<string, string>): Buffer {
  let changed = text;
  for (const [from, to] of texts) changed = changed.replaceAll(from, to.padEnd(from.length, " "));
  return Buffer.from(changed, "latin1");
}
