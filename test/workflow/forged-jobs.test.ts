import { PgBoss } from "pg-boss";
import { afterEach, beforeEach, expect, it } from "vitest";
import { entries } from "../../src/store/schema.ts";
import { createQueues, QUEUES } from "../../src/workflow/queues.ts";
import { startWorkers } from "../../src/workflow/workers.ts";
import { type Forgery, forgery } from "./forgery.ts";

// Somebody inserts jobs into every queue, of a case that waits for its approval and of ones that are not there.

let f: Forgery;
beforeEach(async () => {
  f = await forgery();
});
afterEach(() => f.test.drop());

it("jobs that nobody sent move nothing, and those of an unknown shape leave a line", async () => {
  const boss = new PgBoss({ connectionString: f.test.database.url, migrate: false, createSchema: false });
  boss.on("error", () => {});
  await boss.start();
  try {
    await createQueues(boss);
    const before = (await f.test.database.store.db.select().from(entries)).length;
    const queues = Object.keys(QUEUES);
    for (const queue of queues) {
      for (const caseId of [f.caseId, "OTHER000"])
        for (const round of ["first", "closing", "nonsense"])
          await boss.send(
            queue,
            { caseId, round, system: "git", stepId: caseId, offerId: caseId, key: caseId, personId: "bob" },
            { singletonKey: caseId + round },
          );
      await boss.send(queue, { anything: [1] }, { singletonKey: "odd" });
    }
    const notifier = { notify: () => Promise.resolve(), listDue: () => Promise.resolve([]) };
    const workers = await startWorkers({ ...f.test.w, boss }, boss, notifier);
    const open = async () => {
      const rows = await f.test.database.store.sql`
        select id from pgboss.job where state in ('created', 'active', 'retry')`;
      return rows.length;
    };
    while ((await open()) > 0) await new Promise((done) => setTimeout(done, 200));
    await workers.stop();
    expect(f.git.revoked).toEqual([]);
    expect(await f.state()).toBe("planned");
    expect((await f.test.database.store.db.select().from(entries)).length).toBe(before);
    for (const queue of queues)
      expect(
        f.test.logged.filter((line) => line.includes("unknown shape") && line.includes(`"${queue}"`)),
      ).toHaveLength(1);
  } finally {
    await boss.stop({ graceful: false });
  }
}, 60_000);
