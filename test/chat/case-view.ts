import { type Grant, grantKey } from "../../src/core/access.ts";
import { proposePlan } from "../../src/core/plan.ts";
import type { CaseView, OfferView, PlanView, ReadView, StepView } from "../../src/store/views.ts";
import { memoryGrant, memoryWork } from "../peers/memory-system.ts";

const NOW = new Date("2026-11-30T17:00:00.000Z");

/** A case of Alice's with a proposed plan over these grants, but for what is said. */
export function caseView(
  grants: readonly Grant[] = [memoryGrant("repo", "a1", { id: "g1" })],
  more: Partial<CaseView> & { readonly row?: Partial<CaseView["case"]>; readonly reads?: readonly ReadView[] } = {},
): CaseView {
  const { row, ...rest } = more;
  const reads = rest.reads ?? [readView("repo", "Code", { grants: [...grants] })];
  return {
    case: {
      id: "CASE0001",
      leaverId: "alice",
      requesterId: "hr",
      state: "planned",
      kind: "involuntary",
      mode: "orderly",
      announced: false,
      restricted: false,
      dueAt: NOW,
      dueLocal: "2026-11-30T18:00",
      dueZone: "Europe/Berlin",
      reason: "dismissal",
      heirId: null,
      openedAt: NOW,
      openedSeq: 0,
      revision: 1,
      round: "first",
      missedAt: null,
      cutAt: null,
      closeBy: null,
      closedAt: null,
      wakeAt: null,
      escalateAt: null,
      escalations: 0,
      ...row,
    },
    leaver: { id: "alice", name: "Alice", emails: ["alice@acme.test"] },
    requester: { id: "hr", name: "Hr" },
    heir: undefined,
    manager: { id: "mia", name: "Mia" },
    plans: [planView(reads)],
    steps: [],
    offers: [],
    undo: undefined,
    broken: [],
    kept: [],
    accessGoneSeq: undefined,
    ...rest,
    reads,
  };
}

/** What a system showed. */
export function readView(system: string, title: string, more: Partial<ReadView> = {}): ReadView {
  return {
    caseId: "CASE0001",
    system,
    title,
    manual: false,
    round: "first",
    state: "read",
    accounts: [],
    grants: [],
    work: [],
    sight: { kind: "full" },
    failure: null,
    tries: 1,
    readAt: NOW,
    nextAt: null,
    lease: null,
    seq: 1,
    ...more,
  };
}

/** A plan of what the systems showed. */
export function planView(
  reads: readonly ReadView[],
  more: Partial<PlanView> & { readonly scope?: PlanView["scope"] } = {},
): PlanView {
  const scope = more.scope ?? "full";
  const plan = proposePlan(
    {
      caseId: "CASE0001",
      revision: 1,
      scope: scope === "contain" ? "full" : scope,
      leaver: "alice",
      requester: "hr",
      dueAt: NOW,
      kind: "involuntary",
      mode: "orderly",
      done: new Set(),
    },
    reads.map(({ system, title, state, accounts, grants, work, sight, failure }) => ({
      system,
      title,
      state: state === "pending" ? "failed" : state,
      accounts,
      grants,
      work,
      sight: sight ?? { kind: "full" },
      ...(failure === null ? {} : { failure }),
    })),
  );
  return {
    revision: 1,
    scope,
    state: "proposed",
    plan,
    body: "",
    hash: "c0ffee",
    proposedSeq: 1,
    approvedSeq: null,
    gaps: null,
    decisions: [],
    ...more,
  };
}

/** A step of that plan. */
export function stepView(grant: Grant, more: Partial<StepView> = {}): StepView {
  return {
    id: `step-${grant.id}`,
    caseId: "CASE0001",
    system: grant.system,
    title: "Code",
    grantKey: grantKey(grant),
    revision: 1,
    planHash: "c0ffee",
    position: 0,
    state: "waiting",
    rung: null,
    tries: 0,
    readBacks: 0,
    failure: null,
    note: null,
    decidedBy: null,
    startedAt: null,
    provenAt: null,
    deadlineAt: NOW,
    nextAt: null,
    lease: null,
    by: undefined,
    attesters: [],
    planned: { key: grantKey(grant), grant, position: 0, reason: "first", after: [], act: "revoke" },
    ...more,
  };
}

/** A duty put to Mia. */
export function offerView(title: string, more: Partial<OfferView> = {}): OfferView {
  return {
    id: "offer-1",
    caseId: "CASE0001",
    system: "repo",
    title: "Code",
    itemKey: "key",
    item: memoryWork("repo", "a1", "w1", title),
    state: "offered",
    toId: "mia",
    to: { id: "mia", name: "Mia" },
    why: "manager",
    acceptedSeq: null,
    declined: [],
    skipped: [],
    obstacle: null,
    checkedAt: NOW,
    snoozedUntil: null,
    remindAt: null,
    movedSeq: null,
    closeSeq: null,
    leaverNote: null,
    closes: false,
    movesOn: false,
    failure: null,
    tries: 0,
    offeredAt: NOW,
    settledAt: null,
    deadlineAt: NOW,
    nextAt: NOW,
    lease: null,
    ...more,
  };
}
