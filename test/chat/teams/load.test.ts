import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../../../src");
const run = promisify(execFile);

/** What loading these files costs a fresh process: milliseconds, megabytes, and whether botbuilder came along. */
async function load(...files: readonly string[]): Promise<{ ms: number; mb: number; botbuilder: boolean }> {
  const code = `
    const { createRequire } = await import("node:module");
    const start = performance.now();
    for (const file of ${JSON.stringify(files.map((file) => join(SRC, file)))}) await import(file);
    const loaded = Object.keys(createRequire("${SRC}/x.js").cache);
    console.log(JSON.stringify({
      ms: Math.round(performance.now() - start),
      mb: Math.round(process.memoryUsage().rss / 1e6),
      botbuilder: loaded.some((file) => file.includes("/node_modules/botbuilder/")),
    }));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code]);
  return JSON.parse(stdout);
}

it("loads nothing of botbuilder for who has no Teams, and says what it costs who has", async () => {
  const without = await load("main.ts", "surfaces.ts");
  const whole = await load("main.ts", "surfaces.ts", "chat/teams/index.ts");
  console.log(
    `the app's files: ${without.ms} ms and ${without.mb} MB without Teams, ${whole.ms} ms and ${whole.mb} MB with it`,
  );
  expect(without.botbuilder).toBe(false);
  expect(whole.botbuilder).toBe(true);
});
