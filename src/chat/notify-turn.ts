import type { Log } from "../../connectors/connector.ts";
import { SystemError } from "../core/failure.ts";
import { type Post, savePost } from "../store/posts.ts";
import { backoff, failureOf } from "../workflow/recover.ts";
import type { Workflow } from "../workflow/workflow.ts";
import type { ApproversChannels } from "./approvers-places.ts";
import type { LiveHomes } from "./live-homes.ts";
import type { HomeHealth } from "./messages/home.ts";
import type { ChatSurface } from "./surface.ts";

// One turn of bringing one message up to date, and how it ends.

/** What sending needs. */
export interface NotifyDeps {
  readonly workflow: Workflow;
  readonly surfaces: ReadonlyMap<ChatSurface["id"], ChatSurface>;
  /** Ids of the approvers' private channels by surface; without any, every approver is told directly. */
  readonly approversChannels?: ApproversChannels | undefined;
  /** Id of the private channel of restricted cases; without one each who decides them is told directly. */
  readonly restrictedChannel?: string | undefined;
  readonly log: Log;
  /** Pages that are looked at. */
  readonly homes?: LiveHomes;
  /** How the installation is, for the operators' page. */
  readonly health?: () => Promise<HomeHealth>;
}

/** A message that is leased to be brought up to date. */
export interface Turn {
  readonly deps: NotifyDeps;
  readonly post: Post;
  readonly lease: string;
}

/** A message is brought up to date at most this often; what happens between is shown together. */
const PAUSE_MS = 2000;
/** A case that is over this long is not worth telling any more. */
const OLD_MS = 7 * 86_400_000;

/** Nothing is said, and why. */
export function drop(turn: Turn, why: string): Promise<void> {
  return finish(turn, { failure: why });
}

/** The message shows what it should. */
export function finish(turn: Turn, to: Parameters<typeof savePost>[3]): Promise<void> {
  return save(turn, { failure: null, ...settled(turn), ...to });
}

/** The message shows what was wanted when its words were made; what was wanted since comes with the next turn. */
export function settled(turn: Turn) {
  return { done: turn.post.wanted, tries: 0, nextAt: null, lease: null, leaseUntil: pause(turn) };
}

/** Until when nobody brings it up to date again. */
export function pause({ deps }: Turn): Date {
  return new Date(deps.workflow.now().getTime() + PAUSE_MS);
}

/** Tries again later: when the chat says so, else after a pause that grows. Given up only long after the case. */
export async function putOff(turn: Turn, error: unknown, over: Date | null): Promise<void> {
  const { deps, post } = turn;
  const { workflow: w } = deps;
  const failure = failureOf(error);
  const why = error instanceof SystemError ? error.message : "it could not be sent";
  deps.log.warn({ key: post.key, code: failure.code, err: error }, "a message could not be sent and is tried again");
  if (over !== null && over.getTime() < w.now().getTime() - OLD_MS) return drop(turn, why);
  // A new wish may cut a pause of ours short, but never one that the chat asked for: that is why it bounds the lease too.
  const nextAt = failure.code === "rate-limited" ? failure.retryAt : backoff(w, post.tries + 1);
  const leaseUntil = failure.code === "rate-limited" ? failure.retryAt : pause(turn);
  await save(turn, { failure: why, tries: post.tries + 1, nextAt, leaseUntil });
}

/** Writes what became of it and gives the lease back. */
export async function save(turn: Turn, to: Parameters<typeof savePost>[3]): Promise<void> {
  await turn.deps.workflow.store.db.transaction((tx) =>
    savePost(tx, turn.post.key, turn.lease, { lease: null, ...to }),
  );
}
