import type { TestContext } from "vitest";

/** Skips the running test if the machine lacks something, and says what; in CI, which must have it, it fails instead. */
export function needs(test: TestContext, there: boolean, what: string): void {
  if (there) return;
  if (process.env["CI"]) throw new Error(`This machine lacks what the test needs: ${what}`);
  test.skip(`needs ${what}`);
}
