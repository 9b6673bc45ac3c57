import { type Asker, approverRole } from "../core/rights.ts";
import { findCase, findOpenCase, listLatestCaseIds, listOpenCaseIds } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { type CaseView, loadCaseView } from "../store/views.ts";
import { ask, type Denied, denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findWhom, type HistoryOf } from "./history.ts";
import { findPerson } from "./known-people.ts";
import type { Change } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import { rolesOf } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** As whom somebody sees a case: what they may do with it follows from that. */
export type Seen = "approver" | "auditor" | "requester";

/** What the asker may see. */
export type OpenCases = {
  readonly kind: "cases";
  readonly cases: readonly { readonly view: CaseView; readonly as: Seen }[];
};

export interface OneCase {
  readonly kind: "case";
  readonly view: CaseView;
}

/**
 * Every case that is not over, soonest first, as far as the log vouches for it. Cases of `reader` themself are left out,
 * since nobody learns of their own case from us.
 */
export async function loadOpenCases(tx: Tx, w: Workflow, reader?: string): Promise<readonly CaseView[]> {
  const views: CaseView[] = [];
  for (const id of await listOpenCaseIds(tx)) {
    const view = await loadVouched(tx, w, id);
    if (view && view.case.leaverId !== reader) views.push(view);
  }
  return views;
}

/** The open cases that somebody may see: all of them for approvers and auditors, their own for who asked for them. */
export function readOpenCases(w: Workflow, request: Request): Promise<OpenCases | Refusal> {
  return ask<OpenCases>(w, request, async (tx, asker): Promise<Change<OpenCases> | Denied> => {
    const cases = await listSeen(tx, w, asker);
    // Whoever may see none, and could never have one, is told that it is not for them.
    const no = denied(asker, "read-case", null);
    if (no && cases.length === 0 && denied(asker, "open-case", null)) return no;
    return { result: { kind: "cases", cases } };
  });
}

/** The open cases that somebody may see, with as what. */
export async function listSeen(tx: Tx, w: Workflow, asker: Asker): Promise<OpenCases["cases"]> {
  const found: OpenCases["cases"][number][] = [];
  for (const view of await loadOpenCases(tx, w, asker.personId)) found.push(...(await seen(tx, w, asker, view)));
  return found;
}

/** The newest cases that somebody may see, over or not. */
export async function loadLatestCases(tx: Tx, w: Workflow, asker: Asker, limit: number): Promise<readonly CaseView[]> {
  const views: CaseView[] = [];
  for (const id of await listLatestCaseIds(tx, limit)) {
    const view = await loadVouched(tx, w, id);
    if (view) views.push(...(await seen(tx, w, asker, view)).map((one) => one.view));
  }
  return views;
}

/** The open case of this very person: only for deciding what they may be shown of it. */
export async function findOwnCase(tx: Tx, w: Workflow, personId: string): Promise<CaseView | undefined> {
  const row = await findOpenCase(tx, personId);
  return row && loadVouched(tx, w, row.id);
}

/** The open case of one person, if the asker may see it: an empty list says nothing about whether there is one. */
export function readCaseOf(w: Workflow, request: Request, of: HistoryOf): Promise<OpenCases | Refusal> {
  return ask<OpenCases>(w, request, async (tx, asker): Promise<Change<OpenCases> | Denied> => {
    const no = denied(asker, "read-case", null);
    if (no && denied(asker, "open-case", null)) return no;
    const cases: OpenCases["cases"][number][] = [];
    for (const personId of await findWhom(tx, w, of)) {
      const row = await findOpenCase(tx, personId);
      const view = row && (await loadVouched(tx, w, row.id));
      if (view) cases.push(...(await seen(tx, w, asker, view)));
    }
    return { result: { kind: "cases", cases } };
  });
}

/** A case, also one that is over, if the asker may see it. */
export function readCase(w: Workflow, request: Request, caseId: string): Promise<OneCase | Refusal> {
  return ask<OneCase | Refusal>(w, request, async (tx, asker): Promise<Change<OneCase | Refusal> | Denied> => {
    const row = await findCase(tx, caseId);
    const no = row ? await deniedIn(tx, w, asker, "read-case", row) : denied(asker, "read-case", null);
    if (no) return no;
    const view = row && (await loadVouched(tx, w, caseId));
    return { result: view ? { kind: "case", view } : { kind: "missing", what: "case" } };
  });
}

async function seen(tx: Tx, w: Workflow, asker: Asker, view: CaseView): Promise<OpenCases["cases"]> {
  const row = view.case;
  if (await deniedIn(tx, w, asker, "read-case", row)) return [];
  const roles = await rolesOf(tx, w, asker.personId, row);
  if (roles.has(approverRole(row))) return [{ view, as: "approver" }];
  return [{ view, as: row.requesterId === asker.personId ? "requester" : "auditor" }];
}

/** A case as far as the log vouches for it. */
export async function loadVouched(tx: Tx, w: Workflow, id: string): Promise<CaseView | undefined> {
  const row = await findCase(tx, id);
  if (!row) return undefined;
  try {
    await proveCase(tx, w, row);
  } catch (error) {
    if (!(error instanceof NotVouched)) throw error;
    w.log.error({ case: id }, "a case that the log does not vouch for is not shown");
    return undefined;
  }
  return loadCaseView(tx, w.systems, (person) => findPerson(tx, w, person), id);
}
