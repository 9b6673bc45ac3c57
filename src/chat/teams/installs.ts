import { type Activity, rootOf, tenantOf } from "./activity.ts";
import type { Conversation } from "./conversations.ts";
import { objectId } from "./members.ts";
import type { Desk } from "./posts.ts";

const KINDS: Readonly<Record<string, Conversation["kind"]>> = {
  personal: "personal",
  groupChat: "group",
  channel: "channel",
};

/** Keeps where we can speak first, from whatever comes from there, and forgets it when the app is removed. */
export function installs(desk: Desk): (activity: Activity) => Promise<void> {
  /** What was saved by this process, so that not every word costs a write. */
  const saved = new Map<string, string>();
  return async (activity) => {
    if (tenantOf(activity) !== desk.tenantId.toLowerCase()) return;
    const id = rootOf(activity.conversation.id);
    if (wasRemoved(activity)) {
      saved.delete(id);
      return desk.conversations.forget(id);
    }
    const kind = KINDS[activity.conversation.conversationType ?? ""];
    const memberId = kind === "personal" ? objectId(activity.from.aadObjectId) : undefined;
    // Without the person a personal conversation is nobody's.
    if (kind === undefined || (kind === "personal" && memberId === undefined)) return;
    const teamId = activity.channelData?.team?.id;
    const conversation = { id, serviceUrl: activity.serviceUrl, kind, ...(teamId ? { teamId } : {}) };
    const key = JSON.stringify([conversation, memberId]);
    if (saved.get(id) === key) return;
    await desk.conversations.save(conversation, memberId);
    saved.set(id, key);
  };
}

function wasRemoved(activity: Activity): boolean {
  if (activity.type === "installationUpdate") return activity.action?.startsWith("remove") === true;
  const gone = activity.type === "conversationUpdate" ? (activity.membersRemoved ?? []) : [];
  return gone.some(({ id }) => id === activity.recipient.id);
}
