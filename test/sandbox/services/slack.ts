import { randomBytes } from "node:crypto";
import { createEmulator } from "emulate";
import { z } from "zod";
import { CHANNELS, CHATTER, EMPLOYEES, emailOf, HOME_TEAM, OTHER_BOT, OUTSIDER, SIGNOFF_BOT } from "../company.ts";

/** An answer of Slack's Web API. */
export const SlackAnswer = z.looseObject({ ok: z.boolean(), error: z.string().optional() });
export type SlackAnswer = z.infer<typeof SlackAnswer>;

/** The emulated Slack behind the gate, seeded with the company. */
export interface SlackService {
  readonly url: string;
  readonly botToken: string;
  /** Member ids by handle. */
  readonly ids: Readonly<Record<string, string>>;
  /** Channel ids by name. */
  readonly channels: Readonly<Record<string, string>>;
  /** Calls the emulator itself, past the gate: `as` is a handle, or `bot`. Throws on a refusal. */
  call(method: string, body: Readonly<Record<string, unknown>>, as: string): Promise<SlackAnswer>;
  /** As `call`, but a refusal is an answer. */
  ask(method: string, body: Readonly<Record<string, unknown>>, as: string): Promise<SlackAnswer>;
  close(): Promise<void>;
}

const HANDLES = [...EMPLOYEES.map((employee) => employee.handle), OUTSIDER.handle];

/** Starts the emulated Slack on loopback with Acme's people, channels and what they said so far. */
export async function startSlack(): Promise<SlackService> {
  const botToken = `xoxb-${randomBytes(16).toString("hex")}`;
  const tokens = new Map(HANDLES.map((handle) => [handle, `xoxp-${randomBytes(16).toString("hex")}`]));
  tokens.set("bot", botToken);
  tokens.set("admin", `xoxp-${randomBytes(16).toString("hex")}`);
  const emulator = await createEmulator({
    service: "slack",
    port: 0,
    seed: { slack: slackSeed(tokens) },
  });

  const ask = async (method: string, body: Readonly<Record<string, unknown>>, as: string): Promise<SlackAnswer> => {
    const answer = await fetch(`${emulator.url}/api/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${tokens.get(as) ?? ""}` },
      body: JSON.stringify(body),
    });
    return SlackAnswer.parse(await answer.json());
  };
  const call = async (method: string, body: Readonly<Record<string, unknown>>, as: string): Promise<SlackAnswer> => {
    const answer = await ask(method, body, as);
    if (!answer.ok) throw new Error(`the emulated Slack refused ${method}: ${answer.error ?? "no reason"}`);
    return answer;
  };

  try {
    const ids = await readIds(call);
    const channels = await openChannels(call, ids);
    return { url: emulator.url, botToken, ids, channels, call, ask, close: () => emulator.close() };
  } catch (cause) {
    await emulator.close();
    throw cause;
  }
}

function slackSeed(tokens: ReadonlyMap<string, string>) {
  const bots = [SIGNOFF_BOT, OTHER_BOT];
  return {
    team: { name: "Acme", domain: "acme" },
    users: [
      ...EMPLOYEES.map((employee) => ({
        name: employee.handle,
        real_name: employee.name,
        email: emailOf(employee.handle),
        profile: {
          display_name: employee.handle,
          real_name: employee.name,
          email: emailOf(employee.handle),
          title: employee.title,
        },
      })),
      { name: OUTSIDER.handle, real_name: OUTSIDER.name, email: "erin@globex.example" },
    ],
    oauth_apps: bots.map((bot) => ({
      app_id: bot.appId,
      client_id: bot.appId,
      client_secret: randomBytes(8).toString("hex"),
      name: bot === SIGNOFF_BOT ? "Signoff" : "Build bot",
      redirect_uris: [],
      bot_id: bot.botId,
      bot_user_id: bot.userId,
      bot_name: bot.handle,
    })),
    tokens: [...tokens].map(([handle, token]) => ({
      token,
      user: handle === "bot" ? SIGNOFF_BOT.userId : handle,
      type: handle === "bot" ? "bot" : "user",
      ...(handle === "bot" ? { bot_id: SIGNOFF_BOT.botId, app_id: SIGNOFF_BOT.appId } : {}),
    })),
  };
}

type CallSlack = SlackService["call"];

const Members = z.object({ members: z.array(z.object({ id: z.string(), name: z.string() })) });
const Opened = z.object({ channel: z.object({ id: z.string() }) });

// The emulator makes member ids up, so they are read back.
async function readIds(call: CallSlack): Promise<Record<string, string>> {
  const { members } = Members.parse(await call("users.list", { limit: 1000 }, "bot"));
  return Object.fromEntries(members.map((member) => [member.name, member.id]));
}

async function openChannels(call: CallSlack, ids: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const channels: Record<string, string> = {};
  for (const channel of CHANNELS) {
    const members = channel.members ?? EMPLOYEES.filter((one) => one.guest !== true).map((one) => one.handle);
    const founder = members[0] ?? "mira";
    const id = await openChannel(call, channel.name, channel.private === true, founder);
    channels[channel.name] = id;
    const invited = [...members.filter((handle) => handle !== founder).map((handle) => ids[handle] ?? handle)];
    if (channel.withBot) invited.push(SIGNOFF_BOT.userId);
    if (channel.name === "general") await call("conversations.join", { channel: id }, founder);
    if (invited.length > 0) await call("conversations.invite", { channel: id, users: invited.join(",") }, founder);
    await call("conversations.setTopic", { channel: id, topic: channel.topic }, founder);
  }
  for (const line of CHATTER)
    await call("chat.postMessage", { channel: channels[line.channel], text: line.text }, line.by);
  // Every person has the app in the sidebar, as after an installation for the whole workspace.
  for (const employee of EMPLOYEES) await call("conversations.open", { users: SIGNOFF_BOT.userId }, employee.handle);
  return channels;
}

async function openChannel(call: CallSlack, name: string, isPrivate: boolean, founder: string): Promise<string> {
  if (name === "general") {
    const list = z
      .object({ channels: z.array(z.object({ id: z.string(), name: z.string() })) })
      .parse(await call("conversations.list", {}, "admin"));
    const found = list.channels.find((channel) => channel.name === name);
    if (found !== undefined) return found.id;
  }
  return Opened.parse(await call("conversations.create", { name, is_private: isPrivate }, founder)).channel.id;
}

/** Whether a member id belongs to this workspace's own team. */
export function teamOf(handle: string): string {
  return handle === OUTSIDER.handle ? OUTSIDER.team : HOME_TEAM;
}
