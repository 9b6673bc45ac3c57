import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { BerWriter } from "ldapts";
import { answerTo, messagesOf, tagOf } from "./ldap-proxy.ts";

/** What a search is answered with: entries with their attributes, and where the next page starts. */
export interface ScriptedAnswer {
  readonly entries: readonly {
    readonly dn: string;
    readonly attributes: Readonly<Record<string, readonly string[]>>;
  }[];
  readonly cookie?: string;
}

/**
 * A server that says what a test tells it to: for what servers may answer by the standard and those at hand do not. The
 * script gets the bytes of each search, one letter a byte.
 */
export async function startScriptedDirectory(script: (search: string) => ScriptedAnswer) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    const take = messagesOf();
    socket.on("data", (chunk) => {
      for (const message of take(chunk)) {
        const tag = tagOf(message);
        if (tag === 0x60) socket.write(answerTo(message, 0x61, 0));
        if (tag === 0x63) socket.write(searchAnswer(message, script(message.toString("latin1"))));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    /** Cuts all connections; new ones are taken. */
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Entries and the result (RFC 4511, section 4.5.2), with the control of RFC 2696 where there is a cookie. */
function searchAnswer(request: Buffer, { entries, cookie }: ScriptedAnswer): Buffer {
  // The id of a client's first few messages takes one byte.
  const id = request[request.indexOf(0x02) + 2] ?? 0;
  const found = entries.map(({ dn, attributes }) => {
    const writer = begin(id);
    writer.startSequence(0x64);
    writer.writeString(dn);
    writer.startSequence();
    for (const [type, values] of Object.entries(attributes)) {
      writer.startSequence();
      writer.writeString(type);
      writer.startSequence(0x31);
      for (const value of values) writer.writeString(value);
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
    writer.endSequence();
    return ended(writer);
  });
  const done = begin(id);
  done.startSequence(0x65);
  done.writeEnumeration(0);
  done.writeString("");
  done.writeString("");
  done.endSequence();
  if (cookie !== undefined) {
    const page = new BerWriter();
    page.startSequence();
    page.writeInt(0);
    page.writeString(cookie);
    page.endSequence();
    done.startSequence(0xa0);
    done.startSequence();
    done.writeString("1.2.840.113556.1.4.319");
    done.writeBuffer(page.buffer, 0x04);
    done.endSequence();
    done.endSequence();
  }
  return Buffer.concat([...found, ended(done)]);
}

function begin(id: number): BerWriter {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  return writer;
}

function ended(writer: BerWriter): Buffer {
  writer.endSequence();
  return writer.buffer;
}
