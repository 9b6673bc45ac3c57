import { eq } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { offers, plans } from "../../src/store/schema.ts";
import { acceptOffer } from "../../src/workflow/decide-offer.ts";
import { memoryGrant, memorySystem } from "../peers/memory-system.ts";
import { type Forgery, forgery } from "./forgery.ts";

let f: Forgery;
afterEach(() => f.test.drop());

describe("rows set back to before an end", () => {
  it("take nothing again from somebody whose case is closed and who was hired again", async () => {
    f = await forgery();
    await f.approve();
    await f.cut();
    for (const { id } of await f.test.database.store.db.select().from(offers))
      await acceptOffer(f.test.w, f.test.request("mia"), id);
    await f.test.database.store.sql`update offers set state = 'void' where state not in ('moved', 'void')`;
    await f.settle();
    for (let days = 0; (await f.state()) !== "closed" && days < 10; days += 1) {
      f.test.clock.now = new Date(f.test.clock.now.getTime() + 86_400_000);
      await f.settle();
    }
    expect(await f.state()).toBe("closed");
    f.git.revoked.splice(0);
    f.git.held.get("1")?.grants.push(memoryGrant("git", "1", { id: "org" }));
    const { sql } = f.test.database.store;
    await sql`update cases set state = 'revoking', closed_at = null`;
    await sql`update steps set state = 'waiting', tries = 0, deadline_at = '2030-01-01', next_at = null, lease = null,
      lease_until = null`;
    await f.settle();
    expect(f.git.revoked).toEqual([]);
    expect(await f.heldEntries()).toContain("grant.held");
  });
});

describe("a line that says that a person said there is no account", () => {
  it("is a gap all the same, where the log holds nobody's word", async () => {
    const wiki = memorySystem("wiki");
    wiki.add("w1", { grants: [{ id: "space" }] });
    f = await forgery([wiki]);
    await f.test.database.store.sql`update reads set said_none = true, state = 'pending', tries = 0, next_at = null,
      lease = null where system = 'wiki' and round = 'first'`;
    f.test.waiting.push({ queue: "take-inventory", payload: { caseId: f.caseId, system: "wiki", round: "first" } });
    await f.settle();
    const rows = await f.test.database.store.db.select().from(plans).where(eq(plans.caseId, f.caseId));
    const newest = rows.toSorted((a, b) => b.revision - a.revision)[0];
    expect(JSON.parse(newest?.body ?? "{}")).toMatchObject({ gaps: [{ system: "wiki", what: "unmatched" }] });
  });
});
