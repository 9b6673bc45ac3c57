import { SystemError } from "../src/core/failure.ts";

/** One thing that `signoff check` tried. `fix` says to an operator what to do. */
export type Check =
  | { readonly name: string; readonly ok: true; readonly detail?: string }
  | { readonly name: string; readonly ok: false; readonly fix: string };

/** What was tried so far, and how to try one thing more. */
export interface Checks {
  readonly checks: Check[];
  /** Says whether it worked. A SystemError becomes a check that failed, with `fix`; anything else is thrown. */
  attempt(name: string, fix: string, work: () => Promise<string>): Promise<boolean>;
}

/** Starts the list that a connector's `check` answers. */
export function startChecks(): Checks {
  const checks: Check[] = [];
  return {
    checks,
    async attempt(name, fix, work) {
      try {
        checks.push({ name, ok: true, detail: await work() });
        return true;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        checks.push({ name, ok: false, fix: `${error.message}: ${fix}` });
        return false;
      }
    },
  };
}
