import { latestCheckpoint } from "../store/log.ts";
import { touchPost } from "../workflow/notices.ts";
import type { Workflow } from "../workflow/workflow.ts";

/** Pages that were opened a short while ago, and so may still be looked at. */
export interface LiveHomes {
  opened(key: string): void;
  /** Asks for every live page again once the log has grown, since only entries change what it shows. */
  refresh(): Promise<void>;
}

/** No chat says that somebody left their page: after this it is taken for left, and is fresh again when it is opened. */
const LIVE_MS = 15 * 60_000;
/** Reading a page is work; one that is looked at is this old at most. */
const REST_MS = 5000;

/** Kept in memory: whatever a restart forgets is right again when it is opened. */
export function liveHomes(w: Workflow): LiveHomes {
  const until = new Map<string, number>();
  let size: number | undefined;
  let rested = 0;
  return {
    opened(key) {
      until.set(key, w.now().getTime() + LIVE_MS);
    },
    async refresh() {
      const now = w.now().getTime();
      for (const [key, end] of until) if (end <= now) until.delete(key);
      if (until.size === 0 || now < rested) return;
      rested = now + REST_MS;
      await w.store.db.transaction(async (tx) => {
        const head = (await latestCheckpoint(tx))?.size;
        if (head === size) return;
        size = head;
        for (const key of until.keys()) await touchPost(tx, key);
      });
    },
  };
}
