import { countWorkPosts } from "../store/posts.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { nextWorkingDay, nextWorkingTime, startOfDay } from "../workflow/working-time.ts";
import type { Member } from "./intent.ts";
import type { Reachable } from "./notice-place.ts";

/**
 * When somebody may get a new message about work: in their working hours and zone, and only so many in a day. `undefined` for
 * now. What is only brought up to date rings nobody and does not wait.
 */
export async function notBefore(w: Workflow, person: Reachable, member: Member): Promise<Date | undefined> {
  const now = w.now();
  const zone = person.zone ?? member.zone ?? "UTC";
  const opens = nextWorkingTime(w.policy, zone, now);
  if (opens > now) return opens;
  const today = await w.store.db.transaction((tx) => countWorkPosts(tx, person.id, startOfDay(zone, now)));
  return today >= w.policy.offersPerDay ? nextWorkingDay(w.policy, zone, now) : undefined;
}
