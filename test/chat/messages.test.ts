import { describe, expect, it } from "vitest";
import { FIELDS, readAnswers } from "../../src/chat/forms.ts";
import type { Form } from "../../src/chat/message.ts";
import { additionMessage } from "../../src/chat/messages/addition.ts";
import { openedMessage } from "../../src/chat/messages/answers.ts";
import { breaksForm } from "../../src/chat/messages/breaks.ts";
import { caseMessage } from "../../src/chat/messages/case.ts";
import * as dialogs from "../../src/chat/messages/dialogs.ts";
import { duration } from "../../src/chat/messages/duration.ts";
import { percentile } from "../../src/chat/messages/exposure.ts";
import { historyMessage } from "../../src/chat/messages/history.ts";
import { keepForm } from "../../src/chat/messages/kept.ts";
import { lookedAgainMessage } from "../../src/chat/messages/looked-again.ts";
import { mirrorMessage } from "../../src/chat/messages/mirror.ts";
import { missedMessage } from "../../src/chat/messages/missed.ts";
import * as offerDialogs from "../../src/chat/messages/offer-dialogs.ts";
import { rescheduleForm } from "../../src/chat/messages/reschedule.ts";
import { reviewForm } from "../../src/chat/messages/review.ts";
import { manualMessage, stepMessage } from "../../src/chat/messages/step.ts";
import { inFull, stepWords } from "../../src/chat/messages/step-words.ts";
import { summaryMessage } from "../../src/chat/messages/summary.ts";
import { unclaimedMessage, workMessage } from "../../src/chat/messages/work.ts";
import { renderMessage } from "../../src/chat/slack/render.ts";
import { grantKey } from "../../src/core/access.ts";
import { CASE_STATES } from "../../src/core/case.ts";
import { OFFER_STATES, type OfferState, SECRET } from "../../src/core/offer.ts";
import { STEP_STATES } from "../../src/core/step.ts";
import { safeText } from "../../src/core/text.ts";
import type { OfferView } from "../../src/store/views.ts";
import { labels, textOf } from "../peers/chat.ts";
import { memoryGrant, memoryWork } from "../peers/memory-system.ts";
import { caseView, offerView, planView, readView, stepView } from "./case-view.ts";

const AT = new Date("2026-11-30T17:00:00.000Z");
const later = (ms: number) => new Date(AT.getTime() + ms);
const grant = (id: string, more = {}) => memoryGrant("repo", "a1", { id, ...more });

describe("the approvers' message", () => {
  it("names who, when in her zone, and every grant by system with its marks as words", () => {
    const text = textOf(
      caseMessage(
        caseView([
          grant("acme/payments", { role: "admin", privileged: true, outlivesSignOn: true, reversible: "never" }),
          grant("acme/site", { reversible: { untilDays: 90 }, breaks: ["the nightly build stops"] }),
        ]),
      ),
    );
    expect(text).toContain("Access ends: 2026-11-30T17:00:00.000Z Europe/Berlin");
    expect(text).toMatch(/acme\/payments as admin \(membership\) · privileged · outlives sign-on · final$/m);
    expect(text).toMatch(/acme\/site \(membership\) · can be given back for 90 days$/m);
    expect(text).toContain(
      "What breaks with it. 1 without an heir: approved as it is, it breaks.\n• acme/site in Code: the nightly build stops\n[Approve]",
    );
    expect(text).toMatch(/Requested by: Hr/);
    expect(text).toMatch(/2 approvers needed, 0 of 2 so far: 1 privileged/);
  });

  it("names the secrets to rotate at the grant that lets them be known, a few of many", () => {
    const text = textOf(
      caseMessage(
        caseView([
          grant("acme/payments", { secrets: ["DEPLOY of acme/payments"] }),
          grant("acme/site", { secrets: ["A", "B", "C", "D", "E"] }),
        ]),
      ),
    );
    expect(text).toMatch(/acme\/payments .*\. To rotate: DEPLOY of acme\/payments$/m);
    expect(text).toMatch(/acme\/site .*\. To rotate: A; B; C; and 2 others$/m);
  });

  it("says once of a system what holds for each of its grants, and on a line what is that line's own", () => {
    const marked = { outlivesSignOn: true, reversible: "always" } as const;
    const text = textOf(
      caseMessage(caseView([grant("g1", marked), grant("g2", { ...marked, privileged: true }), grant("g3", marked)])),
    );
    expect(text).toContain("Code: 3 grants · all outlive sign-on — then what the account may do\n");
    expect(text).toContain("• g1 (membership)\n• g2 (membership) · privileged\n• g3 (membership)\n");
    const mixed = textOf(
      caseMessage(
        caseView([
          grant("g1"),
          grant("g2", { via: "g1" }),
          grant("g3", { outlivesSignOn: true }),
          grant("g4", { stage: "sessions" }),
        ]),
      ),
    );
    expect(mixed).toMatch(/Code: 4 grants\n• g4 .* — first: what is open now is closed\n• g1 .* — then what/);
    expect(mixed).toMatch(/• g2 [^\n]*ends with g1\n• g3 \(membership\) · outlives sign-on\n/);
  });

  it("names days on the lines when they are of several, and the summary line holds no raw time", () => {
    const [one, two] = [grant("g1"), grant("g2")];
    const text = textOf(
      caseMessage(
        caseView([one, two], {
          row: { state: "revoking" },
          plans: [planView([readView("repo", "Code", { grants: [one, two] })], { state: "approved" })],
          steps: [
            stepView(one, { state: "proven", rung: "gone", provenAt: AT }),
            stepView(two, { state: "proven", rung: "gone", provenAt: later(86_400_000) }),
          ],
        }),
      ),
    );
    expect(text).toContain("Times below: Europe/Berlin (UTC+01:00).");
    expect(text).toContain("g2: gone, read back 1 Dec 2026, 18:00:00");
    const opened = openedMessage(
      { kind: "opened", caseId: "CASE0001", dueAt: AT, local: "2026-11-30T18:00", zone: "Europe/Berlin" },
      "Alice",
    );
    expect(opened.summary).toContain("Access ends 30 Nov 2026, 18:00 Europe/Berlin (17:00 UTC).");
  });

  it("names what is missing right above the buttons, and who can be asked about it", () => {
    const reads = [
      readView("repo", "Code", { grants: [grant("g1")] }),
      readView("chat", "Chat", { state: "unmatched" }),
      readView("jira", "Tickets", { state: "failed", failure: "the system did not answer" }),
      readView("hr", "People", { sight: { kind: "partial", blind: ["badges"] } }),
    ];
    const message = caseMessage(caseView([], { reads, plans: [planView(reads)] }));
    const at = message.parts.findIndex((part) => part.kind === "actions");
    expect(textOf({ summary: "", parts: message.parts.slice(at - 1, at) })).toMatch(
      /Missing from the picture[\s\S]*Chat: no account is known there[\s\S]*Tickets: the system did not answer/,
    );
    expect(textOf(message)).toMatch(/What cannot be seen\n• People: badges/);
    expect(labels(message)).toEqual([
      "Approve",
      "Reject",
      "Review each grant",
      "Name account: Chat",
      "Has none: Chat",
      "Retry: Tickets",
      "Reschedule",
      "Cancel the case",
    ]);
  });

  it("shows whose a key may be, and names what nobody is known to own without a step for it", () => {
    const grants = [grant("key", { contested: ["person bob is known for it as well"] }), grant("other")];
    const findings = Array.from({ length: 17 }, (_, at) => `nobody owns key ${at}`);
    const read = readView("repo", "Code", { grants, sight: { kind: "partial", blind: [], findings } });
    const text = textOf(caseMessage(caseView(grants, { reads: [read] })));
    expect(text).toContain("a human decides whose it is: person bob is known for it as well");
    expect(text).toMatch(/Found beside it.*nobody owns key 0/s);
    expect(text).toContain("2 more findings in the evidence");
  });

  it("says what a system showed that answered after the case was closed, and that nothing was taken", () => {
    const look = { caseId: "c", system: "ssh", looks: 2, nextAt: AT, lease: null, unanswered: ["all of host db2"] };
    const found = [{ key: "k", resource: "root on db1" }];
    const part = textOf(lookedAgainMessage(caseView(), "SSH", { ...look, state: "waiting", found }));
    expect(part).toMatch(
      /answered in part[\s\S]*1 grant[\s\S]*Nothing was taken[\s\S]*root on db1[\s\S]*all of host db2/,
    );
    const whole = textOf(
      lookedAgainMessage(caseView(), "SSH", { ...look, unanswered: [], state: "answered", found: [] }),
    );
    expect(whole).toContain("It shows nothing of theirs.");
  });

  it("says that a case was missed, and that nothing was taken", () => {
    const late = caseView(undefined, { row: { missedAt: AT } });
    expect(textOf(caseMessage(late))).toMatch(/Missed.*Nothing was taken/);
    expect(textOf(missedMessage(late))).toMatch(/not approved[\s\S]*all still there/);
  });

  it("offers only what the state allows, in every state", () => {
    const seen = Object.fromEntries(
      CASE_STATES.map((state) => {
        const plans = state === "planned" ? undefined : [planView([], { state: "approved" })];
        return [state, labels(caseMessage(caseView(undefined, { row: { state }, ...(plans ? { plans } : {}) })))];
      }),
    );
    expect(seen).toEqual({
      opened: ["Reschedule", "Cancel the case"],
      containing: ["Cancel the case"],
      planned: ["Approve", "Reject", "Review each grant", "Reschedule", "Cancel the case"],
      approved: ["Reschedule", "Cancel the case"],
      rechecking: ["Cancel the case"],
      revoking: [],
      closing: [],
      "handing-over": [],
      closed: [],
      cancelled: [],
      rejected: [],
      held: [],
    });
  });

  it("never says done: a step is gone when it was read back, and a person's word is shown as that", () => {
    const gone = grant("g1");
    const word = grant("g2");
    const view = caseView([gone, word], {
      row: { state: "closed" },
      plans: [planView([readView("repo", "Code", { grants: [gone, word] })], { state: "approved" })],
      steps: [
        stepView(gone, { state: "proven", rung: "gone", provenAt: AT }),
        stepView(word, { state: "attested", attesters: [{ id: "bob", name: "Bob" }] }),
      ],
    });
    const text = textOf(caseMessage(view));
    expect(text).toContain("g1: gone, read back 18:00:00");
    expect(text).toContain("Times below: 30 Nov 2026, Europe/Berlin (UTC+01:00).");
    expect(text).toMatch(/g2: attested by Bob, nothing can read it/);
    expect(text).toContain("2 steps: 1 gone, 1 attested");
    expect(text).not.toMatch(/\bdone\b/i);
  });

  it("counts what is gone where a system has many grants, and names each that is not", () => {
    const grants = Array.from({ length: 7 }, (_, at) => grant(`g${at}`));
    const view = caseView(grants, {
      row: { state: "revoking" },
      plans: [planView([readView("repo", "Code", { grants })], { state: "approved" })],
      steps: grants.map((one, at) =>
        stepView(one, at === 3 ? { state: "attention" } : { state: "proven", rung: "gone", provenAt: AT }),
      ),
    });
    const text = textOf(caseMessage(view));
    expect(text).toMatch(/Code: 7 grants, 6 gone, the last read back 18:00:00\n• g3: needs attention\n/);
    expect(text).not.toContain("g2");
  });

  it("says once what breaks with several grants, and tells apart two of different accounts that read the same", () => {
    const key = (account: string, id: string) =>
      memoryGrant("repo", account, { id, resource: "deploy on web1", breaks: ["scripts with this key stop"] });
    const grants = [key("a1", "k1"), key("a2", "k2"), grant("g3")];
    const text = textOf(caseMessage(caseView(grants)));
    expect(text).toContain("Code: 3 grants — then what the account may do\n");
    expect(text).toContain("\n• 2 grants (deploy on web1) in Code: scripts with this key stop\n");
    expect(text).toMatch(/• deploy on web1 of a1 \(membership\)\n• deploy on web1 of a2 \(membership\)\n/);
  });

  it("names what cannot be seen by system while it is decided on, and only counts it afterwards", () => {
    const blind = { kind: "partial", blind: ["tokens", "forks"] } as const;
    const reads = [readView("repo", "Code", { grants: [grant("g1")], sight: blind })];
    const view = caseView([grant("g1")], { reads });
    expect(textOf(caseMessage(view))).toContain("What cannot be seen\n• Code: tokens; forks\n");
    const cut = { ...view, plans: [planView(reads, { state: "approved" })], steps: [stepView(grant("g1"), {})] };
    expect(textOf(caseMessage(cut))).toContain("What cannot be seen: 2 parts of Code. They were named in the plan");
  });

  it("loses no part of what cannot be seen to a line's end", () => {
    const blind = Array.from({ length: 40 }, (_, at) => `part ${at} of what nobody can see here`);
    const reads = [readView("repo", "Code", { grants: [grant("g1")], sight: { kind: "partial", blind } })];
    const shown = JSON.stringify(renderMessage(caseMessage(caseView([grant("g1")], { reads }))));
    expect(blind.filter((part) => !shown.includes(part))).toEqual([]);
  });

  it("keeps its buttons in Slack however much there is to say", () => {
    const grants = Array.from({ length: 400 }, (_, at) =>
      grant(`acme/repository-${at}-${"x".repeat(80)}`, { breaks: [`build ${at} stops`] }),
    );
    const { blocks } = renderMessage(caseMessage(caseView(grants)));
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(blocks)).toContain('"Approve"');
    expect(JSON.stringify(blocks)).toMatch(/and \d+ more/);
  });

  it("shows text from a system as it was, not as it is stored", () => {
    const stored = safeText("pay\0ments \ud800 \u241b");
    expect(textOf(caseMessage(caseView([grant("g1", { resource: stored })])))).toContain("pay\0ments \ud800 \u241b");
  });
});

describe("the requester's mirror", () => {
  it("has no button to approve, and cancels while nothing is cut", () => {
    expect(labels(mirrorMessage(caseView()))).toEqual(["Reschedule", "Cancel the case"]);
    const plans = [planView([], { state: "approved" })];
    expect(labels(mirrorMessage(caseView(undefined, { row: { state: "revoking" }, plans })))).toEqual([]);
  });
});

describe("a step", () => {
  it("has words in every state, and says what happened, what it means and what to press", () => {
    for (const state of STEP_STATES)
      expect(stepWords(stepView(grant("g1"), { state }), inFull("UTC")).length, state).toBeGreaterThan(0);
    const view = caseView(undefined, { row: { state: "revoking" } });
    const stuck = stepMessage(view, stepView(grant("g1"), { state: "attention", failure: "the system refused: no" }));
    expect(textOf(stuck)).toMatch(/needs attention: the system refused: no[\s\S]*still there[\s\S]*Press Retry/);
    expect(labels(stuck)).toEqual(["Retry", "Done by hand", "Skip"]);
    expect(labels(stepMessage(view, stepView(grant("g1"), { state: "skipped" })))).toEqual([]);
    expect(textOf(stepMessage(view, stepView(grant("g1"), { state: "expired" })))).toMatch(/ended without proof/);
  });

  it("tells the owner of a system worked by hand what to do and nothing of why", () => {
    const view = caseView(undefined, { row: { state: "revoking" } });
    const message = manualMessage(view, stepView(grant("badge"), { state: "by-hand" }));
    expect(labels(message)).toEqual(["Done by hand"]);
    expect(textOf(message)).toContain("badge");
    expect(textOf(message)).not.toMatch(/dismissal|involuntary|offboard/i);
  });
});

describe("work that is put to somebody", () => {
  const at = new Date("2026-12-02T17:00:00.000Z");
  const mia = { id: "mia", now: at };
  const of = (...offers: OfferView[]) => caseView(undefined, { row: { state: "handing-over" }, offers });

  it("says what, where, how old, how large, checks, why you, until when and what happens otherwise, and never why she goes", () => {
    const offer = offerView("Fix pay()");
    const item = {
      ...offer.item,
      createdAt: "2026-11-20T00:00:00Z",
      updatedAt: "2026-12-01T00:00:00Z",
      size: "12 lines added, 3 removed",
      checks: "failing" as const,
    };
    const text = textOf(workMessage(of({ ...offer, item, leaverNote: "ask Olga about rounding" }), mia));
    expect(text).toMatch(/1 piece of work, until now with Alice/);
    expect(text).toMatch(/pull request in Code, acme\/payments · open for 12 days · last activity 1 day ago/);
    expect(text).toMatch(/12 lines added, 3 removed · checks fail/);
    expect(text).toMatch(/Alice wrote: “ask Olga about rounding”/);
    expect(text).toMatch(/Why you: manager\. Answer by .*2026/);
    expect(text).toMatch(/listed under your name/);
    for (const state of OFFER_STATES)
      for (const reader of ["mia", "olga"])
        expect(textOf(workMessage(of(offerView("Fix pay()", { state })), { id: reader, now: at })), state).not.toMatch(
          /dismissal|involuntary|offboard|leav|depart/i,
        );
  });

  it("has the buttons that its state allows, and only for who is asked", () => {
    const buttons = (state: OfferState, more: Partial<OfferView> = {}) =>
      labels(workMessage(of(offerView("x", { state, closes: true, movesOn: true, ...more })), mia));
    expect(buttons("offered")).toEqual(["Accept", "Decline", "Suggest someone", "Later", "Nobody needs it"]);
    expect(buttons("accepted")).toEqual(["Give back", "Nobody needs it"]);
    expect(buttons("moved")).toEqual(["Give back", "Nobody needs it"]);
    expect(buttons("moved", { movesOn: false, closes: false })).toEqual([]);
    expect(buttons("closed")).toEqual([]);
    expect(labels(workMessage(of(offerView("x")), { id: "olga", now: at }))).toEqual([]);
    const secret = { ...offerView("KEY").item, kind: SECRET };
    expect(buttons("rotating", { item: secret })).toEqual(["It is rotated", "Give back"]);
  });

  it("says why it could not be moved, and that a fresh read shows it moved", () => {
    const failed = offerView("x", { state: "failed", failure: "the system refused: no access" });
    expect(textOf(workMessage(of(failed), mia))).toMatch(/could not be moved.*no access/);
    expect(textOf(workMessage(of(offerView("x", { state: "moved" })), mia))).toMatch(/fresh read of Code/);
  });

  it("comes in pages within what a message may hold, however much it is, and takes a whole place at once", () => {
    const offers = Array.from({ length: 180 }, (_, index) =>
      offerView(`${"A long title of a pull request that says much ".repeat(2)}${index}`, {
        id: `offer-${index}`,
        item: {
          ...offerView("x").item,
          title: `${"Ein langer Titel ".repeat(10)}${String(index).padStart(3, "0")}`,
          facts: ["f".repeat(150), "g".repeat(150), "h".repeat(150)],
        },
      }),
    );
    const view = of(...offers);
    const seen = new Set<string>();
    for (let page = 0; page < 23; page += 1) {
      const message = workMessage(view, mia, page);
      const { blocks } = renderMessage(message, "k");
      const asked = blocks.flatMap((block) => (block.type === "actions" ? block.elements : []));
      for (const element of asked)
        if ("value" in element && element.value?.includes("accept-offer")) seen.add(element.value);
      expect(JSON.stringify(blocks)).not.toMatch(/do not fit/);
    }
    expect(seen.size).toBe(180);
    expect(labels(workMessage(view, mia))).toContain("Accept all 180 in acme/payments");
    expect(labels(workMessage(view, mia))).toContain("Show 8 more of 172");
    expect(labels(workMessage(view, mia, 22))).not.toContain("Show 8 more of 172");
  });

  it("goes by name to the manager when nobody took it, who can still take or close it", () => {
    const left = of(offerView("Fix pay()", { state: "unclaimed", toId: "olga", closes: true }), offerView("other"));
    expect(textOf(unclaimedMessage(left, mia))).toMatch(/1 piece of Alice’s work needs an owner/);
    expect(textOf(unclaimedMessage(left, mia))).toContain("Fix pay()");
    expect(textOf(unclaimedMessage(left, mia))).not.toContain("other");
    expect(labels(unclaimedMessage(left, mia))).toEqual(["Accept", "Nobody needs it"]);
  });
});

describe("what appeared since the approval", () => {
  it("is shown as taken along by policy, or put to approval with buttons", () => {
    const view = caseView(undefined, { row: { state: "revoking" } });
    const along = planView([readView("repo", "Code", { grants: [grant("late")] })], {
      scope: "addition",
      state: "approved",
    });
    expect(textOf(additionMessage(view, along))).toMatch(/late/);
    expect(textOf(additionMessage(view, along))).toMatch(/Taken along by policy/);
    expect(labels(additionMessage(view, along))).toEqual([]);
    const asked = { ...along, state: "proposed" } as const;
    expect(labels(additionMessage(view, asked))).toEqual(["Approve", "Reject", "Review each grant"]);
    const rejected = { ...along, state: "rejected" } as const;
    expect(textOf(additionMessage(view, rejected))).toMatch(/It stays/);
  });
});

describe("the summary", () => {
  const log = {
    origin: "signoff.test/log",
    size: 42,
    root: "cm9vdA==",
    fingerprint: "SHA256:abc",
    note: "signoff.test\n5\nroot\n\n— signoff.test sig\n",
  };

  it("counts proofs apart from words, says the times from the due instant, and what is left", () => {
    const grants = ["a", "b", "c", "d"].map((id) => grant(id, { secrets: [`secret-${id}`] }));
    const [a, b, c, d] = grants as [(typeof grants)[0], (typeof grants)[0], (typeof grants)[0], (typeof grants)[0]];
    const view = caseView(grants, {
      row: { state: "closed" },
      reads: [readView("repo", "Code", { sight: { kind: "partial", blind: ["personal tokens"] } })],
      offers: [
        offerView("Fix pay()", { state: "moved" }),
        offerView("Tidy up", { id: "o2", state: "unclaimed", to: undefined }),
        offerView("", { id: "o3", item: { ...memoryWork("repo", "a1", "s1", "secret-a"), kind: SECRET } }),
      ],
      steps: [
        stepView(a, { state: "proven", provenAt: later(10_000) }),
        stepView(b, { state: "proven", provenAt: later(200_000) }),
        stepView(c, { state: "attested", attesters: [{ id: "bob", name: "Bob" }] }),
        stepView(d, { state: "skipped", by: { id: "ann", name: "Ann" }, note: "still on call" }),
      ],
    });
    const text = textOf(summaryMessage(view, log));
    expect(text).toMatch(/Proven gone: 2\nAttested by a person: 1\nSkipped: 1\nWithout proof: 0/);
    expect(text).toMatch(/first proof after 10 s, last after 3 min 20 s/);
    expect(text).toMatch(/What is left\n• d in Code: skipped by Ann: still on call/);
    expect(text).toMatch(/nobody could see\n• Code: personal tokens/i);
    expect(text).toMatch(/Fix pay\(\): moved to Mia[\s\S]*Tidy up: taken by nobody/);
    expect(text).toContain("secret-a (Code)");
    expect(text).toMatch(/Entries: 42\nRoot: cm9vdA==\nKey: SHA256:abc/);
    expect(text).not.toContain("Nothing is left");
  });

  it("says each system's exposure, the worst first, the systems' own times, and who rejected or approved what is left", () => {
    const one = memoryGrant("repo", "a1", { id: "one" });
    const two = memoryGrant("db", "a1", { id: "two" });
    const reads = [
      readView("repo", "Code", { grants: [one] }),
      readView("db", "Database", { grants: [two] }),
      readView("chat", "Chat", { state: "unmatched" }),
    ];
    const decision = { personId: "ann", at: AT, seq: 1, by: { id: "ann", name: "Ann" } } as const;
    const approved = planView(reads, {
      state: "approved",
      decisions: [{ ...decision, verdict: "approved", note: "she never had one" }],
    });
    const rejected = planView(reads, {
      revision: 2,
      scope: "addition",
      state: "rejected",
      decisions: [{ ...decision, verdict: "rejected", note: null }],
    });
    const view = caseView([], {
      row: { state: "closed", cutAt: later(5000) },
      reads,
      plans: [rejected, approved],
      steps: [
        stepView(one, { state: "proven", provenAt: later(10_000) }),
        stepView(two, { state: "proven", provenAt: later(90_000), title: "Database" }),
      ],
    });
    const text = textOf(summaryMessage(view, log, [], new Map([[grantKey(two), later(80_000)]])));
    expect(text).toContain("The cut itself began 5 s after that.");
    expect(text).toContain("By the systems’ own clocks, for 1 of 2: first end after 1 min 20 s");
    expect(text).toMatch(/Exposure, .*; the worst is Database\n• Database: 1 min 30 s, 1 grant\n• Code: 10 s, 1 grant/);
    expect(text).toContain("one in repo: rejected by Ann");
    expect(text).toContain("Approved without seeing it\n• Chat, no account is known there — Ann: she never had one");
  });

  it("counts what was moved of much work by person, and names each piece that was not", () => {
    const offers = Array.from({ length: 40 }, (_, at) =>
      offerView(`Piece ${at}`, {
        id: `o${at}`,
        ...(at === 7 ? { state: "unclaimed", to: undefined } : { state: "moved" }),
      }),
    );
    const text = textOf(summaryMessage(caseView([], { row: { state: "closed" }, offers }), log));
    expect(text).toContain(
      "Handover: 40 pieces of work, 1 not handed over\n• Piece 7: taken by nobody\n• 39 pieces moved to Mia",
    );
  });

  it("does not claim that nothing is left of what nobody could read", () => {
    const g = grant("a");
    const view = caseView([g], { row: { state: "closed" }, steps: [stepView(g, { state: "attested" })] });
    expect(textOf(summaryMessage(view, log))).toMatch(
      /Nothing is left of what could be read. One rests on a person’s word/,
    );
    const unread = caseView([g], { row: { state: "closed" }, reads: [readView("repo", "Code", { state: "failed" })] });
    expect(textOf(summaryMessage(unread, undefined))).toMatch(/What is left\n• Code: not read in the end/);
  });

  it("takes percentiles by nearest rank, and says durations in two units", () => {
    expect(percentile([], 0.95)).toBeUndefined();
    expect(percentile([7], 0.95)).toBe(7);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, at) => at + 1),
        0.95,
      ),
    ).toBe(95);
    expect([400, 59_400, 60_000, 3_600_000, 12_000_000, 200_000_000].map(duration)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "1 h",
      "3 h 20 min",
      "2 days 7 h",
    ]);
  });
});

describe("history", () => {
  it("marks an entry that is not as it was signed", () => {
    const page = {
      kind: "page",
      person: { id: "alice", name: "Alice" },
      lines: [{ seq: 7, broken: "its bytes are not an entry" }],
      before: undefined,
      filter: undefined,
      checkpoint: undefined,
    } as const;
    expect(textOf(historyMessage(page, { kind: "nobody" }, "UTC"))).toMatch(/7 is not as it was signed: its bytes/);
  });

  it("names the case once if every line is of it, and on each line if not", () => {
    const line = (seq: number, caseId: string | null) => ({
      seq,
      at: AT,
      action: "case.opened",
      outcome: "success" as const,
      actor: { kind: "person" as const, id: "hr", name: "Hr" },
      system: undefined,
      caseId,
      what: "",
      detail: undefined,
      note: undefined,
    });
    const shown = (...lines: (ReturnType<typeof line> | { seq: number; broken: string })[]) =>
      textOf(
        historyMessage(
          {
            kind: "page",
            person: { id: "alice", name: "Alice" },
            lines,
            before: undefined,
            filter: undefined,
            checkpoint: undefined,
          },
          { kind: "nobody" },
          "UTC",
        ),
      );
    const alike = shown(line(2, "CASE0001"), line(1, "CASE0001"));
    expect(alike).toContain("Every line is of case CASE0001.\nTimes below: 30 Nov 2026, UTC.");
    expect(alike).toContain("2 17:00:00 Case opened, by Hr\n");
    for (const other of [line(1, "CASE0002"), line(1, null), { seq: 1, broken: "its bytes" }]) {
      expect(shown(line(2, "CASE0001"), other)).toMatch(/^(?![\s\S]*Every line)[\s\S]*by Hr case CASE0001/);
    }
    expect(shown(line(1, null))).not.toContain("case null");
  });
});

describe("dialogs", () => {
  const leaver = {
    memberId: "U1",
    name: "A",
    email: "a@b.c",
    personId: "p",
    zone: "UTC",
    tomorrow: "2026-12-01",
    restrictable: true,
    said: { kind: "nothing", notes: [] },
  } as const;
  const forms: Form[] = [
    dialogs.pickLeaverForm("why"),
    dialogs.openCaseForm(leaver),
    rescheduleForm(
      { kind: "ready", caseId: "c", dueAt: new Date("2026-11-30T17:00:00Z"), zone: "Europe/Berlin" },
      { kind: "nothing", notes: [] },
      14,
    ),
    dialogs.approveGapsForm({ caseId: "c", planHash: "h" }, []),
    dialogs.noteForm("s", "skip-step"),
    dialogs.nameAccountForm("c", "repo", "Code"),
    offerDialogs.passOfferForm("o"),
    offerDialogs.declineOfferForm("o"),
    offerDialogs.snoozeOfferForm("o"),
    offerDialogs.returnOfferForm("o"),
    offerDialogs.attestSecretForm("o"),
    offerDialogs.noteWorkForm("o"),
    breaksForm(caseView([grant("g1", { breaks: ["the build stops"] })])) ?? offerDialogs.passOfferForm("none"),
    keepForm({ caseId: "c", planHash: "h", picked: "0" }, []),
    reviewForm(caseView(), planView([readView("repo", "Code", { grants: [grant("g1")] })]), 0),
  ];

  const answers = {
    leaver: "U2",
    when: "at",
    date: "2026-12-01",
    time: "18:00",
    kind: "voluntary",
    mode: "orderly",
    reason: "other",
    note: "note",
    account: "login",
    to: "U3",
    heir: "U5",
    let: [],
    keep: ["0"],
    owner: "U4",
    until: "2027-01-31",
    why: "no-time",
    how: "day",
  };

  it.each(forms.map((form) => [form.kind, form] as const))(
    "%s has the fields that are read, and all it takes",
    (kind, form) => {
      expect(form.fields.map(({ id }) => id).sort()).toEqual(Object.values(FIELDS[kind]).sort());
      expect(readAnswers(kind, form.carried, answers).kind).toBe("ask");
      for (const key of Object.keys(form.carried))
        expect(readAnswers(kind, { ...form.carried, [key]: undefined } as never, answers).kind, key).toBe("faults");
      // Slack cuts a longer title.
      expect(form.title.length).toBeLessThanOrEqual(24);
    },
  );

  it("are one for each kind", () => {
    expect(forms.map(({ kind }) => kind).sort()).toEqual(Object.keys(FIELDS).sort());
  });
});
