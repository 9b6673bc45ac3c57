import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import { commitment } from "../audit/commitment.ts";
import { type Entry, Personal } from "../audit/entry.ts";
import { LISTS, type Lists } from "../core/rights.ts";
import type { Tx } from "../store/open.ts";
import { findPersonal } from "../store/people.ts";
import { entries } from "../store/schema.ts";
import { proven } from "./person-record.ts";
import type { Workflow } from "./workflow.ts";

// Who has which role is what the newest signed entry about it says: the same for every replica, and out of reach of whoever
// writes tables. A group's members are read from its directory (note-roles.ts) and stand in the entry one by one.

/** Marks a name as a directory's group: `group:okta:acme.okta.com:00g1abc`, by its immutable id. */
export const GROUP = "group:";
/** Marks a name as a group of the chat's members, which the operator has to allow: `slack-group:S0123`. */
export const CHAT_GROUP = "slack-group:";

/** How long before a change a case must have been open for the change to count in it, in milliseconds. */
export const SETTLED_MS = 24 * 3_600_000;

/** A case as far as the roles that count in it depend on it. */
export interface OpenedCase {
  readonly openedSeq: number;
}

/** What an entry about roles holds beside it. */
export const KeptRoles = z.object({
  /** Names as configured. */
  configured: z.record(z.string(), z.array(z.string())),
  /** Person ids by group, as configured. */
  groups: z.record(z.string(), z.array(z.string())),
});
export type KeptRoles = z.infer<typeof KeptRoles>;

/** Target and action of the entries that say who has which role. */
export const ROLES_TARGET = { kind: "app", id: "roles" } as const;
export const ROLES_CHANGED = "roles.changed";

/** Whether a name of the configuration stands for several people. */
export function isGroup(name: string): boolean {
  return name.startsWith(GROUP) || name.startsWith(CHAT_GROUP);
}

/**
 * Names by role: person ids, e-mails and chat account ids. With a case: as they were when it was opened, and as changed since
 * only where a change came later than a day after it. Before the first start has noted any: those of the configuration.
 */
export async function rolesFor(tx: Tx, w: Workflow, of?: OpenedCase): Promise<Lists> {
  const rows = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.targetKind, ROLES_TARGET.kind), eq(entries.targetId, ROLES_TARGET.id)))
    .orderBy(desc(entries.seq));
  if (rows.length === 0) return flat({ configured: copy(w.roles), groups: {} });
  const opened = of && (await proven(tx, w, of.openedSeq));
  for (const { seq } of rows) {
    const entry = await proven(tx, w, seq);
    if (!entry || entry.action !== ROLES_CHANGED) continue;
    if (opened && !countsIn(entry, opened)) continue;
    const kept = await keptOf(tx, w, entry);
    if (kept) return flat(kept);
    // What cannot be believed must not be replaced by something older that somebody liked better.
    if (!opened) return flat({ configured: copy(w.roles), groups: {} });
  }
  return flat({ configured: copy(w.roles), groups: {} });
}

/** The newest entry about roles, or the newest before another, proven, with what is kept beside it. */
export async function newestRoles(
  tx: Tx,
  w: Workflow,
  before?: number,
): Promise<{ readonly seq: number; readonly kept: KeptRoles | undefined } | undefined> {
  const [row] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.targetKind, ROLES_TARGET.kind),
        eq(entries.targetId, ROLES_TARGET.id),
        before === undefined ? undefined : lt(entries.seq, before),
      ),
    )
    .orderBy(desc(entries.seq))
    .limit(1);
  if (!row) return undefined;
  const entry = await proven(tx, w, row.seq);
  return { seq: row.seq, kept: entry && (await keptOf(tx, w, entry)) };
}

/** What a signed entry says of a change: who audited before and after, and the names that came and went. */
export async function findRecordedChange(
  tx: Tx,
  w: Workflow,
  seq: number,
): Promise<
  | {
      readonly at: Date;
      readonly before: readonly string[];
      readonly now: readonly string[];
      readonly changed: unknown;
    }
  | undefined
> {
  const entry = await proven(tx, w, seq);
  if (entry?.action !== ROLES_CHANGED || entry.target.id !== ROLES_TARGET.id) return undefined;
  const body = await besideOf(tx, w, entry);
  const kept = KeptRoles.safeParse(body).data;
  if (!kept) return undefined;
  const before = (await newestRoles(tx, w, seq))?.kept;
  return {
    at: new Date(entry.at),
    before: before ? flat(before).auditor : [],
    now: flat(kept).auditor,
    changed: body?.["changed"],
  };
}

/** The names of each list with groups replaced by their members. */
export function flat({ configured, groups }: KeptRoles): Lists {
  const names = (list: string) => [
    ...new Set((configured[list] ?? []).flatMap((name) => (isGroup(name) ? (groups[name] ?? []) : [name]))),
  ];
  return Object.fromEntries(LISTS.map((list) => [list, names(list)])) as Record<(typeof LISTS)[number], string[]>;
}

/** Lists as an entry keeps them. */
export function copy(lists: Lists): Record<string, string[]> {
  return Object.fromEntries(LISTS.map((list) => [list, [...lists[list]]]));
}

/** Whoever edits a group or the configuration decides nothing in a case that they may have had in mind. */
function countsIn(change: Entry, opened: Entry): boolean {
  return change.seq < opened.seq || new Date(change.at).getTime() > new Date(opened.at).getTime() + SETTLED_MS;
}

async function keptOf(tx: Tx, w: Workflow, entry: Entry): Promise<KeptRoles | undefined> {
  return KeptRoles.safeParse(await besideOf(tx, w, entry)).data;
}

/** What stands beside the entry, if it was signed with it. */
async function besideOf(tx: Tx, w: Workflow, entry: Entry): Promise<Personal | undefined> {
  const beside = await findPersonal(tx, entry.seq);
  if (beside && commitment(beside) === entry.personal)
    return Personal.parse(JSON.parse(new TextDecoder().decode(beside.body)));
  w.log.error({ entry: entry.seq }, "what stands beside the entry of a role change is not what was signed");
  return undefined;
}
