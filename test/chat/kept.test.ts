import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readAnswers } from "../../src/chat/forms.ts";
import { cases, entries, kept } from "../../src/store/schema.ts";
import { sweep } from "../../src/workflow/sweep.ts";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

const UNTIL = "2027-01-31";

/** A case whose plan is shown, and the place of one of its grants. */
async function planned(b: Bench, resource = "acme/site") {
  const caseId = await b.open();
  await b.settle();
  const place = async () => {
    const plan = (await b.view(caseId)).plans.find(({ state }) => state === "proposed");
    return String(plan?.plan.steps.find(({ grant }) => grant.resource === resource)?.position);
  };
  const card = () => b.shown(`case:${caseId}`);
  /** Chooses it in the review, and fills the dialog that asks for owner, day and reason. */
  const askToKeep = async (
    who: string,
    { owner = "Umia", until = UNTIL, keep = undefined as string[] | undefined } = {},
  ) => {
    const [review] = (await b.press(who, card(), "Review each grant")).asked;
    if (!review) throw new Error("the review was expected");
    const chosen = readAnswers("review", review.carried, { keep: keep ?? [await place()] });
    if (chosen.kind !== "ask") throw new Error(JSON.stringify(chosen));
    const [form] = (await b.ask(who, chosen.ask)).asked;
    if (!form) throw new Error("the dialog was expected");
    const read = readAnswers("keep-grants", form.carried, { owner, until, note: "The pager needs it" });
    if (read.kind !== "ask") throw new Error(JSON.stringify(read));
    const heard = await b.ask(who, read.ask);
    await b.settle();
    return heard;
  };
  return { caseId, card, askToKeep };
}

const actionsOf = async (b: Bench, caseId: string) =>
  (await b.t.w.store.db.select().from(entries).where(eq(entries.caseId, caseId))).map(({ action }) => action);

const closureOf = async (b: Bench) => {
  const [closed] = await b.t.w.store.db.select().from(entries).where(eq(entries.action, "case.closed"));
  const body = JSON.parse(new TextDecoder().decode(closed?.body)) as unknown;
  return z
    .looseObject({
      outcome: z.string(),
      closure: z.object({ exceptions: z.array(z.object({ what: z.string(), owner: z.string() })) }),
    })
    .parse(body);
};

describe("a grant that is kept", () => {
  it("needs a second person, makes approvals of the plan before count for nothing, and is an exception with an owner", async () => {
    await using b = await bench();
    const { caseId, card, askToKeep } = await planned(b);
    expect(textOf((await b.press("bob", card(), "Approve")).said[0])).toMatch(/needs 1 more/);
    await b.settle();
    expect(textOf((await askToKeep("ann")).said[0])).toMatch(/Asked: 1 grant\. A second person has to agree/);
    expect(textOf(card())).toMatch(
      /Asked to be kept[\s\S]*acme\/site in Code, until 2027-01-31T11:00:00\.000Z Europe\/Berlin, owner Mia, asked by Ann: The pager needs it/,
    );
    const before = card();
    expect(textOf((await b.press("ann", card(), "Keep 1 grant")).said[0])).toMatch(/Somebody else has to agree/);
    for (const who of ["hr", "olga", "alice"])
      expect(textOf((await b.press(who, card(), "Keep 1 grant")).said[0])).not.toMatch(/You agreed/);
    expect(textOf((await b.press("bob", card(), "Keep 1 grant")).said[0])).toMatch(/You agreed to keep 1 grant/);
    await b.settle();

    expect(textOf(card())).toMatch(/Plan 2: 1 grant\n/);
    expect(textOf(card())).toMatch(
      /Kept by exception\n• acme\/site in Code, until .*, owner Mia, asked by Ann, agreed by Bob/,
    );
    expect(textOf(card())).toContain("2 approvers needed, 0 of 2 so far");
    expect(textOf((await b.press("ann", before, "Approve")).said[0])).toMatch(/changed|replaced|newer/i);
    for (const who of ["ann", "bob"]) {
      await b.press(who, card(), "Approve");
      await b.settle();
    }
    expect(b.repo.held.get("a1")?.grants.map(({ id }) => id)).toEqual(["g2"]);
    for (const offer of (await b.view(caseId)).offers)
      await b.ask(offer.toId ?? "", { kind: "accept-offer", offerId: offer.id });
    await b.settle();

    expect((await b.view(caseId)).case.state).toBe("closed");
    const said = textOf(b.shown(`summary:${caseId}`));
    expect(said).toMatch(/Kept by exception\n• acme\/site in Code, until .*owner Mia/);
    expect(b.shown(`summary:${caseId}`)?.summary).toMatch(/with exceptions/);
    const closure = await closureOf(b);
    expect(closure.outcome).toBe("failure");
    expect(closure.closure.exceptions).toEqual([
      { what: expect.stringContaining("kept until 2027-01-31T11:00"), owner: "mia" },
    ]);
    expect(textOf(b.chat.dm("Umia").at(-1)?.message)).toMatch(/You own the risk of access that Alice keeps/);
  });

  it("is called out on its day, again after that, and not any more once a read shows it gone", async () => {
    await using b = await bench({ alice: { work: [] } });
    const { caseId, card, askToKeep } = await planned(b);
    await askToKeep("ann");
    await b.press("bob", card(), "Keep 1 grant");
    await b.settle();
    for (const who of ["ann", "bob"]) {
      await b.press(who, card(), "Approve");
      await b.settle();
    }
    expect((await b.view(caseId)).case.state).toBe("closed");
    const at = async (instant: string) => {
      b.t.clock.now = new Date(instant);
      await sweep(b.t.w);
      await b.settle();
    };
    await at("2027-01-30T11:00:00Z");
    expect(await actionsOf(b, caseId)).not.toContain("exception.expired");

    await at("2027-01-31T11:00:01Z");
    expect((await actionsOf(b, caseId)).filter((action) => action.startsWith("exception."))).toEqual([
      "exception.asked",
      "exception.agreed",
      "exception.lookStarted",
      "exception.expired",
    ]);
    expect(textOf(b.shown(`kept:${caseId}:1`))).toMatch(/Alice still has access that was kept, and its day is over/);
    expect(textOf(b.chat.dm("Umia").at(-1)?.message)).toMatch(/acme\/site in Code/);
    await at("2027-02-01T11:00:00Z");
    expect(b.shown(`kept:${caseId}:2`)).toBeUndefined();
    b.repo.mood.down = true;
    await at("2027-02-08T12:00:00Z");
    expect(textOf(b.shown(`kept:${caseId}:2`))).toMatch(/could not be read/);

    b.repo.mood.down = false;
    const held = b.repo.held.get("a1");
    if (held) held.grants = [];
    await at("2027-02-16T12:00:00Z");
    expect(textOf(b.shown(`kept:${caseId}:3`))).toMatch(/Read back gone\n• acme\/site/);
    expect((await actionsOf(b, caseId)).filter((action) => action === "exception.ended")).toHaveLength(1);
    await at("2027-03-16T12:00:00Z");
    expect(b.shown(`kept:${caseId}:4`)).toBeUndefined();
  });

  it("takes along what comes with it, and does not stay while what it comes through is taken", async () => {
    const grants = [
      { id: "g1", resource: "team" },
      { id: "g2", resource: "repo by team", via: "g1" },
      { id: "g3", resource: "other" },
    ];
    await using b = await bench({ alice: { grants, work: [] } });
    const { caseId, card, askToKeep } = await planned(b, "team");
    const place = async (resource: string) =>
      String((await b.view(caseId)).plans[0]?.plan.steps.find(({ grant }) => grant.resource === resource)?.position);
    const refused = await askToKeep("ann", { keep: [await place("repo by team")] });
    expect(refused.faults).toEqual([{ note: "repo by team ends with team: that one has to be kept as well." }]);
    expect(textOf((await askToKeep("ann")).said[0])).toMatch(/Asked: 2 grants, 1 of them since they come with/);
    await b.press("bob", card(), "Keep 2 grants");
    await b.settle();
    const [plan] = (await b.view(caseId)).plans;
    expect(plan?.plan.steps.map(({ grant }) => grant.id)).toEqual(["g3"]);
    expect(plan?.plan.kept?.map(({ grant }) => grant.id)).toEqual(["g1", "g2"]);
  });

  it("has an owner who stays and a day that is to come", async () => {
    await using b = await bench();
    b.chat.add({ id: "Unew", name: "New", email: "new@acme.test" });
    const { askToKeep } = await planned(b);
    expect((await askToKeep("ann", { owner: "Ualice" })).faults).toEqual([{ owner: "This person is leaving." }]);
    expect((await askToKeep("ann", { owner: "Unew" })).faults).toEqual([
      { owner: "The directory does not know this account." },
    ]);
    expect((await askToKeep("ann", { owner: "Unone" })).faults).toEqual([
      { owner: "This account does not exist here." },
    ]);
    expect((await askToKeep("ann", { until: "2026-11-01" })).faults[0]?.["until"]).toMatch(/past/);
    expect((await askToKeep("ann", { until: "2029-11-01" })).faults[0]?.["until"]).toMatch(/days ahead/);
  });

  it("is refused by one, whoever asked; then the plan takes it, and what was shown before decides nothing", async () => {
    await using b = await bench();
    const { card, askToKeep } = await planned(b);
    await askToKeep("ann");
    const before = card();
    expect(textOf((await b.press("ann", card(), "Do not keep")).said[0])).toMatch(/You refused/);
    await b.settle();
    expect(labels(card())).not.toContain("Keep 1 grant");
    expect(textOf((await b.press("bob", before, "Keep 1 grant")).said[0])).toMatch(/changed since this was shown/);
    await askToKeep("bob");
    expect(textOf((await b.press("ann", before, "Keep 1 grant")).said[0])).toMatch(/changed since this was shown/);
  });

  it("is not kept by a row that somebody wrote", async () => {
    await using b = await bench();
    const { caseId, card, askToKeep } = await planned(b);
    await askToKeep("ann");
    // One person asked in the log; the agreement is made up.
    await b.t.w.store.db.update(kept).set({ state: "agreed", agreedBy: "bob", agreedSeq: 1 });
    await b.t.w.store.db.update(cases).set({ round: "first" }).where(eq(cases.id, caseId));
    b.t.waiting.push({ queue: "propose-plan", payload: { caseId } });
    await b.settle();
    expect(textOf(card())).toMatch(/Plan 1: 2 grants/);
    expect(b.t.logged.join()).toMatch(/a grant that the log does not keep is not kept/);
  });
});
