import { type NoticeFor, wantPost } from "../workflow/notices.ts";
import { transition } from "../workflow/transition.ts";
import { approversPlaces, twinKey } from "./approvers-places.ts";
import type { Turn } from "./notify-turn.ts";

/**
 * Asks for the same message in every other place where approvers read: each is posted, brought up to date and tried again by
 * itself, so that one surface that is away keeps nobody on the other from seeing what is.
 */
export async function wantTwins({ deps, post }: Turn, notice: Parameters<typeof wantPost>[2], audience: NoticeFor) {
  if ((audience.kind !== "approvers" && audience.kind !== "case-thread") || audience.surface !== undefined) return;
  const [, ...others] = approversPlaces(deps.surfaces, deps.approversChannels);
  if (others.length === 0) return;
  await transition<void>(deps.workflow, async (tx) => {
    const next = [];
    for (const { surface } of others)
      next.push(await wantPost(tx, twinKey(post.key, surface.id), notice, { ...audience, surface: surface.id }));
    return { result: undefined, next };
  });
}
