import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AT, FIELDS, keepFieldOf } from "../../../src/chat/forms.ts";
import type { Ask, Form, FormKind, Message } from "../../../src/chat/message.ts";
import type { Reply } from "../../../src/chat/surface.ts";
import { type HttpSlack, startHttpSlack } from "../../peers/slack.ts";
import type { Json } from "../../sandbox/gate/problems.ts";

let slack: HttpSlack;
let hana: string;
let alice: string;
let general: string;

beforeAll(async () => {
  slack = await startHttpSlack();
  hana = slack.gate.slack.ids["hana"] ?? "";
  alice = slack.gate.slack.ids["alice"] ?? "";
  general = slack.gate.slack.channels["general"] ?? "";
});
afterAll(() => slack.close());
afterEach(() => {
  slack.handle = async () => {};
  slack.intents.length = 0;
  slack.gate.faults.twice = false;
  slack.gate.faults.oddTriggerError = false;
  slack.gate.faults.slowness = 0;
  slack.gate.views.close(hana, "all");
});

const command = (text: string, name = "/offboard", userId = hana) =>
  slack.gate.interactions.command({ userId, channel: general, command: name, text });

/** A command as Slack escapes it, signed. */
const sendCommand = (text: string, more: Record<string, string> = {}) =>
  slack.send(
    new URLSearchParams({
      command: "/offboard",
      text,
      user_id: hana,
      channel_id: general,
      trigger_id: String(Math.random()),
      ...more,
    }).toString(),
  );

const intent = () =>
  vi.waitFor(() => slack.intents[0] ?? Promise.reject(new Error("no intent yet")), { timeout: 5000 });

const message = (text: string, ask?: Ask): Message => ({
  summary: text,
  parts: [
    { kind: "text", text: [text] },
    ...(ask ? [{ kind: "actions" as const, buttons: [{ label: "Press", ask }] }] : []),
  ],
});

/** What only this person was shown, newest last. */
let before = 0;
beforeEach(() => {
  before = slack.gate.changes.ephemeralsOf(hana).length;
});
const shownTo = (userId: string) =>
  slack.gate.changes
    .ephemeralsOf(userId)
    .slice(userId === hana ? before : 0)
    .map(({ message }) => message);
const waitShown = (userId: string, text: string): Promise<Json> =>
  vi.waitFor(
    () => {
      const found = shownTo(userId).findLast((one) => JSON.stringify(one).includes(text));
      if (!found) throw new Error(`${text} was not shown`);
      return found;
    },
    { timeout: 8000 },
  );

/** Direct messages of the bot to this person. */
const directMessages = async (userId: string): Promise<string> => {
  const opened = (await slack.gate.slack.call("conversations.open", { users: userId }, "bot")) as Json;
  const channel = (opened["channel"] as Json)["id"];
  return JSON.stringify((await slack.gate.slack.call("conversations.history", { channel }, "bot"))["messages"]);
};

const buttonOf = (shown: Json) => {
  const blocks = shown["blocks"] as { type: string; block_id: string; elements?: { action_id: string }[] }[];
  const block = blocks.findLast((one) => one.type === "actions");
  return { blockId: block?.block_id ?? "", actionId: block?.elements?.[0]?.action_id ?? "" };
};

const pressEphemeral = (shown: Json) =>
  slack.gate.interactions.press({
    userId: hana,
    source: { kind: "ephemeral", ts: String(shown["ts"]) },
    ...buttonOf(shown),
    chosen: {},
    values: {},
  });

const topView = () =>
  vi.waitFor(() => slack.gate.views.top(hana) ?? Promise.reject(new Error("no dialog")), { timeout: 5000 });

/** Opens a dialog by a command and forgets the command. */
async function open(form: Form) {
  slack.handle = (_, reply) => reply.ask(form);
  await command("@alice");
  const view = await topView();
  slack.handle = async () => {};
  slack.intents.length = 0;
  return view;
}

const text = (value: string) => ({ answer: { type: "plain_text_input", value } });
const pick = (value: string) => ({
  answer: { type: "static_select", selected_option: { text: { type: "plain_text", text: value }, value } },
});

const chosen = (value: string) => ({
  answer: { type: "radio_buttons", selected_option: { text: { type: "plain_text", text: value }, value } },
});
const why: Form["fields"][number] = {
  id: "why",
  label: "Why",
  input: "choice",
  look: "radio",
  options: [{ value: "no-time", label: "No time" }],
};

const FORMS: Record<FormKind, { form: Form; values: () => Json; ask: () => Ask }> = {
  "pick-leaver": {
    form: {
      kind: "pick-leaver",
      title: "Who leaves?",
      submit: "Next",
      carried: {},
      fields: [{ id: FIELDS["pick-leaver"].leaver, label: "Person", input: "person" }],
    },
    values: () => ({ leaver: { answer: { type: "users_select", selected_user: alice } } }),
    ask: () => ({ kind: "start-case", who: { kind: "member", id: alice } }),
  },
  "open-case": {
    form: {
      kind: "open-case",
      title: "Offboard Alice",
      submit: "Open case",
      carried: { leaver: "U0ALICE", zone: "Europe/Berlin" },
      fields: [
        {
          id: "when",
          label: "When",
          input: "choice",
          look: "radio",
          options: [
            { value: "now", label: "Now" },
            { value: "at", label: "At" },
          ],
        },
        { id: "date", label: "Date", input: "date", optional: true },
        { id: "time", label: "Time", input: "time", optional: true },
        {
          id: "kind",
          label: "Kind",
          input: "choice",
          look: "menu",
          options: [{ value: "voluntary", label: "Voluntary" }],
        },
        { id: "mode", label: "Mode", input: "choice", look: "menu", options: [{ value: "orderly", label: "Orderly" }] },
        {
          id: "announced",
          label: "Announced",
          input: "check",
          optional: true,
          options: [{ value: "yes", label: "Announced" }],
        },
        { id: "heir", label: "Heir", input: "person", optional: true },
        { id: "reason", label: "Reason", input: "choice", look: "menu", options: [{ value: "resigned", label: "R" }] },
      ],
    },
    values: () => ({
      when: pick(AT),
      date: { answer: { type: "datepicker", selected_date: "2026-12-18" } },
      time: { answer: { type: "timepicker", selected_time: "18:00" } },
      kind: pick("voluntary"),
      mode: pick("orderly"),
      announced: { answer: { type: "checkboxes", selected_options: [{ value: "yes", text: {} }] } },
      heir: { answer: { type: "users_select", selected_user: alice } },
      reason: pick("resigned"),
    }),
    ask: () => ({
      kind: "open-case",
      leaver: "U0ALICE",
      leave: {
        when: { kind: "at", date: "2026-12-18", time: "18:00", zone: "Europe/Berlin" },
        kind: "voluntary",
        mode: "orderly",
        announced: true,
        restricted: false,
        heir: alice,
        reason: "resigned",
      },
    }),
  },
  "approve-gaps": {
    form: {
      kind: "approve-gaps",
      title: "Approve with gaps",
      submit: "Approve",
      carried: { caseId: "c1", planHash: "h1" },
      fields: [{ id: "reason", label: "Why", input: "text", lines: "many" }],
    },
    values: () => ({ reason: text("GitHub is down, & she <must> go") }),
    ask: () => ({ kind: "approve-plan", caseId: "c1", planHash: "h1", gaps: "GitHub is down, & she <must> go" }),
  },
  note: {
    form: {
      kind: "note",
      title: "Done by hand",
      submit: "Record",
      carried: { stepId: "s1", then: "done-by-hand" },
      fields: [{ id: "note", label: "What was done", input: "text", lines: "many" }],
    },
    values: () => ({ note: text("took the badge") }),
    ask: () => ({ kind: "done-by-hand", stepId: "s1", note: "took the badge" }),
  },
  "name-account": {
    form: {
      kind: "name-account",
      title: "Name the account",
      submit: "Look up",
      carried: { caseId: "c1", system: "github:acme" },
      fields: [{ id: "account", label: "Login", input: "text", lines: "one" }],
    },
    values: () => ({ account: text(" alice-dev ") }),
    ask: () => ({
      kind: "name-account",
      caseId: "c1",
      system: "github:acme",
      account: "alice-dev",
      confirmed: false,
    }),
  },
  reschedule: {
    form: {
      kind: "reschedule",
      title: "Reschedule",
      submit: "Reschedule",
      carried: { caseId: "c1", zone: "Europe/Berlin" },
      fields: [
        {
          id: "when",
          label: "When does access end?",
          input: "choice",
          look: "radio",
          options: [
            { value: "at", label: "At the time below" },
            { value: "now", label: "Now" },
          ],
        },
        { id: "date", label: "Date", input: "date" },
        { id: "time", label: "Time", input: "time" },
      ],
    },
    values: () => ({
      when: { answer: { type: "radio_buttons", selected_option: { value: "at" } } },
      date: { answer: { type: "datepicker", selected_date: "2026-12-01" } },
      time: { answer: { type: "timepicker", selected_time: "18:00" } },
    }),
    ask: () => ({
      kind: "reschedule-case",
      caseId: "c1",
      when: { kind: "at", date: "2026-12-01", time: "18:00", zone: "Europe/Berlin" },
    }),
  },
  "pass-offer": {
    form: {
      kind: "pass-offer",
      title: "Suggest someone",
      submit: "Suggest",
      carried: { offerId: "o1" },
      fields: [{ id: "to", label: "Who", input: "person" }],
    },
    values: () => ({ to: { answer: { type: "users_select", selected_user: alice } } }),
    ask: () => ({ kind: "pass-offer", offerId: "o1", to: alice }),
  },
  "decline-offer": {
    form: {
      kind: "decline-offer",
      title: "Decline",
      submit: "Decline",
      carried: { offerId: "o1" },
      fields: [why, { id: "note", label: "A word", input: "text", lines: "many", optional: true }],
    },
    values: () => ({ why: chosen("no-time"), note: { answer: { type: "plain_text_input", value: null } } }),
    ask: () => ({ kind: "decline-offer", offerId: "o1", why: "no-time" }),
  },
  "return-offer": {
    form: {
      kind: "return-offer",
      title: "Give back",
      submit: "Give back",
      carried: { offerId: "o1" },
      fields: [why, { id: "note", label: "A word", input: "text", lines: "many", optional: true }],
    },
    values: () => ({ why: chosen("no-time"), note: text("too much") }),
    ask: () => ({ kind: "return-offer", offerId: "o1", why: "no-time", note: "too much" }),
  },
  "snooze-offer": {
    form: {
      kind: "snooze-offer",
      title: "Later",
      submit: "Later",
      carried: { offerId: "o1" },
      fields: [
        { id: "how", label: "Until", input: "choice", look: "radio", options: [{ value: "day", label: "Tomorrow" }] },
      ],
    },
    values: () => ({ how: chosen("day") }),
    ask: () => ({ kind: "snooze-offer", offerId: "o1", how: "day" }),
  },
  "note-work": {
    form: {
      kind: "note-work",
      title: "A word",
      submit: "Leave it",
      carried: { offerId: "o1" },
      fields: [{ id: "note", label: "What", input: "text", lines: "many" }],
    },
    values: () => ({ note: text("ask Olga") }),
    ask: () => ({ kind: "note-work", offerId: "o1", note: "ask Olga" }),
  },
  "attest-secret": {
    form: {
      kind: "attest-secret",
      title: "Rotated",
      submit: "Rotated",
      carried: { offerId: "o1" },
      fields: [{ id: "note", label: "What", input: "text", lines: "many" }],
    },
    values: () => ({ note: text("new one in the vault") }),
    ask: () => ({ kind: "attest-secret", offerId: "o1", note: "new one in the vault" }),
  },
  // A function below, so that the pages' tests can make more of them.
  get review() {
    return {
      form: reviewOf(0, "3,10"),
      values: () => ({ keep: checked("11") }),
      // 10 stands on this page and is not chosen any more.
      ask: (): Ask => ({ kind: "ask-keep", caseId: "c1", planHash: "h1", picked: "3,11" }),
    };
  },
  "settle-breaks": {
    form: {
      kind: "settle-breaks",
      title: "What breaks",
      submit: "Save",
      carried: { caseId: "c1", keys: "k0,k1,k2" },
      fields: [
        { id: "heir", label: "0", input: "person", optional: true },
        { id: "heir-1", label: "1", input: "person", optional: true },
        { id: "heir-2", label: "2", input: "person", optional: true },
        {
          id: "let",
          label: "Let these break",
          input: "check",
          optional: true,
          options: ["0", "1", "2"].map((value) => ({ value, label: value })),
        },
      ],
    },
    values: () => ({
      heir: { answer: { type: "users_select", selected_user: null } },
      "heir-1": { answer: { type: "users_select", selected_user: alice } },
      let: checked("0"),
    }),
    ask: () => ({
      kind: "settle-breaks",
      caseId: "c1",
      choices: [
        { key: "k0", at: 0, heir: null },
        { key: "k1", at: 1, heir: alice },
      ],
    }),
  },
  "keep-grants": {
    form: {
      kind: "keep-grants",
      title: "Keep access",
      submit: "Ask for it",
      carried: { caseId: "c1", planHash: "h1", picked: "3,11" },
      fields: [
        { id: "owner", label: "Who", input: "person" },
        { id: "until", label: "Until", input: "date" },
        { id: "note", label: "Why", input: "text", lines: "many" },
      ],
    },
    values: () => ({
      owner: { answer: { type: "users_select", selected_user: alice } },
      until: { answer: { type: "datepicker", selected_date: "2027-01-31" } },
      note: text("The pager"),
    }),
    ask: () => ({
      kind: "keep-grants",
      caseId: "c1",
      planHash: "h1",
      picked: "3,11",
      owner: alice,
      until: "2027-01-31",
      note: "The pager",
    }),
  },
};

const REVIEW = { kind: "review-plan", caseId: "c1", planHash: "h1" } as const;

/** A page of a review that shows places 10 and 11. */
function reviewOf(page: number, picked: string): Form {
  return {
    kind: "review",
    title: "Review the plan",
    submit: "Keep what is chosen",
    intro: [{ kind: "actions", buttons: [{ label: "Next page", ask: { ...REVIEW, page: page + 1 } }] }],
    fields: [
      {
        id: keepFieldOf(page),
        label: "Keep",
        input: "check",
        optional: true,
        options: ["10", "11"].map((value) => ({ value, label: `grant ${value}` })),
      },
    ],
    carried: { caseId: "c1", planHash: "h1", page: String(page), picked, here: "10,11" },
  };
}

const checked = (...values: string[]) => ({
  answer: {
    type: "checkboxes",
    selected_options: values.map((value) => ({ text: { type: "plain_text", text: value }, value })),
  },
});

describe("a slash command", () => {
  it("becomes what was asked for, by an account read afresh", async () => {
    await command("@alice 2026-12-01");
    expect(await intent()).toMatchObject({
      kind: "start-case",
      who: { kind: "member", id: alice },
      by: { surface: "slack", id: hana, email: "hana@acme.example", zone: "Europe/Berlin", kind: "member" },
    });
  });

  it("asks for history with a filter", async () => {
    await command("@alice github", "/audit");
    expect(await intent()).toMatchObject({ kind: "history", who: { kind: "member", id: alice }, filter: "github" });
  });

  it("asks for help", async () => {
    await command("help");
    expect(await intent()).toMatchObject({ kind: "help", command: "/offboard" });
  });

  const texts: [string, object][] = [
    ["<@U0AAA|alex> 2026-12-01", { kind: "member", id: "U0AAA" }],
    ["<@W0AAA> 2026-12-01", { kind: "member", id: "W0AAA" }],
    ["<@U0AAA|alex> and again <@U0AAA|alex>", { kind: "member", id: "U0AAA" }],
    ["<@U0AAA|alex><@U0BBB|alex>", { kind: "several", ids: ["U0AAA", "U0BBB"] }],
    ["@alex 2026-12-01", { kind: "unclear", text: "@alex 2026-12-01" }],
    ["alex", { kind: "unclear", text: "alex" }],
    ["A &lt;b&gt; &amp;amp; C", { kind: "unclear", text: "A <b> &amp; C" }],
    ["<!subteam^S01|devs>", { kind: "group", id: "S01" }],
    ["<@U0AAA> <!subteam^S01>", { kind: "group", id: "S01" }],
    ["<!channel>", { kind: "group", id: "channel" }],
    ["<#C01|general>", { kind: "channel", id: "C01" }],
    ["<@U0AAA> from <#C01>", { kind: "channel", id: "C01" }],
    ["Alice@Acme.example", { kind: "email", email: "alice@acme.example" }],
    ["<mailto:alice@acme.example|alice@acme.example>", { kind: "email", email: "alice@acme.example" }],
    ["a@acme.example b@acme.example", { kind: "unclear", text: "a@acme.example b@acme.example" }],
    ["  ", { kind: "nobody" }],
  ];
  for (const [typed, who] of texts) {
    it(`understands ${JSON.stringify(typed)}`, async () => {
      expect((await sendCommand(typed)).status).toBe(200);
      expect(await intent()).toMatchObject({ kind: "start-case", who });
    });
  }

  it("is acknowledged before its work is done", async () => {
    let finish = () => {};
    slack.handle = () => new Promise((resolve) => (finish = resolve));
    const answer = await sendCommand("<@U0AAA>");
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    await intent();
    finish();
  });

  it("keeps its request id when Slack delivers it again, and only then", async () => {
    slack.gate.faults.twice = true;
    await command("@alice");
    await vi.waitFor(() => expect(slack.intents).toHaveLength(2), { timeout: 5000 });
    await sendCommand("<@U0AAA>", { trigger_id: "same" });
    await sendCommand("<@U0AAA>", { trigger_id: "same" });
    await vi.waitFor(() => expect(slack.intents.length).toBe(4), { timeout: 5000 });
    const [first, again, third, fourth] = slack.intents.map((one) => one.requestId);
    expect(again).toBe(first);
    expect(fourth).toBe(third);
    expect(third).not.toBe(first);
  });
});

describe("the endpoint", () => {
  it("refuses a forged signature", async () => {
    const answer = await slack.send("command=%2Foffboard&text=x&user_id=U1&trigger_id=1", { secret: "not the secret" });
    expect(answer.status).toBe(401);
    expect(slack.intents).toEqual([]);
  });

  it("refuses a body changed after it was signed", async () => {
    const good = await slack.send("a=1&b=2");
    expect(good.status).not.toBe(401);
    const signed = "command=%2Foffboard&text=x&user_id=U1&trigger_id=1";
    const at = Math.floor(Date.now() / 1000);
    const { createHmac } = await import("node:crypto");
    const hash = createHmac("sha256", slack.signingSecret).update(`v0:${at}:${signed}`).digest("hex");
    const answer = await fetch(slack.url, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": String(at),
        "x-slack-signature": `v0=${hash}`,
      },
      body: signed.replace("text=x", "text=y"),
    });
    expect(answer.status).toBe(401);
  });

  for (const [name, seconds] of [
    ["old", -600],
    ["of the future", 600],
  ] as const) {
    it(`refuses a timestamp ${name} and names the clock`, async () => {
      const answer = await slack.send("a=1", { at: Math.floor(Date.now() / 1000) + seconds });
      expect(answer.status).toBe(401);
      expect(slack.lines.some((line) => line.message.includes("clock skew"))).toBe(true);
    });
  }

  it("refuses a request without a signature", async () => {
    expect((await fetch(slack.url, { method: "POST", body: "a=1" })).status).toBe(401);
  });

  const payload = (value: unknown) => `payload=${encodeURIComponent(JSON.stringify(value))}`;
  const user = { id: "U1" };
  const button = { type: "button", action_id: "a", action_ts: "1", value: "{}" };
  it.each<[string, string, string?]>([
    ["nothing at all", ""],
    ["an empty payload", payload({})],
    ["a payload that is null", payload(null)],
    ["a payload that is a list", payload([])],
    ["two payloads", `${payload({})}&${payload({})}`],
    ["a button without actions", payload({ type: "block_actions", user, actions: [] })],
    ["a button of nobody", payload({ type: "block_actions", user: null, actions: [button] })],
    ["a dialog without a view", payload({ type: "view_submission", user })],
    ["a dialog without answers", payload({ type: "view_submission", user, view: { id: "V1", callback_id: "note" } })],
    ["a command of nobody", "command=%2Foffboard&text=x&trigger_id=1"],
    ["a command twice", "command=%2Foffboard&command=%2Faudit&text=x&user_id=U1&trigger_id=1"],
    ["a body that is no form", "\0%%%=&&&"],
    ["JSON that is null", "null", "application/json"],
    ["JSON without a type", "{}", "application/json"],
  ])("refuses %s although it is signed, at once and with one line", async (_, body, type) => {
    const line = slack.lines.length;
    expect((await slack.send(body, type === undefined ? {} : { type })).status).toBe(400);
    expect(slack.lines.slice(line).map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn a payload of Slack could not be read",
    ]);
    expect(slack.intents).toEqual([]);
  });

  it.each([
    ["a dialog that was closed", payload({ type: "view_closed", user, team: { id: "T1" } })],
    ["a menu's question", payload({ type: "block_suggestion", action_id: "a", user, team: { id: "T1" } })],
    ["a kind that does not exist yet", payload({ type: "telepathy" })],
  ])("acknowledges %s, which it does not use", async (_, body) => {
    const line = slack.lines.length;
    expect((await slack.send(body)).status).toBe(200);
    expect(slack.lines.slice(line).map(({ level, message }) => `${level} ${message}`)).toEqual([
      "info a payload of Slack is not used",
    ]);
    expect(slack.intents).toEqual([]);
  });

  it("answers Slack's URL verification", async () => {
    const answer = await slack.send(JSON.stringify({ type: "url_verification", challenge: "abc" }), {
      type: "application/json",
    });
    expect(await answer.json()).toEqual({ challenge: "abc" });
  });
});

describe("a private answer", () => {
  it("is shown to who asked, where they asked", async () => {
    slack.handle = (_, reply) => reply.say(message("Only for you"));
    await command("@alice");
    await waitShown(hana, "Only for you");
    expect(JSON.stringify(shownTo(alice))).not.toContain("Only for you");
  });

  it("comes as a direct message when the response URL is used up", async () => {
    slack.handle = async (_, reply) => {
      for (let at = 1; at <= 6; at += 1) await reply.say(message(`Answer number ${at}`));
    };
    await command("@alice");
    await waitShown(hana, "Answer number 5");
    await vi.waitFor(async () => expect(await directMessages(hana)).toContain("Answer number 6"), { timeout: 5000 });
  });

  it("never goes to a response URL outside Slack", async () => {
    slack.handle = (_, reply) => reply.say(message("About a case"));
    await sendCommand("<@U0AAA>", { response_url: "http://127.0.0.1:9/steal" });
    await vi.waitFor(async () => expect(await directMessages(hana)).toContain("About a case"), { timeout: 5000 });
    expect(slack.lines.some((line) => line.message.includes("outside Slack"))).toBe(true);
  });
});

describe("a button", () => {
  const asks: Ask[] = [
    { kind: "approve-plan", caseId: "c1", planHash: "h1" },
    { kind: "reject-plan", caseId: "c1", planHash: "h1" },
    { kind: "cancel-case", caseId: "c1" },
    { kind: "ask-reschedule", caseId: "c1" },
    { kind: "retry-read", caseId: "c1", system: "github:acme" },
    { kind: "ask-account", caseId: "c1", system: "github:acme" },
    { kind: "name-account", caseId: "c1", system: "github:acme", account: "<a>&b", confirmed: true },
    { kind: "no-account", caseId: "c1", system: "github:acme" },
    { kind: "retry-step", stepId: "s1" },
    { kind: "ask-note", stepId: "s1", then: "skip-step" },
    { kind: "accept-offer", offerId: "o1" },
    { kind: "decline-offer", offerId: "o1" },
    { kind: "ask-pass", offerId: "o1" },
    { kind: "accept-all", caseId: "c1", system: "github:acme", container: "acme/<pay>" },
    { kind: "snooze-offer", offerId: "o1" },
    { kind: "return-offer", offerId: "o1" },
    { kind: "close-work", offerId: "o1" },
    { kind: "attest-secret", offerId: "o1" },
    { kind: "show-work", caseId: "c1", page: 3 },
    { kind: "history", who: { kind: "member", id: "U1" }, filter: "x", before: 5 },
    { kind: "start-case", who: { kind: "nobody" } },
  ];
  for (const ask of asks) {
    it(`asks for ${ask.kind} as it was rendered`, async () => {
      slack.handle = (_, reply) => reply.say(message(`Button for ${ask.kind}`, ask));
      await command("@alice");
      const shown = await waitShown(hana, `Button for ${ask.kind}`);
      slack.handle = async () => {};
      slack.intents.length = 0;
      await pressEphemeral(shown);
      const { by, requestId, ...asked } = await intent();
      expect(asked).toEqual(ask);
      expect(by.id).toBe(hana);
      expect(requestId).toContain(hana);
    });
  }

  it("of another version says so and does nothing", async () => {
    slack.handle = (_, reply) => reply.say(message("Old", { kind: "vanished" } as unknown as Ask));
    await command("@alice");
    const shown = await waitShown(hana, "Old");
    slack.intents.length = 0;
    await pressEphemeral(shown);
    await waitShown(hana, "another version");
    expect(slack.intents).toEqual([]);
  });
});

describe("a dialog", () => {
  for (const [kind, { form, values, ask }] of Object.entries(FORMS)) {
    it(`${kind} comes back as what it asks for`, async () => {
      const view = await open(form);
      expect(await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() })).toEqual({
        done: true,
      });
      const { by, requestId, ...asked } = await intent();
      expect(asked).toEqual(ask());
      expect(by.id).toBe(hana);
      expect(requestId).toContain(view.id);
      expect(slack.gate.views.top(hana)).toBeUndefined();
    });
  }

  it("keeps its request id when it is delivered again, and gets another when it was corrected", async () => {
    const { form } = FORMS.note;
    const view = await open(form);
    slack.handle = (_, reply) => reply.reject({ note: "Say more." });
    for (const note of ["a", "a", "b"]) {
      await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: { note: text(note) } });
    }
    const [first, again, corrected] = slack.intents.map((one) => one.requestId);
    expect(again).toBe(first);
    expect(corrected).not.toBe(first);
  });

  it("shows what is missing at its field, without asking the core", async () => {
    const { form, values } = FORMS["open-case"];
    const view = await open(form);
    const { date: _, ...without } = values();
    const answer = await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: without });
    expect(answer).toEqual({ errors: { date: "Choose the date." } });
    expect(slack.intents).toEqual([]);
  });

  it("stays open and shows at the fields what the core rejects; what belongs to no field goes to the first", async () => {
    const { form, values } = FORMS["open-case"];
    const view = await open(form);
    slack.handle = (_, reply) => reply.reject({ date: "This is in the past.", leaver: "Already leaving." });
    const answer = await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(answer).toEqual({ errors: { date: "This is in the past.", when: "Already leaving." } });
    expect(slack.gate.views.top(hana)?.id).toBe(view.id);
  });

  it("turns into the next one", async () => {
    const view = await open(FORMS["pick-leaver"].form);
    slack.handle = (_, reply) => reply.ask(FORMS["open-case"].form);
    const { values } = FORMS["pick-leaver"];
    await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(slack.gate.views.top(hana)?.view["callback_id"]).toBe("open-case");
  });

  it("waits as a notice for a slow core, and comes back with all that was typed when something is wrong", async () => {
    const { form, values } = FORMS["open-case"];
    const view = await open(form);
    let reply: Reply | undefined;
    let finish = () => {};
    slack.handle = (_, given) => {
      reply = given;
      return new Promise((resolve) => (finish = resolve));
    };
    const answer = await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(answer).toEqual({ done: true });
    expect(JSON.stringify(slack.gate.views.top(hana)?.view)).toContain("Still checking");
    await reply?.reject({ date: "This is in the past." });
    finish();
    const back = slack.gate.views.top(hana)?.view;
    expect(back?.["callback_id"]).toBe("open-case");
    const shown = JSON.stringify(back);
    expect(shown).toContain("Date: This is in the past.");
    for (const typed of ["2026-12-18", "18:00", `"initial_user":"${alice}"`, '"initial_option":', '"initial_options":'])
      expect(shown).toContain(typed);
    // What was shown again can be sent again.
    slack.handle = async () => {};
    slack.intents.length = 0;
    await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(await intent()).toMatchObject({ kind: "open-case" });
  });

  it("that was closed before a late answer: the faults come as a direct message with a button", async () => {
    const { form, values } = FORMS["approve-gaps"];
    const view = await open(form);
    let reply: Reply | undefined;
    slack.handle = async (_, given) => {
      reply = given;
      await new Promise((resolve) => setTimeout(resolve, 2300));
      await slack.gate.interactions.closeView({ userId: hana, viewId: view.id });
      await given.reject({ reason: "The plan has changed." });
    };
    await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(reply).toBeDefined();
    await vi.waitFor(
      async () => {
        const said = await directMessages(hana);
        expect(said).toContain("The plan has changed.");
        expect(said).toContain("Open it again");
      },
      { timeout: 5000 },
    );
  });

  for (const odd of [false, true]) {
    it(`opened too late is offered by a fresh button (${odd ? "invalid_arguments" : "expired_trigger_id"})`, async () => {
      slack.gate.faults.oddTriggerError = odd;
      slack.handle = async (_, reply) => {
        await new Promise((resolve) => setTimeout(resolve, 3100));
        await reply.ask(FORMS["open-case"].form);
      };
      await command("@alice");
      const shown = await waitShown(hana, "Open it now");
      expect(slack.gate.views.top(hana)).toBeUndefined();
      slack.handle = (_, reply) => reply.ask(FORMS["open-case"].form);
      slack.intents.length = 0;
      await pressEphemeral(shown);
      await topView();
      expect(slack.intents[0]).toMatchObject({ kind: "start-case", who: { kind: "member", id: "U0ALICE" } });
    });
  }
});

describe("a dialog with pages", () => {
  const ask: Ask = { kind: "review-plan", caseId: "c1", planHash: "h1" };
  const page = (at: number, line = `grant ${at}`): Form => ({
    kind: "review",
    title: "Review the plan",
    intro: [
      { kind: "actions", buttons: [{ label: "Next page", ask: { ...ask, page: at + 1 } }] },
      { kind: "list", items: [[line]] },
    ],
    fields: [],
    carried: { caseId: "c1", planHash: "h1", page: String(at) },
  });
  /** Says something with a button that opens the review. */
  const offered = async () => {
    slack.handle = (_, reply) => reply.say(message("The plan", ask));
    await command("@alice");
    const shown = await waitShown(hana, "The plan");
    slack.intents.length = 0;
    return shown;
  };
  const view = () => JSON.stringify(slack.gate.views.top(hana)?.view ?? "none");

  it("lies open before anything is read, and is filled and turned in its place", async () => {
    const shown = await offered();
    let filled = () => {};
    slack.handle = async (given, reply) => {
      if (given.kind !== "review-plan") return;
      if (given.page === undefined) await new Promise<void>((resolve) => (filled = resolve));
      await reply.ask(page(given.page ?? 0));
    };
    await pressEphemeral(shown);
    await intent();
    expect(view()).toContain("This is being read");
    const id = slack.gate.views.top(hana)?.id ?? "";
    filled();
    await vi.waitFor(() => expect(view()).toContain("grant 0"), { timeout: 5000 });
    for (const at of [1, 2]) {
      await slack.gate.interactions.press({
        userId: hana,
        source: { kind: "view", viewId: id },
        ...buttonOf(slack.gate.views.top(hana)?.view ?? {}),
        chosen: {},
        values: {},
      });
      await vi.waitFor(() => expect(view()).toContain(`grant ${at}`), { timeout: 5000 });
      expect(slack.gate.views.top(hana)?.id).toBe(id);
    }
    expect(new Set(slack.intents.map(({ requestId }) => requestId)).size).toBe(3);
  });

  for (const odd of [false, true]) {
    it(`starts nothing when the trigger is old, and offers a fresh button (${odd ? "invalid_arguments" : "expired_trigger_id"})`, async () => {
      const shown = await offered();
      slack.gate.faults.oddTriggerError = odd;
      slack.gate.faults.slowness = 3100;
      await pressEphemeral(shown);
      const again = await waitShown(hana, "Open it now");
      slack.gate.faults.slowness = 0;
      expect(JSON.stringify(again)).toContain("Nothing was started");
      expect(slack.intents).toEqual([]);
      slack.handle = (_, reply) => reply.ask(page(0));
      await pressEphemeral(again);
      await vi.waitFor(() => expect(view()).toContain("grant 0"), { timeout: 5000 });
    });
  }

  it("takes what was chosen along from page to page, and offers an empty choice as a fault", async () => {
    const shown = await offered();
    slack.handle = async (given, reply) => {
      if (given.kind === "review-plan") await reply.ask(reviewOf(given.page ?? 0, given.picked ?? ""));
    };
    await pressEphemeral(shown);
    await vi.waitFor(() => expect(view()).toContain("grant 10"), { timeout: 5000 });
    const id = slack.gate.views.top(hana)?.id ?? "";
    expect(await slack.gate.interactions.submit({ userId: hana, viewId: id, values: { keep: checked() } })).toEqual({
      errors: { keep: "Choose what is to be kept, or close this." },
    });
    slack.intents.length = 0;
    await slack.gate.interactions.press({
      userId: hana,
      source: { kind: "view", viewId: id },
      ...buttonOf(slack.gate.views.top(hana)?.view ?? {}),
      chosen: {},
      values: { keep: checked("11") },
    });
    expect(await intent()).toMatchObject({ kind: "review-plan", page: 1, picked: "11" });
    await vi.waitFor(() => expect(view()).toContain("keep-1"), { timeout: 5000 });
    expect(JSON.parse(String(slack.gate.views.top(hana)?.view["private_metadata"]))).toMatchObject({ picked: "11" });
  });

  it("says in its place why it cannot be shown", async () => {
    const shown = await offered();
    slack.handle = (_, reply) => reply.say(message("This needs the role approver."));
    await pressEphemeral(shown);
    await waitShown(hana, "This needs the role approver.");
    expect(view()).toContain("This needs the role approver.");
  });

  it("that Slack refuses counts as failed, and says so instead of “one moment”", async () => {
    const shown = await offered();
    slack.handle = (_, reply) => {
      const fields = Array.from({ length: 2 }, () => ({ id: "same", label: "Same", input: "person" }) as const);
      return reply.ask({ ...page(0), submit: "Send", fields });
    };
    await pressEphemeral(shown);
    await waitShown(hana, "Something went wrong");
    expect(view()).toContain("Something went wrong");
    expect(slack.lines.some((line) => line.message === "an interaction failed")).toBe(true);
  });
});

describe("when our side fails", () => {
  it("a command says that nothing was started, with a reference that the log has", async () => {
    slack.handle = () => Promise.reject(new Error("the database is away"));
    await command("@alice");
    const shown = JSON.stringify(await waitShown(hana, "Nothing was started"));
    const reference = /reference: (\w+)/.exec(shown)?.[1];
    expect(slack.lines.some((line) => JSON.stringify(line.fields).includes(String(reference)))).toBe(true);
  });

  it("a dialog keeps what was typed and says so", async () => {
    const { form, values } = FORMS.note;
    const view = await open(form);
    slack.handle = () => Promise.reject(new Error("the database is away"));
    const answer = await slack.gate.interactions.submit({ userId: hana, viewId: view.id, values: values() });
    expect(JSON.stringify(answer)).toMatch(/"errors":{"note":"Something went wrong.*reference/);
  });

  it("asks nobody's rights from an account that cannot be read", async () => {
    await sendCommand("<@U0AAA>", { user_id: "U0NOBODY" });
    await vi.waitFor(
      () => expect(slack.lines.some((line) => line.message === "nor could the person be told")).toBe(true),
      { timeout: 5000 },
    );
    expect(slack.intents).toEqual([]);
  });
});
