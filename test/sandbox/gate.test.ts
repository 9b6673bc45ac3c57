import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { APPROVERS_CHANNEL, SIGNOFF_BOT } from "./company.ts";
import { Manifest } from "./gate/manifest.ts";
import type { Json } from "./gate/problems.ts";
import { type Gate, startGate } from "./gate.ts";
import { type SlackService, startSlack } from "./services/slack.ts";

const MANIFEST = Manifest.parse({
  features: { slash_commands: [{ command: "/offboard", description: "Start", should_escape: true }] },
  oauth_config: {
    scopes: {
      bot: [
        "chat:write",
        "groups:read",
        "groups:history",
        "channels:read",
        "im:write",
        "users:read",
        "users:read.email",
      ],
    },
  },
});

let slack: SlackService;
let gate: Gate;
let now = Date.now();
const channel = () => slack.channels[APPROVERS_CHANNEL] ?? "";
const id = (handle: string) => slack.ids[handle] ?? "";

beforeAll(async () => {
  slack = await startSlack();
  gate = await startGate({
    slack,
    manifest: MANIFEST,
    signingSecret: "s",
    appUrl: () => "http://127.0.0.1:9/",
    now: () => now,
  });
});
afterAll(async () => {
  await gate?.close();
  await slack?.close();
});
beforeEach(() => {
  now = Date.now();
});

async function call(method: string, body: Json, token: string | null = slack.botToken): Promise<Json> {
  const answer = await fetch(`${gate.apiUrl}${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Json;
}

const text = (type: "plain_text" | "mrkdwn", length: number) => ({ type, text: "x".repeat(length) });
const section = (length = 5) => ({ type: "section", text: text("mrkdwn", length) });
const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
const button = (more: object = {}) => ({ type: "button", action_id: "a", text: text("plain_text", 3), ...more });
const option = (at: number, more: object = {}) => ({ text: text("plain_text", 3), value: String(at), ...more });
const select = (more: object = {}) => ({ type: "static_select", action_id: "s", options: [option(1)], ...more });
const input = (element: object, more: object = {}) => {
  return { type: "input", block_id: "i", label: text("plain_text", 3), element, ...more };
};

describe("credentials", () => {
  it("refuses a call without a token, with a wrong one, and of a method that Slack does not have", async () => {
    expect(await call("auth.test", {}, null)).toMatchObject({ ok: false, error: "not_authed" });
    expect(await call("auth.test", {}, "xoxb-wrong")).toMatchObject({ ok: false, error: "invalid_auth" });
    expect(await call("auth.testt", {})).toMatchObject({
      ok: false,
      error: "unknown_method",
      req_method: "auth.testt",
    });
  });

  it("knows the app by its token and says which scopes it has", async () => {
    const answer = await fetch(`${gate.apiUrl}auth.test`, {
      method: "POST",
      headers: { authorization: `Bearer ${slack.botToken}` },
    });
    expect(await answer.json()).toMatchObject({ ok: true, user_id: SIGNOFF_BOT.userId, bot_id: SIGNOFF_BOT.botId });
    expect(answer.headers.get("x-oauth-scopes")).toBe(MANIFEST.oauth_config.scopes.bot.join(","));
  });

  it("names the scope that is missing, by the kind of the conversation", async () => {
    expect(await call("reactions.add", { channel: channel(), name: "x", timestamp: "1" })).toMatchObject({
      error: "missing_scope",
      needed: "reactions:write",
    });
    expect(await call("conversations.history", { channel: slack.channels["general"] })).toMatchObject({
      error: "missing_scope",
      needed: "channels:history",
    });
    expect(await call("conversations.history", { channel: channel() })).toMatchObject({ ok: true });
    expect(await call("conversations.list", { types: "public_channel,im" })).toMatchObject({ needed: "im:read" });
  });

  it("refuses everything once the app itself is deactivated", async () => {
    gate.members.deactivate(SIGNOFF_BOT.userId);
    expect(await call("auth.test", {})).toMatchObject({ error: "account_inactive" });
    gate.members.reactivate(SIGNOFF_BOT.userId);
  });

  it("asks for what a method needs", async () => {
    expect(await call("chat.postMessage", { text: "hi" })).toMatchObject({
      error: "invalid_arguments",
      response_metadata: { messages: ["[ERROR] missing required field: channel"] },
    });
  });
});

describe("blocks of a message", () => {
  const good: [string, object[]][] = [
    ["50 blocks", many(50, () => section())],
    ["3,000 characters in a section", [section(3000)]],
    ["10 fields of 1,100", [{ type: "section", fields: many(10, () => text("mrkdwn", 1100)) }]],
    ["25 elements in actions", [{ type: "actions", elements: many(25, (at) => button({ action_id: `a${at}` })) }]],
    ["the same action in two blocks", many(2, () => ({ type: "actions", elements: [button()] }))],
    ["100 options", [{ type: "actions", elements: [select({ options: many(100, option) })] }]],
  ];
  it.each(good)("takes %s", async (_, blocks) => {
    expect(await call("chat.postMessage", { channel: channel(), text: "t", blocks })).toMatchObject({ ok: true });
  });

  const confirm = { title: text("plain_text", 3), text: text("plain_text", 3), confirm: text("plain_text", 3) };
  const bad: [string, object[], string][] = [
    ["51 blocks", many(51, () => section()), "no more than 50 items allowed"],
    ["3,001 characters in a section", [section(3001)], "must be less than 3001 characters"],
    ["an empty section", [section(0)], "must be more than 0 characters"],
    ["a section without text", [{ type: "section" }], "missing required field: text"],
    ["11 fields", [{ type: "section", fields: many(11, () => text("mrkdwn", 3)) }], "no more than 10 items allowed"],
    ["2,001 characters in a field", [{ type: "section", fields: [text("mrkdwn", 2001)] }], "must be less than 2001"],
    ["a header of 151", [{ type: "header", text: text("plain_text", 151) }], "must be less than 151"],
    ["a header in mark-up", [{ type: "header", text: text("mrkdwn", 3) }], "must be of type: plain_text"],
    ["11 elements in a context", [{ type: "context", elements: many(11, () => text("mrkdwn", 3)) }], "no more than 10"],
    [
      "26 buttons",
      [{ type: "actions", elements: many(26, (at) => button({ action_id: `a${at}` })) }],
      "no more than 25",
    ],
    ["a button of 76", [{ type: "actions", elements: [button({ text: text("plain_text", 76) })] }], "less than 76"],
    ["a value of 2,001", [{ type: "actions", elements: [button({ value: "x".repeat(2001) })] }], "less than 2001"],
    ["a style of its own", [{ type: "actions", elements: [button({ style: "warning" })] }], "primary, danger"],
    ["the same action twice in a block", [{ type: "actions", elements: [button(), button()] }], "already exists"],
    ["an action id of 256", [{ type: "actions", elements: [button({ action_id: "x".repeat(256) })] }], "less than 256"],
    ["a confirmation without a no", [{ type: "actions", elements: [button({ confirm })] }], "must be provided"],
    ["the same block id twice", many(2, () => ({ ...section(), block_id: "b" })), '`block_id` "b" already exists'],
    ["a block id of 256", [{ ...section(), block_id: "x".repeat(256) }], "must be less than 256 characters"],
    ["an unknown block", [{ type: "table" }], "unsupported type: table"],
    ["an unknown element", [{ type: "actions", elements: [{ type: "slider" }] }], "unsupported type: slider"],
    ["an input where a button belongs", [{ type: "actions", elements: [{ type: "plain_text_input" }] }], "unsupported"],
    ["a property nobody knows", [{ ...section(), colour: "red" }], "invalid additional property: colour"],
    ["an unknown kind of text", [{ type: "section", text: { type: "html", text: "x" } }], "plain_text, mrkdwn"],
    ["101 options", [{ type: "actions", elements: [select({ options: many(101, option) })] }], "no more than 100"],
    ["no options", [{ type: "actions", elements: [select({ options: [] })] }], "no less than 1"],
    [
      "an option of 76",
      [{ type: "actions", elements: [select({ options: [option(1, { text: text("plain_text", 76) })] })] }],
      "less than 76",
    ],
    [
      "an option's value of 151",
      [{ type: "actions", elements: [select({ options: [option(1, { value: "x".repeat(151) })] })] }],
      "less than 151",
    ],
    [
      "two options of one value",
      [{ type: "actions", elements: [select({ options: [option(1), option(1)] })] }],
      "already exists",
    ],
    [
      "a first choice that is no option",
      [{ type: "actions", elements: [select({ initial_option: option(2) })] }],
      "exactly match",
    ],
    [
      "11 radio buttons",
      [{ type: "actions", elements: [{ type: "radio_buttons", options: many(11, option) }] }],
      "no more than 10",
    ],
    [
      "a date that is none",
      [{ type: "actions", elements: [{ type: "datepicker", initial_date: "30.11.2026" }] }],
      "invalid format",
    ],
  ];
  it.each(bad)("refuses %s", async (_, blocks, said) => {
    const answer = await call("chat.postMessage", { channel: channel(), text: "t", blocks });
    expect(answer).toMatchObject({ ok: false, error: "invalid_blocks" });
    expect(JSON.stringify(answer["response_metadata"])).toContain(said.replaceAll('"', '\\"'));
  });

  it("refuses blocks that are too long together", async () => {
    const blocks = many(5, () => section(2500));
    expect(await call("chat.postMessage", { channel: channel(), text: "t", blocks })).toMatchObject({
      error: "msg_blocks_too_long",
    });
  });

  it("reads blocks that come as JSON in a form, as the SDK sends them", async () => {
    const post = async (blocks: string) => {
      const answer = await fetch(`${gate.apiUrl}chat.postMessage`, {
        method: "POST",
        headers: { authorization: `Bearer ${slack.botToken}` },
        body: new URLSearchParams({ channel: channel(), text: "t", blocks }),
      });
      return (await answer.json()) as Json;
    };
    expect(await post(JSON.stringify([section()]))).toMatchObject({ ok: true });
    expect(await post(JSON.stringify([section(3001)]))).toMatchObject({ error: "invalid_blocks" });
    expect(await post("[{")).toMatchObject({ error: "invalid_blocks" });
  });
});

describe("messages", () => {
  it("refuses a message without content, with metadata of another shape, and an update of more than 4,000", async () => {
    expect(await call("chat.postMessage", { channel: channel(), text: "" })).toMatchObject({ error: "no_text" });
    expect(
      await call("chat.postMessage", { channel: channel(), text: "t", metadata: { event_type: "x" } }),
    ).toMatchObject({ error: "invalid_metadata_format" });
    const posted = await call("chat.postMessage", { channel: channel(), text: "t" });
    const at = { channel: channel(), ts: posted["ts"] };
    expect(await call("chat.update", { ...at, text: "x".repeat(4001) })).toMatchObject({ error: "msg_too_long" });
    expect(await call("chat.update", { ...at, text: "x".repeat(4000) })).toMatchObject({ ok: true });
  });

  it("lets the app change its own messages and nobody else's", async () => {
    const said = await gate.say({ userId: id("sam"), channel: channel(), text: "mine" });
    expect(await call("chat.update", { channel: channel(), ts: said["ts"], text: "t" })).toMatchObject({
      error: "cant_update_message",
    });
    expect(await call("chat.update", { channel: channel(), ts: "1.000001", text: "t" })).toMatchObject({
      error: "message_not_found",
    });
  });

  it("keeps the app out of where it is not: public says so, private does not exist", async () => {
    const made = await slack.call("conversations.create", { name: "secret-plans", is_private: true }, "bob");
    const hidden = (made["channel"] as Json)["id"];
    expect(await call("chat.postMessage", { channel: slack.channels["general"], text: "t" })).toMatchObject({
      error: "not_in_channel",
    });
    expect(await call("chat.postMessage", { channel: hidden, text: "t" })).toMatchObject({
      error: "channel_not_found",
    });
    expect(await call("conversations.members", { channel: hidden })).toMatchObject({ error: "channel_not_found" });
    expect(await call("chat.postMessage", { channel: "C0NOTHERE", text: "t" })).toMatchObject({
      error: "channel_not_found",
    });
  });

  it("shows metadata of messages only to who asks for it", async () => {
    const metadata = { event_type: "case", event_payload: { key: "k1" } };
    await call("chat.postMessage", { channel: channel(), text: "marked", metadata });
    const find = async (more: Json) => {
      const answer = await call("conversations.history", { channel: channel(), ...more });
      return (answer["messages"] as Json[]).find((one) => one["text"] === "marked");
    };
    expect(await find({})).not.toHaveProperty("metadata");
    expect(await find({ include_all_metadata: true })).toMatchObject({ metadata, bot_id: SIGNOFF_BOT.botId });
  });

  it("shows an ephemeral message to the one person it is for", async () => {
    const answer = await call("chat.postEphemeral", { channel: channel(), user: id("sam"), text: "psst" });
    expect(answer).toMatchObject({ ok: true });
    expect(gate.changes.ephemeralsOf(id("sam"))).toMatchObject([{ message: { text: "psst", is_ephemeral: true } }]);
    expect(gate.changes.ephemeralsOf(id("ivo"))).toEqual([]);
    expect(await call("chat.postEphemeral", { channel: channel(), user: id("bob"), text: "x" })).toMatchObject({
      ok: false,
    });
    expect(await call("chat.postEphemeral", { channel: channel(), user: "U0NOBODY", text: "x" })).toMatchObject({
      error: "user_not_found",
    });
  });
});

describe("people", () => {
  it("tells member, guest, bot, outsider and nobody apart", async () => {
    const read = async (who: string) => (await call("users.info", { user: who }))["user"] as Json;
    expect(await read(id("hana"))).toMatchObject({ deleted: false, is_restricted: false, tz: "Europe/Berlin" });
    expect(await read(id("gus"))).toMatchObject({ is_restricted: true });
    expect(await read(id("buildbot"))).toMatchObject({ is_bot: true });
    expect(await read(id("erin"))).toMatchObject({ team_id: "T0GLOBEX" });
    expect(await call("users.info", { user: "U000000001" })).toMatchObject({ error: "user_not_found" });
  });

  it("gives no e-mail for a bot, and finds nobody by an e-mail that is empty or unknown", async () => {
    const { user } = (await call("users.info", { user: id("buildbot") })) as { user: { profile: Json } };
    expect(user.profile).not.toHaveProperty("email");
    expect(await call("users.lookupByEmail", { email: "" })).toMatchObject({ ok: false });
    expect(await call("users.lookupByEmail", { email: "x@acme.example" })).toMatchObject({ error: "users_not_found" });
    expect(await call("users.lookupByEmail", { email: "hana@acme.example" })).toMatchObject({
      user: { id: id("hana") },
    });
  });

  it("lists a deactivated account that it no longer finds by e-mail nor lets act, and takes a message to it in silence", async () => {
    gate.members.deactivate(id("lukasz"));
    const list = (await call("users.list", {}))["members"] as Json[];
    expect(list.find((one) => one["id"] === id("lukasz"))).toMatchObject({ deleted: true });
    expect(await call("users.lookupByEmail", { email: "lukasz@acme.example" })).toMatchObject({
      error: "users_not_found",
    });
    expect(await call("conversations.open", { users: id("lukasz") })).toMatchObject({ error: "user_disabled" });
    expect(await call("chat.postMessage", { channel: id("lukasz"), text: "t" })).toMatchObject({ ok: true });
    await expect(gate.say({ userId: id("lukasz"), channel: channel(), text: "t" })).rejects.toThrow("cannot write");
    gate.members.reactivate(id("lukasz"));
  });
});

describe("dialogs", () => {
  const view = (more: object = {}) => ({ type: "modal", title: text("plain_text", 5), blocks: [section()], ...more });
  const open = (trigger: string, content: object = view()) =>
    call("views.open", { trigger_id: trigger, view: content });
  const fresh = () => gate.views.issue(id("hana"));

  it("opens one for who pressed, once, and within three seconds", async () => {
    const trigger = fresh();
    expect(await open(trigger)).toMatchObject({ ok: true });
    expect(gate.views.top(id("hana"))).toBeDefined();
    expect(await open(trigger)).toMatchObject({ error: "exchanged_trigger_id" });
    const late = fresh();
    now += 3000;
    expect(await open(late)).toMatchObject({ error: "expired_trigger_id" });
    expect(await open("made.up")).toMatchObject({ error: "invalid_trigger_id" });
  });

  it("says that a trigger is too old in Slack's other shape as well", async () => {
    gate.faults.oddTriggerError = true;
    const late = fresh();
    now += 3000;
    const answer = await open(late);
    gate.faults.oddTriggerError = false;
    expect(answer).toMatchObject({
      error: "invalid_arguments",
      response_metadata: { messages: ["[ERROR] trigger_id expired"] },
    });
  });

  const text25 = text("plain_text", 25);
  const bad: [string, object, string][] = [
    ["a title of 25", { title: text25 }, "must be less than 25"],
    ["no title", { title: undefined }, "must be provided"],
    ["a submit of 25", { submit: text25 }, "must be less than 25"],
    ["a close of 25", { close: text25 }, "must be less than 25"],
    ["private metadata of 3,001", { private_metadata: "x".repeat(3001) }, "must be less than 3001"],
    ["a callback id of 256", { callback_id: "x".repeat(256) }, "must be less than 256"],
    ["101 blocks", { blocks: many(101, () => section()) }, "no more than 100 items"],
    ["an input without a submit", { blocks: [input({ type: "plain_text_input" })] }, "missing required field: submit"],
    ["an unknown input", { submit: text("plain_text", 2), blocks: [input({ type: "button" })] }, "unsupported type"],
    [
      "a maximum of 3,001",
      { submit: text("plain_text", 2), blocks: [input({ type: "plain_text_input", max_length: 3001 })] },
      "between 1 and 3000",
    ],
    ["an unknown kind", { type: "popup" }, "modal, home"],
  ];
  it.each(bad)("refuses %s, and the trigger stays good", async (_, more, said) => {
    const trigger = fresh();
    const answer = await open(trigger, view(more));
    expect(answer).toMatchObject({ ok: false, error: "invalid_arguments" });
    expect(JSON.stringify(answer["response_metadata"])).toContain(said);
    expect(await open(trigger)).toMatchObject({ ok: true });
  });

  it("refuses a view of more than 250 kB", async () => {
    const blocks = many(100, () => section(2900));
    expect(await open(fresh(), view({ blocks }))).toMatchObject({ error: "view_too_large" });
  });

  it("updates what is open, unless it has changed meanwhile or is gone", async () => {
    const opened = (await open(fresh()))["view"] as Json;
    const update = (more: Json) => call("views.update", { view_id: opened["id"], view: view(), ...more });
    const updated = await update({ hash: opened["hash"] });
    expect(updated).toMatchObject({ ok: true, view: { id: opened["id"] } });
    expect(await update({ hash: opened["hash"] })).toMatchObject({ error: "hash_conflict" });
    expect(await update({ view_id: "V0NOT" })).toMatchObject({ error: "not_found" });
  });

  it("lays at most three on each other", async () => {
    await open(fresh());
    const push = () => call("views.push", { trigger_id: fresh(), view: view() });
    expect([await push(), await push(), await push()]).toMatchObject([
      { ok: true },
      { ok: true },
      { error: "push_limit_reached" },
    ]);
  });
});

describe("what goes wrong on purpose", () => {
  it("answers 429 with a time to wait, as often as asked", async () => {
    gate.faults.limit("chat.update", 1, 7);
    const answer = await fetch(`${gate.apiUrl}chat.update`, { method: "POST" });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("7");
    expect(await answer.json()).toEqual({ ok: false, error: "ratelimited" });
    expect((await fetch(`${gate.apiUrl}chat.update`, { method: "POST" })).status).toBe(200);
  });

  it("is gone, or answers 503", async () => {
    gate.faults.down = "refuse";
    await expect(call("auth.test", {})).rejects.toThrow();
    gate.faults.down = "503";
    expect((await fetch(`${gate.apiUrl}auth.test`, { method: "POST" })).status).toBe(503);
    gate.faults.down = "no";
    expect(await call("auth.test", {})).toMatchObject({ ok: true });
  });

  it("says ok and posts nothing", async () => {
    gate.faults.lie("chat.postMessage", 1);
    expect(await call("chat.postMessage", { channel: channel(), text: "lost words" })).toMatchObject({ ok: true });
    expect(JSON.stringify(await call("conversations.history", { channel: channel() }))).not.toContain("lost words");
  });

  it("keeps every call with the scopes it needed", async () => {
    await call("users.info", { user: id("hana") });
    expect(gate.seen.at(-1)).toMatchObject({ method: "users.info", scopes: ["users:read"], ok: true });
  });
});
