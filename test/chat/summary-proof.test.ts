import { eq, sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cases, plans, posts, steps } from "../../src/store/schema.ts";
import { skipStep } from "../../src/workflow/decide-step.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

// Somebody writes into the rows of a closed case, and has its summary said anew: it says what the log says.

let b: Bench;
let caseId: string;

beforeEach(async () => {
  b = await bench({ alice: { grants: [{ id: "g1", resource: "acme/payments", role: "write" }], work: [] } });
  b.repo.mood.lies = true;
  caseId = await b.open();
  await b.settle();
  await b.press("ann", b.shown(`case:${caseId}`), "Approve");
  await run();
});
afterEach(() => b[Symbol.asyncDispose]());

/** Until the step that the system lies about asks for somebody. */
async function run(): Promise<void> {
  for (let at = 0; at < 8; at++) {
    await sweep(b.t.w);
    await b.settle();
    b.t.clock.now = new Date(b.t.clock.now.getTime() + 600_000);
  }
}

const db = () => b.t.w.store.db;

async function summaryAgain(): Promise<string> {
  await db()
    .update(posts)
    .set({ wanted: sql`${posts.wanted} + 1`, shown: null })
    .where(eq(posts.key, `summary:${caseId}`));
  await b.settle();
  const message = b.shown(`summary:${caseId}`);
  return message ? textOf(message) : "";
}

it("counts as proven only what was read, and keeps an exception whose row is gone", async () => {
  const [step] = await db().select().from(steps);
  if (!step) throw new Error("there is no step");
  expect((await skipStep(b.t.w, b.t.request("bob"), step.id, "kept for now")).kind).toBe("skipped");
  await b.settle();
  expect(await summaryAgain()).toMatch(/What is left[\s\S]*acme\/payments/);
  await db().update(steps).set({ state: "proven", rung: "gone", provenAt: b.t.clock.now });
  const said = await summaryAgain();
  expect(said).toMatch(/Proven gone: 0[\s\S]*held: the log does not vouch for it/);
  expect(said).not.toMatch(/Times/);
  await db().delete(steps);
  expect(await summaryAgain()).toMatch(/What is left[\s\S]*skipped/);
  await db().delete(plans);
  expect(await summaryAgain()).toMatch(/What is left/);
});

it("is not said of a case that only its row calls closed", async () => {
  await db().update(cases).set({ state: "closed", closedAt: b.t.clock.now }).where(eq(cases.id, caseId));
  const audience = { kind: "case-thread", caseId } as const;
  await db()
    .insert(posts)
    .values({ key: `summary:${caseId}`, notice: { kind: "summary", caseId }, audience });
  expect(await summaryAgain()).toBe("");
});
