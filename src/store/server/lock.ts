import { createHash } from "node:crypto";
import { createServer, type ListenOptions, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Does `work` while no other process of this machine does it for the same folder. The lock is a listening socket, so
 * the system itself frees it when its holder is killed. On Linux the socket has a name in the abstract namespace;
 * elsewhere it is a loopback port computed from the folder.
 * @param folder without links in its path
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const hash = createHash("sha256").update(folder).digest();
  const address: ListenOptions =
    process.platform === "linux"
      ? { path: `\0signoff-store-${hash.toString("hex")}` }
      : { host: "127.0.0.1", port: 32_000 + (hash.readUInt16BE() % 700) };
  let held = await tryListen(address);
  while (!held) {
    await pause(50);
    held = await tryListen(address);
  }
  const lock = held;
  try {
    return await work();
  } finally {
    await new Promise((resolve) => lock.close(resolve));
  }
}

async function tryListen(address: ListenOptions): Promise<Server | undefined> {
  return await new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}
