import { asc, eq } from "drizzle-orm";
import { z } from "zod";
import { Rung, StepState } from "../core/step.ts";
import type { Tx } from "./open.ts";
import { steps } from "./schema.ts";

/** A step as it stands in its row. The grant itself is read from the approved plan, never from here. */
export const Step = z.object({
  id: z.string(),
  caseId: z.string(),
  system: z.string(),
  grantKey: z.string(),
  revision: z.number(),
  planHash: z.string(),
  position: z.number(),
  state: StepState,
  rung: Rung.nullable(),
  tries: z.number(),
  readBacks: z.number(),
  failure: z.string().nullable(),
  note: z.string().nullable(),
  decidedBy: z.string().nullable(),
  startedAt: z.date().nullable(),
  provenAt: z.date().nullable(),
  deadlineAt: z.date(),
  nextAt: z.date().nullable(),
  lease: z.string().nullable(),
});
export type Step = Readonly<z.infer<typeof Step>>;

export async function findStep(tx: Tx, id: string): Promise<Step | undefined> {
  const [row] = await tx.select().from(steps).where(eq(steps.id, id));
  return row && Step.parse(row);
}

/** Steps of a case in the plan's order. */
export async function listSteps(tx: Tx, caseId: string): Promise<readonly Step[]> {
  const rows = await tx
    .select()
    .from(steps)
    .where(eq(steps.caseId, caseId))
    .orderBy(asc(steps.revision), asc(steps.position));
  return rows.map((row) => Step.parse(row));
}
