import { and, asc, desc, eq, inArray } from "drizzle-orm";
import type { Grant, Person } from "../core/access.ts";
import type { PlanStep } from "../core/order.ts";
import { type Broken, listBroken } from "./broken.ts";
import {
  type Case,
  type Decision,
  findCase,
  listDecisions,
  listPlans,
  listReads,
  type PlanRow,
  type Read,
} from "./cases.ts";
import { type KeptRow, listKept } from "./kept.ts";
import { listOffers, type Offer } from "./offers.ts";
import type { Tx } from "./open.ts";
import { entries, notes, undos } from "./schema.ts";
import { listSteps, type Step } from "./steps.ts";

// What messages are made of: everything they need, names resolved, as pure data. Load a view within one REPEATABLE READ
// transaction, so that its parts belong together.

/** Somebody as messages name them. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** The systems of the configuration, as far as messages name them. A system that was taken out shows by its id. */
export type Systems = ReadonlyMap<
  string,
  {
    readonly title: string;
    readonly manual?: { readonly owner: string };
    readonly work?: { readonly moveOn?: unknown; readonly close?: { readonly kinds: readonly string[] } };
  }
>;

/** Looks a person up as far as signed entries vouch for them: rows alone name nobody. */
export type FindPerson = (id: string) => Promise<Person | undefined>;

/** One system's newest read. */
export interface ReadView extends Read {
  readonly title: string;
  /** No connector reads it: its line says what it should be, not what it is. */
  readonly manual: boolean;
}

/** A plan's revision with who decided what about it. */
export interface PlanView extends PlanRow {
  readonly decisions: readonly (Decision & { readonly by: Named })[];
}

/** A step with its grant as the approved plan has it. */
export interface StepView extends Step {
  readonly title: string;
  /** `undefined` if no plan of the case holds it, which only a foreign row can bring about. */
  readonly planned: PlanStep | undefined;
  /** Who decided it: skipped it, or said first that it is done by hand. */
  readonly by: Named | undefined;
  /** Everybody who attested it, first first. */
  readonly attesters: readonly Named[];
}

/** A work item put to somebody. */
export interface OfferView extends Offer {
  readonly title: string;
  readonly to: Named | undefined;
  /** Its system can close it for whoever says that nobody needs it. */
  readonly closes: boolean;
  /** It can be moved on from who took it. */
  readonly movesOn: boolean;
}

/** A grant that stays, or is asked to, with who says so. */
export interface KeptView extends KeptRow {
  readonly title: string;
  /** `undefined` if no plan of the case ever held it. */
  readonly grant: Grant | undefined;
  readonly owner: Named;
  readonly by: Named;
  readonly agreedByWhom: Named | undefined;
}

/** A case with all that hangs on it. */
export interface CaseView {
  readonly case: Case;
  readonly leaver: Named & { readonly emails: readonly string[] };
  readonly requester: Named;
  readonly heir: Named | undefined;
  readonly manager: Named | undefined;
  /** Newest round, in the order of the configuration. */
  readonly reads: readonly ReadView[];
  /** Newest first. */
  readonly plans: readonly PlanView[];
  readonly steps: readonly StepView[];
  readonly offers: readonly OfferView[];
  /** What was decided about what breaks. */
  readonly broken: readonly (Broken & { readonly heir: Named | undefined; readonly byWhom: Named })[];
  /** What is asked to be kept, and what is. */
  readonly kept: readonly KeptView[];
  /** What somebody asked to give back after the case was closed. */
  readonly undo: { readonly by: Named; readonly at: Date; readonly confirmed: boolean } | undefined;
  /** Number of the entry that says that every step ended, if there is one. */
  readonly accessGoneSeq: number | undefined;
}

/** Everything about a case; `undefined` if there is none. */
export async function loadCaseView(
  tx: Tx,
  systems: Systems,
  find: FindPerson,
  caseId: string,
): Promise<CaseView | undefined> {
  const row = await findCase(tx, caseId);
  if (!row) return undefined;
  const leaver = await find(row.leaverId);
  const name = namer(find);
  const plans = await Promise.all(
    (await listPlans(tx, caseId)).map(async (plan) => ({
      ...plan,
      decisions: await Promise.all(
        (await listDecisions(tx, caseId, plan.hash)).map(async (one) => ({ ...one, by: await name(one.personId) })),
      ),
    })),
  );
  const attesters = await listAttesters(tx, caseId);
  const reads = (await listReads(tx, caseId, row.round)).map((read) => ({
    ...read,
    title: titleOf(systems, read.system),
    manual: systems.get(read.system)?.manual !== undefined,
  }));
  const order = [...systems.keys()];
  const place = ({ system }: Read) => (order.includes(system) ? order.indexOf(system) : order.length);
  return {
    case: row,
    leaver: { id: row.leaverId, name: leaver?.name ?? row.leaverId, emails: leaver?.emails ?? [] },
    requester: await name(row.requesterId),
    heir: row.heirId === null ? undefined : await name(row.heirId),
    manager: leaver?.managerId === undefined ? undefined : await name(leaver.managerId),
    reads: reads.sort((a, b) => place(a) - place(b)),
    plans,
    steps: await Promise.all(
      (await listSteps(tx, caseId)).map((step) => stepView(step, systems, plans, name, attesters.get(step.grantKey))),
    ),
    offers: await Promise.all((await listOffers(tx, caseId)).map((offer) => offerView(offer, systems, name))),
    broken: await Promise.all(
      (await listBroken(tx, caseId)).map(async (one) => ({
        ...one,
        heir: one.heirId === null ? undefined : await name(one.heirId),
        byWhom: await name(one.by),
      })),
    ),
    kept: await keptViews(tx, caseId, systems, plans, name),
    undo: await undoView(tx, caseId, name),
    accessGoneSeq: await lastSeq(tx, caseId, "case.accessGone"),
  };
}

/** The signed note of the log right after a case's closing entry: the same one whenever it is asked for. */
export async function closingNote(tx: Tx, caseId: string): Promise<string | undefined> {
  const closed = await lastSeq(tx, caseId, "case.closed");
  if (closed === undefined) return undefined;
  const [row] = await tx
    .select({ note: notes.note })
    .from(notes)
    .where(eq(notes.size, closed + 1));
  return row?.note;
}

/** The title of a system; its id if it is not configured any more. */
export function titleOf(systems: Systems, id: string): string {
  return systems.get(id)?.title ?? id;
}

type Name = (id: string) => Promise<Named>;

/** Looks each name up once. Somebody the directory no longer has is named by id. */
function namer(find: FindPerson): Name {
  const known = new Map<string, Named>();
  return async (id) => {
    const before = known.get(id);
    if (before) return before;
    const named = { id, name: (await find(id))?.name ?? id };
    known.set(id, named);
    return named;
  };
}

async function stepView(
  step: Step,
  systems: Systems,
  plans: readonly PlanRow[],
  name: Name,
  attested: readonly string[] = [],
): Promise<StepView> {
  const plan = plans.find(({ hash }) => hash === step.planHash)?.plan;
  return {
    ...step,
    title: titleOf(systems, step.system),
    planned: plan?.steps.find(({ key }) => key === step.grantKey),
    by: step.decidedBy === null ? undefined : await name(step.decidedBy),
    attesters: await Promise.all(attested.map(name)),
  };
}

async function offerView(offer: Offer, systems: Systems, name: Name): Promise<OfferView> {
  return {
    ...offer,
    title: titleOf(systems, offer.system),
    to: offer.toId === null ? undefined : await name(offer.toId),
    closes: systems.get(offer.system)?.work?.close?.kinds.includes(offer.item.kind) === true,
    movesOn: systems.get(offer.system)?.work?.moveOn !== undefined,
  };
}

async function keptViews(
  tx: Tx,
  caseId: string,
  systems: Systems,
  plans: readonly PlanRow[],
  name: Name,
): Promise<readonly KeptView[]> {
  const grants = new Map(
    plans.flatMap(({ plan }) => [...plan.steps, ...(plan.kept ?? [])].map(({ key, grant }) => [key, grant] as const)),
  );
  return Promise.all(
    (await listKept(tx, caseId)).map(async (one) => {
      const grant = grants.get(one.grantKey);
      return {
        ...one,
        grant,
        title: titleOf(systems, grant?.system ?? ""),
        owner: await name(one.ownerId),
        by: await name(one.askedBy),
        agreedByWhom: one.agreedBy === null ? undefined : await name(one.agreedBy),
      };
    }),
  );
}

async function undoView(tx: Tx, caseId: string, name: Name): Promise<CaseView["undo"]> {
  const [row] = await tx.select().from(undos).where(eq(undos.caseId, caseId));
  return row && { by: await name(row.askedBy), at: row.askedAt, confirmed: row.confirmedSeq !== null };
}

async function lastSeq(tx: Tx, caseId: string, action: string): Promise<number | undefined> {
  const [row] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), eq(entries.action, action)))
    .orderBy(desc(entries.seq))
    .limit(1);
  return row?.seq;
}

/** Person ids of who attested, by grant key. The row of a step knows only the first. */
async function listAttesters(tx: Tx, caseId: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await tx
    .select({ target: entries.targetId, actor: entries.actorId, action: entries.action })
    .from(entries)
    .where(and(eq(entries.caseId, caseId), inArray(entries.action, ["grant.attested", "grant.retryAsked"])))
    .orderBy(asc(entries.seq));
  const found = new Map<string, readonly string[]>();
  for (const { target, actor, action } of rows) {
    // Trying again takes earlier words back.
    const before = action === "grant.retryAsked" ? [] : (found.get(target) ?? []);
    found.set(target, action === "grant.retryAsked" ? [] : [...new Set([...before, actor])]);
  }
  return found;
}
