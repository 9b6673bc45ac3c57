import { and, desc, eq, inArray, isNotNull, like, notInArray, or, sql } from "drizzle-orm";
import type { Actor, Entry } from "../audit/entry.ts";
import { proveEntry } from "../audit/prove.ts";
import { Unproven } from "../audit/read-proven.ts";
import { lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { cases, entries, offers, posts, steps } from "../store/schema.ts";
import { advance } from "./advance.ts";
import { ask, byPerson, type Denied, denied, type Refusal, type Request } from "./ask.ts";
import { wantPost } from "./notices.ts";
import type { Job } from "./queues.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { peopleWith } from "./who.ts";
import type { Workflow } from "./workflow.ts";

// The switch stands in the log and nowhere else: every replica reads the same, a restart changes nothing, and nobody lifts a
// pause by writing into a table.

/** Whether acts on the outside are stopped, and by whom. */
export type ActsState =
  | { readonly kind: "running"; readonly resumed?: Turn }
  | { readonly kind: "paused"; readonly paused: Turn }
  /** The newest word about it is not in the signed log: nothing is done before somebody looked. */
  | { readonly kind: "unproven" };

/** Who turned the switch, and when. */
export interface Turn {
  readonly seq: number;
  readonly by: Actor;
  readonly at: Date;
}

export type PauseAnswer =
  | { readonly kind: "paused" }
  | { readonly kind: "already-paused"; readonly by: Actor; readonly at: Date };
export type ResumeAnswer =
  | { readonly kind: "resumed"; readonly pausedAt: Date }
  | { readonly kind: "running" }
  /** Whoever pauses does not lift it alone. */
  | { readonly kind: "second-needed" }
  | { readonly kind: "unproven" };

/** Thrown to undo a transaction whose act would come after the pause. */
export class ActsPaused extends Error {
  constructor() {
    super("acts are paused");
    this.name = "ActsPaused";
  }
}

/** What the newest signed word about the switch is. */
export async function readActs(tx: Tx, w: Pick<Workflow, "verifier" | "log">): Promise<ActsState> {
  const [newest] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.targetKind, TARGET.kind), eq(entries.targetId, TARGET.id)))
    .orderBy(desc(entries.seq))
    .limit(1);
  if (!newest) return { kind: "running" };
  let entry: Entry;
  try {
    entry = await proveEntry(tx, w.verifier, newest.seq);
  } catch (error) {
    if (!(error instanceof Unproven)) throw error;
    w.log.error({ seq: newest.seq }, "the log does not vouch for the newest pause or resumption: nothing is done");
    return { kind: "unproven" };
  }
  const turn = { seq: entry.seq, by: entry.actor, at: new Date(entry.at) };
  if (entry.action === PAUSED) return { kind: "paused", paused: turn };
  return entry.action === RESUMED ? { kind: "running", resumed: turn } : { kind: "unproven" };
}

/** Throws `ActsPaused` unless acts may be done. Call it after the act's entry is appended: then no pause can slip between. */
export async function mustRun(tx: Tx, w: Workflow): Promise<void> {
  if ((await readActs(tx, w)).kind !== "running") throw new ActsPaused();
}

/** What `work` answers, or nothing if acts are paused: then it left no trace. */
export async function unlessPaused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ActsPaused) return undefined;
    throw error;
  }
}

/** Stops every act of every replica at once. Reading, planning, deciding and telling go on. */
export function pauseActs(w: Workflow, request: Request, note?: string): Promise<PauseAnswer | Refusal> {
  return ask<PauseAnswer>(w, request, async (tx, asker): Promise<Change<PauseAnswer> | Denied> => {
    return denied(asker, "pause", null) ?? (await pause(tx, w, byPerson(request, asker), note));
  });
}

/** The same for whoever runs Signoff's process, without any chat. `user` is the machine's. */
export function pauseActsHere(w: Workflow, user: string, note?: string): Promise<PauseAnswer> {
  return transition<PauseAnswer>(w, async (tx) => {
    // A command sends no jobs: the running app finds what is to be said.
    const { next: _, ...change } = await pause(tx, w, { kind: "operator", user }, note);
    return change;
  });
}

/** Lifts a pause. It takes another person than the one who paused, and deadlines move by as long as it lasted. */
export function resumeActs(w: Workflow, request: Request): Promise<ResumeAnswer | Refusal> {
  return ask<ResumeAnswer>(w, request, async (tx, asker): Promise<Change<ResumeAnswer> | Denied> => {
    const no = denied(asker, "resume", null);
    if (no) return no;
    const acts = await readActs(tx, w);
    if (acts.kind !== "paused") return { result: { kind: acts.kind } };
    const { by, at, seq } = acts.paused;
    if (by.kind === "person" && by.id === asker.personId) return { result: { kind: "second-needed" } };
    const seconds = Math.max(0, Math.round((w.now().getTime() - at.getTime()) / 1000));
    await moveDeadlines(tx, seconds);
    return {
      result: { kind: "resumed", pausedAt: at },
      entries: [{ ...said(RESUMED, byPerson(request, asker)), detail: { paused: seq, seconds } }],
      next: [...(await tell(tx, w)), ...(await wakeSteps(tx, w))],
    };
  });
}

async function pause(tx: Tx, w: Workflow, by: Actor, note: string | undefined): Promise<Change<PauseAnswer>> {
  const acts = await readActs(tx, w);
  if (acts.kind === "paused") return { result: { kind: "already-paused", by: acts.paused.by, at: acts.paused.at } };
  return {
    result: { kind: "paused" },
    entries: [{ ...said(PAUSED, by), ...(note?.trim() ? { personal: { note: note.trim() } } : {}) }],
    next: await tell(tx, w),
  };
}

const TARGET = { kind: "app", id: "acts" } as const;
const PAUSED = "acts.paused";
const RESUMED = "acts.resumed";

function said(action: string, actor: Actor): Said {
  return { actor, action, outcome: "success", target: TARGET, case: null };
}

/** A message of its own each time, since an edited one rings nobody; what was said before is brought up to date. */
async function tell(tx: Tx, w: Workflow): Promise<Job[]> {
  await tx
    .update(posts)
    .set({ wanted: sql`${posts.wanted} + 1`, nextAt: null })
    .where(or(like(posts.key, "acts:%"), inArray(posts.key, openCasePosts(tx))));
  const key = `acts:${w.now().toISOString()}`;
  const jobs = [await wantPost(tx, key, { kind: "acts" }, { kind: "approvers" })];
  const approvers = await peopleWith(tx, w, "approver");
  for (const personId of await peopleWith(tx, w, "operator")) {
    if (!approvers.includes(personId))
      jobs.push(await wantPost(tx, `${key}:${personId}`, { kind: "acts" }, { kind: "person", personId }));
  }
  return jobs;
}

function openCasePosts(tx: Tx) {
  return tx
    .select({ key: sql<string>`'case:' || ${cases.id}` })
    .from(cases)
    .where(notInArray(cases.state, ["closed", "cancelled", "rejected", "held"]));
}

/** A containment's steps run while its full plan is decided, and no sweep wakes those. */
async function wakeSteps(tx: Tx, w: Workflow): Promise<Job[]> {
  const found = await tx
    .selectDistinct({ id: cases.id })
    .from(cases)
    .innerJoin(steps, eq(steps.caseId, cases.id))
    .where(and(inArray(cases.state, ["planned", "approved", "rechecking"]), eq(steps.state, "waiting")))
    .orderBy(cases.id);
  const jobs: Job[] = [];
  for (const { id } of found) {
    const row = await lockCase(tx, id);
    if (row) jobs.push(...(await advance(tx, w, row)));
  }
  return jobs;
}

/** What could not be done while nothing might be done is not late. */
async function moveDeadlines(tx: Tx, seconds: number): Promise<void> {
  const later = (column: typeof steps.deadlineAt | typeof offers.deadlineAt) =>
    sql`${column} + make_interval(secs => ${seconds})`;
  await tx
    .update(steps)
    .set({ deadlineAt: later(steps.deadlineAt) })
    .where(notInArray(steps.state, ["proven", "attested", "skipped", "expired", "held"]));
  await tx
    .update(offers)
    .set({ deadlineAt: later(offers.deadlineAt) })
    .where(and(isNotNull(offers.deadlineAt), inArray(offers.state, ["offered", "failed"])));
}
