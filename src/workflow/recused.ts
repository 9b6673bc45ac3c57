import { and, eq } from "drizzle-orm";
import type { Tx } from "../store/open.ts";
import { entries } from "../store/schema.ts";
import { proven, type Vouching } from "./person-record.ts";

/** The entry by which somebody steps out of a case. */
export const RECUSED = "case.recused";

/** Person ids of those who stepped out of a case, as signed entries say. */
export async function listRecused(tx: Tx, w: Vouching, caseId: string): Promise<readonly string[]> {
  const rows = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), eq(entries.action, RECUSED)));
  const found: string[] = [];
  for (const { seq } of rows) {
    const entry = await proven(tx, w, seq);
    if (entry?.actor.kind === "person" && entry.case === caseId) found.push(entry.actor.id);
  }
  return found;
}
