import { noteAccount } from "../../src/workflow/known-people.ts";
import { transition } from "../../src/workflow/transition.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";

/** Makes an account a person's as the app does: with its entry. @returns what `noteAccount` answers */
export function note(
  w: Workflow,
  account: { readonly system: string; readonly id: string; readonly login: string },
  personId: string,
): Promise<Awaited<ReturnType<typeof noteAccount>>> {
  return transition(w, async (tx) => {
    const result = await noteAccount(tx, w, account, personId, "chat e-mail");
    return { result, entries: result.kind === "noted" ? result.said : [] };
  });
}
