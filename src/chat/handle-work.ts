import { loadCaseView } from "../store/views.ts";
import { findPerson } from "../workflow/known-people.ts";
import { NotVouched } from "../workflow/vouched.ts";
import { findPersonOfChat } from "../workflow/who.ts";
import { accountOf, type Deps, sayRefusal } from "./desk.ts";
import type { Intent } from "./intent.ts";
import { workMessage } from "./messages/work.ts";
import type { Reply } from "./surface.ts";
import { workFor } from "./work-content.ts";

/** A page of the work that is put to whoever asks, answered privately. */
export async function showWork(
  deps: Deps,
  intent: Extract<Intent, { kind: "show-work" }>,
  reply: Reply,
): Promise<void> {
  const { workflow: w } = deps;
  const message = await w.store.db.transaction(
    async (tx) => {
      const personId = await findPersonOfChat(tx, w, accountOf(intent.by));
      const view = await loadCaseView(tx, w.systems, (id) => findPerson(tx, w, id), intent.caseId);
      if (personId === undefined || !view) return undefined;
      try {
        const work = await workFor(tx, w, view, personId);
        return work && workMessage(work, { id: personId, now: w.now() }, intent.page);
      } catch (error) {
        if (error instanceof NotVouched) return undefined;
        throw error;
      }
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
  return message ? reply.say(message) : sayRefusal(reply, { kind: "missing", what: "work" });
}
