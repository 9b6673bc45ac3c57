import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Message } from "../../../src/chat/message.ts";
import { SystemError } from "../../../src/core/failure.ts";
import { type HttpSlack, startHttpSlack } from "../../peers/slack.ts";
import { SIGNOFF_BOT } from "../../sandbox/company.ts";

// The Home tab and the shortcuts, over the real endpoint and through the gate.

let slack: HttpSlack;
const id = (handle: string) => slack.gate.slack.ids[handle] ?? "";
const general = () => slack.gate.slack.channels["general"] ?? "";

beforeAll(async () => {
  slack = await startHttpSlack();
});
afterAll(() => slack.close());
afterEach(() => {
  slack.handle = async () => {};
  slack.intents.length = 0;
  slack.gate.faults.twice = false;
  slack.gate.members.reactivate(id("bob"));
});

const heard = (count = 1) =>
  vi.waitFor(() => {
    if (slack.intents.length < count) throw new Error("not yet");
    return [...slack.intents];
  });

const page = (text: string): Message => ({
  summary: "Your work",
  parts: [
    { kind: "heading", text },
    { kind: "actions", buttons: [{ label: "Offboard someone", ask: { kind: "start-case", who: { kind: "nobody" } } }] },
  ],
});

/** Presses the first button of somebody's Home tab. */
async function pressFirst(who: string): Promise<void> {
  const home = slack.gate.views.home(id(who));
  const blocks = (home?.view["blocks"] ?? []) as {
    block_id: string;
    type: string;
    elements?: { action_id: string }[];
  }[];
  const block = blocks.find(({ type }) => type === "actions");
  await slack.gate.interactions.press({
    userId: id(who),
    source: { kind: "view", viewId: home?.id ?? "" },
    blockId: block?.block_id ?? "",
    actionId: block?.elements?.[0]?.action_id ?? "",
    chosen: {},
    values: {},
  });
}

describe("the Home tab", () => {
  it("asks for its page when it is opened, and the messages tab asks for nothing", async () => {
    await slack.gate.interactions.openTab({ userId: id("hana"), tab: "messages" });
    await slack.gate.interactions.openTab({ userId: id("hana"), tab: "home" });
    expect(await heard()).toMatchObject([{ kind: "open-home", by: { id: id("hana"), surface: "slack" } }]);
  });

  it("keeps its request id when the event is delivered again, whatever the retry counter says", async () => {
    slack.gate.faults.twice = true;
    await slack.gate.interactions.openTab({ userId: id("hana"), tab: "home" });
    const [first, again] = await heard(2);
    expect(first?.requestId).toMatch(/^slack:event:Ev/);
    expect(again?.requestId).toBe(first?.requestId);
  });

  it("is replaced by what is published, for that person alone", async () => {
    await slack.surface.publishHome?.(id("hana"), page("First"));
    await slack.surface.publishHome?.(id("hana"), page("Second"));
    const shown = JSON.stringify(slack.gate.views.home(id("hana"))?.view);
    expect(shown).toContain("Second");
    expect(shown).not.toContain("First");
    expect(slack.gate.views.home(id("sam"))).toBeUndefined();
  });

  it("has buttons that are answered by a dialog, or by direct message", async () => {
    await slack.surface.publishHome?.(id("hana"), page("Work"));
    slack.handle = (_, reply) => reply.say({ summary: "Answered", parts: [{ kind: "text", text: ["Answered here"] }] });
    await pressFirst("hana");
    expect(await heard()).toMatchObject([{ kind: "start-case", who: { kind: "nobody" } }]);
    await vi.waitFor(async () => {
      const opened = await slack.gate.slack.call("conversations.open", { users: id("hana") }, "bot");
      const { id: channel } = opened["channel"] as { id: string };
      expect(JSON.stringify(await slack.gate.slack.call("conversations.history", { channel }, "bot"))).toContain(
        "Answered here",
      );
    });
  });

  it("stays as it is while a button of it opens a dialog", async () => {
    await slack.surface.publishHome?.(id("hana"), page("Work"));
    slack.handle = (_, reply) =>
      reply.ask({ kind: "pick-leaver", title: "Offboard someone", submit: "Next", fields: [], carried: {} });
    const before = slack.gate.seen.length;
    await pressFirst("hana");
    await vi.waitFor(() => expect(slack.gate.views.top(id("hana"))?.view["callback_id"]).toBe("pick-leaver"));
    expect(slack.gate.seen.slice(before).map(({ method }) => method)).not.toContain("views.update");
    slack.gate.views.close(id("hana"), "all");
  });

  it("stays within what Slack takes, however much there is", async () => {
    const many: Message = {
      summary: "Much",
      parts: Array.from(
        { length: 150 },
        (_, at) => ({ kind: "list", items: [[`${at} ${"x".repeat(2900)}`]] }) as const,
      ),
    };
    await slack.surface.publishHome?.(id("hana"), many);
    const blocks = slack.gate.views.home(id("hana"))?.view["blocks"];
    expect(Array.isArray(blocks) ? blocks.length : 0).toBeGreaterThan(10);
    expect(Array.isArray(blocks) ? blocks.length : 999).toBeLessThanOrEqual(100);
  });

  it("of a deactivated account is refused as such", async () => {
    slack.gate.members.deactivate(id("bob"));
    const refused = slack.surface.publishHome?.(id("bob"), page("x")).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(SystemError);
  });

  it.each([
    ["an event of another kind", { type: "reaction_added", user: "U1" }, 200, "info"],
    ["an event without a person", { type: "app_home_opened", tab: "home" }, 200, "info"],
  ])("acknowledges %s and does nothing", async (_, event, status, level) => {
    const line = slack.lines.length;
    const body = JSON.stringify({ type: "event_callback", team_id: "T1", event_id: "Ev1", event });
    expect((await slack.send(body, { type: "application/json" })).status).toBe(status);
    expect(slack.lines.slice(line).map((one) => one.level)).toEqual([level]);
    expect(slack.intents).toEqual([]);
  });

  it("that our side fails to make is told in the log and not in the person's messages", async () => {
    slack.handle = () => Promise.reject(new Error("broken"));
    const before = slack.gate.seen.length;
    const line = slack.lines.length;
    await slack.gate.interactions.openTab({ userId: id("sam"), tab: "home" });
    await vi.waitFor(() => expect(slack.lines.slice(line).some(({ level }) => level === "error")).toBe(true));
    expect(slack.gate.seen.slice(before).map(({ method }) => method)).not.toContain("chat.postMessage");
  });
});

describe("a shortcut", () => {
  it("of Slack's menu asks whom it is about", async () => {
    await slack.gate.interactions.shortcut({ userId: id("hana"), callbackId: "offboard-someone" });
    expect(await heard()).toMatchObject([{ kind: "start-case", who: { kind: "nobody" }, by: { id: id("hana") } }]);
  });

  it("of a message means its author, never who is named in it", async () => {
    const said = await slack.gate.say({ userId: id("alice"), channel: general(), text: "ask @bob about it" });
    const message = { channel: general(), ts: String(said["ts"]) };
    await slack.gate.interactions.shortcut({ userId: id("hana"), callbackId: "offboard-author", message });
    expect(await heard()).toMatchObject([{ kind: "start-case", who: { kind: "member", id: id("alice") } }]);
  });

  it("of an app's message means the app's account, which is no person", async () => {
    const at = await slack.surface.post(
      { kind: "channel", channelId: slack.gate.slack.channels["offboarding-approvals"] ?? "" },
      page("By us"),
      "own-page-1",
    );
    const message = { channel: at.channel, ts: at.ts };
    await slack.gate.interactions.shortcut({ userId: id("sam"), callbackId: "offboard-author", message });
    expect(await heard()).toMatchObject([{ kind: "start-case", who: { kind: "member", id: SIGNOFF_BOT.userId } }]);
  });

  it("opens the dialog with the three seconds that its trigger has", async () => {
    slack.handle = (_, reply) =>
      reply.ask({ kind: "pick-leaver", title: "Offboard someone", submit: "Next", fields: [], carried: {} });
    await slack.gate.interactions.shortcut({ userId: id("hana"), callbackId: "offboard-someone" });
    await vi.waitFor(() => expect(slack.gate.views.top(id("hana"))?.view["callback_id"]).toBe("pick-leaver"));
    slack.gate.views.close(id("hana"), "all");
  });

  it("keeps its request id when it is delivered again", async () => {
    slack.gate.faults.twice = true;
    await slack.gate.interactions.shortcut({ userId: id("hana"), callbackId: "offboard-someone" });
    const [first, again] = await heard(2);
    expect(again?.requestId).toBe(first?.requestId);
  });

  it("of an app without an account, and one of another version, start nothing for anybody", async () => {
    const payload = (more: object) =>
      slack.send(
        `payload=${encodeURIComponent(JSON.stringify({ user: { id: id("hana") }, trigger_id: "1", team: { id: "T1" }, ...more }))}`,
      );
    const message = { type: "message", bot_id: "B1", text: "by a webhook" };
    await payload({ type: "message_action", callback_id: "offboard-author", message });
    expect(await heard()).toMatchObject([{ kind: "start-case", who: { kind: "nobody" } }]);
    slack.intents.length = 0;
    const before = slack.gate.seen.length;
    await payload({ type: "shortcut", callback_id: "of-an-older-version" });
    await vi.waitFor(() =>
      expect(JSON.stringify(slack.gate.seen.slice(before).map(({ body }) => body))).toContain("another version"),
    );
    expect(slack.intents).toEqual([]);
  });
});
