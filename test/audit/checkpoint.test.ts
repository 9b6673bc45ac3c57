import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { BadNote, findNotes, openCheckpoint, openNote, signCheckpoint, signNote } from "../../src/audit/checkpoint.ts";
import { BadKey, fingerprint, newLogKey, readLogKey, readVerifierKey, verifierKeyText } from "../../src/audit/key.ts";
import { Secret } from "../../src/core/secret.ts";

// The example of Go's golang.org/x/mod/sumdb/note, which C2SP signed-note describes.
const VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const peter = readVerifierKey(VERIFIER);

describe("signed notes: the published example", () => {
  it("reads the keys, and derives the public one from the private one", () => {
    const signer = readLogKey(new Secret(SIGNER));
    expect(verifierKeyText(signer.verifier)).toBe(VERIFIER);
    expect(Buffer.from(peter.keyId).toString("hex")).toBe("c74f20a3");
  });

  it("signs the text byte for byte as published, and opens it", () => {
    const note = signNote(readLogKey(new Secret(SIGNER)), TEXT);
    expect(note).toBe(`${TEXT}\n${SIGNATURE}`);
    expect(openNote(note, peter)).toBe(TEXT);
  });

  it("takes no part of a verifier key for one, nor one with a letter changed", () => {
    for (let from = 0; from < VERIFIER.length; from++) {
      for (let to = from + 1; to <= VERIFIER.length; to++) {
        if (from === 0 && to === VERIFIER.length) continue;
        expect(() => readVerifierKey(VERIFIER.slice(from, to))).toThrow(BadKey);
      }
      const changed = String.fromCharCode(VERIFIER.charCodeAt(from) + 1);
      expect(() => readVerifierKey(VERIFIER.slice(0, from) + changed + VERIFIER.slice(from + 1))).toThrow(BadKey);
    }
  });

  it.each([
    ["of another length", "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="],
    ["of another algorithm", "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
  ])("takes no key %s, although its hash fits", (_, key) => {
    expect(() => readVerifierKey(key)).toThrow(BadKey);
  });

  it("passes over signatures of others, and believes none of them alone", () => {
    const other = readLogKey(newLogKey("other.example/log").key);
    const otherLine = signNote(other, TEXT).slice(TEXT.length + 1);
    expect(openNote(`${TEXT}\n${otherLine}${SIGNATURE}`, peter)).toBe(TEXT);
    expect(codeOf(() => openNote(`${TEXT}\n${otherLine}`, peter))).toBe("not-signed");
  });

  it("refuses a changed text, and a signature that claims to be ours", () => {
    expect(codeOf(() => openNote(`${TEXT.replace("answer", "Answer")}\n${SIGNATURE}`, peter))).toBe("bad-signature");
    const forged = `— PeterNeumann ${Buffer.concat([peter.keyId, Buffer.alloc(64)]).toString("base64")}\n`;
    expect(codeOf(() => openNote(`${TEXT}\n${SIGNATURE}${forged}`, peter))).toBe("bad-signature");
  });

  it.each([
    ["no signature", `${TEXT}\n`],
    ["no blank line", `${TEXT}${SIGNATURE}`],
    ["no last line break", `${TEXT}\n${SIGNATURE.trimEnd()}`],
    ["a hyphen for the dash", `${TEXT}\n${SIGNATURE.replace("—", "-")}`],
    ["two spaces", `${TEXT}\n${SIGNATURE.replace("— ", "—  ")}`],
    ["something after it", `${TEXT}\n${SIGNATURE}x`],
    ["a control character", `a\tb\n\n${SIGNATURE}`],
    ["a lone surrogate", `a\ud800\n\n${SIGNATURE}`],
    ["base64 that ends in loose bits", `${TEXT}\n${SIGNATURE.replace("nAM=", "nAN=")}`],
    ["nothing", ""],
  ])("calls a note with %s malformed", (_, note) => {
    expect(codeOf(() => openNote(note, peter))).toBe("malformed");
  });
});

describe("checkpoints", () => {
  const made = newLogKey("signoff.example/main");
  const signer = readLogKey(made.key);
  const root = Buffer.from("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "base64");
  const note = signCheckpoint(signer, 20852163, root);

  it("writes the lines that C2SP tlog-checkpoint prescribes", () => {
    expect(note.split("\n\n— ")[0]).toBe(
      "signoff.example/main\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    );
    expect(openCheckpoint(note, signer.verifier)).toEqual({ origin: "signoff.example/main", size: 20852163, root });
  });

  it("gives a fresh key whose three texts belong together", () => {
    expect(verifierKeyText(signer.verifier)).toBe(made.verifierKey);
    expect(fingerprint(readVerifierKey(made.verifierKey))).toBe(made.fingerprint);
    expect(made.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    // The key id is the fingerprint's first four bytes.
    expect(Buffer.from(made.fingerprint.slice(7), "base64").subarray(0, 4)).toEqual(Buffer.from(signer.verifier.keyId));
    expect(newLogKey("signoff.example/main").fingerprint).not.toBe(made.fingerprint);
  });

  it("shows the private key to nobody who only looks", () => {
    const seed = made.key.reveal().slice(-40);
    for (const shown of [inspect({ made, signer }, { depth: 9 }), JSON.stringify({ made, signer }), `${made.key}`]) {
      expect(shown).not.toContain(seed);
      expect(shown).not.toContain("PRIVATE");
    }
    expect(() => readLogKey(new Secret(`${made.key.reveal()}x`))).toThrow(BadKey);
    expect(() => readLogKey(new Secret(`${made.key.reveal()}x`))).not.toThrow(seed.slice(0, 10));
  });

  it.each(["", "two words", "plus+sign", "line\nbreak", "nb\u00a0space", "\ud800"])("makes no key named %j", (name) => {
    expect(() => newLogKey(name)).toThrow(BadKey);
  });

  it.each([
    ["another log's name", "other.example/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "other-log"],
    ["a leading zero", "signoff.example/main\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "malformed"],
    ["a negative size", "signoff.example/main\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "malformed"],
    [
      "a size beyond counting",
      "signoff.example/main\n9999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
      "malformed",
    ],
    ["a short root", "signoff.example/main\n1\nCsUYapGGPo4=\n", "malformed"],
    ["a root with loose bits", "signoff.example/main\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "malformed"],
    ["two lines", "signoff.example/main\n1\n", "malformed"],
  ])("refuses %s even when signed", (_, text, code) => {
    expect(codeOf(() => openCheckpoint(signNote(signer, text), signer.verifier))).toBe(code);
  });

  it("takes extension lines, which a later version may bring", () => {
    const text = "signoff.example/main\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore\n";
    expect(openCheckpoint(signNote(signer, text), signer.verifier).size).toBe(1);
  });

  it.each([
    ["as it was", note],
    ["with Windows line ends", note.replaceAll("\n", "\r\n")],
    ["quoted", note.replaceAll(/^/gm, "> ")],
    ["in a code fence, among other words", `Case closed.\n\`\`\`\n${note}\`\`\`\nSee you.`],
    ["indented and without its blank line", note.replaceAll("\n\n", "\n").replaceAll(/^/gm, "    ")],
  ])("finds a checkpoint in a copy %s", (_, copy) => {
    expect(findNotes(copy)).toEqual([note]);
  });

  it("finds several, and none where there is none", () => {
    const next = signCheckpoint(signer, 20852164, root);
    expect(findNotes(`first\n${note}\nthen\n${next}`)).toEqual([note, next]);
    expect(findNotes("no checkpoint\nhere\nat all\n— really")).toEqual([]);
  });
});

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof BadNote) return error.code;
    throw error;
  }
  return "opened";
}
