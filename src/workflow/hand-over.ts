import { createHash, randomUUID } from "node:crypto";
import { and, eq, inArray, isNull, lt, or } from "drizzle-orm";
import { type Reading, SystemError } from "../../connectors/connector.ts";
import type { Account } from "../core/access.ts";
import { safeText } from "../core/text.ts";
import { type Case, lockCase } from "../store/cases.ts";
import { findOffer, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { startClosing } from "./advance.ts";
import { callFor } from "./call.ts";
import { canTake } from "./heirs.ts";
import { getPerson, noteAccount } from "./known-people.ts";
import { touchPost, wantCasePosts } from "./notices.ts";
import { distinctJobs, mayBeKnown, offerOn, offersSettled, wantWorkPost } from "./offer-work.ts";
import { aboutOffer } from "./on-offer.ts";
import { mustRun, readActs, unlessPaused } from "./pause.ts";
import { proveOffer } from "./prove-offer.ts";
import type { Job } from "./queues.ts";
import { recover } from "./recover.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit, inTurn } from "./turn.ts";
import { NotVouched } from "./vouched.ts";
import { systemOf, type Workflow } from "./workflow.ts";

/**
 * 7 Moves an accepted work item to its new owner, or closes one that nobody needs, and reads it back. Runs only on the entry
 * of whoever said so in the log.
 */
export async function handOver(w: Workflow, { offerId }: { offerId: string }): Promise<void> {
  const found = await w.store.db.transaction((tx) => findOffer(tx, offerId));
  if (!found || !isMoving(found)) return;
  await inTurn(
    w,
    found.system,
    () => handOverNow(w, offerId),
    (tx, at) =>
      tx
        .update(offers)
        .set({ nextAt: at })
        .where(and(eq(offers.id, offerId), inArray(offers.state, [...MOVING]), isNull(offers.lease))),
  );
}

const MOVING = ["accepted", "closing"] as const;

/** An offer with its lease, and who holds the item if it was moved before. */
interface Taken {
  readonly offer: Offer;
  readonly holder?: string;
}

async function handOverNow(w: Workflow, offerId: string): Promise<void> {
  const taken = await lease(w, offerId);
  if (!taken) return;
  try {
    const outcome = taken.offer.state === "closing" ? await close(w, taken.offer) : await move(w, taken);
    await settle(w, taken.offer, { kind: "read", ...outcome });
  } catch (cause) {
    await heedLimit(w, taken.offer.system, cause);
    await settle(w, taken.offer, { kind: "failed", cause });
  }
}

/** After an offer ended: a case that waited for the last one goes to its closing inventory. */
export async function afterOffer(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  if (row.state !== "handing-over" || !(await offersSettled(tx, row.id))) return [];
  return [...((await startClosing(tx, w, row)).next ?? [])];
}

function lease(w: Workflow, offerId: string): Promise<Taken | undefined> {
  return unlessPaused(() => leaseNow(w, offerId));
}

function leaseNow(w: Workflow, offerId: string): Promise<Taken | undefined> {
  const id = randomUUID();
  return transition<Taken | undefined>(w, async (tx) => {
    if ((await readActs(tx, w)).kind !== "running") return { result: undefined };
    const known = await findOffer(tx, offerId);
    const row = known && (await lockCase(tx, known.caseId));
    // Read again under the case's lock: whoever moved it meanwhile has said so, and that is no reason to hold the offer.
    const found = row && (await findOffer(tx, offerId));
    if (!found || !isMoving(found) || !mayBeKnown(row)) return { result: undefined };
    let proven: Awaited<ReturnType<typeof proveOffer>>;
    try {
      proven = await proveOffer(tx, w, row, found);
    } catch (error) {
      if (!(error instanceof NotVouched)) throw error;
      await tx
        .update(offers)
        .set({ state: "void", failure: error.message, nextAt: null })
        .where(eq(offers.id, offerId));
      w.log.error(
        { case: found.caseId, offer: offerId },
        `an acceptance that the log does not hold moves nothing: ${error.message}`,
      );
      return {
        result: undefined,
        entries: [{ ...aboutOffer(found), action: "offer.held", outcome: "failure", detail: { why: error.message } }],
      };
    }
    // Days may lie between the word and the act: who has left meanwhile gets nothing.
    if (found.state === "accepted" && found.toId !== null && !(await canTake(tx, w, found.toId)))
      return passOver(tx, w, row, found, found.toId);
    const leased = await tx
      .update(offers)
      .set({
        lease: id,
        leaseUntil: new Date(w.now().getTime() + w.policy.leaseSeconds * 1000),
        tries: found.tries + 1,
        nextAt: null,
      })
      .where(
        and(
          eq(offers.id, offerId),
          eq(offers.state, found.state),
          or(isNull(offers.leaseUntil), lt(offers.leaseUntil, w.now())),
          or(isNull(offers.nextAt), lt(offers.nextAt, new Date(w.now().getTime() + 1))),
        ),
      )
      .returning({ id: offers.id });
    if (leased.length === 0) return { result: undefined };
    const act = found.state === "closing" ? "work.close" : "work.move";
    const entries: Said[] = [];
    if (found.lease !== null)
      entries.push({
        ...aboutOffer(found),
        action: `${act}Interrupted`,
        outcome: "unknown",
        detail: { attempt: found.tries },
      });
    entries.push({
      ...aboutOffer(found),
      action: `${act}Started`,
      outcome: "success",
      detail: { attempt: found.tries + 1, accepted: proven.seq },
    });
    const offer = { ...found, lease: id, tries: found.tries + 1 };
    return {
      result: { offer, ...(proven.holder === undefined ? {} : { holder: proven.holder }) },
      entries,
      seal: (sealing: Tx) => mustRun(sealing, w),
    };
  });
}

async function passOver(tx: Tx, w: Workflow, row: Case, offer: Offer, personId: string): Promise<Change<undefined>> {
  const skipped = [...offer.skipped, { id: personId, why: "leaving" as const }];
  const next = [...(await offerOn(tx, w, row, { ...offer, skipped })), await wantWorkPost(tx, row.id, personId)];
  const detail = { from: personId, why: "leaving" };
  return {
    result: undefined,
    entries: [{ ...aboutOffer(offer), action: "offer.skipped", outcome: "success", detail }],
    next: distinctJobs([...next, ...(await wantCasePosts(tx, row))]),
  };
}

/** What a fresh read says after the act, and with which account the item is now. */
interface Acted {
  readonly reading: Reading;
  readonly account?: string;
}

async function move(w: Workflow, { offer, holder }: Taken): Promise<Acted> {
  using call = callFor(w);
  const system = systemOf(w, offer.system);
  const heir = await w.store.db.transaction((tx) => getPerson(tx, w, offer.toId ?? ""));
  const matches = await system.findAccounts(heir, call);
  const accounts = [...new Map(matches.map(({ account }) => [account.id, account])).values()].filter(
    ({ id }) => id !== offer.item.account,
  );
  const [account] = accounts;
  if (!system.work || !account)
    throw new SystemError({
      code: "refused",
      reason: `no account of the new owner is known in ${system.title} by an exact identifier`,
    });
  if (accounts.length > 1)
    throw new SystemError({ code: "refused", reason: `the new owner has several accounts in ${system.title}` });
  const taking = await system.work.mayTake?.(offer.item, account, call);
  if (taking?.may === false)
    throw new SystemError({ code: "refused", reason: [taking.why, taking.access].filter(Boolean).join(". ") });
  await claim(w, account, heir.id);
  // Awaited here: leaving the block ends the call.
  if (holder === undefined || holder === account.id)
    return { reading: await system.work.reassign(offer.item, account, call), account: account.id };
  if (!system.work.moveOn)
    throw new SystemError({ code: "refused", reason: `${system.title} cannot move it on from who has it now` });
  const from: Account = { system: offer.system, id: holder, login: "", kind: "human" };
  return { reading: await system.work.moveOn(offer.item, from, account, call), account: account.id };
}

async function close(w: Workflow, { system: id, item }: Offer): Promise<Acted> {
  using call = callFor(w);
  const system = systemOf(w, id);
  if (!system.work?.close?.kinds.includes(item.kind))
    throw new SystemError({ code: "refused", reason: `${system.title} cannot close this` });
  return { reading: await system.work.close.end(item, call) };
}

async function claim(w: Workflow, account: Account, personId: string): Promise<void> {
  const noted = await transition(w, async (tx) => {
    const result = await noteAccount(tx, w, account, personId, "handover");
    return { result, entries: result.kind === "noted" ? result.said : [] };
  });
  if (noted.kind === "taken")
    throw new SystemError({ code: "refused", reason: "the account that was found is known as somebody else's" });
}

type Outcome = ({ kind: "read" } & Acted) | { kind: "failed"; cause: unknown };

async function settle(w: Workflow, offer: Offer, outcome: Outcome): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, offer.caseId);
    if (!row) return { result: undefined };
    const to = follow(w, offer, outcome);
    const moved = await tx
      .update(offers)
      .set({ ...to.set, lease: null, leaseUntil: null })
      .where(and(eq(offers.id, offer.id), eq(offers.state, offer.state), eq(offers.lease, offer.lease ?? "")))
      .returning({ id: offers.id });
    if (moved.length === 0) return { result: undefined, entries: [{ ...to.entry, outcome: "unknown" }] };
    const next: Job[] = [...(await wantCasePosts(tx, row)), ...(await afterOffer(tx, w, row))];
    if (offer.toId !== null) next.push(await wantWorkPost(tx, row.id, offer.toId));
    // What stands already is brought up to date.
    await touchPost(tx, `summary:${row.id}`);
    await touchPost(tx, `unclaimed:${row.id}`);
    return {
      result: undefined,
      entries: [to.entry],
      next,
      ...(to.set.state === "moved"
        ? {
            seal: async (sealing: Tx, [seq]: readonly number[]) => {
              await sealing
                .update(offers)
                .set({ movedSeq: seq ?? -1 })
                .where(eq(offers.id, offer.id));
            },
          }
        : {}),
    };
  });
}

function follow(
  w: Workflow,
  offer: Offer,
  outcome: Outcome,
): { set: Partial<typeof offers.$inferInsert>; entry: Said } {
  const closing = offer.state === "closing";
  const base: Said = {
    ...aboutOffer(offer),
    action: closing ? "work.closed" : "work.moved",
    outcome: "failure",
    transfer: {
      item: offer.itemKey,
      kind: offer.item.kind,
      from: offer.item.account,
      ...(offer.toId === null || closing ? {} : { to: offer.toId, acceptedBy: offer.toId }),
    },
  };
  // What could not be closed is with whoever had it before.
  const back = !closing || offer.settledAt === null ? "failed" : offer.movedSeq === null ? "unclaimed" : "moved";
  if (outcome.kind === "failed") {
    const recovery = recover(w, outcome.cause, offer.tries, w.policy.tries);
    const entry: Said = { ...base, outcome: "unknown", detail: { why: recovery.why } };
    return recovery.next === "retry"
      ? { set: { nextAt: recovery.at, failure: recovery.why }, entry }
      : { set: { state: back, failure: recovery.why, nextAt: offer.deadlineAt }, entry };
  }
  const { reading } = outcome;
  switch (reading.state) {
    case "present":
    case "absent": {
      const gone = reading.state === "absent";
      if (closing && !gone) {
        const why = "it is still open in its system";
        return { set: { state: back, failure: why, nextAt: null }, entry: { ...base, detail: { why } } };
      }
      const answer = safeText(reading.evidence.answer);
      const verification = {
        method: "read-back" as const,
        rung: "gone" as const,
        readAt: reading.readAt.toISOString(),
        state: reading.state,
        request: safeText(reading.evidence.request),
        evidenceHash: createHash("sha256").update(answer, "utf8").digest("hex"),
      };
      const entry: Said = {
        ...base,
        outcome: "success",
        verification,
        ...(outcome.account === undefined ? {} : { detail: { account: safeText(outcome.account) } }),
        personal: { evidence: answer },
      };
      const state = closing ? "closed" : gone ? "void" : "moved";
      return { set: { state, settledAt: w.now(), failure: null, nextAt: null }, entry };
    }
    case "not-yet":
      return { set: { nextAt: reading.readAgainAfter }, entry: { ...base, outcome: "unknown" } };
    case "unreadable":
      return {
        set: { state: back, failure: reading.why, nextAt: offer.deadlineAt },
        entry: { ...base, outcome: "unknown", detail: { why: reading.why } },
      };
    default:
      return reading satisfies never;
  }
}

function isMoving({ state }: Pick<Offer, "state">): boolean {
  return state === "accepted" || state === "closing";
}
