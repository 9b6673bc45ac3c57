import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

// One more connector, in a copy of the tree: a folder and its test, and a line of the installation's own file.

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url).pathname;
const PARTS = [
  ...["src", "connectors", "test", "docs", "manifest", "signoff.config.ts", "drizzle.config.ts", "vitest.config.ts"],
  ...["package.json", "tsconfig.json", "biome.json", ".env.example"],
];
const OWN = "connectors/badges/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signoff-seventh-"));
  for (const part of PARTS) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await cp(join(ROOT, "test/connectors/seventh/index.ts.txt"), join(folder, OWN));
  const test = "test/connectors/badges.test.ts";
  await cp(join(ROOT, "test/connectors/seventh/badges.test.ts.txt"), join(folder, test));
  const config = await readFile(join(folder, "signoff.config.ts"), "utf8");
  const imported = `import { badges } from "./connectors/badges/index.ts";\n${config}`;
  const line = imported.replace("systems: [", "systems: [\n      ...env.whenSet(badges),");
  await writeFile(join(folder, "signoff.config.ts"), line);
  // The copy's own tests need no database.
  const plain = `import { defineConfig } from "vitest/config";\nexport default defineConfig({ test: { include: ["test/**/*.test.ts"] } });\n`;
  await writeFile(join(folder, "plain.config.ts"), plain);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs one of the project's programs in the copy: how it ended, and what it printed. */
async function program(
  name: string,
  ...args: readonly string[]
): Promise<{ readonly ok: boolean; readonly said: string }> {
  const env = { ...process.env, CI: "" };
  const where = { cwd: folder, env, maxBuffer: 1 << 24 };
  return run(join(ROOT, "node_modules/.bin", name), [...args], where).then(
    ({ stdout, stderr }) => ({ ok: true, said: `${stdout}${stderr}` }),
    (error: { stdout?: string; stderr?: string }) => ({ ok: false, said: `${error.stdout}${error.stderr}` }),
  );
}

/** Files of the copy that are not as they are in the project, or not there at all. */
async function changed(): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    files
      .filter((file) => file.isFile() && !file.parentPath.includes("node_modules"))
      .map(async (file) => {
        const path = join(file.parentPath, file.name).slice(folder.length + 1);
        const [mine, theirs] = await Promise.all(
          [folder, ROOT].map((root) => readFile(join(root, path)).catch(() => undefined)),
        );
        return theirs && mine?.equals(theirs) ? [] : [path];
      }),
  );
  return found.flat().sort();
}

const lint = () => program("biome", "lint", "--vcs-enabled=false", "connectors/badges");

it("compiles, is linted clean, and may not reach out of its folder", async () => {
  expect(await program("tsc", "--noEmit", "-p", ".")).toMatchObject({ ok: true, said: "" });
  expect(await lint()).toMatchObject({ ok: true });
  const source = await readFile(join(folder, OWN), "utf8");
  await writeFile(join(folder, OWN), `import "../github/client.ts";\n${source}`);
  const red = await lint();
  await writeFile(join(folder, OWN), source);
  expect(red).toMatchObject({ ok: false, said: expect.stringContaining("its own flat folder") });
}, 300_000);

it("passes the conformance suite, stands in the generated files, and edits no source file", async () => {
  const suite = await program("vitest", "run", "-c", "plain.config.ts", "test/connectors/badges.test.ts");
  expect(suite.ok, suite.said).toBe(true);
  const stale = await program("vitest", "run", "-c", "plain.config.ts", "test/generated.test.ts");
  const made = await program("vitest", "run", "-u", "-c", "plain.config.ts", "test/generated.test.ts");
  expect([stale.ok, made.ok], `${stale.said}${made.said}`).toEqual([false, true]);
  const example = await readFile(join(folder, ".env.example"), "utf8");
  expect(example).toContain(
    "BADGES_URL= # The badge server's address\nBADGES_TOKEN= # Secret. A token of its administrator",
  );
  expect(await changed()).toEqual([
    ".env.example",
    OWN,
    "docs/connectors.md",
    "plain.config.ts",
    "signoff.config.ts",
    "test/connectors/badges.test.ts",
  ]);
}, 300_000);
