import { and, desc, eq, gte } from "drizzle-orm";
import { z } from "zod";
import { openCheckpoint } from "../audit/checkpoint.ts";
import { fingerprint } from "../audit/key.ts";
import { idOfKey } from "../core/access.ts";
import { latestCheckpoint } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { entries } from "../store/schema.ts";
import { type CaseView, loadCaseView, titleOf } from "../store/views.ts";
import { findPerson } from "../workflow/known-people.ts";
import { loadOpenCases } from "../workflow/open-cases.ts";
import { approversOf } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import type { DigestView } from "./messages/digest.ts";
import type { CheckpointFacts } from "./messages/summary.ts";

const DAY_MS = 86_400_000;
const Finding = z.object({
  target: z.object({ id: z.string(), system: z.string().optional() }),
  detail: z.object({ what: z.string() }).optional(),
});
/** More findings in one day are a flood: the newest are named, and their number. */
const FINDINGS = 20;

/** Reads what the digest says. `reader` is the one approver it is for, where the channel cannot be used. */
export async function loadDigest(
  tx: Tx,
  w: Workflow,
  zone: string,
  restricted: boolean,
  reader?: string,
): Promise<DigestView> {
  const now = w.now();
  const last = await latestCheckpoint(tx);
  return {
    now,
    zone,
    cases: await filterSeen(tx, w, await loadOpenCases(tx, w, reader), restricted, reader),
    findings: await listFindings(tx, w, new Date(now.getTime() - DAY_MS), restricted, reader),
    checkpoint: last && checkpointFacts(w, last.note),
  };
}

/** Restricted cases are in the digest of who decides them, and in no other; who stepped out of a case is not told of it. */
async function filterSeen(
  tx: Tx,
  w: Workflow,
  views: readonly CaseView[],
  restricted: boolean,
  reader?: string,
): Promise<readonly CaseView[]> {
  const seen: CaseView[] = [];
  for (const view of views) {
    if (view.case.restricted !== restricted) continue;
    if (reader === undefined || (await approversOf(tx, w, view.case)).includes(reader)) seen.push(view);
  }
  return seen;
}

async function listFindings(
  tx: Tx,
  w: Workflow,
  since: Date,
  restricted: boolean,
  reader?: string,
): Promise<DigestView["findings"]> {
  const rows = await tx
    .select({ at: entries.at, caseId: entries.caseId, body: entries.body })
    .from(entries)
    .where(and(eq(entries.action, "finding.raised"), gte(entries.at, since.toISOString())))
    .orderBy(desc(entries.seq))
    .limit(FINDINGS);
  const found: DigestView["findings"][number][] = [];
  for (const { at, caseId, body } of rows) {
    const view = caseId === null ? undefined : await loadCaseView(tx, w.systems, (id) => findPerson(tx, w, id), caseId);
    const [seen] = view ? await filterSeen(tx, w, [view], restricted, reader) : [];
    if (!seen || !view) continue;
    const what = Finding.safeParse(JSON.parse(new TextDecoder().decode(body))).data;
    found.push({ at: new Date(at), leaver: view.leaver.name, what: what ? wordsOf(w, what) : "a finding" });
  }
  return found;
}

/** `member:42 in GitHub acme: still there at the closing inventory`. */
function wordsOf(w: Workflow, { target, detail }: z.infer<typeof Finding>): string {
  const where = target.system === undefined ? "" : ` in ${titleOf(w.systems, target.system)}`;
  return `${idOfKey(target.id)}${where}: ${detail?.what ?? "needs a look"}`;
}

/** What a checkpoint's note says, if our key signed it. */
export function checkpointFacts(w: Workflow, note: string): CheckpointFacts {
  const { origin, size, root } = openCheckpoint(note, w.verifier);
  return { origin, size, root: Buffer.from(root).toString("base64"), fingerprint: fingerprint(w.verifier), note };
}
