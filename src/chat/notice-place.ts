import { SystemError } from "../core/failure.ts";
import type { Case } from "../store/cases.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { findPost, type Post } from "../store/posts.ts";
import { findPerson, listAccounts } from "../workflow/known-people.ts";
import type { NoticeFor } from "../workflow/notices.ts";
import { listRecused } from "../workflow/recused.ts";
import { approversOf, peopleWith } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type ApproversChannels, type ApproversPlace, approversPlaces, twinKey } from "./approvers-places.ts";
import type { Member } from "./intent.ts";
import type { Audience, ChatSurface } from "./surface.ts";

/** Somebody by what a chat may know them by. */
export interface Reachable {
  readonly id: string;
  readonly emails: readonly string[];
  readonly accounts: readonly { readonly surface: ChatSurface["id"]; readonly id: string }[];
  /** Their own access is being reviewed. */
  readonly leaving: boolean;
  /** IANA zone, if the directory knows one. */
  readonly zone: string | undefined;
}

/** What the tables say about an audience, read with the content. */
export type Known =
  | ({ readonly kind: "approvers"; readonly moved: string | undefined } & Readers)
  | ({ readonly kind: "thread"; readonly parent: Post | undefined } & Readers)
  | { readonly kind: "person"; readonly person: Reachable | undefined; readonly under?: Post | undefined };

/** Who approves, who must not read along although they approve otherwise, and whether it is kept to fewer people. */
interface Readers {
  readonly approvers: readonly string[];
  readonly recused: readonly Reachable[];
  readonly restricted: boolean;
}

/** Where a message goes. */
export type Place =
  | { readonly kind: "at"; readonly surface: ChatSurface; readonly to: Audience; readonly reader?: Member }
  /** The channel cannot be used: each approver is told directly. */
  | { readonly kind: "each"; readonly why: string | undefined; readonly approvers: readonly string[] }
  /** What it stands under is not posted yet; `anew`: or stands where it does not belong, and has to be posted again. */
  | { readonly kind: "later"; readonly anew?: true }
  | {
      readonly kind: "nobody";
      readonly why: "no-account" | "deactivated" | "leaving" | "no-app";
      readonly personId: string;
    }
  | { readonly kind: "drop"; readonly why: string };

/** Marks, with the reason, the message of an audience whose members were told one by one. */
const EACH = "each:";

/** What is noted as shown where each approver was told directly, because of `why`. */
export function eachMark(why: string | undefined): string {
  return `${EACH}${why ?? ""}`;
}

/** The reason that `eachMark` noted; `undefined` if the message is shown in one place. */
export function eachWhy(post: Pick<Post, "shown"> | undefined): string | undefined {
  return post?.shown?.startsWith(EACH) ? post.shown.slice(EACH.length) : undefined;
}

/** Reads what the tables say about an audience. */
export async function readAudience(
  tx: Tx,
  w: Workflow,
  post: Post,
  audience: NoticeFor,
  about: { readonly of?: Case; readonly leaverIds: readonly string[] },
): Promise<Known> {
  switch (audience.kind) {
    case "approvers":
      return { kind: "approvers", ...(await readReaders(tx, w, about)), moved: eachWhy(post) };
    case "case-thread":
      return {
        kind: "thread",
        ...(await readReaders(tx, w, about)),
        parent: await findPost(tx, twinKey(`case:${audience.caseId}`, audience.surface)),
      };
    case "person":
      return { kind: "person", person: await readReachable(tx, w, audience.personId) };
    case "under":
      return {
        kind: "person",
        person: await readReachable(tx, w, audience.personId),
        under: await findPost(tx, audience.key),
      };
    case "home":
      throw new RangeError("a page is no message");
    default:
      return audience satisfies never;
  }
}

/** A person as chats may know them. */
export async function readReachable(tx: Tx, w: Workflow, id: string): Promise<Reachable | undefined> {
  const person = await findPerson(tx, w, id);
  if (!person) return undefined;
  const accounts: Reachable["accounts"][number][] = [];
  for (const surface of ["slack", "teams"] as const) {
    for (const account of await listAccounts(tx, w, id, surface)) accounts.push({ surface, id: account.id });
  }
  return { id, emails: person.emails, accounts, leaving: await isLeaving(tx, id), zone: person.zone };
}

/** What asking the chat needs. */
export interface Chat {
  readonly surfaces: ReadonlyMap<ChatSurface["id"], ChatSurface>;
  readonly approversChannels: ApproversChannels | undefined;
  /** For restricted cases; without one each who decides them is told directly. */
  readonly restrictedChannel: string | undefined;
  /** Surfaces on which this person could not be written to just now. */
  readonly unreachable?: ReadonlySet<ChatSurface["id"]>;
}

/** Decides where a message goes, asking the chat right before it is sent. Throws `SystemError` if the chat does not answer. */
export async function placeOf(
  chat: Chat,
  audience: NoticeFor,
  known: Known,
  leavers: readonly Reachable[],
): Promise<Place> {
  switch (known.kind) {
    case "approvers":
      return approversPlace(chat, audience, known, leavers);
    case "thread":
      return threadPlace(chat, audience, known, leavers);
    case "person":
      return personPlace(chat, audience, known, leavers);
    default:
      return known satisfies never;
  }
}

/** The place an audience means: the first, or the one of the surface it names, which may be configured no more. */
function whereOf(chat: Chat, audience: NoticeFor, of: Readers): ApproversPlace | "nowhere" | undefined {
  const places = approversPlaces(chat.surfaces, channelsOf(chat, of));
  const named = "surface" in audience ? audience.surface : undefined;
  if (named === undefined) return places[0];
  return places.slice(1).find(({ surface }) => surface.id === named) ?? "nowhere";
}

async function approversPlace(
  chat: Chat,
  audience: NoticeFor,
  known: Extract<Known, { kind: "approvers" }>,
  leavers: readonly Reachable[],
): Promise<Place> {
  const { approvers, moved } = known;
  // A case that went to direct messages stays there: a second place would leave the first one out of date.
  if (moved !== undefined) return { kind: "each", why: moved || undefined, approvers };
  const at = whereOf(chat, audience, known);
  if (at === "nowhere") return { kind: "drop", why: "approvers read elsewhere" };
  if (!at) return { kind: "each", why: undefined, approvers };
  const why = await unfit(at.surface, at.channelId, leavers, known.recused);
  if (why !== undefined) return { kind: "each", why, approvers };
  return { kind: "at", surface: at.surface, to: { kind: "channel", channelId: at.channelId } };
}

async function threadPlace(
  chat: Chat,
  audience: NoticeFor,
  known: Extract<Known, { kind: "thread" }>,
  leavers: readonly Reachable[],
): Promise<Place> {
  const { parent, approvers } = known;
  if (eachWhy(parent) !== undefined) return { kind: "each", why: undefined, approvers };
  const at = whereOf(chat, audience, known);
  if (at === "nowhere") return { kind: "drop", why: "approvers read elsewhere" };
  const surface = parent?.surface ? chat.surfaces.get(parent.surface) : undefined;
  if (!surface || !parent?.channel || !parent.ts) return { kind: "later" };
  // A row that names another channel must not take a thread there.
  if (surface.id !== at?.surface.id || parent.channel !== at.channelId) return { kind: "later", anew: true };
  const why = await unfit(surface, parent.channel, leavers, known.recused);
  if (why !== undefined) return { kind: "each", why, approvers };
  return { kind: "at", surface, to: { kind: "thread", parent: { channel: parent.channel, ts: parent.ts } } };
}

async function personPlace(
  chat: Chat,
  audience: NoticeFor,
  { person, under }: Extract<Known, { kind: "person" }>,
  leavers: readonly Reachable[],
): Promise<Place> {
  if (!person) return { kind: "drop", why: "the directory does not know the person" };
  // Nobody hears of their own case from us, whatever role or duty they have.
  if (leavers.some(({ id }) => id === person.id)) return { kind: "drop", why: "it is about this person" };
  if (person.leaving) return { kind: "nobody", why: "leaving", personId: person.id };
  const found = await reach(chat, person, leavers);
  if (found.kind !== "at" || audience.kind !== "under") return found;
  // Settled without standing anywhere: there will never be such a thread.
  if (under && !under.ts && under.done >= under.wanted)
    return { kind: "drop", why: "the message it stands under could not be sent" };
  if (!under?.channel || !under.ts) return { kind: "later" };
  const surface = under.surface ? chat.surfaces.get(under.surface) : undefined;
  if (!surface) return { kind: "later" };
  return { kind: "at", surface, to: { kind: "thread", parent: { channel: under.channel, ts: under.ts } } };
}

/** The active account of a person: one that is known, else one that a chat vouches for by e-mail. */
async function reach(chat: Chat, person: Reachable, leavers: readonly Reachable[]): Promise<Place> {
  let deactivated = false;
  const foreign = (surface: ChatSurface["id"], id: string) =>
    leavers.some(({ accounts }) => accounts.some((account) => account.surface === surface && account.id === id));
  // Where they are known comes before where only an e-mail says so.
  const isKnown = (surface: ChatSurface) => person.accounts.some((account) => account.surface === surface.id);
  const usable = [...chat.surfaces.values()].filter(({ id }) => !chat.unreachable?.has(id));
  for (const surface of usable.toSorted((a, b) => Number(isKnown(b)) - Number(isKnown(a)))) {
    const known = person.accounts.filter((account) => account.surface === surface.id);
    const members = await Promise.all(known.map(({ id }) => surface.getMember(id)));
    if (known.length === 0)
      members.push(...(await Promise.all(person.emails.map((email) => surface.findMember(email)))));
    for (const member of members) {
      if (member?.kind === "member" && !foreign(surface.id, member.id))
        return { kind: "at", surface, to: { kind: "member", memberId: member.id }, reader: member };
      if (member?.kind === "deactivated") deactivated = true;
    }
  }
  const why = chat.unreachable?.size ? "no-app" : deactivated ? "deactivated" : "no-account";
  return { kind: "nobody", why, personId: person.id };
}

/** Why a channel cannot be used for a case; `undefined` if it can: it is private, and its leaver does not read it. */
async function unfit(
  surface: ChatSurface,
  channelId: string,
  leavers: readonly Reachable[],
  recused: readonly Reachable[],
): Promise<string | undefined> {
  let channel: Awaited<ReturnType<ChatSurface["getChannel"]>>;
  try {
    channel = await surface.getChannel(channelId);
  } catch (error) {
    if (!(error instanceof SystemError) || !["refused", "forbidden"].includes(error.failure.code)) throw error;
    return "it cannot be read";
  }
  if (!channel.private) return "it is not private";
  for (const reader of [...leavers, ...recused]) {
    const own = reader.accounts.filter((account) => account.surface === surface.id).map(({ id }) => id);
    if (own.length === 0) {
      for (const email of reader.emails) {
        const member = await surface.findMember(email);
        if (member) own.push(member.id);
      }
    }
    if (own.some((id) => channel.members.includes(id))) {
      if (!leavers.includes(reader)) return "somebody who stepped out of the case reads it";
      return leavers.length === 1 ? "the person it is about reads it" : "somebody it is about reads it";
    }
  }
  return undefined;
}

async function readReaders(
  tx: Tx,
  w: Workflow,
  { of, leaverIds }: { readonly of?: Case; readonly leaverIds: readonly string[] },
): Promise<Readers> {
  if (of) {
    const recused: Reachable[] = [];
    for (const id of await listRecused(tx, w, of.id)) {
      const found = await readReachable(tx, w, id);
      if (found) recused.push(found);
    }
    return { approvers: await approversOf(tx, w, of), recused, restricted: of.restricted };
  }
  const approvers: string[] = [];
  for (const id of await peopleWith(tx, w, "approver")) {
    if (!leaverIds.includes(id) && !(await isLeaving(tx, id))) approvers.push(id);
  }
  return { approvers, recused: [], restricted: false };
}

/** The channels of a case; of restricted ones only where the configuration names a smaller one, which Slack alone has. */
function channelsOf(chat: Chat, { restricted }: Readers): ApproversChannels | undefined {
  return restricted ? { slack: chat.restrictedChannel } : chat.approversChannels;
}
