import { generateKeyPairSync } from "node:crypto";
import type { Key } from "../peers/ssh.ts";

// Every odd form in which people write a line of authorized_keys.

/** A way to write a key's line; `whole` files only end with some of them. */
export interface Form {
  readonly name: string;
  /** The line without its end. */
  readonly write: (line: string) => string;
  readonly end: string;
}

const latin1 = (text: string) => Buffer.from(text, "latin1");

/** Forms in which a line holds a key. Text is bytes in latin1. */
export const GOOD_FORMS: readonly Form[] = [
  ["with a comment", (key: string) => `${key} alice@laptop`],
  ["without a comment", (key: string) => key],
  ["with tabs between", (key: string) => `${key.replace(" ", "\t\t")}\talice`],
  ["behind blanks and tabs", (key: string) => ` \t ${key} alice`],
  ["with blanks at the end", (key: string) => `${key} alice  \t `],
  ["with a comment of many words", (key: string) => `${key} Alice Example, Platform - "contractor" \\ #7`],
  ["with quoted commas", (key: string) => `from="127.0.0.1,10.0.0.0/8",no-agent-forwarding ${key} alice`],
  ["with escaped quotes", (key: string) => `command="echo \\"let-in\\" | tr -d '\\", '",no-pty ${key} alice`],
  ["with options in capitals", (key: string) => `RESTRICT,Pty\t${key} alice`],
  ["with a time of expiry", (key: string) => `expiry-time="29991231" ${key}`],
  ["with a comment that is not UTF-8", (key: string) => `${key} al\xff\xfe\xc3(ice`],
  ["with a comment that holds NUL", (key: string) => `${key} alice\0 bob`],
  [
    "with a comment that turns the text around",
    (key: string) => `${key} ${Buffer.from("\u202Ealice\u2066").toString("latin1")}`,
  ],
  [
    "with the short name of the type",
    (key: string) => (key.startsWith("ssh-ed25519") ? key.replace("ssh-ed25519", "ED25519") : key),
  ],
].flatMap(([name, write]) => [
  { name: `${name}`, write: write as Form["write"], end: "\n" },
  { name: `${name}, CRLF`, write: write as Form["write"], end: "\r\n" },
]);

/** Lines that open nothing for the key they name, and stay as they are. */
export function decoysOf(key: string, colleague: string): string[] {
  const [, base64 = ""] = key.split(" ");
  return [
    `# ${key} alice, who left`,
    `   #${key}`,
    "",
    "\t ",
    "\r",
    `${colleague} ${key}`,
    `${colleague} alice@laptop`,
    `command="echo ssh-ed25519 ${base64} x" ${colleague} bob`,
    `command="echo \\" ssh-ed25519 ${base64} \\"" ${colleague} bob`,
    `environment="KEY=ssh-ed25519 ${base64}",no-pty ${colleague}`,
  ];
}

/** Lines in which no key can be read: a human is told, and they stay. */
export const UNREADABLE: readonly string[] = [
  "1024 35 1234567890123456789012345678901234567890 alice@old",
  "ssh-ed25519",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA=====broken alice",
  "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIBEzdy9Y8Wc3pYkXnD5mI5cF6SgVmzq2T0l5cQ1jV9rN alice",
  "alice's key goes here",
  'command="never closed ssh-ed25519 AAAA',
  "@cert-authority *.example.com ssh-ed25519 AAAA",
];

/** A key of a security key (PROTOCOL.u2f), which only its device can use. */
export function securityKey(): Pick<Key, "line"> {
  const raw = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const type = "sk-ssh-ed25519@openssh.com";
  return { line: `${type} ${blobOf(latin1(type), raw, latin1("ssh:"))}` };
}

/** A key of a type that nobody has heard of yet. */
export function futureKey(seed: string): Pick<Key, "line"> {
  return { line: `ssh-foo@example.com ${blobOf(latin1("ssh-foo@example.com"), latin1(seed))}` };
}

function blobOf(...parts: Buffer[]): string {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  ).toString("base64");
}
