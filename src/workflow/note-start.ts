import { desc, eq } from "drizzle-orm";
import { z } from "zod";
import { readCanonical } from "../audit/canonical.ts";
import { verifierKeyText } from "../audit/key.ts";
import { proveEntry } from "../audit/prove.ts";
import type { Tx } from "../store/open.ts";
import { entries, personal } from "../store/schema.ts";
import { transition } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

/** What decides what Signoff does, as this start found it. Names of people are in `roles` alone. */
export interface Started {
  readonly systems: readonly string[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly policy: Readonly<Record<string, string | number>>;
  readonly chat: string;
}

/** Detail of an `app.started`, as far as the next start compares with it. */
const Detail = z.object({
  version: z.string(),
  systems: z.array(z.string()),
  policy: z.record(z.string(), z.union([z.string(), z.number()])),
  chat: z.string(),
});
const Roles = z.object({ roles: z.record(z.string(), z.array(z.string())) });

/** Writes the entry of this start: version, configuration, and what changed since the last one. `host` is this machine. */
export async function noteStart(w: Workflow, started: Started, host: string): Promise<void> {
  await transition<void>(w, async (tx) => {
    const last = await lastStart(tx, w);
    const now = { version: w.version, systems: started.systems, policy: started.policy, chat: started.chat };
    const roles = last?.roles === undefined ? undefined : changedRoles(last.roles, started.roles);
    const changed = last && [...changedDetail(last.detail, now), ...roleLines(roles)];
    const detail = {
      ...now,
      systems: [...now.systems],
      policy: { ...now.policy },
      config: w.configHash,
      // Whoever verifies has it at hand; its fingerprint has to come from outside.
      logKey: verifierKeyText(w.verifier),
    };
    return {
      result: undefined,
      entries: [
        {
          action: "app.started",
          outcome: "success",
          target: { kind: "app", id: host },
          case: null,
          detail: changed ? { ...detail, changed } : { ...detail, first: true },
          personal: { roles: copy(started.roles), ...(roles ? { changed: roles } : {}) },
        },
      ],
    };
  });
}

interface Last {
  readonly detail: z.infer<typeof Detail>;
  /** Absent if it was erased. */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined;
}

async function lastStart(tx: Tx, w: Workflow): Promise<Last | undefined> {
  const [row] = await tx
    .select({ seq: entries.seq, personal: personal.body })
    .from(entries)
    .leftJoin(personal, eq(personal.seq, entries.seq))
    .where(eq(entries.action, "app.started"))
    .orderBy(desc(entries.seq))
    .limit(1);
  if (!row) return undefined;
  const detail = Detail.safeParse((await proveEntry(tx, w.verifier, row.seq)).detail).data;
  return (
    detail && { detail, roles: row.personal ? Roles.safeParse(readCanonical(row.personal)).data?.roles : undefined }
  );
}

function changedDetail(before: z.infer<typeof Detail>, now: Omit<Started, "roles"> & { version: string }): string[] {
  const lines: string[] = [];
  if (before.version !== now.version) lines.push(`version ${before.version} → ${now.version}`);
  if (before.chat !== now.chat) lines.push(`chat ${before.chat} → ${now.chat}`);
  for (const id of now.systems) if (!before.systems.includes(id)) lines.push(`system ${id} added`);
  for (const id of before.systems) if (!now.systems.includes(id)) lines.push(`system ${id} removed`);
  for (const key of new Set([...Object.keys(before.policy), ...Object.keys(now.policy)])) {
    const [was, is] = [before.policy[key], now.policy[key]];
    if (was !== is) lines.push(`policy ${key} ${was ?? "unset"} → ${is ?? "unset"}`);
  }
  return lines;
}

type ChangedRoles = Record<string, { added: string[]; removed: string[] }>;

function changedRoles(before: Readonly<Record<string, readonly string[]>>, now: Started["roles"]): ChangedRoles {
  const changed: ChangedRoles = {};
  for (const role of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[role] ?? [], now[role] ?? []];
    const added = is.filter((name) => !was.includes(name));
    const removed = was.filter((name) => !is.includes(name));
    if (added.length + removed.length > 0) changed[role] = { added, removed };
  }
  return changed;
}

/** Counts only: the names stand beside the entry. */
function roleLines(roles: ChangedRoles | undefined): string[] {
  if (!roles) return ["roles: who had them before was erased"];
  return Object.entries(roles).map(
    ([role, { added, removed }]) => `role ${role}: ${added.length} added, ${removed.length} removed`,
  );
}

function copy(roles: Started["roles"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(roles).map(([role, names]) => [role, [...names]]));
}
