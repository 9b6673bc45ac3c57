import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { openConnection } from "../../src/store/connection.ts";
import { migrate } from "../../src/store/migrate.ts";
import { startCluster } from "./cluster.ts";

/** What test/peers/database.ts needs to know of the run's cluster. */
export interface TestCluster {
  readonly superUrl: string;
  readonly password: string;
}

declare module "vitest" {
  interface ProvidedContext {
    cluster: TestCluster;
  }
}

/**
 * Once a run: a cluster with the two roles and a migrated database that every test's database is copied from. A server for
 * tests alone may be given by the URL of its superuser, SIGNOFF_TEST_POSTGRES_URL; its roles get new passwords.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["SIGNOFF_TEST_POSTGRES_URL"];
  const cluster = given
    ? { superUrl: given, stop: async () => {} }
    : await startCluster({ binaries: process.env["SIGNOFF_TEST_POSTGRES_BIN"] });
  try {
    const password = randomBytes(18).toString("base64url");
    const connection = openConnection({ url: cluster.superUrl, name: "signoff test" });
    const { sql } = connection;
    for (const role of ["signoff_owner", "signoff"]) {
      const known = await sql`SELECT FROM pg_roles WHERE rolname = ${role}`;
      await sql.unsafe(`${known.length > 0 ? "ALTER" : "CREATE"} ROLE ${role} LOGIN PASSWORD '${password}'`);
    }
    await sql.unsafe("DROP DATABASE IF EXISTS template_signoff WITH (FORCE)");
    await sql.unsafe("CREATE DATABASE template_signoff OWNER signoff_owner");
    await connection.end();
    const ownerUrl = databaseUrl({ superUrl: cluster.superUrl, password }, "signoff_owner", "template_signoff");
    await migrate({ ownerUrl, runtimeRole: "signoff" });
    project.provide("cluster", { superUrl: cluster.superUrl, password });
  } catch (cause) {
    await cluster.stop();
    throw cause;
  }
  return () => cluster.stop();
}

/** The URL of a role in one of the run's databases. */
export function databaseUrl(cluster: TestCluster, role: string, database: string): string {
  const { port } = new URL(cluster.superUrl);
  return `postgres://${role}:${cluster.password}@127.0.0.1:${port}/${database}`;
}
