import { requests } from "../store/schema.ts";
import { wantPost } from "./notices.ts";
import { transition } from "./transition.ts";
import { type ChatAccount, findPersonOfChat, noteChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/**
 * Somebody opened their own page in a chat: asks that it be brought up to date. Looking at it is no act, so it is no entry
 * and nobody is refused; what the page shows is decided when it is made. @returns the page's key, nothing for a re-delivery
 */
export function openHome(
  w: Workflow,
  { by, requestId }: { readonly by: ChatAccount; readonly requestId: string },
): Promise<string | undefined> {
  return transition<string | undefined>(w, async (tx) => {
    const taken = await tx.insert(requests).values({ id: requestId, at: w.now() }).onConflictDoNothing().returning();
    if (taken.length === 0) return { result: undefined };
    const personId = await findPersonOfChat(tx, w, by);
    const noted = personId === undefined ? undefined : await noteChat(tx, w, by, personId);
    const key = homeKey(by);
    const page = { surface: by.surface, account: by.id };
    const notice = { kind: "home", ...page, openedAt: w.now().toISOString() } as const;
    return { result: key, entries: noted ?? [], next: [await wantPost(tx, key, notice, { kind: "home", ...page })] };
  });
}

/** The key of an account's page among the messages that are kept up to date. */
export function homeKey(account: { readonly surface: string; readonly id: string }): string {
  return `home:${account.surface}:${account.id}`;
}
