import { and, eq, inArray } from "drizzle-orm";
import { z } from "zod";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Grant } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import { type Case, findOpenCase, listPlans, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { entries, steps, undos } from "../store/schema.ts";
import { listSteps, type Step } from "../store/steps.ts";
import { ask, byPerson, type Denied, denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { wantCasePosts } from "./notices.ts";
import type { Change } from "./transition.ts";
import { hashOf, hashOfGrant, NotVouched, prove } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

export type Undone =
  | { readonly kind: "asked" | "giving-back"; readonly grants: number }
  /** The same person asked before: somebody else has to. */
  | { readonly kind: "second-needed" }
  | { readonly kind: "nothing"; readonly why: "not-closed" | "left-again" | "none" };

/** What is given back: each grant by its key, with the hash of what it was. */
const Listed = z.array(z.strictObject({ key: z.string(), grant: z.string() }));
type Listed = z.infer<typeof Listed>;

/**
 * Gives back what a closed case took and what can be given back, within the policy's time. The first person asks, a second one
 * confirms just that list; neither is the leaver. Nothing is given back while the person has another open case.
 */
export function undoCase(w: Workflow, request: Request, caseId: string): Promise<Undone | Refusal> {
  return ask<Undone | Refusal>(w, request, async (tx, asker): Promise<Change<Undone | Refusal> | Denied> => {
    const row = await lockCase(tx, caseId);
    // Whoever may not undo learns nothing from there being no such case.
    if (!row) return denied(asker, "undo-case", null) ?? { result: { kind: "missing", what: "closed case" } };
    const no = await deniedIn(tx, w, asker, "undo-case", row);
    if (no) return no;
    if (row.state !== "closed") return { result: { kind: "nothing", why: "not-closed" } };
    if (await findOpenCase(tx, row.leaverId)) return { result: { kind: "nothing", why: "left-again" } };
    const found = await listUndoable(tx, w, row);
    if (found.length === 0) return { result: { kind: "nothing", why: "none" } };
    const listed: Listed = found.map(({ step, grant }) => ({ key: step.grantKey, grant: hashOfGrant(grant) }));
    const body = new TextDecoder().decode(canonicalBytes(listed));
    const hash = hashOf(body);
    const [asked] = await tx.select().from(undos).where(eq(undos.caseId, caseId));
    const same = asked?.confirmedSeq === null && asked.hash === hash;
    if (same && asked.askedBy === asker.personId) return { result: { kind: "second-needed" } };
    const target = { kind: "case", id: caseId };
    const shared = { actor: byPerson(request, asker), outcome: "success", target, case: caseId } as const;
    const seal =
      (set: (seq: number) => Partial<typeof undos.$inferInsert>) =>
      async (sealing: Tx, [seq]: readonly number[]) => {
        await sealing
          .update(undos)
          .set(set(seq ?? -1))
          .where(eq(undos.caseId, caseId));
      };
    if (!same) {
      const fresh = { body, hash, askedBy: asker.personId, askedAt: w.now(), askedSeq: -1, confirmedSeq: null };
      await tx
        .insert(undos)
        .values({ caseId, ...fresh })
        .onConflictDoUpdate({ target: undos.caseId, set: fresh });
      return {
        result: { kind: "asked", grants: found.length },
        entries: [{ ...shared, action: "undo.asked", detail: { hash, grants: found.length } }],
        next: await wantCasePosts(tx, row),
        seal: seal((askedSeq) => ({ askedSeq })),
      };
    }
    await tx
      .update(steps)
      .set({ state: "giving-back", tries: 0, nextAt: null, failure: null, lease: null, leaseUntil: null })
      .where(
        inArray(
          steps.id,
          found.map(({ step }) => step.id),
        ),
      );
    return {
      result: { kind: "giving-back", grants: found.length },
      entries: [{ ...shared, action: "undo.confirmed", detail: { hash, asked: asked.askedSeq } }],
      next: [
        ...(await wantCasePosts(tx, row)),
        ...found.map(({ step }) => ({ queue: "restore-grant", payload: { stepId: step.id } }) as const),
      ],
      seal: seal((confirmedSeq) => ({ confirmedSeq })),
    };
  });
}

/** Steps that are proven gone and can be given back, with their grants. */
async function listUndoable(tx: Tx, w: Workflow, row: Case): Promise<readonly { step: Step; grant: Grant }[]> {
  const plans = await listPlans(tx, row.id);
  return (await listSteps(tx, row.id)).flatMap((step) => {
    const plan = plans.find(({ hash }) => hash === step.planHash)?.plan;
    const grant = plan?.steps.find(({ key }) => key === step.grantKey)?.grant;
    const able = w.systems.get(step.system)?.restore !== undefined;
    if (!grant || !able || step.state !== "proven" || step.provenAt === null) return [];
    return w.now() < giveBackUntil(w, grant, step.provenAt) ? [{ step, grant }] : [];
  });
}

/** Until when a grant may be given back; long ago for what never can. */
export function giveBackUntil(w: Workflow, grant: Grant, goneAt: Date): Date {
  const theirs =
    grant.reversible === "always" ? w.policy.undoDays : grant.reversible === "never" ? 0 : grant.reversible.untilDays;
  return new Date(goneAt.getTime() + Math.min(theirs, w.policy.undoDays) * 86_400_000);
}

/**
 * Throws NotVouched unless two different people asked for just this in the log, neither of them the leaver, and the entry
 * before the revoke says that the grant was exactly this.
 */
export async function proveUndo(tx: Tx, w: Workflow, row: Case, step: Step, grant: Grant): Promise<void> {
  const [undo] = await tx.select().from(undos).where(eq(undos.caseId, row.id));
  if (!undo || undo.confirmedSeq === null || hashOf(undo.body) !== undo.hash)
    throw new NotVouched(`nobody confirmed that step ${step.id} be given back`);
  const asked = await prove(tx, w, undo.askedSeq, "undo.asked", row.id);
  const confirmed = await prove(tx, w, undo.confirmedSeq, "undo.confirmed", row.id);
  const people = [asked, confirmed].flatMap(({ actor }) => (actor.kind === "person" ? [actor.id] : []));
  const two = new Set(people.filter((id) => id !== row.leaverId)).size === 2;
  const same = [asked, confirmed].every(({ detail }) => detail?.["hash"] === undo.hash);
  if (!two || !same || confirmed.detail?.["asked"] !== undo.askedSeq)
    throw new NotVouched(`the undo of case ${row.id} lacks people`);
  const hash = hashOfGrant(grant);
  const listed = Listed.parse(JSON.parse(undo.body));
  if (!listed.some((one) => one.key === step.grantKey && one.grant === hash))
    throw new NotVouched(`step ${step.id} is not in what was confirmed`);
  const revokes = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.caseId, row.id),
        eq(entries.action, "grant.revokeStarted"),
        eq(entries.system, step.system),
        eq(entries.targetId, safeText(grant.id)),
      ),
    );
  for (const { seq } of revokes) {
    const entry = await prove(tx, w, seq, "grant.revokeStarted", row.id);
    if (entry.detail?.["grant"] === hash) return;
  }
  throw new NotVouched(`no entry says that step ${step.id} took this`);
}
