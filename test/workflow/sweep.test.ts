import { asc } from "drizzle-orm";
import { expect, it } from "vitest";
import { requests } from "../../src/store/schema.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { testWorkflow } from "../peers/workflow.ts";

it("forgets requests of more than a week ago, a bounded number at once, the oldest first", async () => {
  const test = await testWorkflow({});
  const { db } = test.w.store;
  const ago = (days: number) => new Date(test.clock.now.getTime() - days * 24 * 3_600_000);
  const old = Array.from({ length: 700 }, (_, at) => ({ id: `old-${at}`, at: ago(8 + at) }));
  await db.insert(requests).values([{ id: "young", at: ago(6.9) }, { id: "now", at: ago(0) }, ...old]);
  const left = async () => (await db.select().from(requests).orderBy(asc(requests.at))).map(({ id }) => id);
  await sweep(test.w);
  expect(await left()).toHaveLength(202);
  expect((await left())[0]).toBe("old-199");
  await sweep(test.w);
  expect(await left()).toEqual(["young", "now"]);
  await test.drop();
});
