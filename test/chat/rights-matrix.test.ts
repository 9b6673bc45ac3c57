import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handle } from "../../src/chat/handle.ts";
import { Asked } from "../../src/chat/intent.ts";
import type { Ask } from "../../src/chat/message.ts";
import { importPeople } from "../../src/people/import-people.ts";
import { plans, steps } from "../../src/store/schema.ts";
import { decidePlan } from "../../src/workflow/decide-plan.ts";
import { openCase } from "../../src/workflow/open-case.ts";
import { type Heard, hear } from "../peers/chat.ts";
import { memorySystem } from "../peers/memory-system.ts";
import { type HttpSlack, startHttpSlack } from "../peers/slack.ts";
import { type TestWorkflow, testWorkflow } from "../peers/workflow.ts";
import { EMPLOYEES, emailOf } from "../sandbox/company.ts";

// Who may do what: role × everything that can be asked × another's and one's own case × a second account, as signed requests
// to Bolt's real endpoint. Each press is one that nobody was shown, so nothing here rests on who sees which button.

/** Who presses: the handle of a Slack account, and what the person behind it may be. */
const WHO = {
  requester: "hana",
  approver: "sam",
  "an approver's second account": "mira",
  auditor: "noor",
  operator: "zoe",
  "approver of restricted cases": "ivo",
  "nobody in particular": "bob",
  "the leaver, an approver, in her own case": "alice",
} as const;
type Who = keyof typeof WHO;

const APPROVERS: readonly Who[] = ["approver", "an approver's second account"];
const READERS: readonly Who[] = [...APPROVERS, "auditor", "requester"];
const NOBODY: readonly Who[] = [];

/** Who may ask for it; `anybody`: it decides and tells nothing of a case. A kind without a row does not compile. */
const MATRIX: Readonly<Record<Ask["kind"], readonly Who[] | "anybody">> = {
  "start-case": [...APPROVERS, "requester"],
  "open-case": [...APPROVERS, "requester"],
  "approve-plan": APPROVERS,
  "reject-plan": APPROVERS,
  "review-plan": READERS,
  "ask-keep": READERS,
  "keep-grants": APPROVERS,
  "ask-breaks": READERS,
  "settle-breaks": APPROVERS,
  "decide-kept": APPROVERS,
  "cancel-case": [...APPROVERS, "requester"],
  "ask-reschedule": [...APPROVERS, "requester"],
  "reschedule-of": [...APPROVERS, "requester"],
  "reschedule-case": [...APPROVERS, "requester"],
  "undo-case": APPROVERS,
  // Finds a closed case, of which there is none, and is undo-case from there.
  "undo-of": NOBODY,
  "retry-read": APPROVERS,
  "ask-account": "anybody",
  "name-account": [...APPROVERS, "requester"],
  "no-account": [...APPROVERS, "requester"],
  "retry-step": APPROVERS,
  "ask-note": "anybody",
  "done-by-hand": APPROVERS,
  "skip-step": APPROVERS,
  // Only the one it is put to, and it is put to none of these.
  "accept-offer": NOBODY,
  "accept-all": NOBODY,
  "decline-offer": NOBODY,
  "ask-pass": "anybody",
  "pass-offer": NOBODY,
  "snooze-offer": NOBODY,
  "return-offer": NOBODY,
  "close-work": NOBODY,
  "attest-secret": NOBODY,
  "note-work": NOBODY,
  "show-work": NOBODY,
  history: [...APPROVERS, "auditor", "approver of restricted cases"],
  "verify-log": [...APPROVERS, "auditor", "operator"],
  "list-cases": [...READERS, "approver of restricted cases"],
  "case-status": [...READERS, "approver of restricted cases"],
  // One person: after the first account stepped out, the second is out as well.
  recuse: ["approver"],
  pause: [...APPROVERS, "operator"],
  resume: [...APPROVERS, "operator"],
  "open-home": "anybody",
  help: "anybody",
};

/** Every kind that the schema of what can be asked has. */
const KINDS = Asked.options.map((option) => option.shape.kind.value);

let slack: HttpSlack;
let test: TestWorkflow;
let asks: Readonly<Record<Ask["kind"], Ask>>;
const answers = new Map<string, { heard: Heard; done: PromiseWithResolvers<void> }>();

beforeAll(async () => {
  slack = await startHttpSlack();
  const repo = memorySystem("repo");
  repo.add("1", { email: emailOf("alice"), grants: [{ id: "g", privileged: true }] });
  test = await testWorkflow({
    systems: [repo],
    roles: {
      requester: ["hana"],
      approver: [emailOf("sam"), "lukasz", "alice"],
      auditor: ["noor"],
      operator: ["zoe"],
      "restricted-approver": ["ivo"],
    },
  });
  await found();
  slack.handle = async (intent) => {
    const answer = answers.get(placeOf(intent.requestId));
    const heard = answer?.heard ?? hear();
    await handle(depsOf(), intent, heard).finally(() => answer?.done.resolve());
  };
  asks = await prepare();
}, 60_000);
afterAll(async () => {
  await slack?.close();
  await test?.drop();
});

describe("through Bolt's endpoint", () => {
  it("has a row for everything that can be asked", () => {
    expect(Object.keys(MATRIX).toSorted()).toEqual(KINDS.toSorted());
  });

  describe.each(KINDS)("%s", (kind) => {
    it.each(Object.keys(WHO) as Who[])("%s", async (who) => {
      const may = MATRIX[kind];
      if (may === "anybody") return;
      expect(await press(WHO[who], asks[kind])).toBe(may.includes(who) ? "taken" : "refused");
    });
  });
});

/** Everybody of the company is a person, and Mira's account is Sam's second one. */
async function found(): Promise<void> {
  const people = EMPLOYEES.filter(({ handle: one }) => one !== "mira").map(({ handle: id }, at) => ({
    line: at + 2,
    id,
    name: id,
    emails: [emailOf(id)],
    chats: id === "sam" ? { slack: [slack.gate.slack.ids["sam"] ?? "", slack.gate.slack.ids["mira"] ?? ""] } : {},
    logins: {},
  }));
  const by = { kind: "operator", user: "test" } as const;
  const imported = await importPeople(test.w, { people, ignored: [], sha256: "0".repeat(64) }, { by, dryRun: false });
  if (imported.kind === "refused") throw new Error(imported.faults.join("\n"));
}

/** A case of Alice that Hana asked for, approved, with its one step waiting; and one ask of each kind about it. */
async function prepare(): Promise<Readonly<Record<Ask["kind"], Ask>>> {
  const account = (id: string) => test.chat(id, { id: slack.gate.slack.ids[id] ?? "", email: emailOf(id) });
  const request = (id: string) => ({ by: account(id), requestId: `prepare-${id}` });
  const opened = await openCase(test.w, request("hana"), account("alice"), {
    when: { kind: "now" },
    kind: "voluntary",
    mode: "orderly",
    announced: false,
    reason: "resignation",
  });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  const { caseId } = opened;
  await test.runJobs();
  const [plan] = await test.w.store.db.select().from(plans);
  const planHash = plan?.hash ?? "";
  for (const who of ["sam", "lukasz"])
    await decidePlan(test.w, request(who), { caseId, planHash, verdict: "approved" });
  await test.runJobs({ until: "revoke-grant" });
  const [step] = await test.w.store.db.select().from(steps);
  const stepId = step?.id ?? "";
  const alice = { kind: "member", id: account("alice").id } as const;
  const carol = { kind: "member", id: account("bob").id } as const;
  const of = { caseId, planHash };
  const offer = { offerId: "none" };
  return {
    "start-case": { kind: "start-case", who: carol },
    "open-case": {
      kind: "open-case",
      leaver: carol.id,
      // Long past, so that whoever may is told so and nobody's case is opened.
      leave: {
        when: { kind: "at", date: "2020-01-01", time: "10:00", zone: "UTC" },
        kind: "voluntary",
        mode: "orderly",
        announced: false,
        reason: "other",
      },
    },
    "approve-plan": { kind: "approve-plan", ...of },
    "reject-plan": { kind: "reject-plan", ...of },
    "review-plan": { kind: "review-plan", ...of },
    "ask-keep": { kind: "ask-keep", ...of, picked: "1" },
    "keep-grants": { kind: "keep-grants", ...of, picked: "1", owner: carol.id, until: "2027-01-01", note: "why" },
    "ask-breaks": { kind: "ask-breaks", caseId },
    "settle-breaks": { kind: "settle-breaks", caseId, choices: [{ key: "none", at: 0, heir: null }] },
    "decide-kept": { kind: "decide-kept", caseId, asked: "none", verdict: "agreed" },
    "cancel-case": { kind: "cancel-case", caseId },
    "ask-reschedule": { kind: "ask-reschedule", caseId },
    "reschedule-of": { kind: "reschedule-of", who: alice },
    "reschedule-case": { kind: "reschedule-case", caseId, when: { kind: "now" } },
    "undo-case": { kind: "undo-case", caseId },
    "undo-of": { kind: "undo-of", who: alice },
    "retry-read": { kind: "retry-read", caseId, system: "repo" },
    "ask-account": { kind: "ask-account", caseId, system: "repo" },
    "name-account": { kind: "name-account", caseId, system: "repo", account: "x", confirmed: false },
    "no-account": { kind: "no-account", caseId, system: "repo" },
    "retry-step": { kind: "retry-step", stepId },
    "ask-note": { kind: "ask-note", stepId, then: "skip-step" },
    "done-by-hand": { kind: "done-by-hand", stepId, note: "done" },
    "skip-step": { kind: "skip-step", stepId, note: "why" },
    "accept-offer": { kind: "accept-offer", ...offer },
    "accept-all": { kind: "accept-all", caseId, system: "repo", container: "none" },
    "decline-offer": { kind: "decline-offer", ...offer, why: "other", note: "why" },
    "ask-pass": { kind: "ask-pass", ...offer },
    "pass-offer": { kind: "pass-offer", ...offer, to: carol.id },
    "snooze-offer": { kind: "snooze-offer", ...offer, how: "day" },
    "return-offer": { kind: "return-offer", ...offer, why: "other", note: "why" },
    "close-work": { kind: "close-work", ...offer },
    "attest-secret": { kind: "attest-secret", ...offer, note: "rotated" },
    "note-work": { kind: "note-work", ...offer, note: "note" },
    "show-work": { kind: "show-work", caseId, page: 0 },
    history: { kind: "history", who: alice },
    "verify-log": { kind: "verify-log" },
    "list-cases": { kind: "list-cases" },
    "case-status": { kind: "case-status", who: alice },
    recuse: { kind: "recuse", caseId },
    pause: { kind: "pause" },
    resume: { kind: "resume" },
    "open-home": { kind: "open-home" },
    help: { kind: "help", command: "/offboard" },
  };
}

let presses = 0;

/** Buttons whose dialog is opened before the core is asked, which needs a trigger of Slack's own. */
const DIALOG_FIRST: readonly Ask["kind"][] = ["review-plan", "ask-breaks"];

/** Presses a button that carries this, signed as Slack signs it. */
async function press(who: string, ask: Ask): Promise<"taken" | "refused"> {
  presses += 1;
  if (DIALOG_FIRST.includes(ask.kind)) return pressInside(who, ask);
  const place = `${presses}.000100`;
  const answer = { heard: hear(), done: Promise.withResolvers<void>() };
  answers.set(place, answer);
  const payload = {
    type: "block_actions",
    user: { id: slack.gate.slack.ids[who] },
    team: { id: "T000000001" },
    trigger_id: place,
    container: { type: "message", message_ts: place },
    actions: [{ type: "button", block_id: "b", action_id: "a", action_ts: place, value: JSON.stringify(ask) }],
  };
  const response = await slack.send(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
  expect(response.status).toBe(200);
  await answer.done.promise;
  return verdictOf(answer.heard);
}

/** The same behind the endpoint, with the account as Slack has it. */
async function pressInside(who: string, ask: Ask): Promise<"taken" | "refused"> {
  const by = await slack.surface.getMember(slack.gate.slack.ids[who] ?? "");
  if (!by) throw new Error(`Slack has no ${who}`);
  const heard = hear();
  await handle(depsOf(), { ...ask, by, requestId: `inside-${presses}` }, heard);
  return verdictOf(heard);
}

function depsOf() {
  return { workflow: test.w, surfaces: new Map([[slack.surface.id, slack.surface]]), log: test.w.log };
}

function verdictOf({ said, asked, faults }: Heard): "taken" | "refused" {
  const words = said.map(({ summary }) => summary).join(" ");
  if (asked.length + faults.length > 0) return "taken";
  expect(words).not.toBe("");
  return /^You cannot do this|does not exist any more|was put to somebody else/.test(words) ? "refused" : "taken";
}

/** The message's time in `slack:press:<ts>:<action ts>:<user>:<action>`. */
function placeOf(requestId: string): string {
  return requestId.split(":")[2] ?? "";
}
