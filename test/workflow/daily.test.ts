import { eq, like } from "drizzle-orm";
import { expect, it } from "vitest";
import { entries, posts } from "../../src/store/schema.ts";
import { startDaily, wantDigest } from "../../src/workflow/daily.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";

const BERLIN = { at: "09:00", zone: "Europe/Berlin" };

async function bench(now: string): Promise<TestWorkflow & AsyncDisposable> {
  const t = await testWorkflow({
    systems: [],
    roles: { requester: [], approver: ["ann"], auditor: [] },
    people: [{ id: "ann" }],
  });
  t.clock.now = new Date(now);
  return { ...t, [Symbol.asyncDispose]: () => t.drop() };
}

async function digests(t: TestWorkflow): Promise<string[]> {
  const rows = await t.w.store.db.select({ key: posts.key }).from(posts).where(like(posts.key, "digest:%"));
  return rows.map(({ key }) => key).toSorted();
}

it("asks once a day, however many replicas ask at once and however often", async () => {
  await using t = await bench("2026-11-25T08:00:30Z");
  const before = await t.w.store.db.$count(entries);
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => wantDigest(t.w, BERLIN)));
  expect(asked.filter((one) => one.status === "fulfilled" && one.value)).toHaveLength(1);
  expect(await wantDigest(t.w, BERLIN)).toBe(false);
  expect(await digests(t)).toEqual(["digest:2026-11-25"]);
  const [row] = await t.w.store.db.select().from(posts).where(eq(posts.key, "digest:2026-11-25"));
  expect(row?.wanted).toBe(1);
  t.clock.now = new Date("2026-11-26T08:00:30Z");
  expect(await wantDigest(t.w, BERLIN)).toBe(true);
  expect(await digests(t)).toEqual(["digest:2026-11-25", "digest:2026-11-26"]);
  // A message is no act on anybody's access.
  expect(await t.w.store.db.$count(entries)).toBe(before);
});

it.each([
  ["a minute before its time", "2026-11-25T07:59:00Z", false],
  ["at its time", "2026-11-25T08:00:00Z", true],
  ["after a start hours later", "2026-11-25T13:00:00Z", true],
  ["in the evening, when the next morning is soon enough", "2026-11-25T19:00:00Z", false],
])("%s", async (_, now, asks) => {
  await using t = await bench(now);
  expect(await wantDigest(t.w, BERLIN)).toBe(asks);
});

it("keeps the digest of a day whose clocks skip its time, and sends one on a day on which it comes twice", async () => {
  const at = { at: "02:30", zone: "Europe/Berlin" };
  await using spring = await bench("2026-03-29T01:00:00Z");
  // 02:30 does not exist: at 03:00 in summer time it is not due yet, at 03:30 it is.
  expect(await wantDigest(spring.w, at)).toBe(false);
  spring.clock.now = new Date("2026-03-29T01:30:00Z");
  expect(await wantDigest(spring.w, at)).toBe(true);
  await using autumn = await bench("2026-10-25T00:30:00Z");
  await wantDigest(autumn.w, at);
  autumn.clock.now = new Date("2026-10-25T01:30:00Z");
  await wantDigest(autumn.w, at);
  expect(await digests(autumn)).toEqual(["digest:2026-10-25"]);
});

it("looks at once when it starts, so that a morning without a process is made up for", async () => {
  await using t = await bench("2026-11-25T08:20:00Z");
  const stop = await startDaily(t.w, BERLIN);
  await stop();
  expect(await digests(t)).toEqual(["digest:2026-11-25"]);
});
