import { DateTime } from "luxon";
import { schedule } from "node-cron";
import { anyRestricted } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { wantPostOnce } from "./notices.ts";
import type { Job } from "./queues.ts";
import { transition } from "./transition.ts";
import { peopleWith } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** When the day's digest is due. */
export interface Daily {
  /** `09:00` in `zone`. */
  readonly at: string;
  readonly zone: string;
}

/** A process that starts later than this does not send the day's digest after all: the next morning's is soon enough. */
const LATE_HOURS = 6;

/**
 * Asks for the day's digest once its time has come and nobody asked yet. The message's key is the calendar day, so any
 * number of replicas, restarts and clock changes make one message a day. @returns whether this call asked for it
 */
export function wantDigest(w: Workflow, daily: Daily): Promise<boolean> {
  const now = DateTime.fromJSDate(w.now(), { zone: daily.zone });
  // An hour that a clock change skips is read as the one after it, so the day keeps its digest.
  const due = DateTime.fromISO(`${now.toISODate()}T${daily.at}`, { zone: daily.zone });
  if (now < due || now > due.plus({ hours: LATE_HOURS })) return Promise.resolve(false);
  const day = now.toISODate() ?? "";
  return transition<boolean>(w, async (tx) => {
    const notice = { kind: "digest", day, zone: daily.zone } as const;
    const job = await wantPostOnce(tx, `digest:${day}`, notice, { kind: "approvers" });
    const jobs = job ? [job, ...(await wantRestricted(tx, w, notice))] : [];
    return { result: job !== undefined, next: jobs };
  });
}

/** Restricted cases are in nobody's digest but in those of who decide them. */
async function wantRestricted(
  tx: Tx,
  w: Workflow,
  notice: { kind: "digest"; day: string; zone: string },
): Promise<Job[]> {
  if (!(await anyRestricted(tx))) return [];
  const jobs: Job[] = [];
  for (const personId of await peopleWith(tx, w, "restricted-approver")) {
    const key = `digest:${notice.day}:restricted:${personId}`;
    const job = await wantPostOnce(tx, key, { ...notice, restricted: true }, { kind: "person", personId });
    if (job) jobs.push(job);
  }
  return jobs;
}

/** Looks every five minutes, and at once. @returns what stops it */
export async function startDaily(w: Workflow, daily: Daily): Promise<() => Promise<void>> {
  const look = () =>
    wantDigest(w, daily).then(
      () => {},
      (error: unknown) => w.log.warn({ error: String(error) }, "the digest could not be asked for and is tried again"),
    );
  await look();
  const task = schedule("*/5 * * * *", look, { timezone: daily.zone, noOverlap: true });
  return async () => {
    await task.destroy();
  };
}
