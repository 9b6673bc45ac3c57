import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { cases, entries } from "../../src/store/schema.ts";
import { wantDigest } from "../../src/workflow/daily.ts";
import { labels, textOf } from "../peers/chat.ts";
import { type Bench, bench } from "./bench.ts";

// Ann and Bob approve; Mia, Olga and Ann decide restricted cases.
const ROLES = { "restricted-approver": ["mia", "olga", "ann"] };

function everywhere(b: Bench, channel: string): string {
  return b.chat.posts.flatMap((post) => (post.channel === channel ? [textOf(post.message)] : [])).join("\n");
}

it("keeps a restricted case to its own channel and approvers: others neither see nor decide it", async () => {
  await using b = await bench({
    roles: { ...ROLES, "restricted-approver": ["mia", "olga"], restricted: ["alice@acme.test"] },
  });
  // Nothing was said in the dialog: the configuration names her.
  const caseId = await b.open();
  await b.settle();
  expect(everywhere(b, "C2")).toContain("Alice");
  for (const place of ["C1", "D-Uann", "D-Ubob"]) expect(everywhere(b, place)).toBe("");
  const plan = b.shown(`case:${caseId}`);
  expect(labels(plan)).toContain("Approve");
  // Every way in which an approver of other cases could look or act.
  expect((await b.press("ann", plan, "Approve")).said[0]?.summary).toContain("This needs the role restricted-approver");
  expect((await b.press("ann", plan, "Cancel the case")).said[0]?.summary).toContain("You cannot do this");
  expect((await b.ask("bob", { kind: "list-cases" })).said[0]?.summary).toContain("no open case that you may see");
  const alice = { kind: "member", id: "Ualice" } as const;
  expect((await b.ask("bob", { kind: "case-status", who: alice })).said[0]?.summary).toContain("no open case");
  expect(textOf((await b.ask("bob", { kind: "history", who: alice })).said[0])).not.toMatch(/case\.opened|repo|plan/);
  expect((await b.ask("bob", { kind: "start-case", who: alice })).said[0]?.summary).toContain(
    "those who decide restricted",
  );
  expect(await wantDigest(b.t.w, { at: "08:00", zone: "UTC" })).toBe(true);
  await b.settle();
  expect(everywhere(b, "C1")).not.toContain("Alice");
  for (const place of ["D-Umia", "D-Uolga"]) expect(everywhere(b, place)).toContain("Alice");
  // Who decides it, who asked, and the auditor see it.
  expect((await b.ask("mia", { kind: "list-cases" })).said[0]?.summary).toBe("1 open case");
  expect((await b.ask("hr", { kind: "list-cases" })).said[0]?.summary).toBe("1 open case");
  expect((await b.ask("audrey", { kind: "list-cases" })).said[0]?.summary).toBe("1 open case");
  for (const who of ["mia", "olga"]) await b.press(who, b.shown(`case:${caseId}`), "Approve");
  await b.settle();
  expect(b.repo.revoked.toSorted()).toEqual(["g1", "g2"]);
});

it("is chosen in the dialog as well, and goes to each directly where its channel holds the leaver, who is told of it", async () => {
  await using b = await bench({ roles: { ...ROLES, "restricted-approver": ["mia", "olga"] } });
  b.chat.channels.set("C2", { private: true, members: ["Umia", "Ualice"] });
  const caseId = await b.open({ restricted: true });
  await b.settle();
  expect(everywhere(b, "C2")).toBe("");
  expect(everywhere(b, "D-Ualice")).toBe("");
  for (const place of ["D-Umia", "D-Uolga"]) expect(everywhere(b, place)).toContain("the person it is about reads it");
  expect((await b.view(caseId)).case.restricted).toBe(true);
});

it("lets who is too close step out: they neither see nor decide it, and the last one cannot", async () => {
  await using b = await bench({ roles: ROLES });
  b.chat.channels.set("C2", { private: true, members: ["Umia", "Uolga", "Uann"] });
  const caseId = await b.open({ restricted: true });
  expect((await b.ask("bob", { kind: "recuse", caseId })).said[0]?.summary).toContain("You cannot do this");
  expect((await b.ask("mia", { kind: "recuse", caseId })).said[0]?.summary).toContain("You stepped out");
  await b.settle();
  // Mia is still in the channel, so nothing is said there.
  expect(everywhere(b, "C2")).toBe("");
  expect(everywhere(b, "D-Uolga")).toContain("somebody who stepped out of the case reads it");
  expect(everywhere(b, "D-Umia")).toBe("");
  const mine = b.chat.dm("Uolga")[0]?.message;
  expect((await b.press("mia", mine, "Approve")).said[0]?.summary).toContain("You stepped out of this case");
  expect((await b.ask("mia", { kind: "list-cases" })).said[0]?.summary).toContain("no open case that you may see");
  expect((await b.ask("olga", { kind: "recuse", caseId })).said[0]?.summary).toContain("You stepped out");
  expect((await b.ask("ann", { kind: "recuse", caseId })).said[0]?.summary).toContain("Nobody else could approve");
});

it("opens nothing that nobody could decide, and shows nobody a case whose row was made public", async () => {
  await using none = await bench();
  const heard = await none.ask("hr", {
    kind: "open-case",
    leaver: "Ualice",
    leave: {
      when: { kind: "now" },
      kind: "voluntary",
      mode: "orderly",
      announced: false,
      restricted: true,
      reason: "other",
    },
  });
  expect(heard.said[0]?.summary).toContain("nobody is named who may decide restricted cases");
  await using b = await bench({ roles: ROLES });
  const caseId = await b.open({ restricted: true });
  await b.t.w.store.db.update(cases).set({ restricted: false }).where(eq(cases.id, caseId));
  expect((await b.ask("bob", { kind: "list-cases" })).said[0]?.summary).toContain("no open case that you may see");
  const told = await b.t.w.store.db.select().from(entries).where(eq(entries.action, "plan.decided"));
  expect(told).toEqual([]);
});
