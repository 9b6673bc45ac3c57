import { openDoor } from "./tcp-proxy.ts";

/** What the door does with what passes. */
export type DirectoryRule =
  | "pass"
  /** Changes are answered with success and reach nobody. */
  | "change-nothing"
  /** Changes reach the server, and the connection is cut before the answer. */
  | "lose-answer"
  /** The connection is cut when a second page is asked for. */
  | "cut-page"
  /** Everything but a bind is answered with "busy". */
  | "busy"
  | "refuse";

/** A door in front of a directory that reads LDAP (RFC 4511, section 4.1.1), and can lie, lose answers and shut. */
export interface DirectoryProxy {
  readonly port: number;
  behave(rule: DirectoryRule): void;
  stop(): Promise<void>;
}

const MODIFY = 0x66;
/** Requests, and the tags of their answers. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [0x63, 0x65],
  [MODIFY, 0x67],
  [0x6e, 0x6f],
]);
const SUCCESS = 0;
const BUSY = 51;
const PAGED = Buffer.from("1.2.840.113556.1.4.319");

/** Opens the door in front of a server. */
export async function startDirectoryProxy(host: string, port: number): Promise<DirectoryProxy> {
  let rule: DirectoryRule = "pass";
  const door = await openDoor(host, port, () => {
    if (rule === "refuse") return undefined;
    let deaf = false;
    const take = messagesOf();
    return {
      sent(chunk, to) {
        for (const message of take(chunk)) {
          const tag = tagOf(message);
          const answer = ANSWERS.get(tag);
          if (rule === "busy" && answer !== undefined) to.answer(answerTo(message, answer, BUSY));
          else if (rule === "change-nothing" && tag === MODIFY) to.answer(answerTo(message, 0x67, SUCCESS));
          else if (rule === "cut-page" && isLaterPage(message)) to.cut();
          else {
            deaf ||= rule === "lose-answer" && tag === MODIFY;
            to.pass(message);
          }
        }
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

/** Cuts a stream into messages: each is one BER sequence. */
export function messagesOf(): (chunk: Buffer) => Buffer[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const size = rest.length < 2 ? undefined : sizeOf(rest, 0);
      if (size === undefined || size.end > rest.length) return messages;
      messages.push(rest.subarray(0, size.end));
      rest = rest.subarray(size.end);
    }
  };
}

/** Where the value of the element at `at` starts and ends; undefined when its length has not all arrived. */
function sizeOf(bytes: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (bytes.length < at + 2 + count) return undefined;
  const start = at + 2 + count;
  return { start, end: start + bytes.readUIntBE(at + 2, count) };
}

/** The element of the message's id, and where the operation stands behind it. */
function idOf(message: Buffer): { readonly id: Buffer; readonly operation: number } {
  const whole = sizeOf(message, 0);
  const id = whole && sizeOf(message, whole.start);
  if (!whole || !id) throw new Error("no message of LDAP");
  return { id: message.subarray(whole.start, id.end), operation: id.end };
}

export function tagOf(message: Buffer): number {
  return message[idOf(message).operation] ?? 0;
}

/** A result without a name and a text. */
export function answerTo(message: Buffer, tag: number, result: number): Buffer {
  const operation = Buffer.from([tag, 7, 0x0a, 1, result, 0x04, 0, 0x04, 0]);
  const { id } = idOf(message);
  return Buffer.concat([Buffer.from([0x30, id.length + operation.length]), id, operation]);
}

/** The control for pages stands last in a search and ends with its cookie, which only the first page has empty. */
function isLaterPage(message: Buffer): boolean {
  return message.includes(PAGED) && message.subarray(-2).toString("hex") !== "0400";
}
