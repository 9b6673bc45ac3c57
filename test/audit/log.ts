import { type Appended, append, type LogKey } from "../../src/audit/append.ts";
import type { NewEntry } from "../../src/audit/entry.ts";
import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import { type Report, type Trust, verifyLog } from "../../src/audit/verify.ts";
import { readLog } from "../../src/store/log.ts";
import type { Store, Tx } from "../../src/store/open.ts";

/** A key of one test. */
export function testKey(origin = "signoff.test/log"): LogKey {
  return { signer: readLogKey(newLogKey(origin).key) };
}

/** An honest entry. Every third has personal data, every second a case and a system. */
export function entryNumber(number: number): NewEntry {
  return {
    at: new Date(Date.UTC(2026, 10, 25, 9, 0, number % 3600)).toISOString(),
    actor: { kind: "person", id: `person-${number % 4}`, via: "slack" },
    action: "grant.revoked",
    outcome: "success",
    target: { kind: "grant", id: `grant-${number}`, ...(number % 2 === 0 ? { system: "github:acme" } : {}) },
    case: number % 2 === 0 ? "case-1" : null,
    detail: { number, hash: "c0ffee" },
    ...(number % 3 === 0 ? { personal: { name: `Alice ${number}`, email: `alice${number}@acme.test` } } : {}),
  };
}

/** Appends `count` honest entries in one transaction. */
export function appendSome(store: Store, log: LogKey, count: number, from = 0): Promise<readonly Appended[]> {
  const entries = Array.from({ length: count }, (_, at) => entryNumber(from + at));
  return store.db.transaction((tx) => append(tx, log, entries));
}

/** Verifies what this transaction sees. */
export function verifyIn(tx: Tx, log: LogKey, trust: Partial<Trust> = {}): Promise<Report> {
  return verifyLog(readLog(tx), { key: log.signer.verifier, ...trust });
}

/** Verifies what is committed. */
export function verifyStore(store: Store, log: LogKey, trust: Partial<Trust> = {}): Promise<Report> {
  return store.db.transaction((tx) => verifyIn(tx, log, trust), { isolationLevel: "repeatable read" });
}

class Undo extends Error {}

/** Runs `work` as somebody who may do anything to the tables, and undoes it all afterwards. */
export async function asIntruder<T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  await store.db
    .transaction(async (tx) => {
      await tx.execute("set local session_replication_role = replica");
      for (const table of ["entries", "personal", "nodes", "notes"]) {
        await tx.execute(`alter table audit.${table} disable trigger user`);
      }
      result = { value: await work(tx) };
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  if (result === undefined) throw new Error("the intruder did nothing");
  return result.value;
}
