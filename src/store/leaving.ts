import { and, eq, exists, inArray, not, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { safeText } from "../core/text.ts";
import type { Tx } from "./open.ts";
import { cases, entries } from "./schema.ts";

/**
 * Whether a case was opened for this person and not taken back. By the log and not by the rows alone: nobody can remove an
 * entry, so a row that says `cancelled` gives nobody their rights back, and one that was made up takes nobody's.
 */
export async function isLeaving(tx: Tx, personId: string): Promise<boolean> {
  const later = alias(entries, "later");
  const ends = (actions: readonly string[]) =>
    exists(
      tx
        .select({ one: sql`1` })
        .from(later)
        .where(and(eq(later.caseId, entries.caseId), inArray(later.action, [...actions]))),
    );
  const newer = exists(
    tx
      .select({ one: sql`1` })
      .from(later)
      .where(
        and(
          eq(later.targetKind, "person"),
          eq(later.targetId, safeText(personId)),
          eq(later.action, "case.opened"),
          sql`${later.seq} > ${entries.seq}`,
        ),
      ),
  );
  const rejected = exists(
    tx
      .select({ one: sql`1` })
      .from(cases)
      .where(and(eq(cases.id, entries.caseId), eq(cases.state, "rejected"))),
  );
  const over = or(
    ends(["case.cancelled"]),
    and(ends(["plan.rejected"]), rejected),
    // Opened once more after it was held: the newer one says how it went.
    and(ends(["case.held"]), newer),
  );
  const [row] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.targetKind, "person"),
        eq(entries.targetId, safeText(personId)),
        eq(entries.action, "case.opened"),
        not(over ?? sql`false`),
      ),
    )
    .limit(1);
  return row !== undefined;
}
