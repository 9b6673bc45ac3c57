import { createHash, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { and, eq, gt, isNull, lt, or } from "drizzle-orm";
import { type Reading, SystemError } from "../../connectors/connector.ts";
import { type Account, workKey } from "../core/access.ts";
import { ROUNDS } from "../core/case.ts";
import { safeText } from "../core/text.ts";
import { type Case, findCase, lockCase } from "../store/cases.ts";
import { findOffer, type Offer } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { entries, offers } from "../store/schema.ts";
import { startClosing } from "./advance.ts";
import { callFor } from "./call.ts";
import { getPerson, noteAccount } from "./known-people.ts";
import { wantCasePosts, wantPost } from "./notices.ts";
import { mayBeKnown, offersSettled, wantOfferPost } from "./offer-work.ts";
import { mustRun, readActs, unlessPaused } from "./pause.ts";
import { listProvenReads } from "./proven-reads.ts";
import type { Job } from "./queues.ts";
import { recover } from "./recover.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit, inTurn } from "./turn.ts";
import { NotVouched, prove, proveCase } from "./vouched.ts";
import { systemOf, type Workflow } from "./workflow.ts";

/** 7 Moves an accepted work item to its new owner and reads it back. Runs only on the owner's own entry in the log. */
export async function handOver(w: Workflow, { offerId }: { offerId: string }): Promise<void> {
  const found = await w.store.db.transaction((tx) => findOffer(tx, offerId));
  if (found?.state !== "accepted") return;
  await inTurn(
    w,
    found.system,
    () => handOverNow(w, offerId),
    (tx, at) =>
      tx
        .update(offers)
        .set({ nextAt: at })
        .where(and(eq(offers.id, offerId), eq(offers.state, "accepted"), isNull(offers.lease))),
  );
}

async function handOverNow(w: Workflow, offerId: string): Promise<void> {
  const offer = await lease(w, offerId);
  if (!offer) return;
  try {
    const reading = await move(w, offer);
    await settle(w, offer, { kind: "read", reading });
  } catch (cause) {
    await heedLimit(w, offer.system, cause);
    await settle(w, offer, { kind: "failed", cause });
  }
}

/** After an offer ended: a case that waited for the last one goes to its closing inventory. */
export async function afterOffer(tx: Tx, w: Workflow, row: Case): Promise<Job[]> {
  if (row.state !== "handing-over" || !(await offersSettled(tx, row.id))) return [];
  return [...((await startClosing(tx, w, row)).next ?? [])];
}

function lease(w: Workflow, offerId: string): Promise<Offer | undefined> {
  return unlessPaused(() => leaseNow(w, offerId));
}

function leaseNow(w: Workflow, offerId: string): Promise<Offer | undefined> {
  const id = randomUUID();
  return transition<Offer | undefined>(w, async (tx) => {
    if ((await readActs(tx, w)).kind !== "running") return { result: undefined };
    const found = await findOffer(tx, offerId);
    const row = found && (await findCase(tx, found.caseId));
    if (!row || found.state !== "accepted" || !mayBeKnown(row)) return { result: undefined };
    try {
      await proveCase(tx, w, row);
      const entry = await prove(tx, w, found.acceptedSeq ?? -1, "offer.accepted", row.id);
      const same = entry.actor.kind === "person" && entry.actor.id === found.toId && entry.target.id === found.itemKey;
      if (!same) throw new NotVouched(`offer ${offerId} differs from the entry that accepted it`);
      await proveItem(tx, w, row, found);
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
        entries: [{ ...about(found), action: "offer.held", outcome: "failure", detail: { why: error.message } }],
      };
    }
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
          eq(offers.state, "accepted"),
          or(isNull(offers.leaseUntil), lt(offers.leaseUntil, w.now())),
          or(isNull(offers.nextAt), lt(offers.nextAt, new Date(w.now().getTime() + 1))),
        ),
      )
      .returning({ id: offers.id });
    if (leased.length === 0) return { result: undefined };
    const entries: Said[] = [];
    if (found.lease !== null)
      entries.push({
        ...about(found),
        action: "work.moveInterrupted",
        outcome: "unknown",
        detail: { attempt: found.tries },
      });
    entries.push({
      ...about(found),
      action: "work.moveStarted",
      outcome: "success",
      detail: { attempt: found.tries + 1, accepted: found.acceptedSeq },
    });
    const seal = (sealing: Tx) => mustRun(sealing, w);
    return { result: { ...found, lease: id, tries: found.tries + 1 }, entries, seal };
  });
}

/** The item itself must stand in a signed reading of this case, as it is, and not have been moved already. */
async function proveItem(tx: Tx, w: Workflow, row: Case, offer: Offer): Promise<void> {
  const lines = (await Promise.all(ROUNDS.map((round) => listProvenReads(tx, w, row.id, round)))).flat();
  const key = offer.itemKey;
  const read = lines.some(
    ({ system, work }) =>
      system === offer.system && work.some((item) => workKey(item) === key && isDeepStrictEqual(item, offer.item)),
  );
  if (!read) throw new NotVouched(`no signed reading of case ${row.id} holds the work of offer ${offer.id}`);
  const [moved] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.caseId, row.id),
        eq(entries.action, "work.moved"),
        eq(entries.outcome, "success"),
        eq(entries.targetId, safeText(key)),
        gt(entries.seq, offer.acceptedSeq ?? -1),
      ),
    );
  if (moved) throw new NotVouched(`the work of offer ${offer.id} was moved already`);
}

async function move(w: Workflow, offer: Offer): Promise<Reading> {
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
  await claim(w, account, heir.id);
  // Awaited here: leaving the block ends the call.
  return await system.work.reassign(offer.item, account, call);
}

async function claim(w: Workflow, account: Account, personId: string): Promise<void> {
  const noted = await transition(w, async (tx) => {
    const result = await noteAccount(tx, w, account, personId, "handover");
    return { result, entries: result.kind === "noted" ? result.said : [] };
  });
  if (noted.kind === "taken")
    throw new SystemError({ code: "refused", reason: "the account that was found is known as somebody else's" });
}

type Outcome = { kind: "read"; reading: Reading } | { kind: "failed"; cause: unknown };

async function settle(w: Workflow, offer: Offer, outcome: Outcome): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, offer.caseId);
    if (!row) return { result: undefined };
    const to = follow(w, offer, outcome);
    const moved = await tx
      .update(offers)
      .set({ ...to.set, lease: null, leaseUntil: null })
      .where(and(eq(offers.id, offer.id), eq(offers.state, "accepted"), eq(offers.lease, offer.lease ?? "")))
      .returning({ id: offers.id });
    if (moved.length === 0) return { result: undefined, entries: [{ ...to.entry, outcome: "unknown" }] };
    const next: Job[] = [...(await wantCasePosts(tx, row)), ...(await afterOffer(tx, w, row))];
    if (offer.toId !== null) next.push(await wantOfferPost(tx, offer.id, offer.toId));
    // A summary that stands already is brought up to date.
    if (row.state === "closed")
      next.push(
        await wantPost(
          tx,
          `summary:${row.id}`,
          { kind: "summary", caseId: row.id },
          { kind: "case-thread", caseId: row.id },
        ),
      );
    return { result: undefined, entries: [to.entry], next };
  });
}

function follow(
  w: Workflow,
  offer: Offer,
  outcome: Outcome,
): { set: Partial<typeof offers.$inferInsert>; entry: Said } {
  const base: Said = {
    ...about(offer),
    action: "work.moved",
    outcome: "failure",
    transfer: {
      item: offer.itemKey,
      kind: offer.item.kind,
      from: offer.item.account,
      ...(offer.toId === null ? {} : { to: offer.toId, acceptedBy: offer.toId }),
    },
  };
  if (outcome.kind === "failed") {
    const recovery = recover(w, outcome.cause, offer.tries, w.policy.tries);
    const entry: Said = { ...base, outcome: "unknown", detail: { why: recovery.why } };
    return recovery.next === "retry"
      ? { set: { nextAt: recovery.at, failure: recovery.why }, entry }
      : { set: { state: "failed", failure: recovery.why, nextAt: offer.deadlineAt }, entry };
  }
  const reading = outcome.reading;
  switch (reading.state) {
    case "present":
    case "absent": {
      const state = reading.state === "present" ? "moved" : "void";
      const answer = safeText(reading.evidence.answer);
      const verification = {
        method: "read-back" as const,
        rung: "gone" as const,
        readAt: reading.readAt.toISOString(),
        state: reading.state,
        request: safeText(reading.evidence.request),
        evidenceHash: createHash("sha256").update(answer, "utf8").digest("hex"),
      };
      const entry: Said = { ...base, outcome: "success", verification, personal: { evidence: answer } };
      return { set: { state, settledAt: w.now(), failure: null, nextAt: null }, entry };
    }
    case "not-yet":
      return { set: { nextAt: reading.readAgainAfter }, entry: { ...base, outcome: "unknown" } };
    case "unreadable":
      return {
        set: { state: "failed", failure: reading.why, nextAt: offer.deadlineAt },
        entry: { ...base, outcome: "unknown", detail: { why: reading.why } },
      };
    default:
      return reading satisfies never;
  }
}

function about(offer: Offer): Pick<Said, "target" | "case"> {
  return { target: { kind: "work", id: offer.itemKey, system: offer.system }, case: offer.caseId };
}
