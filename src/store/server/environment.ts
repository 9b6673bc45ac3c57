import type { Programs } from "./programs.ts";

/** How a program of PostgreSQL is run: as its user, from a folder that user can enter, with nothing of our environment. */
export function runAs(programs: Programs): { cwd: string; env: Record<string, string>; uid?: number; gid?: number } {
  return { ...programs.user, cwd: "/", env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" } };
}
