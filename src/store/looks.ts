import { and, eq } from "drizzle-orm";
import { z } from "zod";
import type { Tx } from "./open.ts";
import { looks } from "./schema.ts";

/** A grant that was found when a system answered at last. */
export const FoundLater = z.object({ key: z.string(), resource: z.string() });
export type FoundLater = Readonly<z.infer<typeof FoundLater>>;

/** A system that is looked at again after its case was closed. */
export const Look = z.object({
  caseId: z.string(),
  system: z.string(),
  state: z.enum(["waiting", "answered"]),
  unanswered: z.array(z.string()),
  found: z.array(FoundLater),
  looks: z.number(),
  nextAt: z.date(),
  lease: z.string().nullable(),
});
export type Look = Readonly<z.infer<typeof Look>>;

/** The look at this system for this case, if there is one. */
export async function findLook(tx: Tx, caseId: string, system: string): Promise<Look | undefined> {
  const [row] = await tx
    .select()
    .from(looks)
    .where(and(eq(looks.caseId, caseId), eq(looks.system, system)));
  return row && Look.parse(row);
}
