import { and, asc, count, eq, gte, inArray, isNull, lt, lte, or, sql } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { posts } from "./schema.ts";

/** A message that is wanted, and where it stands. What it says and to whom is for who sends it to parse. */
export const Post = z.object({
  key: z.string(),
  notice: z.unknown(),
  audience: z.unknown(),
  wanted: z.number(),
  done: z.number(),
  surface: z.enum(["slack", "teams"]).nullable(),
  channel: z.string().nullable(),
  ts: z.string().nullable(),
  posting: z.boolean(),
  shown: z.string().nullable(),
  failure: z.string().nullable(),
  tries: z.number(),
  postedAt: z.date().nullable(),
});
export type Post = Readonly<z.infer<typeof Post>>;

const LIMIT = 200;

/** Keys of messages that are behind what they should show and may be sent now. */
export async function listDuePosts(tx: Tx, now: Date): Promise<string[]> {
  const rows = await tx
    .select({ key: posts.key })
    .from(posts)
    .where(due(now))
    // What was asked for first is mostly what others stand under.
    .orderBy(asc(posts.tries), asc(posts.key))
    .limit(LIMIT);
  return rows.map(({ key }) => key);
}

/** How many messages are behind what they should show. */
export async function countWaitingPosts(tx: Tx): Promise<number> {
  const [row] = await tx.select({ n: count() }).from(posts).where(lt(posts.done, posts.wanted));
  return row?.n ?? 0;
}

/** The message of that key. */
export async function findPost(tx: Tx, key: string): Promise<Post | undefined> {
  const [row] = await tx.select().from(posts).where(eq(posts.key, key));
  return row && Post.parse(row);
}

/** How many messages about work one person got since then. */
export async function countWorkPosts(tx: Tx, personId: string, since: Date): Promise<number> {
  const [row] = await tx
    .select({ number: count() })
    .from(posts)
    .where(
      and(
        gte(posts.postedAt, since),
        inArray(sql`${posts.notice}->>'kind'`, ["work", "work-reminder"]),
        eq(sql`${posts.audience}->>'personId'`, personId),
      ),
    );
  return row?.number ?? 0;
}

/** Takes a message that is due, for `lease` alone, until then. */
export async function leasePost(tx: Tx, key: string, lease: string, now: Date, until: Date): Promise<Post | undefined> {
  const [row] = await tx
    .update(posts)
    .set({ lease, leaseUntil: until })
    .where(and(eq(posts.key, key), due(now)))
    .returning();
  return row && Post.parse(row);
}

/** Writes what became of a leased message. Says whether the lease was still ours. */
export async function savePost(
  tx: Tx,
  key: string,
  lease: string,
  to: Partial<Omit<typeof posts.$inferInsert, "key" | "notice" | "audience" | "wanted">>,
): Promise<boolean> {
  const saved = await tx
    .update(posts)
    .set(to)
    .where(and(eq(posts.key, key), eq(posts.lease, lease)))
    .returning({ key: posts.key });
  return saved.length === 1;
}

function due(now: Date) {
  return and(
    lt(posts.done, posts.wanted),
    or(isNull(posts.nextAt), lte(posts.nextAt, now)),
    or(isNull(posts.leaseUntil), lte(posts.leaseUntil, now)),
  );
}
