import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Opens a Chromium of this machine; nothing if it has none. `SIGNOFF_TEST_CHROMIUM` names another program. */
export async function openChromium(): Promise<Browser | undefined> {
  const programs = [
    process.env["SIGNOFF_TEST_CHROMIUM"],
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    chromium.executablePath(),
  ];
  const program = programs.find((path) => path !== undefined && existsSync(path));
  if (program === undefined) return undefined;
  // As root, and in most containers, Chromium has no sandbox of its own; it only ever sees our page.
  return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
}
