import { lockCase } from "../store/cases.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { wantCasePosts } from "./notices.ts";
import { RECUSED } from "./recused.ts";
import type { Change } from "./transition.ts";
import { approversOf } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** `last`: nobody else could approve it, so the case would be stuck. */
export type Recused = { readonly kind: "recused" } | { readonly kind: "last" };

/** An approver steps out of a case for good: they neither see nor decide it any more. What they decided before stays. */
export function recuse(w: Workflow, request: Request, caseId: string): Promise<Recused | Refusal> {
  return ask<Recused | Refusal>(w, request, async (tx, asker): Promise<Change<Recused | Refusal> | Denied> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "recuse", row);
    if (no) return no;
    const left = (await approversOf(tx, w, row)).filter((id) => id !== asker.personId && id !== row.requesterId);
    if (left.length === 0) return { result: { kind: "last" } };
    return {
      result: { kind: "recused" },
      entries: [
        {
          actor: byPerson(request, asker),
          action: RECUSED,
          outcome: "success",
          target: { kind: "case", id: caseId },
          case: caseId,
        },
      ],
      next: await wantCasePosts(tx, row),
    };
  });
}
