import { defineConfig } from "drizzle-kit";

// Only generates SQL from the schema; migrations are applied by src/store/migrate.ts under a lock.
export default defineConfig({ dialect: "postgresql", schema: "./src/store/schema.ts", out: "./migrations" });
