import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/peers/global.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: each worker may start a PostgreSQL, an app and a browser.
    maxWorkers: 2,
  },
});
