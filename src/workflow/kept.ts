import type { Kept } from "../core/plan.ts";
import type { Case } from "../store/cases.ts";
import { type KeptRow, listKept } from "../store/kept.ts";
import type { Tx } from "../store/open.ts";
import { NotVouched, prove } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

// Whoever reaches the database could write that a grant is to be kept. So it is kept only where two different people said so
// in the log, and neither of them leaves.

/** What the log says is kept in this case, by grant key. A row without its entries keeps nothing. */
export async function listProvenKept(
  tx: Tx,
  w: Workflow,
  row: Case,
): Promise<ReadonlyMap<string, Omit<Kept, "key" | "grant">>> {
  const proven = new Map<string, Omit<Kept, "key" | "grant">>();
  for (const one of await listKept(tx, row.id)) {
    if (one.state !== "agreed" || one.agreedSeq === null) continue;
    try {
      await proveKept(tx, w, row, one);
      proven.set(one.grantKey, { owner: one.ownerId, until: one.until.toISOString(), agreed: one.agreedSeq });
    } catch (error) {
      if (!(error instanceof NotVouched)) throw error;
      w.log.error({ case: row.id, why: error.message }, "a grant that the log does not keep is not kept");
    }
  }
  return proven;
}

/** Throws NotVouched unless two different people agreed in the log to keep just this, for this owner, until this instant. */
export async function proveKept(tx: Tx, w: Workflow, row: Case, one: KeptRow): Promise<void> {
  const asked = await prove(tx, w, one.askedSeq, "exception.asked", row.id);
  const agreed = await prove(tx, w, one.agreedSeq ?? -1, "exception.agreed", row.id);
  const people = [asked, agreed].flatMap(({ actor }) => (actor.kind === "person" ? [actor.id] : []));
  const two = new Set(people.filter((id) => id !== row.leaverId)).size === 2;
  const same = [asked, agreed].every(
    ({ detail }) =>
      detail?.["key"] === one.grantKey &&
      detail["owner"] === one.ownerId &&
      detail["until"] === one.until.toISOString(),
  );
  if (!two || !same || agreed.detail?.["asked"] !== one.askedSeq)
    throw new NotVouched(`no two people agreed to keep a grant of case ${row.id}`);
}
