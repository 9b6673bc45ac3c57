import { eq, like, sql } from "drizzle-orm";
import { z } from "zod";
import { isZone } from "../core/zone.ts";
import type { Tx } from "../store/open.ts";
import { posts } from "../store/schema.ts";
import type { Job } from "./queues.ts";

/** What a message is about: ids only. chat/notify.ts makes the words from the tables when it sends it. */
export const Notice = z.discriminatedUnion("kind", [
  /** The case message in the approvers' channel, updated in place. */
  z.object({ kind: z.literal("case"), caseId: z.string() }),
  /** The requester's private mirror. */
  z.object({ kind: z.literal("mirror"), caseId: z.string() }),
  /** A step that needs a human, or is to be done by hand, in the case's thread. */
  z.object({ kind: z.literal("step"), caseId: z.string(), stepId: z.string() }),
  /** The same, to the owner of a manual system. */
  z.object({ kind: z.literal("manual"), caseId: z.string(), stepId: z.string() }),
  /** A system that could not be read, an unmatched account or what appeared since, in the case's thread. */
  z.object({ kind: z.literal("addition"), caseId: z.string(), revision: z.number().int() }),
  /** A containment that waits: to each approver directly, and to operators without a name. */
  z.object({ kind: z.literal("page"), caseId: z.string(), time: z.number().int() }),
  z.object({ kind: z.literal("missed"), caseId: z.string() }),
  /** All work of a case that is put to one person. */
  z.object({ kind: z.literal("work"), caseId: z.string(), personId: z.string() }),
  /** That some of it still waits for an answer: a message of its own, since an edited one rings nobody. */
  z.object({ kind: z.literal("work-reminder"), caseId: z.string(), personId: z.string() }),
  /** What keeps somebody from receiving work in its system, said to those who can have it changed. */
  z.object({ kind: z.literal("obstacle"), caseId: z.string(), personId: z.string() }),
  /** That somebody moved the time, in the case's thread and to the requester. */
  z.object({
    kind: z.literal("rescheduled"),
    caseId: z.string(),
    by: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
  }),
  /** Work that nobody took, by name to the leaver's manager. */
  z.object({ kind: z.literal("unclaimed"), caseId: z.string() }),
  /** What a system showed that answered days after the case was closed. */
  z.object({ kind: z.literal("looked-again"), caseId: z.string(), system: z.string() }),
  /** What falls to somebody since it breaks with the leaver's access. */
  z.object({ kind: z.literal("heir"), caseId: z.string() }),
  /** Grants that stay by exception: to who owns the risk, and once their day is over to the approvers as well, each time anew. */
  z.object({ kind: z.literal("kept"), caseId: z.string(), time: z.number().int() }),
  z.object({ kind: z.literal("summary"), caseId: z.string() }),
  /** That acts were paused or resumed, as the log says it now. */
  z.object({ kind: z.literal("acts") }),
  /** Who was given or lost a role, as that entry says. */
  z.object({ kind: z.literal("roles"), seq: z.number().int() }),
  /** What waits for somebody, once a day. */
  z.object({
    kind: z.literal("digest"),
    day: z.iso.date(),
    zone: z.string().refine(isZone),
    /** Of the restricted cases alone, for each who decides those. */
    restricted: z.literal(true).optional(),
  }),
  /** The page that an account of a chat sees alone. Opening it again is a wish of its own, whatever it showed before. */
  z.object({
    kind: z.literal("home"),
    surface: z.enum(["slack", "teams"]),
    account: z.string(),
    openedAt: z.iso.datetime(),
  }),
  /** Somebody could not be told in chat, said to the approvers. */
  z.object({
    kind: z.literal("unreached"),
    caseId: z.string(),
    personId: z.string(),
    why: z.enum(["no-account", "deactivated", "leaving", "no-app"]),
  }),
]);
export type Notice = z.infer<typeof Notice>;

/** Where more than one surface has a channel for approvers, which one; the first if it is not said. */
const Surface = z.enum(["slack", "teams"]);

/** Who it is for. Chat finds the channel or the account, and goes to the approvers one by one if the channel is unfit. */
export const NoticeFor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("approvers"), surface: Surface.optional() }),
  /** The thread under the case message. */
  z.object({ kind: z.literal("case-thread"), caseId: z.string(), surface: Surface.optional() }),
  z.object({ kind: z.literal("person"), personId: z.string() }),
  /** That account's own page. */
  z.object({ kind: z.literal("home"), surface: z.enum(["slack", "teams"]), account: z.string() }),
  /** The thread under the message with that key, in that person's direct messages. */
  z.object({ kind: z.literal("under"), key: z.string(), personId: z.string() }),
]);
export type NoticeFor = z.infer<typeof NoticeFor>;

/**
 * Asks that a message be posted or brought up to date, within the transition that changed what it shows. The key is the
 * message's identity: the same key again updates it.
 */
export async function wantPost(tx: Tx, key: string, notice: Notice, audience: NoticeFor): Promise<Job> {
  await tx
    .insert(posts)
    .values({ key, notice, audience })
    .onConflictDoUpdate({
      target: posts.key,
      set: { notice, audience, wanted: sql`${posts.wanted} + 1`, nextAt: null, tries: 0 },
    });
  return { queue: "notify", payload: { key } };
}

/** Asks for a message unless it was asked for before, whoever did so. Then there is nothing to do. */
export async function wantPostOnce(tx: Tx, key: string, notice: Notice, audience: NoticeFor): Promise<Job | undefined> {
  const fresh = await tx
    .insert(posts)
    .values({ key, notice, audience })
    .onConflictDoNothing()
    .returning({ key: posts.key });
  return fresh.length === 0 ? undefined : { queue: "notify", payload: { key } };
}

/** Brings a message up to date that was asked for before; nothing if it never was. The next sweep finds it. */
export async function touchPost(tx: Tx, key: string): Promise<void> {
  await tx
    .update(posts)
    .set({ wanted: sql`${posts.wanted} + 1`, nextAt: null })
    .where(eq(posts.key, key));
}

/** Brings every call to decide on a case's containment up to date: whoever was called learns that it is decided. */
export async function touchPages(tx: Tx, caseId: string): Promise<void> {
  await tx
    .update(posts)
    .set({ wanted: sql`${posts.wanted} + 1`, nextAt: null })
    .where(like(posts.key, `page:${caseId}:%`));
}

/** Calls somebody to decide on a containment. Each time is a message of its own, since an edited one rings nobody. */
export function wantPage(tx: Tx, caseId: string, personId: string, time: number): Promise<Job> {
  return wantPost(
    tx,
    `page:${caseId}:${time}:${personId}`,
    { kind: "page", caseId, time },
    { kind: "person", personId },
  );
}

/** The two messages that follow a case: the approvers' and the requester's. */
export async function wantCasePosts(tx: Tx, of: { id: string; requesterId: string }): Promise<Job[]> {
  return [
    await wantPost(tx, `case:${of.id}`, { kind: "case", caseId: of.id }, { kind: "approvers" }),
    await wantPost(
      tx,
      `mirror:${of.id}`,
      { kind: "mirror", caseId: of.id },
      { kind: "person", personId: of.requesterId },
    ),
  ];
}

/** A message in the thread under the case message. */
export function wantThreadPost(tx: Tx, caseId: string, key: string, notice: Notice): Promise<Job> {
  return wantPost(tx, key, notice, { kind: "case-thread", caseId });
}
