import { z } from "zod";

// What the Bot Connector sends (https://github.com/microsoft/botframework-sdk/blob/main/specs/botframework-activity/botframework-activity.md)
// as far as it is used.

const Account = z.object({ id: z.string(), name: z.string().nullish(), aadObjectId: z.string().nullish() });

export const MentionEntity = z.object({
  type: z.literal("mention"),
  text: z.string().nullish(),
  mentioned: z.object({ id: z.string(), name: z.string().nullish(), aadObjectId: z.string().nullish() }),
});
export type MentionEntity = z.infer<typeof MentionEntity>;

export const Activity = z.object({
  type: z.string(),
  id: z.string().nullish(),
  /** Which kind of invoke. */
  name: z.string().nullish(),
  channelId: z.literal("msteams"),
  serviceUrl: z.url({ protocol: /^https?$/ }),
  from: Account,
  recipient: z.object({ id: z.string() }),
  conversation: z.object({
    id: z.string().min(1),
    conversationType: z.string().nullish(),
    tenantId: z.string().nullish(),
  }),
  text: z.string().nullish(),
  entities: z.array(z.unknown()).nullish(),
  value: z.unknown().optional(),
  replyToId: z.string().nullish(),
  action: z.string().nullish(),
  membersAdded: z.array(Account).nullish(),
  membersRemoved: z.array(Account).nullish(),
  channelData: z
    .object({
      tenant: z.object({ id: z.string().nullish() }).nullish(),
      team: z.object({ id: z.string().nullish() }).nullish(),
      channel: z.object({ id: z.string().nullish() }).nullish(),
    })
    .nullish(),
});
export type Activity = z.infer<typeof Activity>;

/** The tenant in which it was said; `undefined` if nothing says so. */
export function tenantOf(activity: Activity): string | undefined {
  const said = [activity.conversation.tenantId, activity.channelData?.tenant?.id].filter(
    (id) => id != null && id !== "",
  );
  // Two that differ name none.
  return new Set(said.map((id) => id?.toLowerCase())).size === 1 ? said[0]?.toLowerCase() : undefined;
}

/** The mentions in it, in their order; what cannot be read is none. */
export function mentionsOf(activity: Activity): readonly MentionEntity[] {
  return (activity.entities ?? []).flatMap((entity) => MentionEntity.safeParse(entity).data ?? []);
}

/** A conversation's id without the message whose thread it is. */
export function rootOf(conversationId: string): string {
  return conversationId.replace(/;messageid=.*$/, "");
}
