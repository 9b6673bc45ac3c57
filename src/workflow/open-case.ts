import { randomInt } from "node:crypto";
import { eq } from "drizzle-orm";
import type { LeaveKind, Mode, Reason } from "../core/case.ts";
import { type Asker, approverRole, type CaseFacts } from "../core/rights.ts";
import { type Case, findOpenCase } from "../store/cases.ts";
import { isLeaving } from "../store/leaving.ts";
import type { Tx } from "../store/open.ts";
import { cases, reads } from "../store/schema.ts";
import { ask, byPerson, type Denied, denied, deniedIn, type Refusal, type Request } from "./ask.ts";
import { findWhom } from "./history.ts";
import { findPerson, getPerson } from "./known-people.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import type { Change, Said } from "./transition.ts";
import { readDue, type When } from "./when.ts";
import { type ChatAccount, findPersonOfChat, isMarked, noteChat, peopleWith } from "./who.ts";
import type { Workflow } from "./workflow.ts";

/** What the dialog says of a departure. */
export interface Leaving {
  readonly when: When;
  readonly kind: LeaveKind;
  readonly mode: Mode;
  readonly announced: boolean;
  /** Asked for in the dialog; for people whom the configuration names it is so anyhow. */
  readonly restricted?: boolean;
  readonly reason: Reason;
  /** Who takes over by default. */
  readonly heir?: Whom;
}

/** Who is meant: an account of a chat, or what was typed: an e-mail, a login in any system, or a person's id. */
export type Whom = ChatAccount | { readonly kind: "said"; readonly text: string };

/** Why nobody can be offboarded by this request. No case is opened. */
export type NoCase =
  | { readonly kind: "unknown-person"; readonly name: string }
  | { readonly kind: "several-people"; readonly name: string }
  | { readonly kind: "not-a-person"; readonly what: "bot" | "external" | "guest-unknown" }
  | { readonly kind: "yourself" }
  /** Only an approver may open it, so that nobody's slip locks out whom everything depends on. */
  | { readonly kind: "protected" }
  /** Nobody would be left to approve it. */
  | { readonly kind: "last-approver" }
  /** It would be restricted, and nobody could decide it. */
  | { readonly kind: "nobody-restricted" }
  | { readonly kind: "in-case"; readonly caseId: string }
  /** There is a restricted one, of which the asker may not learn. */
  | { readonly kind: "not-here" }
  | { readonly kind: "bad-time"; readonly fault: string }
  | { readonly kind: "bad-heir"; readonly fault: string };

export type Ready = {
  readonly kind: "ready";
  readonly personId: string;
  readonly name: string;
  readonly zone: string;
  /** Somebody is named who decides restricted cases, so that it may be one. */
  readonly restrictable: boolean;
};
export type Opened = {
  readonly kind: "opened";
  readonly caseId: string;
  readonly dueAt: Date;
  readonly local: string;
  readonly zone: string;
};

/** Says whether this person can be offboarded by who asks, before a dialog is opened. Writes nothing but refusals. */
export function checkLeaver(w: Workflow, request: Request, leaver: Whom): Promise<Ready | NoCase | Refusal> {
  return ask<Ready | NoCase>(w, request, async (tx, asker) => {
    const no = denied(asker, "open-case", null);
    if (no) return no;
    return { result: await findLeaver(tx, w, asker, leaver) };
  });
}

/** 1 Opens a case: its row, the entry, and one read a system, in one commit. */
export function openCase(
  w: Workflow,
  request: Request,
  leaver: Whom,
  leaving: Leaving,
): Promise<Opened | NoCase | Refusal> {
  return ask<Opened | NoCase>(w, request, async (tx, asker): Promise<Change<Opened | NoCase> | Denied> => {
    const no = denied(asker, "open-case", null);
    if (no) return no;
    const found = await findLeaver(tx, w, asker, leaver);
    if (found.kind !== "ready") return { result: found };
    const due = readDue(leaving.when, found.zone, w.now(), w.policy);
    if ("fault" in due) return { result: { kind: "bad-time", fault: due.fault } };
    const heir = leaving.heir ? await findHeir(tx, w, leaving.heir, found.personId) : undefined;
    if (heir?.kind === "bad-heir") return { result: heir };
    const restricted = leaving.restricted === true || (await isMarked(tx, w, found.personId, "restricted"));
    if (restricted && (await peopleWith(tx, w, "restricted-approver")).every((one) => one === found.personId))
      return { result: { kind: "nobody-restricted" } };
    if (await isLastApprover(tx, w, { restricted, leaverId: found.personId, requesterId: asker.personId }))
      return { result: { kind: "last-approver" } };
    const id = newCaseId();
    const now = w.now();
    const person = await getPerson(tx, w, found.personId);
    const row = {
      id,
      leaverId: found.personId,
      requesterId: asker.personId,
      state: "opened",
      kind: leaving.kind,
      mode: leaving.mode,
      announced: leaving.announced,
      restricted,
      dueAt: leaving.mode === "contain" ? now : due.at,
      dueLocal: due.local,
      dueZone: due.zone,
      reason: leaving.reason,
      heirId: heir?.personId ?? null,
      openedAt: now,
      openedSeq: -1,
    } as const;
    // Two commands for one person at once: the index lets one in.
    const inserted = await tx.insert(cases).values(row).onConflictDoNothing().returning({ id: cases.id });
    if (inserted.length === 0) {
      const open = await findOpenCase(tx, found.personId);
      return { result: open ? await inCase(tx, w, asker, open) : { kind: "in-case", caseId: "" } };
    }
    // From here on their e-mails may change as they like: these accounts are known.
    const noted = [
      ...(await noteWhom(tx, w, leaver, found.personId)),
      ...(leaving.heir && heir ? await noteWhom(tx, w, leaving.heir, heir.personId) : []),
    ];
    const next: Job[] = [...(await wantReads(tx, w, id, "first")), ...(await wantCasePosts(tx, row))];
    if (row.mode === "contain") next.unshift({ queue: "contain", payload: { caseId: id } });
    return {
      result: { kind: "opened", caseId: id, dueAt: row.dueAt, local: due.local, zone: due.zone },
      next,
      entries: [
        {
          actor: byPerson(request, asker),
          action: "case.opened",
          outcome: "success",
          target: { kind: "person", id: found.personId },
          case: id,
          departure: {
            hrId: found.personId,
            relation: leaving.kind === "contract-end" ? "contractor" : "unknown",
            kind: leaving.kind,
            mode: leaving.mode,
            effective: { local: due.local, zone: due.zone, instant: row.dueAt.toISOString() },
            announced: leaving.announced,
            trigger: request.by.surface === "terminal" ? "cli" : "command",
            reason: leaving.reason,
            ...(person.managerId === undefined ? {} : { manager: person.managerId }),
          },
          detail: { heir: row.heirId, systems: [...w.systems.keys()], ...(restricted ? { restricted } : {}) },
          personal: { name: person.name, emails: [...person.emails] },
        },
        ...noted,
      ],
      seal: async (sealing, [seq]) => {
        await sealing
          .update(cases)
          .set({ openedSeq: seq ?? -1 })
          .where(eq(cases.id, id));
      },
    };
  });
}

/** Asks for a fresh read of every system; lines of that round that are there already start anew. */
export async function wantReads(
  tx: Tx,
  w: Workflow,
  caseId: string,
  round: "first" | "before-cut" | "closing",
): Promise<Job[]> {
  const fresh = {
    state: "pending",
    tries: 0,
    failure: null,
    nextAt: null,
    lease: null,
    leaseUntil: null,
    readAt: null,
  };
  for (const system of w.systems.keys()) {
    await tx
      .insert(reads)
      .values({ caseId, system, round, ...fresh })
      .onConflictDoUpdate({ target: [reads.caseId, reads.system, reads.round], set: fresh });
  }
  return [...w.systems.keys()].map(
    (system) => ({ queue: "take-inventory", payload: { caseId, system, round } }) as const,
  );
}

/** Keeps whose a chat account is; what was typed is none. */
async function noteWhom(tx: Tx, w: Workflow, whom: Whom, personId: string): Promise<readonly Said[]> {
  return whom.kind === "said" ? [] : ((await noteChat(tx, w, whom, personId)) ?? []);
}

async function findLeaver(tx: Tx, w: Workflow, asker: Asker, leaver: Whom): Promise<Ready | NoCase> {
  if (leaver.kind === "bot") return { kind: "not-a-person", what: "bot" };
  if (leaver.kind === "external") return { kind: "not-a-person", what: "external" };
  const name = leaver.kind === "said" ? leaver.text : leaver.name;
  // A deactivated account is fine: people are offboarded after IT was quick.
  const [personId, ...others] = await findPeople(
    tx,
    w,
    leaver.kind === "guest" ? { ...leaver, kind: "member" } : leaver,
  );
  if (personId === undefined) return { kind: "unknown-person", name };
  if (others.length > 0) return { kind: "several-people", name };
  if (personId === asker.personId) return { kind: "yourself" };
  const open = await findOpenCase(tx, personId);
  if (open) return inCase(tx, w, asker, open);
  if (!asker.roles.has("approver") && (await isMarked(tx, w, personId, "protected"))) return { kind: "protected" };
  const person = await findPerson(tx, w, personId);
  return {
    kind: "ready",
    personId,
    name: person?.name ?? name,
    zone: person?.zone ?? "UTC",
    restrictable: (await peopleWith(tx, w, "restricted-approver")).length > 0,
  };
}

/** Whether the leaver approves such cases and nobody else could: opening one would take the last one's rights at once. */
async function isLastApprover(tx: Tx, w: Workflow, on: CaseFacts): Promise<boolean> {
  const able = await peopleWith(tx, w, approverRole(on));
  if (!able.includes(on.leaverId)) return false;
  for (const id of able) {
    if (id !== on.leaverId && id !== on.requesterId && !(await isLeaving(tx, id))) return false;
  }
  return true;
}

/** That there is a case already, as far as the asker may learn it. */
async function inCase(tx: Tx, w: Workflow, asker: Asker, open: Case): Promise<NoCase> {
  const hidden = open.restricted && (await deniedIn(tx, w, asker, "read-case", open)) !== undefined;
  return hidden ? { kind: "not-here" } : { kind: "in-case", caseId: open.id };
}

async function findHeir(
  tx: Tx,
  w: Workflow,
  heir: Whom,
  leaverId: string,
): Promise<{ kind: "heir"; personId: string } | (NoCase & { kind: "bad-heir" })> {
  if (heir.kind !== "member" && heir.kind !== "said")
    return { kind: "bad-heir", fault: "Only an active member can take over." };
  const [personId, ...others] = await findPeople(tx, w, heir);
  if (personId === undefined || others.length > 0)
    return { kind: "bad-heir", fault: "The directory does not know this account." };
  if (personId === leaverId) return { kind: "bad-heir", fault: "Who leaves cannot take over." };
  const open = await findOpenCase(tx, personId);
  return open ? { kind: "bad-heir", fault: "This person cannot take over at the moment." } : { kind: "heir", personId };
}

async function findPeople(tx: Tx, w: Workflow, whom: Whom): Promise<readonly string[]> {
  if (whom.kind === "said") return findWhom(tx, w, { kind: "text", text: whom.text });
  const personId = await findPersonOfChat(tx, w, whom);
  return personId === undefined ? [] : [personId];
}

/** Eight characters that cannot be mistaken for one another when read aloud (Crockford's base 32). */
function newCaseId(): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
