import { z } from "zod";
import { Account, Grant, grantKey, isContested, isReversible, Sight, WorkItem } from "./access.ts";
import { LeaveKind, Mode } from "./case.ts";
import { order, orderGrants, PlanStep } from "./order.ts";

/** What one system showed in one round: grants and work, or why it could not be seen. */
export const SystemRead = z.object({
  system: z.string(),
  title: z.string(),
  /** none: a person said, or the system shows, that there is no account. */
  state: z.enum(["read", "none", "unmatched", "failed"]),
  accounts: z.array(Account).readonly(),
  grants: z.array(Grant).readonly(),
  work: z.array(WorkItem).readonly(),
  sight: Sight,
  failure: z.string().optional(),
  manual: z.object({ owner: z.string(), dueHours: z.number() }).optional(),
});
export type SystemRead = Readonly<z.infer<typeof SystemRead>>;

/** A part of the picture that is missing. Approving a plan that has one needs it named, with a reason. */
export const Gap = z.object({
  system: z.string(),
  title: z.string(),
  what: z.enum(["unreachable", "unmatched"]),
  why: z.string(),
});
export type Gap = Readonly<z.infer<typeof Gap>>;

/** A grant that stays although its person leaves: a risk that somebody owns until an instant. Two people agreed to it. */
export const Kept = z.object({
  key: z.string(),
  grant: Grant,
  /** Who owns the risk: a person's id. */
  owner: z.string(),
  until: z.iso.datetime(),
  /** Number of the entry that agreed to it. */
  agreed: z.number().int(),
});
export type Kept = Readonly<z.infer<typeof Kept>>;

/** What approvers see is what they approve: the hash of the canonical JSON of this is what a decision is bound to. */
export const Plan = z.object({
  v: z.literal(1),
  caseId: z.string(),
  revision: z.number().int(),
  scope: z.enum(["contain", "full", "addition"]),
  leaver: z.string(),
  requester: z.string(),
  dueAt: z.iso.datetime(),
  kind: LeaveKind,
  mode: Mode,
  steps: z.array(PlanStep).readonly(),
  gaps: z.array(Gap).readonly(),
  /** Blind parts by system title. */
  blind: z.array(z.object({ system: z.string(), title: z.string(), what: z.string() })).readonly(),
  /** For a human to look at, and nobody's grants. */
  findings: z
    .array(z.object({ system: z.string(), title: z.string(), what: z.string() }))
    .readonly()
    .optional(),
  /** Systems that showed no account. */
  clean: z.array(z.object({ system: z.string(), title: z.string() })).readonly(),
  /** Grants that are no steps of it by exception. */
  kept: z.array(Kept).readonly().optional(),
  approvals: z.number().int().min(1).max(2),
  /** Why so many. */
  approvalsWhy: z.string(),
  /**
   * A containment only: the systems that its approval is for. What can be given back goes in each as soon as it answers,
   * also in those that answer after the approval. It holds no steps itself: they come as parts, each an extension.
   */
  covers: z
    .array(z.object({ system: z.string(), title: z.string() }))
    .readonly()
    .optional(),
  /** Set where an addition is what an approved containment takes in the systems that answered. */
  partOf: z.literal("containment").optional(),
});
export type Plan = Readonly<z.infer<typeof Plan>>;

/** Facts of the case that a plan is made from. */
export interface PlanFor {
  readonly caseId: string;
  readonly revision: number;
  /** A containment is made by `containmentOf`, since it holds only what can be given back. */
  readonly scope: Exclude<Plan["scope"], "contain">;
  readonly leaver: string;
  readonly requester: string;
  readonly dueAt: Date;
  readonly kind: LeaveKind;
  readonly mode: Mode;
  /** Grant keys that earlier plans of the case already hold. */
  readonly done: ReadonlySet<string>;
  /** What two people agreed to keep, by grant key. */
  readonly kept?: ReadonlyMap<string, Omit<Kept, "key" | "grant">>;
}

/**
 * Makes the ordered plan: sessions, memberships, account, chat; within that what a connector says must go before what.
 * Throws `PlanCycle`, which names the circle, if grants contradict each other (core/order.ts).
 */
export function proposePlan(facts: PlanFor, reads: readonly SystemRead[]): Plan {
  const sorted = [...reads].sort((a, b) => order(a.system, b.system));
  const manual = new Set(sorted.filter((read) => read.manual).map((read) => read.system));
  const open = sorted.flatMap((read) => read.grants).filter((grant) => !facts.done.has(grantKey(grant)));
  const kept = open.flatMap((grant): Kept[] => {
    const key = grantKey(grant);
    const by = facts.kept?.get(key);
    return by ? [{ key, grant, ...by }] : [];
  });
  const grants = open.filter((grant) => facts.kept?.has(grantKey(grant)) !== true);
  const steps = orderGrants(grants, manual);
  const risky = steps.filter((step) => step.grant.privileged || !isReversible(step.grant));
  const two = risky.length > 0;
  return {
    ...headOf(facts),
    steps,
    gaps: sorted.flatMap(gapOf),
    blind: sorted.flatMap((read) =>
      read.sight.kind === "partial" && read.state !== "none"
        ? read.sight.blind.map((what) => ({ system: read.system, title: read.title, what }))
        : [],
    ),
    findings: sorted.flatMap(({ system, title, sight }) =>
      sight.kind === "partial" ? (sight.findings ?? []).map((what) => ({ system, title, what })) : [],
    ),
    clean: sorted.filter((read) => read.state === "none").map(({ system, title }) => ({ system, title })),
    ...(kept.length === 0 ? {} : { kept }),
    approvals: two ? 2 : 1,
    approvalsWhy: two ? whyTwo(risky) : "nothing in it is privileged or final",
  };
}

/**
 * The containment of a case: a word for every system at once, given before any has answered, so that nobody waits for the
 * slowest and no answer makes an approval void. It takes only what can be given back, so one approver is enough.
 */
export function containmentOf(
  facts: Omit<PlanFor, "scope" | "done">,
  systems: readonly { readonly id: string; readonly title: string; readonly manual?: object }[],
): Plan {
  const covers = systems
    .filter(({ manual }) => manual === undefined)
    .map(({ id, title }) => ({ system: id, title }))
    .sort((a, b) => order(a.system, b.system));
  return {
    ...headOf({ ...facts, scope: "contain" }),
    steps: [],
    gaps: [],
    blind: [],
    clean: [],
    approvals: 1,
    approvalsWhy: "everything in it can be given back",
    covers,
  };
}

/** What an approved containment takes in the systems that have answered; `undefined` if there is nothing new. */
export function containmentPart(
  facts: Omit<PlanFor, "scope">,
  covers: NonNullable<Plan["covers"]>,
  reads: readonly SystemRead[],
): Plan | undefined {
  const part = reads
    .filter((read) => read.state === "read" && covers.some(({ system }) => system === read.system))
    .map((read) => ({ ...read, grants: read.grants.filter(mayBeContained) }));
  const plan = proposePlan({ ...facts, scope: "addition" }, part);
  if (plan.steps.length === 0) return undefined;
  return { ...plan, blind: [], findings: [], clean: [], approvals: 1, approvalsWhy: CONTAINED, partOf: "containment" };
}

const CONTAINED = "the containment was approved for every system, and everything in it can be given back";

function headOf(facts: Omit<PlanFor, "done" | "scope"> & Pick<Plan, "scope">) {
  return {
    v: 1,
    caseId: facts.caseId,
    revision: facts.revision,
    scope: facts.scope,
    leaver: facts.leaver,
    requester: facts.requester,
    dueAt: facts.dueAt.toISOString(),
    kind: facts.kind,
    mode: facts.mode,
  } as const;
}

/** Whether what appeared since the approval may go along by policy: it must be as harmless as undoing it. */
export function mayGoAlong(grant: Grant): boolean {
  return isReversible(grant) && !grant.privileged && !isContested(grant);
}

/** What may be another person's is cut by no haste. */
function mayBeContained(grant: Grant): boolean {
  return isReversible(grant) && !isContested(grant);
}

function gapOf(read: SystemRead): Gap[] {
  switch (read.state) {
    case "failed":
      return [
        { system: read.system, title: read.title, what: "unreachable", why: read.failure ?? "it could not be read" },
      ];
    case "unmatched":
      return [{ system: read.system, title: read.title, what: "unmatched", why: "no account is known there" }];
    case "read":
    case "none":
      return [];
    default:
      return read.state satisfies never;
  }
}

function whyTwo(risky: readonly PlanStep[]): string {
  const privileged = risky.filter((step) => step.grant.privileged).length;
  const final = risky.filter((step) => !isReversible(step.grant)).length;
  const parts = [privileged > 0 ? `${privileged} privileged` : "", final > 0 ? `${final} not simply given back` : ""];
  return parts.filter(Boolean).join(", ");
}
