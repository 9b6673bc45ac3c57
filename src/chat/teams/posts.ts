import { z } from "zod";
import type { Log } from "../../../connectors/connector.ts";
import { SystemError } from "../../core/failure.ts";
import type { Message } from "../message.ts";
import type { Audience, Posted } from "../surface.ts";
import { rootOf } from "./activity.ts";
import { type Client, isRefusal } from "./client.ts";
import type { Conversation, Conversations } from "./conversations.ts";
import { LIMITS } from "./limits.ts";
import { objectId } from "./members.ts";
import { type Rendered, renderMessage, withoutMentions } from "./render.ts";

/** What writing needs. */
export interface Desk {
  readonly client: Client;
  readonly conversations: Conversations;
  readonly appId: string;
  readonly tenantId: string;
  /** The Bot Connector's address for conversations that never wrote to us. */
  readonly serviceUrl: string;
  readonly log: Log;
}

/** Where something is written. */
export type Spot = Pick<Conversation, "id" | "serviceUrl">;

const Made = z.object({ id: z.string().min(1) });
const Anything = z.unknown();

/** The reason of a refusal when somebody has no conversation with us, or it takes nothing. */
export const UNREACHABLE = "member_unreachable";
/** The administrator took the app away from everybody: nothing that we could do about it helps. */
const BY_ADMIN = ["BotDisabledByAdmin", "BotDisabledByPolicy"];

/** Posts a message. Throws `SystemError`. */
export async function post(desk: Desk, to: Audience, message: Message): Promise<Posted> {
  switch (to.kind) {
    case "channel":
      return write(desk, await spotOf(desk, to.channelId), message);
    case "thread": {
      const { channel, ts } = to.parent;
      const { serviceUrl } = await spotOf(desk, channel);
      // Only channels have threads; in chats what belongs to a message comes after it.
      const id = isChannel(channel) ? `${channel};messageid=${ts}` : channel;
      return write(desk, { id, serviceUrl }, message);
    }
    case "member":
      return tell(desk, to.memberId, message);
    default:
      return to satisfies never;
  }
}

/** Replaces a message that was posted before. Throws `SystemError`; `message_not_found` if it is not there any more. */
export async function update(desk: Desk, at: Posted, message: Message): Promise<void> {
  const { serviceUrl } = await spotOf(desk, at.channel);
  const path = `conversations/${encodeURIComponent(at.channel)}/activities/${encodeURIComponent(at.ts)}`;
  try {
    await fitting(message, (body) =>
      desk.client.connector(
        { method: "PUT", serviceUrl, path, body: { ...body, id: at.ts }, writesTo: rootOf(at.channel) },
        Anything,
      ),
    );
  } catch (error) {
    if (isRefusal(error, "404"))
      throw new SystemError({ code: "refused", reason: "message_not_found" }, { cause: error });
    throw refused(error);
  }
}

/** Writes into a conversation that is known. Throws `SystemError`. */
export async function write(desk: Desk, to: Spot, message: Message): Promise<Posted> {
  const path = `conversations/${encodeURIComponent(to.id)}/activities`;
  try {
    const made = await fitting(message, (body) =>
      desk.client.connector({ method: "POST", serviceUrl: to.serviceUrl, path, body, writesTo: rootOf(to.id) }, Made),
    );
    return { channel: rootOf(to.id), ts: made.id };
  } catch (error) {
    throw refused(error);
  }
}

/** Writes one line where others read along: no card, and nothing of a case. Throws `SystemError`. */
export async function writeLine(desk: Desk, to: Spot, text: string): Promise<void> {
  const path = `conversations/${encodeURIComponent(to.id)}/activities`;
  const body = { type: "message", text, textFormat: "plain" };
  await desk.client.connector({ method: "POST", serviceUrl: to.serviceUrl, path, body, writesTo: rootOf(to.id) }, Made);
}

/** Writes to one person alone. `member_unreachable` if they do not have the app, or it may not write. */
export async function tell(desk: Desk, memberId: string, message: Message): Promise<Posted> {
  const known = await desk.conversations.findPersonal(memberId);
  try {
    const conversation = known ?? (await openPersonal(desk, memberId));
    return await write(desk, conversation, message);
  } catch (error) {
    if (!isRefusal(error, "403", "404")) throw error;
    // What is known of them does not hold any more: the next time they are looked for afresh.
    if (known) await desk.conversations.forget(known.id);
    throw new SystemError({ code: "refused", reason: UNREACHABLE }, { cause: error });
  }
}

/** Opens the personal conversation: works if the app is installed for them. */
async function openPersonal(desk: Desk, memberId: string): Promise<Conversation> {
  const { serviceUrl, tenantId } = desk;
  const body = {
    bot: { id: `28:${desk.appId}` },
    // A conversation's or a channel user's id here would be another person's, or nobody's.
    members: [{ id: checked(memberId) }],
    isGroup: false,
    tenantId,
    channelData: { tenant: { id: tenantId } },
  };
  const { id } = await desk.client.connector({ method: "POST", serviceUrl, path: "conversations", body }, Made);
  const opened = { id, serviceUrl, kind: "personal" } as const;
  await desk.conversations.save(opened, memberId);
  return opened;
}

function checked(memberId: string): string {
  const id = objectId(memberId);
  if (id === undefined) throw new SystemError({ code: "refused", reason: UNREACHABLE });
  return id;
}

/** Sends as much as Teams takes: a mention or a size that it does not take costs that part, never the message. */
async function fitting<T>(message: Message, send: (body: Rendered) => Promise<T>): Promise<T> {
  const whole = renderMessage(message);
  const tries = [
    whole,
    ...(hasMentions(whole) ? [withoutMentions(whole)] : []),
    withoutMentions(renderMessage(message, LIMITS.smallerBytes)),
  ];
  for (const [at, body] of tries.entries()) {
    try {
      return await send(body);
    } catch (error) {
      // Too large is said in several ways, one of them a bare 400 (microsoft/BotFramework-Services#228).
      if (!isRefusal(error, "400", "413") || at === tries.length - 1) throw error;
    }
  }
  throw new TypeError("there is always one try");
}

function hasMentions(rendered: Rendered): boolean {
  return rendered.attachments.some(({ content }) => (content.msteams?.entities?.length ?? 0) > 0);
}

function refused(error: unknown): unknown {
  const reason = BY_ADMIN.find((code) => isRefusal(error, code));
  return reason === undefined ? error : new SystemError({ code: "forbidden", scope: reason }, { cause: error });
}

/** A conversation's address; one that never wrote to us is tried at the Bot Connector's public one. */
export async function spotOf(desk: Desk, id: string): Promise<Spot> {
  return (await desk.conversations.find(id)) ?? { id, serviceUrl: desk.serviceUrl };
}

/** Whether a conversation is a channel of a team, which has threads; chats have none. */
export function isChannel(id: string): boolean {
  return /@thread\.(tacv2|skype)$/.test(id);
}
