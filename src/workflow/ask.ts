import { type Act, type Asker, type CaseFacts, mayAct } from "../core/rights.ts";
import type { Tx } from "../store/open.ts";
import { requests } from "../store/schema.ts";
import { listRecused } from "./recused.ts";
import type { OpenedCase } from "./roles.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { type Account, askerOf, type ChatAccount, findPersonOf, noteChat, rolesOf } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** A person's request, as a surface or the command line took it. */
export interface Request {
  readonly by: Account;
  /** The surface's own id of it: a re-delivery carries the same. */
  readonly requestId: string;
}

/** What an account is, or that nobody in the directory is called as was said at a terminal. */
export type AccountKind = ChatAccount["kind"] | "terminal";

/** Answers that every request can get instead of its own. */
export type Refusal =
  /** The account is a guest's, a bot's or another organization's, or belongs to nobody the directory knows: it has no rights. */
  | { readonly kind: "stranger"; readonly account: AccountKind }
  | { readonly kind: "forbidden"; readonly why: string }
  /** Taken already: a re-delivery. Says nothing. */
  | { readonly kind: "repeated" }
  /** No such case, plan, step or offer. */
  | { readonly kind: "missing"; readonly what: string };

/**
 * Runs a person's request as one transition: known person, taken once, rights looked up inside. A refusal for lack of
 * rights is an entry too.
 */
export async function ask<T>(
  w: Workflow,
  request: Request,
  work: (tx: Tx, asker: Asker) => Promise<Change<T> | Denied>,
): Promise<T | Refusal> {
  return transition<T | Refusal>(w, async (tx) => {
    const taken = await tx
      .insert(requests)
      .values({ id: request.requestId, at: w.now() })
      .onConflictDoNothing()
      .returning();
    if (taken.length === 0) return { result: { kind: "repeated" } };
    const personId = await findPersonOf(tx, w, request.by);
    const noted = personId === undefined ? undefined : await noteChat(tx, w, request.by, personId);
    if (personId === undefined || noted === undefined)
      return { result: { kind: "stranger", account: kindOf(request.by) }, entries: [refused(request)] };
    const change = await work(tx, {
      ...(await askerOf(tx, w, personId)),
      atTerminal: request.by.surface === "terminal",
    });
    // Last, since a change knows its entries by their place.
    if (!(change instanceof Denied)) return { ...change, entries: [...(change.entries ?? []), ...noted] };
    return { result: { kind: "forbidden", why: change.why }, entries: [change.entry(request, personId), ...noted] };
  });
}

/** A refusal for lack of rights; `ask` makes the entry. */
export class Denied {
  readonly act: Act;
  readonly why: string;
  readonly caseId: string | null;

  constructor(act: Act, why: string, caseId: string | null) {
    this.act = act;
    this.why = why;
    this.caseId = caseId;
  }

  entry(request: Request, personId: string): Said {
    return {
      actor: { kind: "person", id: personId, via: viaOf(request) },
      action: "request.refused",
      outcome: "failure",
      target: { kind: "act", id: this.act },
      case: this.caseId,
      detail: { why: this.why },
    };
  }
}

/** The refusal, if the asker may not do this. */
export function denied(
  asker: Asker,
  act: Act,
  caseId: string | null,
  on?: CaseFacts,
  owner?: string,
): Denied | undefined {
  const verdict = mayAct(asker, act, on, owner);
  return verdict.allowed ? undefined : new Denied(act, verdict.why, caseId);
}

/**
 * The refusal, if the asker may not do this in this case: with the roles that count in it, which those who were given or
 * lost them lately do not change. Every question about rights in a case goes through here.
 */
export async function deniedIn(
  tx: Tx,
  w: Workflow,
  asker: Asker,
  act: Act,
  on: CaseFacts & OpenedCase & { readonly id: string },
  owner?: string,
): Promise<Denied | undefined> {
  const roles = await rolesOf(tx, w, asker.personId, on);
  const recused = await listRecused(tx, w, on.id);
  return denied({ ...asker, roles }, act, on.id, { ...on, recused }, owner);
}

/** The person who asks, as an actor. */
export function byPerson(request: Request, asker: Asker): { kind: "person"; id: string; via: string } {
  return { kind: "person", id: asker.personId, via: viaOf(request) };
}

function kindOf(by: Account): AccountKind {
  return by.surface === "terminal" ? "terminal" : by.kind;
}

/** The account itself, beside whose it was: of the chat, or of the operating system and on which machine. */
function viaOf({ by }: Request): string {
  if (by.surface === "terminal") return `terminal:${by.user}@${by.host}`;
  return `${by.surface}:${by.id}`;
}

function refused({ by }: Request): Said {
  const account = kindOf(by);
  const shared = { action: "request.refused", outcome: "failure", case: null } as const;
  const detail = { why: strangeness(account), account };
  if (by.surface === "terminal") {
    const actor = { kind: "operator", user: `${by.user}@${by.host}` } as const;
    return { ...shared, actor, target: { kind: "person", id: "unknown" }, detail, personal: { named: by.person } };
  }
  const actor = { kind: "account", system: by.surface, id: by.id } as const;
  return { ...shared, actor, target: { kind: "account", id: by.id, system: by.surface }, detail };
}

/** Why an account has no rights. Who is a guest may well be in the directory: what counts is whose word the account is. */
function strangeness(kind: AccountKind): string {
  switch (kind) {
    case "guest":
      return "guests have no rights";
    case "external":
      return "the account belongs to another organization";
    case "bot":
      return "bots have no rights";
    case "member":
    case "deactivated":
      return "the account belongs to nobody in the directory";
    case "terminal":
      return "nobody in the directory is called this";
    default:
      return kind satisfies never;
  }
}
