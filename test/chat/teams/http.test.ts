import { generateKeyPairSync } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Message } from "../../../src/chat/message.ts";
import { noteForm } from "../../../src/chat/messages/dialogs.ts";
import { unknownButton } from "../../../src/chat/messages/trouble.ts";
import { actionsOf, BOT, type HttpTeams, shownText, startHttpTeams } from "../../peers/teams.ts";
import { type CloudUser, type Json, TENANT_ID } from "../../peers/teams-cloud.ts";

let teams: HttpTeams;
let hana: CloudUser;
let alice: CloudUser;
let twin: CloudUser;
const GROUP = "19:approvers@thread.v2";

beforeAll(async () => {
  teams = await startHttpTeams();
  hana = teams.cloud.addUser("Hana");
  alice = teams.cloud.addUser("Alice");
  twin = teams.cloud.addUser("Alice", { mail: "alice.two@acme.test" });
  teams.cloud.conversations.set(GROUP, {
    kind: "groupChat",
    members: [hana.id, alice.id, twin.id],
    messages: [],
    installed: true,
  });
});
afterAll(() => teams.close());
afterEach(() => {
  teams.handle = async () => {};
  teams.intents.length = 0;
  teams.logged.length = 0;
  teams.cloud.faults.length = 0;
  teams.cloud.calls.length = 0;
});

const inGroup = { conversation: { id: GROUP, conversationType: "groupChat", tenantId: TENANT_ID } };
const mention = (user: { id: string; name?: string }, name: string) => ({
  type: "mention",
  text: `<at>${name}</at>`,
  mentioned: { id: user.id.includes(":") ? user.id : `29:${user.id}`, name },
});
const message = (text: string, more: Partial<Message> = {}): Message => ({
  summary: text,
  parts: [{ kind: "text", text: [text] }],
  ...more,
});
const intent = () =>
  vi.waitFor(() => teams.intents[0] ?? Promise.reject(new Error("no intent yet")), { timeout: 5000 });
const ask = { kind: "cancel-case", caseId: "c1" } as const;
const execute = { verb: "signoff.ask", data: { signoff: { ask } } };

describe("who is let in", () => {
  const { privateKey: stranger } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = () => Math.floor(Date.now() / 1000);

  it.each<[string, () => string]>([
    ["without a token", () => ""],
    ["with a token of another issuer", () => teams.cloud.token({ iss: "https://sts.windows.net/x/" })],
    ["with a token for another bot", () => teams.cloud.token({ aud: "11111111-0000-4000-8000-000000000000" })],
    ["with a token for another service URL", () => teams.cloud.token({ serviceurl: "https://elsewhere.example/" })],
    ["with a token that has run out", () => teams.cloud.token({ nbf: now() - 7200, exp: now() - 3600 })],
    ["with a token that somebody else signed", () => teams.cloud.token({}, { key: stranger })],
    ["with a key that nobody published", () => teams.cloud.token({}, { kid: "k2" })],
    ["with a token that nobody signed", () => teams.cloud.token({}, { alg: "none" })],
  ])("refuses a request %s", async (_, token) => {
    const body = { type: "message", id: "x1", channelId: "msteams", serviceUrl: teams.cloud.addresses.service };
    const whole = { ...body, from: { id: "29:x", aadObjectId: hana.id }, recipient: BOT, text: "list", ...inGroup };
    const answer = await teams.send(whole, token());
    expect(answer.status).toBe(401);
    expect(teams.intents).toEqual([]);
  });

  it("lets the Bot Connector's own token in", async () => {
    expect((await teams.write(hana.id, "list")).status).toBe(200);
    expect(await intent()).toMatchObject({ kind: "list-cases", by: { surface: "teams", id: hana.id, kind: "member" } });
  });

  it("gives a guest, somebody of another tenant and a disabled account no more than that kind", async () => {
    const guest = teams.cloud.addUser("Guest", { userType: "Guest" });
    const gone = teams.cloud.addUser("Gone", { accountEnabled: false });
    await teams.write(guest.id, "list");
    await teams.write(gone.id, "list");
    const elsewhere = "99999999-0000-4000-8000-000000000000";
    // The same object id, but said in another tenant.
    await teams.write(hana.id, "list", {
      conversation: { id: "a:x", conversationType: "personal", tenantId: elsewhere },
      channelData: { tenant: { id: elsewhere } },
    });
    await vi.waitFor(() => expect(teams.intents).toHaveLength(3), { timeout: 5000 });
    expect(teams.intents.map(({ by }) => by.kind).sort()).toEqual(["deactivated", "external", "guest"]);
    expect(teams.intents.filter(({ by }) => by.email !== undefined && by.kind !== "deactivated")).toEqual([]);
  });
});

describe("what is written to the bot", () => {
  it("drops the bot's own mention and finds the one human by id", async () => {
    await teams.write(hana.id, "<at>Signoff</at> offboard <at>Alice</at> Friday 6pm", {
      ...inGroup,
      entities: [mention(BOT, "Signoff"), mention(alice, "Alice")],
    });
    expect(await intent()).toMatchObject({
      kind: "start-case",
      who: { kind: "member", id: alice.id },
      words: "Friday 6pm",
    });
  });

  it("never narrows two people of one name down to one", async () => {
    await teams.write(hana.id, "<at>Signoff</at> offboard <at>Alice</at> <at>Alice</at>", {
      ...inGroup,
      entities: [mention(BOT, "Signoff"), mention(alice, "Alice"), mention(twin, "Alice")],
    });
    expect(await intent()).toMatchObject({ who: { kind: "several" } });
  });

  it("takes the bot itself, another bot and a plain name for nobody", async () => {
    await teams.write(hana.id, "<at>Signoff</at> offboard", { ...inGroup, entities: [mention(BOT, "Signoff")] });
    expect(await intent()).toMatchObject({ who: { kind: "nobody" } });
    teams.intents.length = 0;
    await teams.write(hana.id, "<at>Signoff</at> audit <at>Build</at>", {
      ...inGroup,
      entities: [mention(BOT, "Signoff"), mention({ id: "28:build" }, "Build")],
    });
    const { who } = (await intent()) as { who?: { id?: string } };
    expect(await teams.surface.getMember(who?.id ?? "")).toBeUndefined();
    teams.intents.length = 0;
    await teams.write(hana.id, "offboard Alice");
    expect(await intent()).toMatchObject({ who: { kind: "unclear", text: "Alice" } });
  });

  it.each([
    ["list", { kind: "list-cases" }],
    ["/offboard list", { kind: "list-cases" }],
    ["audit alice@acme.test github since monday", { kind: "history", filter: "github since monday" }],
    ["status alice@acme.test", { kind: "case-status", who: { kind: "email", email: "alice@acme.test" } }],
    ["undo alice@acme.test", { kind: "undo-of", who: { kind: "email", email: "alice@acme.test" } }],
    ["pause false alarm", { kind: "pause", note: "false alarm" }],
    ["resume", { kind: "resume" }],
    ["help", { kind: "help" }],
    ["what can you do?", { kind: "help" }],
  ])("reads “%s”", async (text, expected) => {
    await teams.write(hana.id, text);
    expect(await intent()).toMatchObject(expected);
  });

  it("takes no word beside a person for one that stops everything", async () => {
    await teams.write(hana.id, "<at>Signoff</at> offboard <at>Alice</at> pause", {
      ...inGroup,
      entities: [mention(BOT, "Signoff"), mention(alice, "Alice")],
    });
    expect(await intent()).toMatchObject({ kind: "start-case", who: { kind: "member", id: alice.id } });
  });

  it("answers in the person's own chat, and says in the group only that it did", async () => {
    teams.handle = (_, reply) => reply.say(message("Alice leaves on Friday"));
    await teams.write(hana.id, "list", inGroup);
    await vi.waitFor(() => expect(shownText(teams.told(hana.id))).toContain("Alice leaves on Friday"), {
      timeout: 5000,
    });
    const said = await vi.waitFor(
      () => teams.cloud.conversations.get(GROUP)?.messages.at(-1)?.body ?? Promise.reject(new Error("nothing")),
    );
    expect(JSON.stringify(said)).not.toContain("Alice");
    expect(JSON.stringify(said)).toContain("your own chat");
  });

  it("says nothing of it in the group when that person has no chat with the bot", async () => {
    const ines = teams.cloud.addUser("Ines");
    const own = teams.cloud.conversations.get(teams.cloud.personalId(ines.id));
    if (own) own.installed = false;
    teams.handle = (_, reply) => reply.say(message("Alice leaves on Friday"));
    await teams.write(ines.id, "list", inGroup);
    await vi.waitFor(
      () => {
        const said = teams.cloud.conversations.get(GROUP)?.messages.at(-1)?.body;
        expect(JSON.stringify(said)).toContain("add the app for yourself");
        expect(JSON.stringify(said)).not.toContain("Alice");
      },
      { timeout: 5000 },
    );
  });

  it("does an activity that comes again once", async () => {
    teams.handle = (_, reply) => reply.say(message("here"));
    const before = teams.cloud.conversations.get(teams.cloud.personalId(hana.id))?.messages.length ?? 0;
    await teams.write(hana.id, "list", { id: "again-1", timestamp: "2026-11-25T09:00:00Z" });
    await teams.write(hana.id, "list", { id: "again-1", timestamp: "2026-11-25T09:00:15Z" });
    await vi.waitFor(() => expect(teams.told(hana.id)).toBeDefined(), { timeout: 5000 });
    await teams.surface.post({ kind: "member", memberId: hana.id }, message("last"), "k");
    expect(teams.intents).toHaveLength(1);
    expect(teams.cloud.conversations.get(teams.cloud.personalId(hana.id))?.messages.length).toBe(before + 2);
  });
});

describe("a pressed button", () => {
  it("is answered with status, type and value together", async () => {
    teams.handle = (_, reply) => reply.say(message("The case is cancelled."));
    expect(await teams.press(hana.id, execute)).toEqual({
      statusCode: 200,
      type: "application/vnd.microsoft.activity.message",
      value: "The case is cancelled.",
    });
  });

  it("is answered in time when the core takes long, and then in the person's own chat", {
    timeout: 20_000,
  }, async () => {
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    teams.handle = async (_, reply) => {
      await slow;
      await reply.say(message("done at last"));
    };
    const answer = await teams.press(hana.id, execute);
    expect(answer).toMatchObject({ statusCode: 200, type: "application/vnd.microsoft.activity.message" });
    expect(answer["value"]).toContain("checking");
    finish();
    await vi.waitFor(() => expect(shownText(teams.told(hana.id))).toContain("done at last"), { timeout: 5000 });
  });

  it("gets the same answer when Teams sends it again, and is done once", async () => {
    teams.handle = (_, reply) => reply.say(message("cancelled"));
    const answers = await Promise.all([
      teams.press(hana.id, execute, { id: "f:1", timestamp: "2026-11-25T09:00:00Z" }),
      teams.press(hana.id, execute, { id: "f:1", timestamp: "2026-11-25T09:00:15Z" }),
    ]);
    expect(answers[0]).toEqual(answers[1]);
    expect(teams.intents).toHaveLength(1);
    await teams.press(hana.id, execute, { id: "f:2" });
    expect(teams.intents).toHaveLength(2);
    expect(teams.intents[0]?.requestId).not.toBe(teams.intents[1]?.requestId);
  });

  it.each([
    ["no verb", { data: { signoff: { ask } } }],
    ["a verb of somebody else", { verb: "accept", data: { action: "accept" } }],
    ["data that is none of ours", { verb: "signoff.ask", data: { signoff: { ask: { kind: "rm-rf" } } } }],
  ])("with %s is answered politely and logged", async (_, action) => {
    const answer = await teams.press(hana.id, action);
    expect(answer).toMatchObject({ statusCode: 200, value: unknownButton().summary });
    expect(teams.intents).toEqual([]);
    expect(teams.logged.join()).toContain("a button that is not known was pressed");
  });

  it("that needs a dialog after all shows it in the card", async () => {
    teams.handle = (_, reply) => reply.ask(noteForm("s1", "skip-step"));
    const answer = await teams.press(hana.id, execute);
    expect(answer["type"]).toBe("application/vnd.microsoft.card.adaptive");
    expect(actionsOf(answer["value"])).toMatchObject([{ type: "Action.Execute", verb: "signoff.form" }]);
  });

  it("on a stale card shows everybody the present state by itself, each as they may see it", async () => {
    const again = { kind: "case-status", who: { kind: "unclear", text: "alice" } } as const;
    await teams.surface.post({ kind: "channel", channelId: GROUP }, message("old", { again }), "k");
    const stale = teams.cloud.conversations.get(GROUP)?.messages.at(-1)?.body;
    const refresh = actionsOf(stale).find(({ verb }) => verb === "signoff.refresh");
    teams.handle = ({ by }, reply) => reply.say(message(by.id === hana.id ? "with buttons" : "nothing to see"));
    const as = async (user: CloudUser) => (await teams.press(user.id, refresh ?? {}))["value"];
    expect(shownText(await as(hana))).toContain("with buttons");
    expect(shownText(await as(alice))).toContain("nothing to see");
    expect(teams.intents.map(({ kind }) => kind)).toEqual(["case-status", "case-status"]);
  });
});

describe("a dialog", () => {
  it("opens, comes back with what was typed when something is wrong, and is taken", async () => {
    const form = noteForm("s1", "skip-step");
    teams.handle = async (given, reply) => {
      if (given.kind === "ask-note") await reply.ask(form);
      else if (given.kind === "skip-step" && given.note === "short") await reply.reject({ note: "Say more." });
      else await reply.say(message("Skipped."));
    };
    const opened = await teams.dialog(hana.id, "task/fetch", {
      signoff: { ask: { kind: "ask-note", stepId: "s1", then: "skip-step" } },
    });
    const [submit] = actionsOf(opened) as { data: Json }[];
    const wrong = await teams.dialog(hana.id, "task/submit", { ...submit?.data, note: "short" });
    expect(wrong).toMatchObject({ task: { type: "continue" } });
    expect(shownText(wrong)).toContain("Say more.");
    expect(JSON.stringify(wrong)).toContain('"value":"short"');
    const blank = await teams.dialog(hana.id, "task/submit", { ...submit?.data, note: "" });
    expect(shownText(blank)).toContain("Say what was done");
    const done = await teams.dialog(hana.id, "task/submit", { ...submit?.data, note: "It is a shared host." });
    expect(done).toEqual({ task: { type: "message", value: "Skipped." } });
  });
});
