import { z } from "zod";
import { SystemError } from "../../core/failure.ts";
import type { Message } from "../message.ts";
import type { Audience, Posted } from "../surface.ts";
import type { Client } from "./client.ts";
import { type Home, readMember } from "./members.ts";
import { markOf, renderMessage } from "./render.ts";

const Opened = z.object({ channel: z.object({ id: z.string() }) });
const Sent = z.object({ channel: z.string(), ts: z.string() });
const Info = z.object({ channel: z.object({ is_private: z.boolean().nullish(), is_im: z.boolean().nullish() }) });
const MembersPage = z.object({ members: z.array(z.string()) });
const MessagesPage = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      user: z.string().nullish(),
      bot_id: z.string().nullish(),
      blocks: z.array(z.object({ block_id: z.string().nullish() })).nullish(),
      metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).nullish(),
    }),
  ),
});

/** How far back a message is looked for: longer than any outage after which a post is still worth finding. */
const SEARCH_DAYS = 7;
const EVENT_TYPE = "signoff_post";

/** Posts a message marked with `key`. Without a key it cannot be found again. Throws `SystemError`. */
export async function post(
  client: Client,
  home: Home,
  to: Audience,
  message: Message,
  key: string | undefined,
): Promise<Posted> {
  const { channel, thread } = await placeOf(client, home, to);
  return client.call(
    "chat.postMessage",
    {
      channel,
      ...(thread === undefined ? {} : { thread_ts: thread }),
      ...renderMessage(message, key),
      ...marked(key),
      unfurl_links: false,
      unfurl_media: false,
    },
    Sent,
  );
}

/** Replaces a message that was posted before. Throws `SystemError`. */
export async function update(client: Client, at: Posted, message: Message, key: string): Promise<void> {
  await client.call("chat.update", { ...at, ...renderMessage(message, key), ...marked(key) }, Sent);
}

/** The newest message of ours that carries `key`, if one was posted in the last days. Throws `SystemError`. */
export async function findPost(
  client: Client,
  home: Home,
  to: Audience,
  key: string,
  now: Date,
): Promise<Posted | undefined> {
  const { channel, thread } = await placeOf(client, home, to);
  const mark = markOf(key);
  const [method, place] =
    thread === undefined
      ? (["conversations.history", { channel }] as const)
      : (["conversations.replies", { channel, ts: thread }] as const);
  const oldest = String(Math.floor(now.getTime() / 1000) - SEARCH_DAYS * 86_400);
  for await (const page of client.pages(
    method,
    { ...place, oldest, limit: 200, include_all_metadata: true },
    MessagesPage,
  )) {
    const found = page.messages.find((message) => {
      // Anyone may post a block with our mark in its id.
      const ours = message.user === home.userId || (message.bot_id != null && message.bot_id === home.botId);
      const first = message.blocks?.[0]?.block_id;
      const payload = message.metadata?.event_type === EVENT_TYPE ? message.metadata.event_payload["mark"] : undefined;
      return ours && (payload === mark || first?.startsWith(`${mark}:`));
    });
    if (found) return { channel, ts: found.ts };
  }
  return undefined;
}

/** Whether a channel is private, and everybody in it. Throws `SystemError`. */
export async function readChannel(
  client: Client,
  id: string,
): Promise<{ readonly private: boolean; readonly members: readonly string[] }> {
  const { channel } = await client.call("conversations.info", { channel: id }, Info);
  const members: string[] = [];
  for await (const page of client.pages("conversations.members", { channel: id, limit: 500 }, MembersPage)) {
    members.push(...page.members);
  }
  return { private: channel.is_private === true || channel.is_im === true, members };
}

async function placeOf(client: Client, home: Home, to: Audience): Promise<{ channel: string; thread?: string }> {
  switch (to.kind) {
    case "channel":
      return { channel: to.channelId };
    case "thread":
      return { channel: to.parent.channel, thread: to.parent.ts };
    case "member":
      return { channel: await openDirectMessage(client, home, to.memberId) };
    default:
      return to satisfies never;
  }
}

/** Slack accepts messages to a deactivated account and nobody ever reads them, so the account is read first. What we say is for our own people. */
async function openDirectMessage(client: Client, home: Home, memberId: string): Promise<string> {
  const member = await readMember(client, home, memberId);
  const refusal =
    member === undefined
      ? "user_not_found"
      : member.kind === "deactivated"
        ? "user_disabled"
        : member.kind === "bot"
          ? "cannot_dm_bot"
          : member.kind === "external"
            ? "external_member"
            : undefined;
  if (refusal !== undefined) throw new SystemError({ code: "refused", reason: refusal });
  const { channel } = await client.call("conversations.open", { users: memberId }, Opened);
  return channel.id;
}

function marked(key: string | undefined) {
  return key === undefined ? {} : { metadata: { event_type: EVENT_TYPE, event_payload: { mark: markOf(key) } } };
}
