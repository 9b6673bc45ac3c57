import { randomUUID } from "node:crypto";
import { and, eq, inArray } from "drizzle-orm";
import type { Account } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import { type Case, listReads, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { reads } from "../store/schema.ts";
import { ask, byPerson, type Denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { callFor } from "./call.ts";
import { findPersonOfAccount, noteAccount } from "./known-people.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import { recover } from "./recover.ts";
import type { Change } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

export type Named =
  /** Found: to be shown and confirmed before it counts. */
  | { readonly kind: "found"; readonly account: Account }
  | { readonly kind: "named" }
  | { readonly kind: "not-found" }
  | { readonly kind: "taken" }
  | { readonly kind: "said-none" }
  | { readonly kind: "reading-again" }
  | { readonly kind: "too-late" }
  | { readonly kind: "unreachable"; readonly why: string };

/**
 * A person types which account the leaver has in a system. It is looked up there by exactly that login or id and shown;
 * only confirming it (`account` is then the immutable id that was shown) makes it hers.
 */
export async function nameAccount(
  w: Workflow,
  request: Request,
  of: { caseId: string; system: string; account: string; confirmed: boolean },
): Promise<Named | Refusal> {
  const allowed = await mayName(w, request, of.caseId, of.confirmed ? "confirm" : "look up");
  if (allowed.kind !== "allowed") return allowed;
  const looked = await lookUp(w, of.caseId, of.system, of.account);
  if (looked.kind !== "found" || !of.confirmed) return looked;
  return ask<Named | Refusal>(
    w,
    { ...request, requestId: `${request.requestId}:confirmed` },
    async (tx, asker): Promise<Change<Named | Refusal> | Denied> => {
      const row = await lockCase(tx, of.caseId);
      const no = row && (await deniedIn(tx, w, asker, "name-account", row));
      if (!row || no) return no ?? { result: { kind: "missing", what: "case" } };
      if (!readsAgain(row)) return { result: { kind: "too-late" } };
      const noted = await noteAccount(tx, w, looked.account, row.leaverId, "named in chat");
      if (noted.kind === "taken") return { result: { kind: "taken" } };
      return {
        result: { kind: "named" },
        entries: [
          {
            actor: byPerson(request, asker),
            action: "account.named",
            outcome: "success",
            target: { kind: "account", id: looked.account.id, system: of.system },
            case: row.id,
            personal: { login: safeText(looked.account.login) },
          },
          ...noted.said,
        ],
        next: await readAgain(tx, row, of.system, false),
      };
    },
  );
}

/** A person says that the leaver has no account there. */
export function noAccount(
  w: Workflow,
  request: Request,
  of: { caseId: string; system: string },
): Promise<Named | Refusal> {
  return again(w, request, of, "name-account", "account.saidNone", true, { kind: "said-none" });
}

/** Reads a system again that could not be read. */
export function retryRead(
  w: Workflow,
  request: Request,
  of: { caseId: string; system: string },
): Promise<Named | Refusal> {
  return again(w, request, of, "retry-read", "system.readAsked", false, { kind: "reading-again" });
}

function again(
  w: Workflow,
  request: Request,
  of: { caseId: string; system: string },
  act: "name-account" | "retry-read",
  action: string,
  saidNone: boolean,
  result: Named,
): Promise<Named | Refusal> {
  return ask<Named | Refusal>(w, request, async (tx, asker): Promise<Change<Named | Refusal> | Denied> => {
    const row = await lockCase(tx, of.caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, act, row);
    if (no) return no;
    const line = (await listReads(tx, row.id, row.round)).find(({ system }) => system === of.system);
    if (!line || !readsAgain(row) || (line.state !== "unmatched" && line.state !== "failed" && line.nextAt === null))
      return { result: { kind: "too-late" } };
    return {
      result,
      entries: [
        {
          actor: byPerson(request, asker),
          action,
          outcome: "success",
          target: { kind: "system", id: of.system, system: of.system },
          case: row.id,
        },
      ],
      next: await readAgain(tx, row, of.system, saidNone),
    };
  });
}

/** Until the plan is approved a new answer makes a new plan; at the closing inventory it lets the case close. */
function readsAgain(row: Case): boolean {
  return ["opened", "containing", "planned", "closing"].includes(row.state);
}

async function readAgain(tx: Tx, row: Case, system: string, saidNone: boolean): Promise<Job[]> {
  await tx
    .update(reads)
    .set({ state: "pending", tries: 0, nextAt: null, failure: null, lease: null, leaseUntil: null })
    .where(and(eq(reads.caseId, row.id), eq(reads.system, system), eq(reads.round, row.round)));
  if (saidNone) {
    await tx
      .update(reads)
      .set({ saidNone })
      .where(and(eq(reads.caseId, row.id), eq(reads.system, system), inArray(reads.round, ["first"])));
  }
  return [
    { queue: "take-inventory", payload: { caseId: row.id, system, round: row.round } },
    ...(await wantCasePosts(tx, row)),
  ];
}

type May = { readonly kind: "allowed" } | Refusal;

function mayName(w: Workflow, request: Request, caseId: string, what: string): Promise<May> {
  return ask<May>(w, request, async (tx, asker): Promise<Change<May> | Denied> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: { kind: "missing", what: "case" } };
    const no = await deniedIn(tx, w, asker, "name-account", row);
    if (no) return no;
    return {
      result: { kind: "allowed" },
      entries: [
        {
          actor: byPerson(request, asker),
          action: "account.lookedUp",
          outcome: "success",
          target: { kind: "case", id: caseId },
          case: caseId,
          detail: { what },
        },
      ],
    };
  });
}

async function lookUp(
  w: Workflow,
  caseId: string,
  systemId: string,
  typed: string,
): Promise<Named & ({ kind: "found" } | { kind: "not-found" | "taken" | "unreachable" })> {
  const system = w.systems.get(systemId);
  if (!system || typed.trim() === "") return { kind: "not-found" };
  // Nobody: just the typed identifier, so that nothing else of the leaver can match.
  const nobody = {
    id: `lookup:${randomUUID()}`,
    name: "",
    emails: [],
    logins: { [systemId]: [typed.trim()] },
    active: true,
  };
  try {
    using call = callFor(w);
    const matches = await system.findAccounts(nobody, call);
    const accounts = [...new Map(matches.map(({ account }) => [account.id, account])).values()];
    const [account] = accounts;
    if (!account || accounts.length > 1) return { kind: "not-found" };
    const owner = await w.store.db.transaction(async (tx) => ({
      of: await findPersonOfAccount(tx, w, systemId, account.id),
      leaver: (await lockCase(tx, caseId))?.leaverId,
    }));
    return owner.of !== undefined && owner.of !== owner.leaver ? { kind: "taken" } : { kind: "found", account };
  } catch (cause) {
    return { kind: "unreachable", why: recover(w, cause, 1, 1).why };
  }
}
