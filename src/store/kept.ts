import { and, asc, eq } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { kept } from "./schema.ts";

/** A grant that is asked to be kept, or is. The row alone says nothing: the log has to (workflow/kept.ts). */
export const KeptRow = z.object({
  caseId: z.string(),
  grantKey: z.string(),
  state: z.enum(["asked", "agreed", "refused", "ended"]),
  ownerId: z.string(),
  until: z.date(),
  note: z.string(),
  askedBy: z.string(),
  askedSeq: z.number(),
  agreedBy: z.string().nullable(),
  agreedSeq: z.number().nullable(),
  alerts: z.number(),
  /** What the last look after its day showed: `present`, `unreadable`, or why it failed. */
  shown: z.string().nullable(),
  nextAt: z.date().nullable(),
});
export type KeptRow = Readonly<z.infer<typeof KeptRow>>;

/** Everything of a case that was asked to be kept, in the order of the grants' keys. */
export async function listKept(tx: Tx, caseId: string): Promise<readonly KeptRow[]> {
  const rows = await tx.select().from(kept).where(eq(kept.caseId, caseId)).orderBy(asc(kept.grantKey));
  return rows.map((row) => KeptRow.parse(row));
}

/** Names one row. */
export function isKept(of: { readonly caseId: string; readonly grantKey: string }) {
  return and(eq(kept.caseId, of.caseId), eq(kept.grantKey, of.grantKey));
}
