import postgres from "postgres";
import { Plan } from "../../src/core/plan.ts";
import { EMPLOYEES } from "../sandbox/company.ts";
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

/** The handle of whom a piece of work is put to, by how its title begins. */
export async function askedFor(box: Pick<Sandbox, "store">, title: string): Promise<string> {
  const sql = postgres(box.store.ownerUrl, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql<{ id: string | null }[]>`
      select to_id as id from offers where item ->> 'title' like ${`${title}%`}`;
    const asked = EMPLOYEES.find(({ id }) => id === row?.id);
    if (!asked) throw new Error(`nobody is asked for ${title}`);
    return asked.handle;
  } finally {
    await sql.end();
  }
}
