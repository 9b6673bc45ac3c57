import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Whether a port of loopback is free at this moment. */
export async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** A free port of loopback: below those the system hands out by itself, above all those `fetch` refuses (WHATWG). */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) return port;
  }
}
