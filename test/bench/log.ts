import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { append } from "../../src/audit/append.ts";
import type { NewEntry } from "../../src/audit/entry.ts";
import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { roleOf } from "../../src/store/fault.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { table } from "./figures.ts";

const ALONE = 300;
const BATCH = 500;

/** Entries appended a second, beside plain rows of the same size written in the same transactions. */
export async function main(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "signoff-bench-"));
  const server = await openEmbedded({ folder, log: { info: () => undefined } });
  const store = openStore({ url: server.url });
  try {
    await migrate({ ownerUrl: server.ownerUrl, runtimeRole: roleOf(server.url) });
    const signer = readLogKey(newLogKey("bench.example").key);
    const entries = (count: number) => Array.from({ length: count }, (_, at) => entry(at));
    const alone = await timed(ALONE, async () => {
      await store.db.transaction((tx) => append(tx, { signer }, entries(1)));
    });
    const batched = await timed(10, async () => {
      await store.db.transaction((tx) => append(tx, { signer }, entries(BATCH)));
    });
    const plainAlone = await plain(store, ALONE, 1);
    const plainBatched = await plain(store, 10, BATCH);
    console.log("Entries a second");
    console.log(
      table([
        ["", "signed log", "plain rows", "ratio"],
        rates("one a transaction", alone, plainAlone),
        rates(`${BATCH} a transaction`, batched * BATCH, plainBatched * BATCH),
      ]),
    );
    return true;
  } finally {
    await store.close();
    await server.remove();
  }
}

function rates(name: string, ours: number, theirs: number): readonly string[] {
  return [name, ours.toFixed(0), theirs.toFixed(0), (theirs / ours).toFixed(1)];
}

/** How often a second. */
async function timed(times: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time += 1) await work();
  return (times * 1000) / (performance.now() - start);
}

function plain(store: Store, times: number, rows: number): Promise<number> {
  const body = Buffer.alloc(600, 1);
  return timed(times, () =>
    store.db.transaction(async (tx) => {
      await tx.execute(sql`create temp table if not exists plain (body bytea)`);
      await tx.execute(sql`insert into plain select ${body} from generate_series(1, ${rows})`);
    }),
  );
}

function entry(at: number): NewEntry {
  return {
    at: new Date(at).toISOString(),
    actor: { kind: "signoff", version: "bench", config: "bench" },
    action: "grant.revoked",
    outcome: "success",
    target: { kind: "grant", id: `grant-${at}`, system: "github:acme" },
    case: "BENCH001",
    act: { connector: "github/1", attempt: 1, startedAt: new Date(at).toISOString(), result: "revoked" },
  };
}
