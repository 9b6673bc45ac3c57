import { eq } from "drizzle-orm";
import { SECRET } from "../core/offer.ts";
import { lockCase } from "../store/cases.ts";
import { findOffer } from "../store/offers.ts";
import { offers } from "../store/schema.ts";
import { ask, byPerson, Denied, type Refusal, type Request } from "./ask.ts";
import { mayBeKnown, wantWorkPost } from "./offer-work.ts";
import { aboutOffer } from "./on-offer.ts";
import type { Change } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/**
 * The leaver writes a word for whoever takes a piece of their work: the one thing that somebody may do in their own case, and
 * only if they go of their own will and everybody may know. It changes nothing but what the taker reads.
 */
export function noteWork(
  w: Workflow,
  request: Request,
  offerId: string,
  note: string,
): Promise<{ readonly kind: "noted" } | Refusal> {
  return ask<{ readonly kind: "noted" } | Refusal>(
    w,
    request,
    async (tx, asker): Promise<Change<{ readonly kind: "noted" } | Refusal> | Denied> => {
      const found = await findOffer(tx, offerId);
      const row = found && (await lockCase(tx, found.caseId));
      if (!row || !found) return { result: { kind: "missing", what: "work" } };
      try {
        await proveCase(tx, w, row);
      } catch (error) {
        if (!(error instanceof NotVouched)) throw error;
        return { result: { kind: "missing", what: "work" } };
      }
      const own = row.leaverId === asker.personId && row.kind === "voluntary" && row.announced && mayBeKnown(row);
      if (!own || found.item.kind === SECRET)
        return new Denied("read-case", "Only who hands the work over may do this.", null);
      await tx
        .update(offers)
        .set({ leaverNote: note.trim() === "" ? null : note })
        .where(eq(offers.id, offerId));
      return {
        result: { kind: "noted" },
        entries: [
          {
            ...aboutOffer(found),
            actor: byPerson(request, asker),
            action: "work.noted",
            outcome: "success",
            personal: { note },
          },
        ],
        next: found.state === "held" || found.toId === null ? [] : [await wantWorkPost(tx, row.id, found.toId)],
      };
    },
  );
}
