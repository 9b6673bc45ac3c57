import { describe, expect, it } from "vitest";
import type { Form, Message } from "../../src/chat/message.ts";
import { caseMessage } from "../../src/chat/messages/case.ts";
import { PAGE, reviewForm } from "../../src/chat/messages/review.ts";
import { renderMessage } from "../../src/chat/slack/render.ts";
import { renderForm } from "../../src/chat/slack/render-form.ts";
import type { Grant } from "../../src/core/access.ts";
import { labels, textOf } from "../peers/chat.ts";
import { memoryGrant } from "../peers/memory-system.ts";
import { areTooLong, checkMessageBlocks, checkView } from "../sandbox/gate/blocks.ts";
import { caseView, planView, readView, stepView } from "./case-view.ts";

const AT = new Date("2026-11-30T17:00:00.000Z");

/** `number` grants in each of so many systems, some of every kind. */
function many(systems: number, number: number, name = "repository"): Grant[] {
  return Array.from({ length: systems }, (_, system) =>
    Array.from({ length: number }, (_, at) =>
      memoryGrant(`sys-${system}`, "a1", {
        id: `g-${system}-${at}`,
        resource: `${name}-${system}-${at}`,
        privileged: at % 10 === 0,
        outlivesSignOn: at % 3 === 0,
        reversible: at % 7 === 0 ? "never" : "always",
        breaks: at % 20 === 0 ? [`the schedule ${at} of system ${system} stops`] : [],
        ...(at % 2 === 0 ? { lastUsedAt: "2026-11-03T08:00:00Z" } : {}),
      }),
    ),
  ).flat();
}

function viewOf(grants: readonly Grant[], more: Parameters<typeof caseView>[1] = {}) {
  const systems = [...new Set(grants.map(({ system }) => system))];
  const reads = systems.map((system) =>
    readView(system, `System ${system.slice(4)}`, { grants: grants.filter((grant) => grant.system === system) }),
  );
  return caseView(grants, { reads, plans: [planView(reads)], ...more });
}

function planOf(view: ReturnType<typeof viewOf>) {
  const [plan] = view.plans;
  if (!plan) throw new Error("a plan was expected");
  return plan;
}

const introOf = (form: Form): Message => ({ summary: "", parts: form.intro ?? [] });

/** What Slack would refuse about a dialog or a message. */
const faultsOf = {
  form: (form: Form) => checkView(renderForm(form)),
  message(message: Message) {
    const { blocks } = renderMessage(message, "key");
    return [...checkMessageBlocks(blocks), ...(areTooLong(blocks) ? ["too long"] : [])];
  },
};

describe("the review of a plan", () => {
  it.each([
    [5, many(1, 5)],
    [500, many(10, 50)],
    [500, many(1, 500)],
    [120, many(12, 10, "漢字のとても長い名前".repeat(60))],
    [60, many(3, 20, "<&>".repeat(500))],
  ])("shows each of %i grants on one page, whole, and leads from page to page", (number, grants) => {
    const view = viewOf(grants);
    const plan = planOf(view);
    const seen: string[] = [];
    let form = reviewForm(view, plan, 0);
    for (let at = 0; ; at += 1) {
      expect(faultsOf.form(form)).toEqual([]);
      const shown = JSON.stringify(renderForm(form));
      expect(shown).not.toMatch(/and \d+ more/);
      const text = textOf(introOf(form));
      const lines = text.split("\n").filter((line) => line.startsWith("• "));
      expect(lines.length).toBeLessThanOrEqual(PAGE);
      seen.push(...lines);
      if (!labels(introOf(form)).includes("Next page")) break;
      form = reviewForm(view, plan, at + 1);
    }
    expect(seen).toHaveLength(number);
    expect(new Set(seen.map((line) => line.split(" (membership)")[0])).size).toBe(number);
  });

  it("says of each grant what it is, what it outlives, whether it comes back, how privileged it is and when it was used", () => {
    const view = viewOf([
      memoryGrant("sys-1", "a1", {
        id: "g1",
        resource: "payments",
        role: "admin",
        privileged: true,
        outlivesSignOn: true,
        reversible: { untilDays: 30 },
        lastUsedAt: "2026-11-03T08:00:00Z",
        residual: { minutes: 60, what: "an access token" },
        breaks: ["the nightly build stops"],
      }),
      memoryGrant("sys-1", "a1", { id: "g2", resource: "site" }),
    ]);
    const text = textOf(introOf(reviewForm(view, planOf(view), 0)));
    expect(text).toContain("Times below: 3 Nov 2026, Europe/Berlin (UTC+01:00).");
    expect(text).toContain(
      "payments as admin (membership) — then what the account may do. Privileged · outlives sign-on · can be given back for 30 days · last used 09:00:00 · an access token can work on for 1 h · breaks: the nightly build stops",
    );
    expect(text).toContain(
      "Ends with sign-on · can be given back · last use not known · how long an issued credential works on is not known",
    );
  });

  it("goes to a system at once, and to the nearest page when one is asked for that is not there", () => {
    const view = viewOf(many(3, 25));
    const first = introOf(reviewForm(view, planOf(view), -5));
    expect(labels(first)).toEqual(["Next page", "System 1 (25)", "System 2 (25)"]);
    expect(textOf(first)).toContain("System 0: 1 to 10 of 25 grants, 3 privileged, 9 outlive sign-on");
    const last = introOf(reviewForm(view, planOf(view), 99));
    expect(labels(last)).toContain("Previous page");
    expect(textOf(last)).toContain("21 to 25 of 25 grants");
    expect(textOf(last)).toContain("Page 9 of 9, 75 grants in all.");
  });

  it("shows where each step stands once the plan is worked through", () => {
    const grants = many(1, 2);
    const view = viewOf(grants, {
      steps: grants.map((grant) => stepView(grant, { state: "proven", rung: "gone", provenAt: AT })),
    });
    expect(textOf(introOf(reviewForm(view, planOf(view), 0)))).toMatch(/gone, read back 30 Nov 2026, 18:00:00/);
  });
});

describe("the approvers' message of a large plan", () => {
  it("says each of 12 systems in numbers, and what breaks right above the buttons", () => {
    const message = caseMessage(viewOf(many(12, 42)));
    expect(faultsOf.message(message)).toEqual([]);
    const text = textOf(message);
    for (const system of Array.from({ length: 12 }, (_, at) => at))
      expect(text).toContain(
        `System ${system}: 42 grants · 5 privileged · 14 outlive sign-on · 6 final · 3 break something`,
      );
    const at = message.parts.findIndex((part) => part.kind === "actions");
    expect(textOf({ summary: "", parts: message.parts.slice(at - 1, at) })).toMatch(
      /What breaks with it\. 36 without an heir: approved as it is, they break\.\n• repository-0-0 in System 0: the schedule 0 of system 0 stops/,
    );
    expect(labels(message)).toContain("Review each grant");
  });

  it("names what needs somebody while the rest is only counted", () => {
    const grants = many(2, 40);
    const steps = grants.map((grant, at) =>
      at === 3
        ? stepView(grant, { state: "attention", failure: "it is still there", title: "System 0" })
        : stepView(grant, { state: "proven", rung: "gone", provenAt: AT }),
    );
    const view = viewOf(grants, { row: { state: "revoking" }, steps });
    const plan = planOf(view);
    const text = textOf(caseMessage({ ...view, plans: [{ ...plan, state: "approved" }] }));
    expect(text).toContain("System 0: 40 steps: 39 gone, 1 need attention");
    expect(text).toContain("System 1: 40 steps, all gone");
    expect(text).toContain("repository-0-3 in System 0: needs attention: it is still there");
    expect(text).not.toContain("repository-0-4");
    expect(labels(caseMessage({ ...view, plans: [{ ...plan, state: "approved" }] }))).toContain("Show each step");
  });
});
