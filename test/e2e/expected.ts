import postgres from "postgres";
import { Plan } from "../../src/core/plan.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** How many steps the approved plans of the one case have that Signoff itself takes. How many there are depends on the machine. */
export async function approvedSteps(box: Sandbox): Promise<number> {
  const sql = postgres(box.store.ownerUrl, { max: 1 });
  try {
    const rows = await sql`select body from plans where state = 'approved'`;
    const steps = rows.flatMap((row) => Plan.parse(JSON.parse(String(row["body"]))).steps);
    return steps.filter(({ act }) => act !== "by-hand").length;
  } finally {
    await sql.end();
  }
}
