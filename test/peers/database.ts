import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import { type LogVerifier, verifierKeyText } from "../../src/audit/key.ts";
import { openConnection } from "../../src/store/connection.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { databaseUrl } from "./global.ts";

/** A database of one test: migrated, empty, with the two roles. */
export interface TestDatabase {
  /** The runtime role. */
  readonly url: string;
  readonly ownerUrl: string;
  readonly superUrl: string;
  /** The app's own, but that a test may write outside of a transaction too. */
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
  const store = thatWrites(openStore({ url }), openStore({ url: `${url}?default_transaction_read_only=off`, max: 2 }));
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

/** Sends plain SQL and writes outside of transactions to another store. */
function thatWrites(store: Store, other: Store): Store {
  const { insert, update, delete: remove } = other.db;
  const db = other.db;
  Object.assign(store.db, { insert: insert.bind(db), update: update.bind(db), delete: remove.bind(db) });
  const close = store.close.bind(store);
  return Object.assign(store, {
    sql: other.sql,
    async close() {
      await Promise.all([close(), other.close()]);
    },
  });
}

/** One statement as the role of a URL, on a connection of its own. */
export async function runAs(url: string, statement: string, values: string[] = []): Promise<Record<string, unknown>[]> {
  const connection = openConnection({ url, name: "signoff test" });
  try {
    return [...(await connection.sql.unsafe(statement, values))];
  } finally {
    await connection.end();
  }
}
