import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openGate, parseHost } from "../../connectors/ssh/hosts.ts";
import { ssh } from "../../connectors/ssh/index.ts";
import { fingerprintOf, parseKeyFile } from "../../connectors/ssh/key-line.ts";
import { findPinned } from "../../connectors/ssh/known-hosts.ts";
import { escaped, quoted } from "../../connectors/ssh/shell.ts";
import { makeKey } from "../peers/ssh.ts";
import { BOT, idOf } from "./ssh-bench.ts";
import { decoysOf, futureKey, GOOD_FORMS, securityKey, UNREADABLE } from "./ssh-forms.ts";

const ALICE = makeKey();
const BOB = makeKey();

const keysOf = (bytes: string) =>
  parseKeyFile(bytes).flatMap(({ content }) => (content.kind === "key" ? [content.fingerprint] : []));

/** A length and the bytes (RFC 4251, section 5). */
function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A positive number of a JWK as an mpint. */
function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, "base64url");
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]);
}

describe("a file of public keys", () => {
  it.each(GOOD_FORMS)("finds a key $name", ({ write, end }) => {
    expect(keysOf(`${write(ALICE.line)}${end}`)).toEqual([idOf(ALICE)]);
    expect(keysOf(`\xef\xbb\xbf${write(ALICE.line)}`)).toEqual([idOf(ALICE)]);
  });

  it.each(["rsa-sha2-256", "rsa-sha2-512"])(
    "finds an RSA key under %s, the name of its signatures, as sshd does",
    (name) => {
      const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const { e = "", n = "" } = publicKey.export({ format: "jwk" });
      const blob = Buffer.concat(["ssh-rsa", mpint(e), mpint(n)].map((part) => sized(Buffer.from(part))));
      expect(keysOf(`${name} ${blob.toString("base64")} alice\n`)).toEqual([fingerprintOf(blob)]);
      expect(keysOf(`no-pty ${name} ${blob.toString("base64")}\n`)).toEqual([fingerprintOf(blob)]);
    },
  );

  it("takes a line for the key that opens it, never for one that it mentions", () => {
    for (const decoy of decoysOf(ALICE.line, BOB.line)) expect(keysOf(decoy), decoy).not.toContain(idOf(ALICE));
  });

  it("says of every other line that it cannot be read, and never drops it", () => {
    for (const line of UNREADABLE) expect(parseKeyFile(line)[0]?.content.kind, line).toBe("unread");
  });

  it("knows keys of security keys, and types that nobody has heard of yet", () => {
    for (const { line } of [securityKey(), futureKey("alice")]) {
      const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
      expect(keysOf(`no-pty ${line} alice`)).toEqual([fingerprintOf(blob)]);
    }
  });

  it("tells a key that signs certificates from one that logs in", () => {
    const contents = parseKeyFile(
      `cert-authority,principals="a,b" ${ALICE.line}\ncommand="cert-authority" ${ALICE.line}\n`,
    ).map(({ content }) => content.kind === "key" && content.authority);
    expect(contents).toEqual([true, false]);
  });

  it("gives every byte back", () => {
    const bytes = `\xef\xbb\xbf${GOOD_FORMS.map(({ write, end }) => write(ALICE.line) + end).join("")}\0\xff\r\n\n${UNREADABLE.join("\n")}`;
    expect(
      parseKeyFile(bytes)
        .map((line) => line.bytes)
        .join(""),
    ).toBe(bytes);
  });
});

describe("known_hosts", () => {
  const blob = (line: string) => Buffer.from(line.split(" ")[1] ?? "", "base64");
  const at = (text: string) => parseHost(text) ?? { id: "", host: "", port: 0 };

  it("knows a host by name, port, pattern or hash, as ssh-keygen writes it", () => {
    const file = `/tmp/signoff-known-${process.pid}`;
    execFileSync("sh", [
      "-c",
      'printf "%s\\n" "$1" >"$0" && ssh-keygen -q -H -f "$0" 2>/dev/null',
      file,
      `web1.example.com ${ALICE.line}`,
    ]);
    const hashed = execFileSync("sh", ["-c", 'cat "$0"; rm -f "$0" "$0.old"', file], { encoding: "utf8" });
    expect(hashed).toContain("|1|");
    expect(findPinned(hashed, at("web1.example.com"))?.accepts(blob(ALICE.line))).toBe(true);
    expect(findPinned(hashed, at("web2.example.com"))).toBeUndefined();
    const plain = `# ours\n*.example.com,!bad.example.com ${ALICE.line} comment\n[db]:2222 ${BOB.line}\n`;
    expect(findPinned(plain, at("WEB1.example.com"))?.accepts(blob(ALICE.line))).toBe(true);
    expect(findPinned(plain, at("bad.example.com"))).toBeUndefined();
    expect(findPinned(plain, at("db:2222"))?.accepts(blob(BOB.line))).toBe(true);
    expect(findPinned(plain, at("db"))).toBeUndefined();
  });

  it("knows a host that was given a name by its address, since that is what shows the key", () => {
    expect(at("db1=192.0.2.7:2222")).toEqual({ id: "db1", host: "192.0.2.7", port: 2222 });
    expect(at("db1=[2001:db8::1]:2222")).toEqual({ id: "db1", host: "2001:db8::1", port: 2222 });
    expect([parseHost("=192.0.2.7"), parseHost("db1="), parseHost("a=b=c")]).toEqual([undefined, undefined, undefined]);
    expect(findPinned(`[192.0.2.7]:2222 ${BOB.line}\n`, at("db1=192.0.2.7:2222"))?.accepts(blob(BOB.line))).toBe(true);
  });

  it("accepts no other key, and none that was revoked", () => {
    const text = `web1 ${ALICE.line}\n@revoked * ${ALICE.line}\nweb1 ${BOB.line}\n@cert-authority * ${makeKey().line}\n`;
    const pinned = findPinned(text, at("web1"));
    expect(pinned?.accepts(blob(ALICE.line))).toBe(false);
    expect(pinned?.accepts(blob(BOB.line))).toBe(true);
    expect(pinned?.accepts(blob(makeKey().line))).toBe(false);
  });
});

describe("the gate before the hosts", () => {
  it("lets as many in as it says, never more, and everybody in the end, whoever fails", async () => {
    const gate = openGate(3);
    let inside = 0;
    let most = 0;
    const visits = Array.from({ length: 20 }, (_, index) =>
      gate(async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        if (index % 4 === 0) throw new Error("this host is down");
        return index;
      }),
    );
    const ended = await Promise.allSettled(visits);
    expect(most).toBe(3);
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(15);
  });
});

describe("words of a shell", () => {
  it.each(["/home/o'brien/a b", '$(id) `id` \\ "x" ;&|*?[', "line\nbreak\r\t", "-n", "%s \\0101", "\xff\xfe", ""])(
    "are one word, byte for byte: %j",
    (text) => {
      const said = execFileSync("sh", [], { input: Buffer.from(`printf %s ${quoted(text)}`, "latin1") });
      expect(said.toString("latin1")).toBe(text);
    },
  );

  it("print all bytes, NUL among them", () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
      .join("")
      .repeat(2);
    const said = execFileSync("sh", [], { input: Buffer.from(`printf %b ${escaped(bytes)}`, "latin1") });
    expect(said.toString("latin1")).toBe(bytes);
  });
});

describe("the configuration", () => {
  const good = {
    name: "production",
    hosts: "web1.example.com web2:2222,[2001:db8::1]:22",
    user: "signoff",
    privateKey: BOT.privateKey,
    knownHosts: `web1.example.com ${ALICE.line}`,
  };

  it("takes everything as text, as variables give it", () => {
    expect(ssh({ ...good, protectedKeys: `${idOf(ALICE)} ${idOf(BOB)}`, parallel: "3" }).faults).toEqual([]);
  });

  it("refuses one name for two hosts, since grants are known by it", () => {
    expect(ssh({ ...good, hosts: "web=192.0.2.7 web=192.0.2.8" }).faults).toHaveLength(1);
    expect(ssh({ ...good, hosts: "web=192.0.2.7 web=192.0.2.7 db=192.0.2.8" }).faults).toEqual([]);
  });

  it("names every fault, and never shows a value", () => {
    const { faults } = ssh({
      name: "Production!",
      hosts: "web1;reboot",
      user: "a b",
      privateKey: "s3cret",
      knownHosts: "nothing",
      protectedKeys: "MD5:aa",
      parallel: 0,
    });
    expect(faults.map(({ variable }) => variable).sort()).toEqual([
      "SSH_HOSTS",
      "SSH_KNOWN_HOSTS",
      "SSH_NAME",
      "SSH_PARALLEL",
      "SSH_PRIVATE_KEY",
      "SSH_PROTECTED_KEYS",
      "SSH_USER",
    ]);
    expect(JSON.stringify(faults)).not.toContain("s3cret");
  });
});
