import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WorkItem } from "../../src/core/access.ts";
import { offers } from "../../src/store/schema.ts";
import { acceptOffer } from "../../src/workflow/decide-offer.ts";
import { handOver } from "../../src/workflow/hand-over.ts";
import type { MemorySystem } from "../peers/memory-system.ts";
import type { TestWorkflow } from "../peers/workflow.ts";
import { type Forgery, forgery } from "./forgery.ts";

// Somebody gives work away, or takes a stranger's, by writing into an offer.

let f: Forgery;
let test: TestWorkflow;
let git: MemorySystem;
let caseId: string;

beforeEach(async () => {
  f = await forgery();
  ({ test, git, caseId } = f);
});
afterEach(() => test.drop());
const approve = () => f.approve();
const heldEntries = () => f.heldEntries();

describe("an acceptance", () => {
  it("that only a row says moves no work", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    await test.database.store.db
      .update(offers)
      .set({ state: "accepted", toId: "bob", acceptedSeq: 3 })
      .where(eq(offers.id, offer?.id ?? ""));
    await handOver(test.w, { offerId: offer?.id ?? "" });
    expect(git.held.get("1")?.work).toHaveLength(1);
    expect(await heldEntries()).toEqual(["offer.held"]);
  });

  it("by somebody whom only a row asks is refused, and they are put nothing", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await test.database.store.db.update(offers).set({ toId: "bob" }).where(eq(offers.id, offer.id));
    expect(await acceptOffer(test.w, test.request("bob"), offer.id)).toMatchObject({ kind: "forbidden" });
    expect(git.held.get("1")?.work).toHaveLength(1);
  });

  it("whose item was changed to a stranger's moves nothing", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await acceptOffer(test.w, test.request("mia"), offer.id);
    git.held.get("2")?.work.push({ ...(offer.item as WorkItem), account: "2", id: "bobs-work" });
    await test.database.store.db
      .update(offers)
      .set({ item: { ...(offer.item as WorkItem), account: "2", id: "bobs-work" } })
      .where(eq(offers.id, offer.id));
    await handOver(test.w, { offerId: offer.id });
    expect(await heldEntries()).toEqual(["offer.held"]);
  });

  it("moves its work once, also when the row is set back", async () => {
    await approve();
    const [offer] = await test.database.store.db.select().from(offers).where(eq(offers.caseId, caseId));
    if (!offer) throw new Error("no offer");
    await acceptOffer(test.w, test.request("mia"), offer.id);
    await handOver(test.w, { offerId: offer.id });
    const [moved] = await test.database.store.db.select().from(offers).where(eq(offers.id, offer.id));
    expect(moved?.state).toBe("moved");
    await test.database.store.db.update(offers).set({ state: "accepted" }).where(eq(offers.id, offer.id));
    await handOver(test.w, { offerId: offer.id });
    expect(await heldEntries()).toEqual(["offer.held"]);
  });
});
