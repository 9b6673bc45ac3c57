import { type Leaving, openCase } from "../../src/workflow/open-case.ts";
import type { TestWorkflow } from "../peers/workflow.ts";

const LEAVING: Leaving = {
  when: { kind: "now" },
  kind: "voluntary",
  mode: "orderly",
  announced: true,
  reason: "resignation",
};

/** Opens a case that is due at once, asked for by Hana; Alice's unless told. @returns its id */
export async function openNow(
  test: Pick<TestWorkflow, "w" | "request" | "chat">,
  leaver = "alice",
  more: Partial<Leaving> = {},
): Promise<string> {
  const opened = await openCase(test.w, test.request("hana"), test.chat(leaver), { ...LEAVING, ...more });
  if (opened.kind !== "opened") throw new Error(JSON.stringify(opened));
  return opened.caseId;
}
