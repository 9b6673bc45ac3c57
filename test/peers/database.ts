import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { type LogVerifier, verifierKeyText } from "../../src/audit/key.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { databaseUrl } from "./global.ts";

/** A database of one test: migrated, empty, with the two roles. */
export interface TestDatabase {
  /** The runtime role. */
  readonly url: string;
  readonly ownerUrl: string;
  readonly superUrl: string;
  readonly store: Store;
  /** Closes the store and removes the database, whoever is still connected. Once: a second time does nothing. */
  drop(): Promise<void>;
  /**
   * Closes the store and, where SIGNOFF_TEST_KEEP_LOGS names a folder, leaves the database and a note of how to verify
   * its log (.ci/run does); otherwise the same as `drop`.
   */
  keepLog(key: LogVerifier): Promise<void>;
}

/** A new migrated database in the run's cluster, in some 50 ms: a copy of the template made in global.ts. */
export async function freshDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const cluster = inject("cluster");
  const name = `test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const template = options.migrated === false ? "template1" : "template_signoff";
  await runAs(cluster.superUrl, `create database ${name} template ${template} owner signoff_owner`);
  const superUrl = new URL(cluster.superUrl);
  superUrl.pathname = name;
  const url = databaseUrl(cluster, "signoff", name);
  const store = openStore({ url });
  let over = false;
  const drop = async () => {
    if (over) return;
    over = true;
    await store.close();
    await runAs(cluster.superUrl, `drop database ${name} with (force)`);
  };
  return {
    url,
    ownerUrl: databaseUrl(cluster, "signoff_owner", name),
    superUrl: superUrl.href,
    store,
    drop,
    async keepLog(key) {
      const folder = process.env["SIGNOFF_TEST_KEEP_LOGS"];
      if (!folder || over) return drop();
      over = true;
      await store.close();
      await writeFile(join(folder, `${name}.env`), `DATABASE_URL='${url}'\nVERIFIER='${verifierKeyText(key)}'\n`);
    },
  };
}

/** One statement as the role of a URL, on a connection of its own. */
export async function runAs(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end();
  }
}
