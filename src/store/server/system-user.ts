import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { StoreError } from "../fault.ts";

const exec = promisify(execFile);

/** Numbers of a user of the machine, as `spawn` takes them. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const NAME = "signoff-postgres";

/**
 * PostgreSQL refuses to run as root, so as root it runs as a user of its own, made once with `useradd`.
 * `undefined`: we are an ordinary user already, and the server runs as us.
 * @throws StoreError where there is neither such a user nor a way to make one.
 */
export async function serverUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp(NAME);
  if (known) return known;
  const made = await attempt("useradd", [
    "--system",
    "--user-group",
    "--no-create-home",
    "--shell",
    "/bin/false",
    NAME,
  ]);
  // Another process may have made it in the meantime.
  const user = (await lookUp(NAME)) ?? (await lookUp("postgres"));
  if (user) return user;
  throw new StoreError(
    "machine",
    `PostgreSQL does not run as root, and the user ${NAME} cannot be made (${made}). Make a user of that name, or start as an ordinary user.`,
  );
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  try {
    const uid = Number((await exec("id", ["-u", name])).stdout);
    const gid = Number((await exec("id", ["-g", name])).stdout);
    return { uid, gid };
  } catch {
    return undefined; // `id` fails for a name nobody has.
  }
}

async function attempt(command: string, args: string[]): Promise<string> {
  try {
    await exec(command, args);
    return "done";
  } catch (cause) {
    return cause instanceof Error ? cause.message.trim() : String(cause);
  }
}

/** Whether `user` may enter `folder` (or run the file): asked of the system itself, since modes alone do not tell. */
export async function canReach(path: string, user: SystemUser): Promise<boolean> {
  try {
    await exec("/bin/sh", ["-c", 'test -x "$1"', "sh", path], { ...user, cwd: "/" });
    return true;
  } catch {
    return false;
  }
}
