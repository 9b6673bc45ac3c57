import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { checkpointFile } from "../../src/audit/checkpoint-file.ts";
import { hashLeaf } from "../../src/audit/merkle.ts";
import { testKey } from "./log.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "signoff-checkpoint-"));
  path = join(folder, "checkpoint");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { signer } = testKey();
const noteOf = (size: number, by = signer) => signCheckpoint(by, size, hashLeaf(Uint8Array.of(size)));

describe("the checkpoint file", () => {
  it("is not there before the first note", async () => {
    expect(await checkpointFile(path, signer.verifier).read()).toBeUndefined();
  });

  it("holds the newest note, and nothing beside it", async () => {
    const file = checkpointFile(path, signer.verifier);
    await file.write(noteOf(1));
    await file.write(noteOf(5));
    expect(await readFile(path, "utf8")).toBe(noteOf(5));
    expect(await file.read()).toMatchObject({ checkpoint: { size: 5 }, note: noteOf(5) });
    expect(await readdir(folder)).toEqual(["checkpoint"]);
  });

  it("never goes back to a smaller size, also with many writes at once", async () => {
    const file = checkpointFile(path, signer.verifier);
    const sizes = [3, 9, 1, 7, 20, 2, 19, 4];
    await Promise.all(sizes.map((size) => file.write(noteOf(size))));
    expect((await file.read())?.checkpoint.size).toBe(20);
    expect((await file.write(noteOf(8))).checkpoint.size).toBe(20);
    expect((await checkpointFile(path, signer.verifier).write(noteOf(19))).checkpoint.size).toBe(20);
  });

  it("overwrites nothing that another key signed, nor what is no checkpoint", async () => {
    const theirs = noteOf(1, testKey().signer);
    for (const content of [theirs, "half a no", ""]) {
      await writeFile(path, content);
      const file = checkpointFile(path, signer.verifier);
      await expect(file.write(noteOf(5))).rejects.toMatchObject({ name: "BadNote" });
      await expect(file.read()).rejects.toMatchObject({ name: "BadNote" });
      expect(await readFile(path, "utf8")).toBe(content);
    }
  });

  it("takes no note of another key, and goes on after that", async () => {
    const file = checkpointFile(path, signer.verifier);
    await expect(file.write(noteOf(9, testKey().signer))).rejects.toMatchObject({ code: "not-signed" });
    expect((await file.write(noteOf(2))).checkpoint.size).toBe(2);
  });

  it("says so when it cannot write, and leaves nothing behind", async () => {
    const file = checkpointFile(join(folder, "missing", "checkpoint"), signer.verifier);
    await expect(file.write(noteOf(1))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readdir(folder)).toEqual([]);
  });
});
