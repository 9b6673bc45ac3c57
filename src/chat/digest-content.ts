import { and, desc, eq, gte } from "drizzle-orm";
import { z } from "zod";
import { openCheckpoint } from "../audit/checkpoint.ts";
import { fingerprint } from "../audit/key.ts";
import { idOfKey } from "../core/access.ts";
import { latestCheckpoint } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { entries } from "../store/schema.ts";
import { loadCaseView, titleOf } from "../store/views.ts";
import { findPerson } from "../workflow/known-people.ts";
import { loadOpenCases } from "../workflow/open-cases.ts";
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
export async function loadDigest(tx: Tx, w: Workflow, zone: string, reader?: string): Promise<DigestView> {
  const now = w.now();
  const last = await latestCheckpoint(tx);
  return {
    now,
    zone,
    cases: await loadOpenCases(tx, w, reader),
    findings: await listFindings(tx, w, new Date(now.getTime() - DAY_MS), reader),
    checkpoint: last && checkpointFacts(w, last.note),
  };
}

async function listFindings(tx: Tx, w: Workflow, since: Date, reader?: string): Promise<DigestView["findings"]> {
  const rows = await tx
    .select({ at: entries.at, caseId: entries.caseId, body: entries.body })
    .from(entries)
    .where(and(eq(entries.action, "finding.raised"), gte(entries.at, since.toISOString())))
    .orderBy(desc(entries.seq))
    .limit(FINDINGS);
  const found: DigestView["findings"][number][] = [];
  for (const { at, caseId, body } of rows) {
    const view = caseId === null ? undefined : await loadCaseView(tx, w.systems, (id) => findPerson(tx, w, id), caseId);
    if (!view || view.leaver.id === reader) continue;
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
  return { origin, size, root: Buffer.from(root).toString("base64"), fingerprint: fingerprint(w.verifier) };
}
