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

/** What becomes of one connection through a door. Asked anew for each piece, so that a rule may change in between. */
export interface Passage {
  /** What the client sent: passed on with `pass`, answered with `answer`, or the connection is cut. */
  sent(chunk: Buffer, to: { pass(bytes: Buffer): void; answer(bytes: Buffer): void; cut(): void }): void;
  /** Whether what the server answers is kept from the client; then the connection ends. */
  isDeaf(): boolean;
}

/** A listening door; each connection gets a passage, or is refused. */
export interface Door {
  readonly port: number;
  stop(): Promise<void>;
}

/** Opens a door on loopback in front of a server. */
export async function openDoor(host: string, port: number, enter: () => Passage | undefined): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const passage = enter();
    if (!passage) return void client.destroy();
    const upstream = dial(port, host);
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", cut).on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    const to = {
      pass: (bytes: Buffer) => void upstream.write(bytes),
      answer: (bytes: Buffer) => void client.write(bytes),
      cut,
    };
    client.on("data", (chunk) => passage.sent(chunk, to));
    upstream.on("data", (chunk) => {
      if (passage.isDeaf()) cut();
      else client.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Opens the door in front of `port`. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let rule: Rule = { kind: "pass" };
  const door = await openDoor("127.0.0.1", port, () => {
    if (rule.kind === "refuse") return undefined;
    let deaf = false;
    return {
      sent(chunk, to) {
        const text = chunk.toString("latin1");
        if (rule.kind === "cut" && text.includes(rule.text)) return to.cut();
        if (rule.kind === "lose-answer" && rule.texts.some((one) => text.includes(one))) deaf = true;
        to.pass(rule.kind === "rewrite" ? rewritten(text, rule.texts) : chunk);
      },
      isDeaf: () => deaf,
    };
  });
  return {
    ...door,
    behave: (next) => {
      rule = next;
    },
  };
}

function rewritten(text: string, texts: ReadonlyMap<string, string>): Buffer {
  let changed = text;
  for (const [from, to] of texts) changed = changed.replaceAll(from, to.padEnd(from.length, " "));
  return Buffer.from(changed, "latin1");
}
