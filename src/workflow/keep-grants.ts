import { and, eq } from "drizzle-orm";
import { canonicalBytes } from "../audit/canonical.ts";
import { grantKey } from "../core/access.ts";
import type { PlanStep } from "../core/order.ts";
import { type Case, listPlans, lockCase } from "../store/cases.ts";
import { isKept, type KeptRow, listKept } from "../store/kept.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { kept } from "../store/schema.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findPerson } from "./known-people.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import type { Change, Said } from "./transition.ts";
import { hashOf, NotVouched, proveCase, proveProposed } from "./vouched.ts";
import { readDue } from "./when.ts";
import { type ChatAccount, findPersonOfChat } from "./who.ts";
import type { Workflow } from "./workflow.ts";

export interface KeepWish {
  readonly caseId: string;
  /** The plan that was reviewed. */
  readonly planHash: string;
  /** Positions of its steps. */
  readonly places: readonly number[];
  /** Who owns the risk. */
  readonly owner: ChatAccount;
  /** The last day, `2027-01-31`, in the case's zone. */
  readonly until: string;
  readonly note: string;
}

export type KeepAsked =
  /** `with`: how many more stay because they come with one that was picked. */
  | { readonly kind: "asked"; readonly grants: number; readonly with: number }
  | { readonly kind: "bad-day" | "bad-owner" | "bad-pick"; readonly why: string }
  | { readonly kind: "too-late" }
  | { readonly kind: "not-vouched" };

export type KeepDecided =
  | { readonly kind: "decided"; readonly verdict: "agreed" | "refused"; readonly grants: number }
  /** Whoever asked for it does not agree to it. */
  | { readonly kind: "second-needed" }
  /** It was decided, or changed since it was shown. */
  | { readonly kind: "changed" }
  | { readonly kind: "too-late" };

/** Asks that grants of a plan be kept. They stay in the plan until a second person agrees. */
export function keepGrants(w: Workflow, request: Request, wish: KeepWish): Promise<KeepAsked | Refusal> {
  return ask<KeepAsked | Refusal>(w, request, async (tx, asker): Promise<Change<KeepAsked | Refusal> | Denied> => {
    const row = await lockCase(tx, wish.caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "keep-grant", row);
    if (no) return no;
    const found = (await listPlans(tx, row.id)).find(({ hash }) => hash === wish.planHash);
    if (row.state !== "planned" || found?.state !== "proposed" || found.scope !== "full")
      return { result: { kind: "too-late" } };
    try {
      await proveCase(tx, w, row);
      await proveProposed(tx, w, row.id, found);
    } catch (error) {
      if (error instanceof NotVouched) return { result: { kind: "not-vouched" } };
      throw error;
    }
    const owner = await ownerOf(tx, w, row, wish.owner);
    if ("why" in owner) return { result: { kind: "bad-owner", why: owner.why } };
    const due = readDue(
      { kind: "at", date: wish.until, time: "12:00", zone: row.dueZone },
      row.dueZone,
      w.now(),
      w.policy,
    );
    if ("fault" in due) return { result: { kind: "bad-day", why: due.fault } };
    if (due.at <= row.dueAt) return { result: { kind: "bad-day", why: "This is before access ends." } };
    const picked = withInherited(found.plan.steps, wish.places);
    if (typeof picked === "string") return { result: { kind: "bad-pick", why: picked } };
    const fresh = {
      state: "asked",
      ownerId: owner.id,
      until: due.at,
      note: wish.note,
      askedBy: asker.personId,
      askedSeq: -1,
      agreedBy: null,
      agreedSeq: null,
    };
    for (const { key } of picked)
      await tx
        .insert(kept)
        .values({ caseId: row.id, grantKey: key, ...fresh })
        .onConflictDoUpdate({ target: [kept.caseId, kept.grantKey], set: fresh });
    return {
      result: { kind: "asked", grants: picked.length, with: picked.length - new Set(wish.places).size },
      entries: picked.map(({ key, grant }) => ({
        actor: byPerson(request, asker),
        action: "exception.asked",
        outcome: "success",
        target: { kind: "grant", id: grant.id, system: grant.system, account: grant.account },
        case: row.id,
        detail: { key, owner: owner.id, until: due.at.toISOString(), plan: found.hash },
        personal: { note: wish.note },
      })),
      next: await wantCasePosts(tx, row),
      seal: async (sealing, seqs) => {
        for (const [at, { key }] of picked.entries())
          await sealing
            .update(kept)
            .set({ askedSeq: seqs[at] ?? -1 })
            .where(isKept({ caseId: row.id, grantKey: key }));
      },
    };
  });
}

/**
 * A second person agrees that everything asked for is kept, or refuses it. Agreeing makes a new plan: what was approved of the
 * one before counts for nothing, since it is bound to its hash.
 */
export function decideKept(
  w: Workflow,
  request: Request,
  { caseId, asked, verdict }: { caseId: string; asked: string; verdict: "agreed" | "refused" },
): Promise<KeepDecided | Refusal> {
  return ask<KeepDecided | Refusal>(w, request, async (tx, asker): Promise<Change<KeepDecided | Refusal> | Denied> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "keep-grant", row);
    if (no) return no;
    if (row.state !== "planned") return { result: { kind: "too-late" } };
    const waiting = (await listKept(tx, caseId)).filter(({ state }) => state === "asked");
    if (waiting.length === 0 || hashOfAsked(waiting) !== asked) return { result: { kind: "changed" } };
    // Taking back one's own wish needs nobody else.
    if (verdict === "agreed" && waiting.some(({ askedBy }) => askedBy === asker.personId))
      return { result: { kind: "second-needed" } };
    await tx
      .update(kept)
      .set({ state: verdict, ...(verdict === "agreed" ? { agreedBy: asker.personId } : {}) })
      .where(and(eq(kept.caseId, caseId), eq(kept.state, "asked")));
    const again: Job[] = verdict === "agreed" ? [{ queue: "propose-plan", payload: { caseId } }] : [];
    return {
      result: { kind: "decided", verdict, grants: waiting.length },
      entries: waiting.map(
        (one): Said => ({
          actor: byPerson(request, asker),
          action: `exception.${verdict}`,
          outcome: "success",
          target: { kind: "grant", id: one.grantKey },
          case: row.id,
          detail: { key: one.grantKey, owner: one.ownerId, until: one.until.toISOString(), asked: one.askedSeq },
        }),
      ),
      next: [...again, ...(await wantCasePosts(tx, row))],
      seal: async (sealing, seqs) => {
        if (verdict === "refused") return;
        for (const [at, one] of waiting.entries())
          await sealing
            .update(kept)
            .set({ agreedSeq: seqs[at] ?? -1 })
            .where(isKept(one));
      },
    };
  });
}

/** What was shown is what is agreed to: SHA-256 of everything asked for, in hexadecimal. */
export function hashOfAsked(waiting: readonly KeptRow[]): string {
  const said = waiting.map(({ grantKey: key, ownerId, until, askedSeq }) => [
    key,
    ownerId,
    until.toISOString(),
    askedSeq,
  ]);
  return hashOf(new TextDecoder().decode(canonicalBytes(said)));
}

/** From the closing of its case a kept grant has a day on which it is looked at again. */
export async function watchKept(tx: Tx, row: Case): Promise<void> {
  for (const one of await listKept(tx, row.id)) {
    if (one.state === "agreed") await tx.update(kept).set({ nextAt: one.until }).where(isKept(one));
  }
}

async function ownerOf(
  tx: Tx,
  w: Workflow,
  row: Case,
  account: ChatAccount,
): Promise<{ readonly id: string } | { readonly why: string }> {
  const id = await findPersonOfChat(tx, w, account);
  const person = id === undefined ? undefined : await findPerson(tx, w, id);
  if (!person) return { why: "The directory does not know this account." };
  if (person.id === row.leaverId || (await isLeaving(tx, person.id))) return { why: "This person is leaving." };
  if (!person.active) return { why: "This person is not active any more." };
  return { id: person.id };
}

/** What was picked and all that comes with it. A string says why it cannot be kept. */
function withInherited(steps: readonly PlanStep[], places: readonly number[]): readonly PlanStep[] | string {
  const via = ({ grant }: PlanStep) => (grant.via === undefined ? undefined : grantKey({ ...grant, id: grant.via }));
  const known = new Set(steps.map(({ key }) => key));
  const keys = new Set(steps.filter(({ position }) => places.includes(position)).map(({ key }) => key));
  if (keys.size === 0) return "Choose what is to be kept.";
  for (let grew = true; grew; ) {
    const before = keys.size;
    for (const step of steps) if (keys.has(via(step) ?? "")) keys.add(step.key);
    grew = keys.size > before;
  }
  const picked = steps.filter(({ key }) => keys.has(key));
  const orphan = picked.find((step) => {
    const parent = via(step);
    return parent !== undefined && known.has(parent) && !keys.has(parent);
  });
  if (!orphan) return picked;
  const parent = steps.find(({ key }) => key === via(orphan));
  return `${orphan.grant.resource} ends with ${parent?.grant.resource ?? "another grant"}: that one has to be kept as well.`;
}
