import { defineConfig } from "drizzle-kit";

// Only generates SQL from the schema; migrations are applied by src/store/migrate.ts under a lock.
//
// Until the first release a changed schema is not migrated: both migrations are made anew, with this one line
// (the guard covers every table of the audit schema by itself, so its text stays):
//   rm -r migrations && drizzle-kit generate --name first && drizzle-kit generate --custom --name guard && git checkout -- migrations/0001_guard.sql
export default defineConfig({ dialect: "postgresql", schema: "./src/store/schema.ts", out: "./migrations" });
