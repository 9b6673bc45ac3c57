import type { Entry } from "../audit/entry.ts";
import { proveEntries } from "../audit/prove.ts";
import { listEntriesOf } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import type { Vouching } from "./person-record.ts";

/** A case's entries with one of these actions, oldest first: only those that the signed log holds. */
export async function listProvenEntries(
  tx: Tx,
  w: Vouching,
  caseId: string,
  actions: readonly string[],
): Promise<readonly Entry[]> {
  const seqs = await listEntriesOf(tx, caseId, actions);
  if (seqs.length === 0) return [];
  const proven = await proveEntries(tx, w.verifier, seqs);
  const found = seqs.flatMap((seq) => proven.get(seq) ?? []);
  const held = found.filter((entry) => entry.case === caseId && actions.includes(entry.action));
  if (held.length < seqs.length)
    w.log.error({ case: caseId, entries: seqs.length - held.length }, "entries that the signed log does not hold");
  return held;
}
