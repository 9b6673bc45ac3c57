import { and, asc, eq } from "drizzle-orm";
import { z } from "zod";
import { grantKey } from "../core/access.ts";
import type { Tx } from "./open.ts";
import { entries } from "./schema.ts";

const Read = z.object({
  target: z.object({ id: z.string(), system: z.string(), account: z.string() }),
  theirTime: z.iso.datetime(),
  verification: z.object({ state: z.string() }),
});

/** By grant key, when the system itself says that it was gone, on its own clock: from the entries of the reads that proved it. */
export async function listTheirTimes(tx: Tx, caseId: string): Promise<ReadonlyMap<string, Date>> {
  const rows = await tx
    .select({ body: entries.body })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), eq(entries.action, "grant.readBack"), eq(entries.outcome, "success")))
    .orderBy(asc(entries.seq));
  const found = new Map<string, Date>();
  for (const { body } of rows) {
    const read = Read.safeParse(JSON.parse(new TextDecoder().decode(body))).data;
    if (read?.verification.state === "absent") found.set(grantKey(read.target), new Date(read.theirTime));
  }
  return found;
}
