import { z } from "zod";
import { SIGNOFF_BOT } from "./company.ts";
import { ownMessage } from "./gate/content.ts";
import type { ChatMember } from "./gate/members.ts";
import type { Json } from "./gate/problems.ts";
import type { Gate } from "./gate.ts";

// What one person sees, read from the emulated Slack as that person, so that privacy is the emulator's and not ours.

/** A conversation with what was said in it. */
export interface Conversation {
  readonly id: string;
  readonly kind: "channel" | "private" | "direct";
  readonly name: string;
  readonly topic: string;
  /** The other one in a direct conversation. */
  readonly with?: string;
  readonly members: readonly string[];
  readonly messages: readonly Json[];
  readonly readTo: string;
  /** The app takes no messages: there is no field to write in, so no command can be typed here either. */
  readonly isReadOnly: boolean;
}

/** Everything the page needs to start. */
export interface State {
  readonly you: ChatMember;
  readonly members: readonly ChatMember[];
  readonly bot: string;
  readonly commands: readonly { readonly command: string; readonly description: string; readonly hint: string }[];
  readonly conversations: readonly Conversation[];
  readonly ephemerals: readonly { readonly channel: string; readonly message: Json }[];
  readonly view: Json | null;
  /** The Home tab as the app published it; `undefined` if the app has none. */
  readonly home?: Json | null;
  readonly shortcuts: readonly { readonly id: string; readonly name: string; readonly type: "global" | "message" }[];
}

const Channels = z.object({
  channels: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      is_im: z.boolean().optional(),
      is_private: z.boolean().optional(),
      is_member: z.boolean().optional(),
      user: z.string().optional(),
      topic: z.looseObject({ value: z.string() }).optional(),
    }),
  ),
});
const Messages = z.object({ messages: z.array(z.looseObject({ ts: z.string(), reply_count: z.number().optional() })) });
const Ids = z.object({ members: z.array(z.string()) });

/** Reads the page's state for one person. `read` holds how far they have read, by person and conversation. */
export async function readState(gate: Gate, viewer: ChatMember, read: ReadonlyMap<string, string>): Promise<State> {
  const ask = (method: string, body: Json) => gate.slack.call(method, body, viewer.handle);
  const list = Channels.parse(
    await ask("conversations.list", { types: "public_channel,private_channel,im", limit: 1000 }),
  );
  const conversations = await Promise.all(
    list.channels
      .filter((channel) => channel.is_im === true || channel.is_member === true)
      .map(async (channel): Promise<Conversation> => {
        const { members } = Ids.parse(await ask("conversations.members", { channel: channel.id }));
        const messages = await readMessages(ask, channel.id);
        const direct = channel.is_im === true;
        return {
          id: channel.id,
          kind: direct ? "direct" : channel.is_private === true ? "private" : "channel",
          name: channel.name,
          topic: channel.topic?.value ?? "",
          ...(direct && channel.user !== undefined ? { with: channel.user } : {}),
          members: members.filter((id) => gate.members.find(id) !== undefined),
          messages,
          isReadOnly:
            channel.user === SIGNOFF_BOT.userId &&
            gate.manifest.features.app_home?.messages_tab_read_only_enabled === true,
          readTo: read.get(`${viewer.id} ${channel.id}`) ?? "0",
        };
      }),
  );
  return {
    you: viewer,
    members: gate.members.all,
    bot: SIGNOFF_BOT.userId,
    commands: gate.manifest.features.slash_commands.map((one) => {
      return { command: one.command, description: one.description, hint: one.usage_hint ?? "" };
    }),
    conversations,
    ephemerals: gate.changes.ephemeralsOf(viewer.id),
    view: gate.views.top(viewer.id)?.view ?? null,
    ...(gate.manifest.features.app_home?.home_tab_enabled === true
      ? { home: gate.views.home(viewer.id)?.view ?? null }
      : {}),
    shortcuts: gate.manifest.features.shortcuts.map(({ callback_id, name, type }) => ({ id: callback_id, name, type })),
  };
}

async function readMessages(ask: (method: string, body: Json) => Promise<Json>, channel: string): Promise<Json[]> {
  const { messages } = Messages.parse(await ask("conversations.history", { channel, limit: 1000 }));
  const threads = await Promise.all(
    messages
      .filter((message) => (message.reply_count ?? 0) > 0)
      .map(async (message) => Messages.parse(await ask("conversations.replies", { channel, ts: message.ts })).messages),
  );
  const all = new Map([...messages, ...threads.flat()].map((message) => [message.ts, message]));
  return [...all.values()]
    .filter((message) => !String(message["subtype"] ?? "").match(/topic|purpose|join|leave|name/))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1))
    .map(ownMessage);
}
