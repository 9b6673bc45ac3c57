import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AppManifestUtils } from "@microsoft/app-manifest";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { teamsPackage } from "../../../manifest/teams/package.ts";
import { readCommand } from "../../../src/chat/teams/command.ts";
import { needs } from "../../peers/needs.ts";

const FOLDER = join(import.meta.dirname, "../../../manifest/teams");
const Manifest = z.object({
  description: z.object({ short: z.string() }),
  bots: z.array(z.object({ commandLists: z.array(z.object({ commands: z.array(z.object({ title: z.string() })) })) })),
  icons: z.object({ color: z.string(), outline: z.string() }),
});

describe("the Teams app package", () => {
  it("has a manifest that Microsoft's own schema takes, and commands that are read", async () => {
    const [, faults] = await AppManifestUtils.readAndValidateTeamsManifest(join(FOLDER, "manifest.json"));
    expect(faults).toEqual([]);
    const { bots } = Manifest.parse(JSON.parse(await readFile(join(FOLDER, "manifest.json"), "utf8")));
    const titles = bots
      .flatMap(({ commandLists }) => commandLists.flatMap(({ commands }) => commands))
      .map((one) => one.title);
    expect(titles).toContain("offboard");
    const unread = titles.filter((title) => title !== "help" && readCommand(title, [], "28:bot").kind === "help");
    expect(unread).toEqual([]);
  });

  it("has icons of the sizes that Teams takes", async () => {
    for (const [name, size] of [
      ["color.png", 192],
      ["outline.png", 32],
    ] as const) {
      const png = await readFile(join(FOLDER, name));
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([size, size]);
    }
  });

  it("is one zip with the bot's own id, which another program reads", async (test) => {
    needs(test, spawnSync("python3", ["--version"]).status === 0, "python3, to read a zip");
    const folder = await mkdtemp(join(tmpdir(), "signoff-teams-"));
    try {
      const id = "0b0b0b0b-0000-4000-8000-00000000b07a";
      const file = join(folder, "app.zip");
      const run = promisify(execFile);
      const { stdout } = await run(process.execPath, [join(FOLDER, "package.ts"), id, file]);
      expect(stdout).toContain("is ready");
      expect(await readFile(file)).toEqual(await teamsPackage(id));
      const listed = await run("python3", ["-c", READ, file]).then(({ stdout: text }) => JSON.parse(text));
      expect(Object.keys(listed)).toEqual(["manifest.json", "color.png", "outline.png"]);
      expect(JSON.parse(listed["manifest.json"])).toMatchObject({ id, bots: [{ botId: id }] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Another program's reading of a zip, its checksums among it. */
const READ =
  "import sys,zipfile,json;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print(json.dumps({n:z.read(n).decode('latin1') for n in z.namelist()}))";
