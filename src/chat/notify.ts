import { createHash, randomUUID } from "node:crypto";
import { SystemError } from "../core/failure.ts";
import { findPost, leasePost, listDuePosts, type Post, savePost } from "../store/posts.ts";
import { skipOwner } from "../workflow/check-owner.ts";
import { Notice, NoticeFor, wantPost, wantThreadPost } from "../workflow/notices.ts";
import type { Job } from "../workflow/queues.ts";
import { transition } from "../workflow/transition.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { keyOfTwin } from "./approvers-places.ts";
import type { Message } from "./message.ts";
import { withdrawnMessage } from "./messages/missed.ts";
import { type Content, contentOf, keyFor } from "./notice-content.ts";
import {
  eachMark,
  type Known,
  type Place,
  placeOf,
  type Reachable,
  readAudience,
  readReachable,
} from "./notice-place.ts";
import { showHome } from "./notify-home.ts";
import { drop, finish, type NotifyDeps, pause, putOff, save, settled, type Turn } from "./notify-turn.ts";
import { wantTwins } from "./notify-twins.ts";
import type { ChatSurface, Posted } from "./surface.ts";
import { notBefore } from "./work-time.ts";

/** How long one sending may take before another process may take over. */
const LEASE_MS = 30_000;
/** The pause before something is looked for again that another message has to bring. */
const SOON_MS = 500;

/** Both halves of the `notify` queue's work, as the workers take them. */
export function notifierOf(deps: NotifyDeps): {
  notify(payload: { key: string }): Promise<void>;
  listDue(): Promise<readonly string[]>;
} {
  const { workflow: w } = deps;
  return {
    notify: (payload) => notify(deps, payload),
    // Without a chat everything waits for one.
    listDue: async () => {
      if (deps.surfaces.size === 0) return [];
      await deps.homes?.refresh();
      return w.store.db.transaction((tx) => listDuePosts(tx, w.now()));
    },
  };
}

/**
 * Posts a message once a key, or brings it up to date in place. Never throws for the chat's sake: whatever fails is tried
 * again later, and nothing waits for it.
 */
export async function notify(deps: NotifyDeps, { key }: { key: string }): Promise<void> {
  const { workflow: w } = deps;
  if (deps.surfaces.size === 0) return;
  const lease = randomUUID();
  const now = w.now();
  const post = await w.store.db.transaction((tx) => leasePost(tx, key, lease, now, new Date(now.getTime() + LEASE_MS)));
  if (!post) return;
  const turn: Turn = { deps, post, lease };
  let over: Date | null = null;
  try {
    const notice = Notice.parse(post.notice);
    if (notice.kind === "home") return await showHome(turn, notice);
    const facts = await readFacts(w, post, notice);
    if (facts.content.kind === "nothing") return await drop(turn, facts.content.why);
    over = facts.content.about.over;
    await wantTwins(turn, facts.notice, facts.audience);
    await sayWherePossible(turn, facts, facts.content);
  } catch (error) {
    await putOff(turn, error, over);
  }
}

/** A notice that is posted somewhere. */
type Said = Exclude<Notice, { kind: "home" }>;

interface Facts {
  readonly notice: Said;
  readonly audience: NoticeFor;
  readonly content: Content;
  readonly known: Known;
  readonly leavers: readonly Reachable[];
}

/** Words and audience from one consistent read. */
function readFacts(w: Workflow, post: Post, notice: Said): Promise<Facts> {
  const audience = NoticeFor.parse(post.audience);
  return w.store.db.transaction(
    async (tx) => {
      const content = await contentOf(tx, w, post, notice, audience);
      const leaverIds = content.kind === "say" ? content.about.leaverIds : [];
      const leavers: Reachable[] = [];
      for (const id of leaverIds) {
        const leaver = await readReachable(tx, w, id);
        if (leaver) leavers.push(leaver);
      }
      return {
        notice,
        audience,
        content,
        known: await readAudience(tx, w, post, audience, content.kind === "say" ? content.about : { leaverIds }),
        leavers,
      };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

/**
 * A new message about work waits for its reader's working hours, and for another day once they got enough. Who is away is
 * passed over for somebody else, right before they would be asked.
 */
async function waits(turn: Turn, { notice, known }: Facts, place: Place): Promise<boolean> {
  if (notice.kind !== "work" && notice.kind !== "work-reminder") return false;
  if (turn.post.ts !== null || turn.post.posting || known.kind !== "person" || !known.person) return false;
  const { workflow: w } = turn.deps;
  if (place.kind === "nobody")
    await skipOwner(w, notice.caseId, place.personId, place.why === "no-app" ? "no-account" : place.why);
  if (place.kind !== "at" || !place.reader) return false;
  const nextAt = await notBefore(w, known.person, place.reader);
  if (nextAt !== undefined) {
    await save(turn, { nextAt, leaseUntil: null });
    return true;
  }
  if (place.reader.away !== true || notice.kind !== "work") return false;
  await skipOwner(w, notice.caseId, known.person.id, "away");
  // What there is nobody else for is still theirs.
  const again = await readFacts(w, turn.post, notice);
  if (again.content.kind === "say") return false;
  await drop(turn, again.content.why);
  return true;
}

/** Says it in the first place that takes it: somebody who cannot be written to on one surface may be reached on another. */
async function sayWherePossible(turn: Turn, facts: Facts, content: Extract<Content, { kind: "say" }>): Promise<void> {
  const { notice, audience, known, leavers } = facts;
  const { surfaces, approversChannels, restrictedChannel } = turn.deps;
  const unreachable = new Set<ChatSurface["id"]>();
  for (;;) {
    const place = await placeOf(
      { surfaces, approversChannels, restrictedChannel, unreachable },
      audience,
      known,
      leavers,
    );
    if (await waits(turn, facts, place)) return;
    try {
      return await follow(turn, notice, content, place);
    } catch (error) {
      const again = place.kind === "at" && place.to.kind === "member" && !unreachable.has(place.surface.id);
      if (!again || !isUnreachable(error)) throw error;
      unreachable.add(place.surface.id);
    }
  }
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof SystemError && error.failure.code === "refused" && error.failure.reason === "member_unreachable"
  );
}

async function follow(
  turn: Turn,
  notice: Said,
  content: Extract<Content, { kind: "say" }>,
  place: Place,
): Promise<void> {
  const { workflow: w } = turn.deps;
  switch (place.kind) {
    case "at":
      return say(turn, content.message, place);
    case "each":
      return tellEach(turn, notice, content.about.caseId, place);
    case "later":
      if (place.anew && content.about.caseId !== undefined) await postCaseAnew(w, content.about.caseId);
      return save(turn, { nextAt: new Date(w.now().getTime() + SOON_MS), leaseUntil: null });
    case "nobody":
      return unreached(turn, notice, content.about.caseId, place);
    case "drop":
      return drop(turn, place.why);
    default:
      return place satisfies never;
  }
}

async function say(turn: Turn, message: Message, { surface, to }: Extract<Place, { kind: "at" }>): Promise<void> {
  const { post } = turn;
  const shown = createHash("sha256").update(JSON.stringify(message)).digest("hex");
  const standing = post.channel !== null && post.ts !== null ? { channel: post.channel, ts: post.ts } : undefined;
  const elsewhere = to.kind === "channel" && standing?.channel !== to.channelId;
  if (standing && post.surface === surface.id && !elsewhere) {
    if (post.shown !== shown && !(await update(surface, standing, message, post.key)))
      return save(turn, { ts: null, channel: null, posting: false, leaseUntil: pause(turn) });
    return finish(turn, { shown });
  }
  // Said before it is done, in a commit of its own: whoever comes after a crash looks for the message first.
  const before = post.posting ? await surface.findPost(to, post.key) : undefined;
  if (!post.posting) {
    const ours = await turn.deps.workflow.store.db.transaction((tx) =>
      savePost(tx, post.key, turn.lease, {
        posting: true,
        leaseUntil: new Date(turn.deps.workflow.now().getTime() + LEASE_MS),
      }),
    );
    if (!ours) return;
  }
  const at = before ?? (await surface.post(to, message, post.key));
  // What an earlier process posted may say something older.
  if (before) await surface.update(before, message, post.key);
  const postedAt = post.postedAt ?? turn.deps.workflow.now();
  await finish(turn, { surface: surface.id, channel: at.channel, ts: at.ts, posting: false, shown, postedAt });
}

/** The case message stands in a channel that is not (or not any more) the approvers'. */
function postCaseAnew(w: Workflow, caseId: string): Promise<void> {
  return transition<void>(w, async (tx) => {
    const next = [await wantPost(tx, `case:${caseId}`, { kind: "case", caseId }, { kind: "approvers" })];
    return { result: undefined, next };
  });
}

/** `false` if the message is not there any more, so that it has to be posted anew. */
async function update(surface: ChatSurface, at: Posted, message: Message, key: string): Promise<boolean> {
  try {
    await surface.update(at, message, key);
    return true;
  } catch (error) {
    if (!(error instanceof SystemError) || error.failure.code !== "refused") throw error;
    if (error.failure.reason !== "message_not_found") throw error;
    return false;
  }
}

/** The channel cannot be used: what stands there is withdrawn, and each approver gets a message of their own. */
async function tellEach(
  turn: Turn,
  notice: Said,
  caseId: string | undefined,
  { why, approvers }: Extract<Place, { kind: "each" }>,
): Promise<void> {
  const { deps, post } = turn;
  const { workflow: w } = deps;
  if (approvers.length === 0) deps.log.error({ case: caseId }, "there is no approver who could be told");
  await withdraw(turn);
  await transition<void>(w, async (tx) => {
    const next: Job[] = [];
    for (const personId of approvers) {
      const audience: NoticeFor =
        notice.kind === "case" || caseId === undefined
          ? { kind: "person", personId }
          : { kind: "under", key: keyFor(`case:${caseId}`, personId), personId };
      next.push(await wantPost(tx, keyFor(keyOfTwin(post.key), personId), notice, audience));
    }
    // A thread found its channel unfit before the case message did.
    if (notice.kind !== "case" && caseId !== undefined && why !== undefined)
      next.push(await wantPost(tx, `case:${caseId}`, { kind: "case", caseId }, { kind: "approvers" }));
    await savePost(tx, post.key, turn.lease, {
      ...settled(turn),
      surface: null,
      channel: null,
      ts: null,
      posting: false,
      shown: eachMark(why),
      failure: null,
    });
    return { result: undefined, next };
  });
}

async function withdraw({ deps, post }: Turn): Promise<void> {
  const surface = post.surface ? deps.surfaces.get(post.surface) : undefined;
  if (!surface || post.channel === null || post.ts === null) return;
  try {
    await surface.update({ channel: post.channel, ts: post.ts }, withdrawnMessage(), post.key);
  } catch (error) {
    // A channel that we were put out of cannot be cleaned; that must not keep the approvers from being told.
    if (!(error instanceof SystemError) || !["refused", "forbidden"].includes(error.failure.code)) throw error;
    deps.log.warn(
      { surface: surface.id, cause: error.message },
      "a message in an unfit channel could not be withdrawn",
    );
  }
}

/** Nobody is there to read it: the approvers are told, once a person and case. */
async function unreached(
  turn: Turn,
  notice: Said,
  caseId: string | undefined,
  { why, personId }: Extract<Place, { kind: "nobody" }>,
): Promise<void> {
  if (caseId === undefined) return drop(turn, why);
  await transition<void>(turn.deps.workflow, async (tx) => {
    await savePost(tx, turn.post.key, turn.lease, { ...settled(turn), failure: why });
    const key = `unreached:${caseId}:${personId}`;
    if (notice.kind === "unreached" || (await findPost(tx, key))) return { result: undefined };
    return {
      result: undefined,
      next: [await wantThreadPost(tx, caseId, key, { kind: "unreached", caseId, personId, why })],
    };
  });
}
