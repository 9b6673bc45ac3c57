import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { append } from "../../src/audit/append.ts";
import { canonicalBytes } from "../../src/audit/canonical.ts";
import { hashLeaf } from "../../src/audit/merkle.ts";
import { proveEntry } from "../../src/audit/prove.ts";
import { openStore, type Store, type Tx } from "../../src/store/open.ts";
import { entries } from "../../src/store/schema.ts";
import { freshDatabase, type TestDatabase } from "../peers/database.ts";
import { appendSome, asIntruder, entryNumber, testKey } from "./log.ts";

let database: TestDatabase;
let intruder: Store;
const log = testKey();
const key = log.signer.verifier;

beforeAll(async () => {
  database = await freshDatabase();
  intruder = openStore({ url: database.superUrl });
  await appendSome(database.store, log, 100);
});
afterAll(async () => {
  await intruder?.close();
  await database?.drop();
});

const codeOf = (tx: Tx, seq: number) =>
  proveEntry(tx, key, seq).then(
    () => "proven",
    (error: unknown) => (error instanceof Error && error.name === "Unproven" && "code" in error ? error.code : error),
  );

describe("proving an entry", () => {
  it("gives each entry of the log", async () => {
    await database.store.db.transaction(async (tx) => {
      for (const seq of [0, 1, 31, 32, 63, 64, 98, 99]) {
        expect(await proveEntry(tx, key, seq)).toMatchObject({ seq, target: { id: `grant-${seq}` } });
      }
    });
  });

  it("works as the runtime role, for an entry of the same transaction", async () => {
    await database.store.db
      .transaction(async (tx) => {
        const [written] = await append(tx, log, [entryNumber(100)]);
        expect(await proveEntry(tx, key, 100)).toEqual(written?.entry);
        throw new Error("undo");
      })
      .catch((error: Error) => expect(error.message).toBe("undo"));
  });

  it.each([100, -1, 0.5, Number.NaN, 2 ** 53])("knows no entry %s", async (seq) => {
    expect(await database.store.db.transaction((tx) => codeOf(tx, seq))).toBe("no-entry");
  });

  it("believes no other key", async () => {
    const other = testKey().signer.verifier;
    await expect(database.store.db.transaction((tx) => proveEntry(tx, other, 1))).rejects.toMatchObject({
      code: "bad-note",
    });
  });

  it("reads the signed bytes only: columns that somebody changed say nothing", async () => {
    await asIntruder(intruder, async (tx) => {
      await tx.execute(
        "update audit.entries set action = 'plan.approved', target_id = 'x', outcome = 'x' where seq = 7",
      );
      expect(await proveEntry(tx, key, 7)).toMatchObject({ action: "grant.revoked", target: { id: "grant-7" } });
    });
  });

  it.each([
    ["changed bytes", "update audit.entries set body = body || '\\x20' where seq = 7", "not-included"],
    [
      "bytes of another entry",
      "update audit.entries set body = (select body from audit.entries where seq = 8) where seq = 7",
      "not-included",
    ],
    [
      "a neighbour's changed hash",
      "update audit.entries set leaf_hash = sha256(leaf_hash) where seq = 6",
      "not-included",
    ],
    [
      "a changed subtree",
      "update audit.nodes set hash = sha256(hash) where level = 5 and position = 1",
      "not-included",
    ],
    ["a missing subtree", "delete from audit.nodes where level = 5 and position = 1", "not-included"],
    ["a missing entry", "delete from audit.entries where seq = 7", "no-entry"],
    [
      "a note that nobody signed",
      "insert into audit.notes select 101, root, replace(note, e'\\n100\\n', e'\\n101\\n') from audit.notes where size = 100",
      "bad-note",
    ],
    [
      "an older note put last",
      "insert into audit.notes select 101, root, note from audit.notes where size = 5",
      "no-entry",
    ],
    ["no notes", "delete from audit.notes", "bad-note"],
  ])("does not prove an entry after %s", async (_, change, code) => {
    await asIntruder(intruder, async (tx) => {
      await tx.execute(change);
      expect(await codeOf(tx, 7)).toBe(code);
    });
  });

  it("does not prove an approval that somebody wrote into the table, whole with hashes", async () => {
    await asIntruder(intruder, async (tx) => {
      const { personal: _, ...rest } = entryNumber(1);
      const body = canonicalBytes({ ...rest, v: 1, seq: 100, personal: null, action: "plan.approved" });
      await tx.insert(entries).values({
        seq: 100,
        body,
        leafHash: hashLeaf(body),
        at: rest.at,
        action: "plan.approved",
        outcome: "success",
        actorId: "person-1",
        targetKind: "plan",
        targetId: "x",
      });
      expect(await codeOf(tx, 100)).toBe("no-entry");
    });
  });
});
