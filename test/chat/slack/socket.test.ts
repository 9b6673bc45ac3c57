import { afterEach, describe, expect, it, vi } from "vitest";
import type { Intent } from "../../../src/chat/intent.ts";
import { type SlackSurface, slackSurface } from "../../../src/chat/slack/index.ts";
import { Secret } from "../../../src/core/secret.ts";
import {
  type Handle,
  type HttpSlack,
  keepingLog,
  type SocketPeer,
  startHttpSlack,
  startSocketPeer,
} from "../../peers/slack.ts";

// The gate stands for the Web API; the socket is the stand-in's.
let http: HttpSlack | undefined;
let peer: SocketPeer | undefined;
let surface: SlackSurface | undefined;

afterEach(async () => {
  await surface?.stop();
  await peer?.close();
  await http?.close();
});

async function start(handle: Handle = async () => {}, before: (peer: SocketPeer) => void = () => {}) {
  http = await startHttpSlack();
  peer = await startSocketPeer(http.gate.apiUrl);
  before(peer);
  const intents: Intent[] = [];
  const { log, lines } = keepingLog();
  const made = slackSurface({
    botToken: new Secret(http.gate.slack.botToken),
    mode: { kind: "socket", appToken: new Secret("xapp-secret") },
    apiUrl: peer.apiUrl,
    log,
    now: () => new Date(),
  });
  surface = made;
  expect(made.healthy()).toBe(false);
  await made.start(async (intent, reply) => {
    intents.push(intent);
    await handle(intent, reply);
  });
  return { gate: http.gate, peer, surface: made, intents, lines };
}

const command = (userId: string, trigger = "1.2") => ({
  command: "/offboard",
  text: "<@U0ALICE|alice>",
  user_id: userId,
  trigger_id: trigger,
  response_url: "https://example.invalid/",
});
const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

describe("over the socket", () => {
  it("a command is acknowledged while its work is still going on", async () => {
    let finish = () => {};
    const { gate, peer, surface, intents } = await start(() => new Promise((resolve) => (finish = resolve)));
    expect(surface.healthy()).toBe(true);
    const envelope = peer.deliver("slash_commands", command(gate.slack.ids["hana"] ?? ""));
    await until(() => expect(peer.acks.map((ack) => ack.envelope_id)).toEqual([envelope]));
    await until(() => expect(intents).toHaveLength(1));
    expect(intents[0]).toMatchObject({ kind: "start-case", who: { kind: "member", id: "U0ALICE" } });
    finish();
  });

  it("the same envelope again carries the same request id", async () => {
    const { gate, peer, intents } = await start();
    const hana = gate.slack.ids["hana"] ?? "";
    for (let time = 1; time <= 4; time += 1) peer.deliver("slash_commands", command(hana), "same-envelope");
    await until(() => expect(intents).toHaveLength(4));
    expect(new Set(intents.map((intent) => intent.requestId)).size).toBe(1);
    expect(peer.acks).toHaveLength(4);
  });

  it("a dialog's faults come with the acknowledgement", async () => {
    const { gate, peer } = await start((_, reply) => reply.reject({ note: "Say more." }));
    peer.deliver("interactive", {
      type: "view_submission",
      team: { id: "T1" },
      user: { id: gate.slack.ids["hana"] },
      view: {
        id: "V1",
        hash: "1.a",
        callback_id: "note",
        private_metadata: JSON.stringify({ stepId: "s1", then: "skip-step" }),
        title: { type: "plain_text", text: "Note" },
        blocks: [{ type: "input", block_id: "note", element: { type: "plain_text_input", action_id: "answer" } }],
        state: { values: { note: { answer: { type: "plain_text_input", value: "x" } } } },
      },
    });
    await until(() =>
      expect(peer.acks[0]?.payload).toEqual({ response_action: "errors", errors: { note: "Say more." } }),
    );
  });

  it("an event that nobody asked for is acknowledged and dropped", async () => {
    const { peer, intents } = await start();
    const envelope = peer.deliver("events_api", {
      type: "event_callback",
      team_id: "T1",
      event_id: "Ev1",
      event: { type: "app_mention", text: "hi", user: "U1", channel: "C1" },
    });
    await until(() => expect(peer.acks.map((ack) => ack.envelope_id)).toContain(envelope));
    expect(intents).toEqual([]);
  });

  it("what nobody can read is acknowledged too, or Slack would send it for ever", async () => {
    const { peer, intents, lines } = await start();
    const envelopes = [
      peer.deliver("interactive", {}),
      peer.deliver("interactive", { type: "block_actions", user: { id: "U1" }, actions: [] }),
      peer.deliver("slash_commands", { command: "/offboard" }),
    ];
    await until(() => expect(peer.acks.map((ack) => ack.envelope_id).sort()).toEqual(envelopes.sort()));
    expect(lines.filter(({ level }) => level === "warn")).toHaveLength(3);
    expect(intents).toEqual([]);
  });
});

describe("the connection", () => {
  it("comes back when Slack asks for it, and what comes then is heard", async () => {
    const { gate, peer, surface, intents } = await start();
    peer.refresh();
    await until(() => expect(peer.opened()).toBe(2));
    await until(() => expect(surface.healthy()).toBe(true));
    peer.deliver("slash_commands", command(gate.slack.ids["hana"] ?? ""));
    await until(() => expect(intents).toHaveLength(1));
  });

  it("that is cut shows as unhealthy and comes back", async () => {
    const { peer, surface } = await start();
    peer.refuse = "internal_error";
    peer.cut();
    await until(() => expect(surface.healthy()).toBe(false));
    await until(() => expect(peer.opened()).toBeGreaterThan(2));
    peer.refuse = undefined;
    await until(() => expect(surface.healthy()).toBe(true));
  });

  it("that Slack refuses at start leaves the rest working, and is tried again", async () => {
    const { peer, surface, lines } = await start(undefined, (peer) => {
      peer.refuse = "invalid_auth";
    });
    expect(surface.healthy()).toBe(false);
    expect(lines.some((line) => line.message.includes("could not be opened"))).toBe(true);
    expect(JSON.stringify(lines)).not.toContain("xapp-secret");
    peer.refuse = undefined;
    await until(() => expect(surface.healthy()).toBe(true));
  });

  it("ends when we stop, and does not come back", async () => {
    const { peer, surface } = await start();
    await surface.stop();
    expect(peer.opened()).toBe(1);
    expect(surface.healthy()).toBe(false);
  });
});
