import { asc, eq } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { broken } from "./schema.ts";

/** What becomes of something that breaks with a plan: somebody takes it over, or it may break. */
export const Broken = z.object({
  caseId: z.string(),
  /** Names system and sentence: core/breaks.ts. */
  key: z.string(),
  choice: z.enum(["heir", "let"]),
  heirId: z.string().nullable(),
  by: z.string(),
  seq: z.number(),
});
export type Broken = Readonly<z.infer<typeof Broken>>;

/** What was decided about what breaks with a case. */
export async function listBroken(tx: Tx, caseId: string): Promise<readonly Broken[]> {
  const rows = await tx.select().from(broken).where(eq(broken.caseId, caseId)).orderBy(asc(broken.key));
  return rows.map((row) => Broken.parse(row));
}
