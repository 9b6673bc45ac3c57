import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { APPROVERS_CHANNEL } from "./company.ts";
import type { Change } from "./gate/changes.ts";
import { Manifest } from "./gate/manifest.ts";
import type { Json } from "./gate/problems.ts";
import { type Gate, startGate } from "./gate.ts";
import { type SlackService, startSlack } from "./services/slack.ts";

const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
const MANIFEST = Manifest.parse({
  features: {
    slash_commands: [
      { command: "/offboard", description: "Start", should_escape: true },
      { command: "/raw", description: "As typed" },
    ],
  },
  oauth_config: { scopes: { bot: ["chat:write", "groups:read"] } },
  settings: { event_subscriptions: { bot_events: ["message.im"] } },
});

interface Got {
  readonly headers: IncomingMessage["headers"];
  readonly raw: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly payload: Json;
}

let slack: SlackService;
let gate: Gate;
let closeApp: () => void;
let got: Got[];
let changes: Change[];
/** What the app answers; a status of 0 is no answer. */
let reply: (got: Got) => Promise<{ status: number; body: string }> | { status: number; body: string };
const channel = () => slack.channels[APPROVERS_CHANNEL] ?? "";
const sam = () => slack.ids["sam"] ?? "";

beforeEach(async () => {
  got = [];
  changes = [];
  reply = () => ({ status: 200, body: "" });
  const app = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString("utf8");
    const fields = Object.fromEntries(new URLSearchParams(raw));
    const json = request.headers["content-type"] === "application/json" ? raw : (fields["payload"] ?? "{}");
    const one = { headers: request.headers, raw, fields, payload: JSON.parse(json) as Json };
    got.push(one);
    const { status, body } = await reply(one);
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  closeApp = () => {
    app.close();
    app.closeAllConnections();
  };
  slack = await startSlack();
  gate = await startGate({
    slack,
    manifest: MANIFEST,
    signingSecret: SECRET,
    appUrl: () => `http://127.0.0.1:${(app.address() as AddressInfo).port}/slack/events`,
    retryAfter: [0, 10],
  });
  gate.changes.subscribe((change) => changes.push(change));
});

afterEach(async () => {
  closeApp();
  await gate.close();
  await slack.close();
});

const command = (text: string, name = "/offboard") =>
  gate.interactions.command({ userId: sam(), channel: channel(), command: name, text });
const post = (body: Json) => send("chat.postMessage", { channel: channel(), text: "t", ...body });
const send = async (method: string, body: Json): Promise<Json> => {
  const answer = await fetch(`${gate.apiUrl}${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${slack.botToken}` },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Json;
};
const plain = (text: string) => ({ type: "plain_text", text });
const BLOCKS = [
  { type: "actions", block_id: "row", elements: [{ type: "button", action_id: "go", text: plain("Go"), value: "v1" }] },
];
const press = (source: Parameters<Gate["interactions"]["press"]>[0]["source"]) =>
  gate.interactions.press({
    userId: sam(),
    source,
    blockId: "row",
    actionId: "go",
    chosen: { value: "v1" },
    values: {},
  });
const form = () => ({
  type: "modal",
  callback_id: "case",
  title: plain("Case"),
  submit: plain("Go"),
  blocks: [
    { type: "input", block_id: "why", label: plain("Why"), element: { type: "plain_text_input", action_id: "a" } },
  ],
});
const values = (value: string | null) => ({ why: { a: { type: "plain_text_input", value } } });

it("signs what it hands over, over the very bytes", async () => {
  await command("@alice");
  const { headers, raw } = got[0] as Got;
  const base = `v0:${headers["x-slack-request-timestamp"]}:${raw}`;
  expect(headers["x-slack-signature"]).toBe(`v0=${createHmac("sha256", SECRET).update(base).digest("hex")}`);
  expect(headers["x-slack-retry-num"]).toBeUndefined();
});

it("escapes mentions, channels and brackets of a command that asks for it, and leaves another as typed", async () => {
  await command("@alice and @bob <now> in #general, mail@acme.example @nobody");
  await command("@alice <now>", "/raw");
  expect(got[0]?.fields["text"]).toBe(
    `<@${slack.ids["alice"]}|alice> and <@${slack.ids["bob"]}|bob> &lt;now&gt; in <#${slack.channels["general"]}|general>, mail@acme.example @nobody`,
  );
  expect(got[1]?.fields["text"]).toBe("@alice <now>");
});

it("shows what a command is answered to who typed it, and errors in Slack's words", async () => {
  reply = () => ({ status: 200, body: JSON.stringify({ text: "for you" }) });
  await command("x");
  reply = () => ({ status: 500, body: "" });
  await command("x");
  await command("x", "/nothing");
  expect(changes).toMatchObject([
    { kind: "ephemeral", userId: sam(), message: { text: "for you" } },
    { kind: "trouble", text: "/offboard failed with the error “dispatch_failed”" },
    { kind: "trouble", text: "/nothing is not a valid command." },
  ]);
});

it("gives up on a command after three seconds and does not try again", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  reply = async () => {
    await held;
    return { status: 200, body: "" };
  };
  await command("x");
  release();
  expect(changes).toMatchObject([{ kind: "trouble", text: "/offboard failed with the error “operation_timeout”" }]);
  expect(got).toHaveLength(1);
});

it("tries an event again and marks it, so that only the mark differs", async () => {
  reply = () => ({ status: got.length < 3 ? 500 : 200, body: "" });
  await gate.interactions.event("message.im", { type: "message", text: "hi" });
  expect(got.map((one) => [one.headers["x-slack-retry-num"], one.headers["x-slack-retry-reason"]])).toEqual([
    [undefined, undefined],
    ["1", "http_error"],
    ["2", "http_error"],
  ]);
  expect(new Set(got.map((one) => one.payload["event_id"])).size).toBe(1);
  await gate.interactions.event("team_join", { type: "team_join" });
  expect(got).toHaveLength(3);
});

it("hands everything over twice when asked to", async () => {
  gate.faults.twice = true;
  await command("x");
  expect(got).toHaveLength(2);
  expect(got[0]?.raw).toBe(got[1]?.raw);
});

it("carries a click with its message, a trigger and a way to answer", async () => {
  const { ts } = await post({ blocks: BLOCKS });
  await press({ kind: "message", channel: channel(), ts: String(ts) });
  expect(got[0]?.payload).toMatchObject({
    type: "block_actions",
    user: { id: sam(), username: "sam", team_id: "T000000001" },
    container: { type: "message", message_ts: ts, channel_id: channel(), is_ephemeral: false },
    message: { ts, bot_id: "B0SIGNOFF" },
    actions: [{ action_id: "go", block_id: "row", type: "button", value: "v1" }],
    response_url: expect.stringContaining("/response/"),
    trigger_id: expect.any(String),
  });
});

it("refuses a click on what is not there, by whom it is not shown, and by an account that is out", async () => {
  const { ts } = await post({ blocks: BLOCKS });
  const source = { kind: "message", channel: channel(), ts: String(ts) } as const;
  const go = (more: object) =>
    gate.interactions.press({ userId: sam(), source, blockId: "row", actionId: "go", chosen: {}, values: {}, ...more });
  await expect(go({ actionId: "made-up" })).rejects.toThrow("no such element");
  await expect(go({ userId: slack.ids["alice"] })).rejects.toThrow("gone");
  const forSam = { channel: channel(), user: sam(), text: "t", blocks: BLOCKS };
  const shown = await send("chat.postEphemeral", forSam);
  const ephemeral = { kind: "ephemeral", ts: String(shown["message_ts"]) } as const;
  await expect(go({ source: ephemeral, userId: slack.ids["ivo"] })).rejects.toThrow("gone");
  gate.members.deactivate(sam());
  await expect(go({})).rejects.toThrow("cannot act");
  expect(got).toHaveLength(0);
});

it("answers over a response URL: to one person, in place, five times and no more", async () => {
  await command("x");
  const url = got[0]?.fields["response_url"] ?? "";
  const respond = async (body: Json) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.json()];
  };
  expect(await respond({ text: "t", blocks: [{ type: "section" }] })).toMatchObject([400, { error: "invalid_blocks" }]);
  await respond({ text: "only you", blocks: BLOCKS });
  const shown = changes.find((change) => change.kind === "ephemeral");
  expect(shown).toMatchObject({ userId: sam(), message: { text: "only you", is_ephemeral: true } });

  const ts = String((shown as { message: Json }).message["ts"]);
  await press({ kind: "ephemeral", ts });
  const replace = String(got[1]?.payload["response_url"]);
  await fetch(replace, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ replace_original: true, text: "done" }),
  });
  expect(gate.changes.ephemeralsOf(sam())).toMatchObject([{ message: { ts, text: "done" } }]);

  for (let count = 0; count < 4; count += 1) expect((await respond({ text: "again" }))[0]).toBe(200);
  expect(await respond({ text: "again" })).toEqual([404, { ok: false, error: "used_url" }]);
});

it("keeps a dialog open until the app takes its answers, and shows what is wrong", async () => {
  const open = gate.views.open(sam(), form());
  const submit = (value: string | null) =>
    gate.interactions.submit({ userId: sam(), viewId: open.id, values: values(value) });
  expect(await submit(null)).toEqual({ errors: { why: "Please complete this required field." } });
  expect(got).toHaveLength(0);
  reply = () => ({ status: 200, body: JSON.stringify({ response_action: "errors", errors: { why: "Say more." } }) });
  expect(await submit("x")).toEqual({ errors: { why: "Say more." } });
  reply = () => ({ status: 500, body: "" });
  expect(await submit("x")).toMatchObject({ trouble: expect.stringContaining("trouble connecting") });
  expect(gate.views.top(sam())).toBeDefined();
  reply = () => ({ status: 200, body: "" });
  expect(await submit("moved on")).toEqual({ done: true });
  expect(gate.views.top(sam())).toBeUndefined();
  expect(got.at(-1)?.payload).toMatchObject({
    type: "view_submission",
    view: { callback_id: "case", state: { values: values("moved on") } },
  });
});

it("replaces a dialog that is answered with another, and refuses one that Slack would refuse", async () => {
  const open = gate.views.open(sam(), form());
  const submit = () => gate.interactions.submit({ userId: sam(), viewId: open.id, values: values("x") });
  const answer = (view: Json) => JSON.stringify({ response_action: "update", view });
  reply = () => ({ status: 200, body: answer({ ...form(), title: plain("x".repeat(25)) }) });
  expect(await submit()).toMatchObject({ trouble: expect.any(String) });
  reply = () => ({ status: 200, body: answer({ ...form(), title: plain("Next") }) });
  expect(await submit()).toEqual({ done: true });
  expect(gate.views.top(sam())?.view).toMatchObject({ title: { text: "Next" }, id: open.id });
});

it("tells the app of a dialog put away only if it wants to know", async () => {
  await gate.interactions.closeView({ userId: sam(), viewId: gate.views.open(sam(), form()).id });
  expect(got).toHaveLength(0);
  await gate.interactions.closeView({
    userId: sam(),
    viewId: gate.views.open(sam(), { ...form(), notify_on_close: true }).id,
  });
  expect(got[0]?.payload).toMatchObject({ type: "view_closed" });
});

it("asks the app for options while one types", async () => {
  const block = {
    type: "section",
    block_id: "row",
    text: plain("Who"),
    accessory: { type: "external_select", action_id: "go" },
  };
  const { ts } = await post({ blocks: [block] });
  reply = () => ({ status: 200, body: JSON.stringify({ options: [{ text: plain("Bob"), value: "b" }] }) });
  const source = { kind: "message", channel: channel(), ts: String(ts) } as const;
  const options = await gate.interactions.suggest({
    userId: sam(),
    source,
    blockId: "row",
    actionId: "go",
    value: "bo",
  });
  expect(options).toMatchObject([{ value: "b" }]);
  expect(got[0]?.payload).toMatchObject({ type: "block_suggestion", value: "bo" });
});

it("tells the app what someone writes to it, as events that its manifest asks for", async () => {
  const direct = (await slack.call("conversations.open", { users: "U0SIGNOFF" }, "sam"))["channel"] as Json;
  await gate.say({ userId: sam(), channel: String(direct["id"]), text: "hello @alice" });
  await vi.waitFor(() => expect(got).toHaveLength(1));
  expect(got[0]?.payload).toMatchObject({ event: { text: `hello <@${slack.ids["alice"]}>`, channel_type: "im" } });
  await gate.say({ userId: sam(), channel: channel(), text: "hello all" });
  await wait(50);
  expect(got).toHaveLength(1);
});
