import { createHash } from "node:crypto";
import { findPersonOfAccount } from "../workflow/known-people.ts";
import type { Notice } from "../workflow/notices.ts";
import { loadHome } from "./home-content.ts";
import { homeMessage, upToDate } from "./messages/home.ts";
import { drop, finish, type Turn } from "./notify-turn.ts";

/** Brings somebody's own page up to date: what it shows is read for whoever has the account now. */
export async function showHome(turn: Turn, notice: Extract<Notice, { kind: "home" }>): Promise<void> {
  const { deps, post } = turn;
  const { workflow: w } = deps;
  const surface = deps.surfaces.get(notice.surface);
  if (!surface?.publishHome) return drop(turn, "there is no such page");
  const member = await surface.getMember(notice.account);
  const ours = member?.kind === "member";
  const health = await deps.health?.();
  const view = await w.store.db.transaction(
    async (tx) => {
      const personId = ours ? await findPersonOfAccount(tx, w, notice.surface, notice.account) : undefined;
      return loadHome(tx, w, personId, health);
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
  const message = homeMessage(view);
  // Opened once more it is shown once more: a client may have lost what it had.
  const shown = createHash("sha256")
    .update(JSON.stringify([notice.openedAt, message]))
    .digest("hex");
  if (post.shown !== shown) await surface.publishHome(notice.account, upToDate(message, view.now, member?.zone));
  return finish(turn, { surface: surface.id, shown });
}
