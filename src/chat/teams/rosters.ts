import { z } from "zod";
import { rootOf } from "./activity.ts";
import { isRefusal } from "./client.ts";
import { objectId } from "./members.ts";
import { type Desk, isChannel, type Spot, spotOf } from "./posts.ts";

// Who is in a conversation, as the Bot Connector shows it to a bot that is in it.

const RosterMember = z.object({
  id: z.string(),
  aadObjectId: z.string().nullish(),
  objectId: z.string().nullish(),
});
const Page = z.object({ members: z.array(RosterMember), continuationToken: z.string().nullish() });
const Channels = z.object({
  conversations: z.array(z.object({ id: z.string(), type: z.string().nullish() })),
});

/** Whether a conversation is private, and everybody in it. Throws `SystemError`. */
export async function readConversation(
  desk: Desk,
  id: string,
): Promise<{ readonly private: boolean; readonly members: readonly string[] }> {
  const known = await desk.conversations.find(id);
  const { serviceUrl } = await spotOf(desk, id);
  const members: string[] = [];
  let token: string | undefined;
  do {
    const more = token === undefined ? "" : `&continuationToken=${encodeURIComponent(token)}`;
    const path = `conversations/${encodeURIComponent(id)}/pagedmembers?pageSize=500${more}`;
    const page = await desk.client.connector({ method: "GET", serviceUrl, path }, Page);
    members.push(...page.members.map((member) => idOf(member) ?? member.id));
    token = page.continuationToken || undefined;
  } while (token !== undefined);
  const isPrivate = isChannel(id) ? await isPrivateChannel(desk, { id, serviceUrl }, known?.teamId) : true;
  return { private: isPrivate, members };
}

/** Everybody of a team reads its standard channels. What cannot be seen to be private is not. */
async function isPrivateChannel(desk: Desk, { id, serviceUrl }: Spot, teamId: string | undefined): Promise<boolean> {
  if (teamId === undefined) return false;
  const path = `teams/${encodeURIComponent(teamId)}/conversations`;
  const { conversations } = await desk.client.connector({ method: "GET", serviceUrl, path }, Channels);
  return conversations.find((channel) => channel.id === id)?.type?.toLowerCase() === "private";
}

/** The Entra object id of somebody whom a conversation names by an id of its own; `undefined` for bots and strangers. */
export async function readMentioned(desk: Desk, conversation: Spot, id: string): Promise<string | undefined> {
  const known = objectId(id);
  if (known !== undefined || id.startsWith("28:")) return known;
  const { serviceUrl } = conversation;
  const path = `conversations/${encodeURIComponent(rootOf(conversation.id))}/members/${encodeURIComponent(id)}`;
  try {
    return idOf(await desk.client.connector({ method: "GET", serviceUrl, path }, RosterMember));
  } catch (error) {
    if (isRefusal(error, "404", "403", "400")) return undefined;
    throw error;
  }
}

function idOf(member: z.infer<typeof RosterMember>): string | undefined {
  return objectId(member.aadObjectId) ?? objectId(member.objectId);
}
