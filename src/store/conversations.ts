import { eq, sql } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { conversations } from "./schema.ts";

/** A conversation as its row has it: an address to write to, believed for that and nothing else. */
export const ConversationRow = z.object({
  id: z.string(),
  serviceUrl: z.string(),
  kind: z.enum(["personal", "group", "channel"]),
  teamId: z.string().nullable(),
  memberId: z.string().nullable(),
});
export type ConversationRow = Readonly<z.infer<typeof ConversationRow>>;

/** The conversation with that id. */
export async function findConversation(tx: Tx, id: string): Promise<ConversationRow | undefined> {
  const [row] = await tx.select().from(conversations).where(eq(conversations.id, id));
  return row && ConversationRow.parse(row);
}

/** The personal conversation with an account. */
export async function findPersonalConversation(tx: Tx, memberId: string): Promise<ConversationRow | undefined> {
  const [row] = await tx.select().from(conversations).where(eq(conversations.memberId, memberId));
  return row && ConversationRow.parse(row);
}

/** Notes a conversation as it is now. An account has one: an older one with them gives way. */
export async function saveConversation(tx: Tx, row: ConversationRow): Promise<void> {
  if (row.memberId !== null)
    await tx
      .delete(conversations)
      .where(sql`${conversations.memberId} = ${row.memberId} and ${conversations.id} <> ${row.id}`);
  const { id, ...set } = row;
  await tx
    .insert(conversations)
    .values({ id, ...set })
    .onConflictDoUpdate({
      target: conversations.id,
      // A team that is not named this time is still the team.
      set: { ...set, teamId: sql`coalesce(excluded.team_id, ${conversations.teamId})` },
    });
}

/** Nobody can be written to there any more. */
export async function forgetConversation(tx: Tx, id: string): Promise<void> {
  await tx.delete(conversations).where(eq(conversations.id, id));
}
