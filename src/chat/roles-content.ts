import { z } from "zod";
import type { Tx } from "../store/open.ts";
import { namesOf } from "../workflow/known-people.ts";
import type { NoticeFor } from "../workflow/notices.ts";
import { findRecordedChange } from "../workflow/roles.ts";
import { peopleNamed } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type ChangedRole, rolesMessage } from "./messages/roles.ts";
import type { Content } from "./notice-content.ts";

const Changed = z.record(z.string(), z.object({ added: z.array(z.string()), removed: z.array(z.string()) }));

/** Who was given or lost a role, for whoever audits, by the roles of before or of now; for approvers if nobody does. */
export async function rolesChangeFor(tx: Tx, w: Workflow, seq: number, audience: NoticeFor): Promise<Content> {
  const entry = await findRecordedChange(tx, w, seq);
  const changed = Changed.safeParse(entry?.changed).data;
  if (!entry || !changed) return { kind: "nothing", why: "no signed entry says so" };
  const auditors = await peopleNamed(tx, w, [...new Set([...entry.before, ...entry.now])]);
  const may =
    audience.kind === "person"
      ? auditors.includes(audience.personId)
      : audience.kind === "approvers" && auditors.length === 0;
  if (!may) return { kind: "nothing", why: "it is not for them" };
  const roles: ChangedRole[] = [];
  for (const [role, { added, removed }] of Object.entries(changed)) {
    roles.push({ role, added: await shown(tx, w, added), removed: await shown(tx, w, removed) });
  }
  const about = { caseId: undefined, leaverIds: [], over: null };
  return { kind: "say", message: rolesMessage(roles, { seq, at: entry.at }), about };
}

/** Names as configured, with who they are where the directory knows. */
async function shown(tx: Tx, w: Workflow, names: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const name of names) {
    const [id] = await peopleNamed(tx, w, [name]);
    const known = id === undefined ? undefined : (await namesOf(tx, w, [id])).get(id);
    lines.push(known === undefined || known === name ? name : `${known} (${name})`);
  }
  return lines;
}
