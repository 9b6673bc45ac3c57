import { and, eq, isNull } from "drizzle-orm";
import type { Taking } from "../../connectors/connector.ts";
import type { Account, Person } from "../core/access.ts";
import { SECRET } from "../core/offer.ts";
import { type Case, findCase, lockCase } from "../store/cases.ts";
import { findOffer, listOffers, type Offer, type Skipped } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { offers } from "../store/schema.ts";
import { callFor } from "./call.ts";
import { afterOffer } from "./hand-over.ts";
import { canTake, isAbsent, nextHeir } from "./heirs.ts";
import { findPerson } from "./known-people.ts";
import { wantCasePosts, wantThreadPost } from "./notices.ts";
import { distinctJobs, giveUp, mayBeKnown, offerTo, wantWorkPost } from "./offer-work.ts";
import { aboutOffer } from "./on-offer.ts";
import type { Job } from "./queues.ts";
import { recover } from "./recover.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit, inTurn } from "./turn.ts";
import type { Workflow } from "./workflow.ts";

/** What is found about one offer: the person can receive it, cannot, or it could not be asked. */
type Found = { readonly kind: "asked"; readonly taking: Taking } | { readonly kind: "unasked"; readonly why: string };

/**
 * Right before somebody is asked: whether they are there and can receive each piece of work in its system. Who cannot is
 * passed over for the next; if there is no other, they are asked all the same, and who can grant the access is told. We never
 * grant it ourselves.
 */
export async function checkOwner(
  w: Workflow,
  { caseId, personId }: { caseId: string; personId: string },
): Promise<void> {
  const start = await w.store.db.transaction(async (tx) => {
    const row = await findCase(tx, caseId);
    const waiting = (await listOffers(tx, caseId)).filter((offer) => isUnchecked(offer, personId));
    return { row, waiting, person: await findPerson(tx, w, personId) };
  });
  const { row, waiting, person } = start;
  if (!row || waiting.length === 0 || !mayBeKnown(row)) return;
  const here = await whyNotHere(w, row, person);
  if (here !== undefined || !person) return settle(w, caseId, personId, waiting, () => here ?? "leaving");
  const bySystem = Map.groupBy(waiting, ({ system }) => system);
  for (const [system, some] of bySystem) {
    const asked = some.filter(({ item }) => item.kind !== SECRET);
    const rest = some.filter(({ item }) => item.kind === SECRET);
    if (rest.length > 0) await settle(w, caseId, personId, rest, () => ({ kind: "asked", taking: { may: true } }));
    if (asked.length === 0) continue;
    await inTurn(
      w,
      system,
      async () => {
        const found = await askSystem(w, caseId, system, person, asked);
        await settle(
          w,
          caseId,
          personId,
          asked,
          (offer) => found.get(offer.id) ?? { kind: "unasked", why: "no answer" },
        );
      },
      // The next sweep comes again: it is still unchecked.
      () => Promise.resolve(),
    );
  }
}

/**
 * Passes over somebody who cannot be reached or is away, in all that waits for them in a case. Who is only away keeps what
 * there is nobody else for.
 */
export async function skipOwner(w: Workflow, caseId: string, personId: string, why: Skipped["why"]): Promise<void> {
  const waiting = await w.store.db.transaction(async (tx) =>
    (await listOffers(tx, caseId)).filter(({ state, toId }) => state === "offered" && toId === personId),
  );
  if (waiting.length > 0) await settle(w, caseId, personId, waiting, () => why);
}

async function whyNotHere(w: Workflow, row: Case, person: Person | undefined): Promise<Skipped["why"] | undefined> {
  if (!person) return "no-account";
  if (!person.active) return "deactivated";
  if (!(await w.store.db.transaction((tx) => canTake(tx, w, person.id)))) return "leaving";
  return isAbsent(w, person) && row.state !== "closed" ? "away" : undefined;
}

async function askSystem(
  w: Workflow,
  caseId: string,
  systemId: string,
  person: Person,
  waiting: readonly Offer[],
): Promise<ReadonlyMap<string, Found>> {
  const about = {
    target: { kind: "person", id: person.id, system: systemId },
    case: caseId,
    detail: { items: waiting.length },
  };
  await transition<void>(w, async () => ({
    result: undefined,
    entries: [{ ...about, action: "owner.checkStarted", outcome: "success" }],
  }));
  const found = new Map<string, Found>();
  let failure: string | undefined;
  try {
    using call = callFor(w);
    const system = w.systems.get(systemId);
    const accounts = system ? (await system.findAccounts(person, call)).map(({ account }) => account) : [];
    for (const { id, item } of waiting) {
      const own = [...new Map(accounts.map((one) => [one.id, one])).values()].filter((one) => one.id !== item.account);
      found.set(id, { kind: "asked", taking: await takingOf(system, item, own, person, call) });
    }
  } catch (cause) {
    await heedLimit(w, systemId, cause);
    failure = recover(w, cause, 1, 1).why;
    for (const { id } of waiting) if (!found.has(id)) found.set(id, { kind: "unasked", why: failure });
  }
  const may = [...found.values()].filter((one) => one.kind === "asked" && one.taking.may).length;
  await transition<void>(w, async () => ({
    result: undefined,
    entries: [
      {
        ...about,
        action: "owner.checked",
        outcome: failure === undefined ? "success" : "unknown",
        detail: { items: waiting.length, may, ...(failure === undefined ? {} : { why: failure }) },
      },
    ],
  }));
  return found;
}

async function takingOf(
  system: Workflow["systems"] extends ReadonlyMap<string, infer S> ? S | undefined : never,
  item: Offer["item"],
  accounts: readonly Account[],
  person: Person,
  call: ReturnType<typeof callFor>,
): Promise<Taking> {
  const title = system?.title ?? item.system;
  const [account] = accounts;
  if (!account)
    return {
      may: false,
      why: `no account of theirs is known in ${title}`,
      access: `${person.name} needs an account in ${title}: whoever administers it can make one`,
    };
  if (accounts.length > 1) return { may: false, why: `they have several accounts in ${title}` };
  return (await system?.work?.mayTake?.(item, account, call)) ?? { may: true };
}

type Verdict = Found | Skipped["why"];

async function settle(
  w: Workflow,
  caseId: string,
  personId: string,
  waiting: readonly Offer[],
  verdictOf: (offer: Offer) => Verdict,
): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, caseId);
    if (!row) return { result: undefined };
    const entries: Said[] = [];
    const next: Job[] = [];
    let obstacles = 0;
    for (const before of waiting) {
      const offer = await findOffer(tx, before.id);
      if (offer?.state !== "offered" || offer.toId !== personId) continue;
      const verdict = verdictOf(offer);
      const why = whyPassedOver(verdict);
      if (why === undefined) {
        await note(tx, w, offer, null);
        continue;
      }
      const obstacle = typeof verdict === "string" || verdict.kind === "unasked" ? undefined : accessOf(verdict.taking);
      const skipped = [...offer.skipped, { id: personId, why }];
      const to = await nextHeir(tx, w, row, { ...offer, skipped });
      // Who is away stays asked if everybody else is away as well: sending it round brings nobody back.
      const noneBetter = !to || (why === "away" && isAbsent(w, await findPerson(tx, w, to.id)));
      const stays = noneBetter && (why === "away" || obstacle !== undefined);
      if (stays) {
        await note(tx, w, offer, obstacle ?? null);
        if (obstacle !== undefined) obstacles += 1;
        continue;
      }
      const detail = { from: personId, why, ...(to ? { to: to.id } : {}) };
      entries.push({ ...aboutOffer(offer), action: "offer.skipped", outcome: "success", detail });
      const after: Offer = { ...offer, skipped };
      if (to) next.push(...(await offerTo(tx, w, row, after, to)));
      else next.push(...(await giveUp(tx, w, row, after)));
    }
    next.push(
      await wantWorkPost(tx, caseId, personId),
      ...(await wantCasePosts(tx, row)),
      ...(await afterOffer(tx, w, row)),
    );
    if (obstacles > 0) {
      const key = `obstacle:${caseId}:${personId}`;
      next.push(await wantThreadPost(tx, caseId, key, { kind: "obstacle", caseId, personId }));
    }
    return { result: undefined, entries, next: distinctJobs(next) };
  });
}

/** Why somebody is passed over; nothing where they can be asked, or where it could not be found out. */
function whyPassedOver(verdict: Verdict): Skipped["why"] | undefined {
  if (typeof verdict === "string") return verdict;
  if (verdict.kind === "unasked" || verdict.taking.may) return undefined;
  return verdict.taking.access === undefined ? "cannot" : "no-access";
}

function accessOf(taking: Taking): string | undefined {
  return taking.may ? undefined : taking.access;
}

async function note(tx: Tx, w: Workflow, offer: Offer, obstacle: string | null): Promise<void> {
  await tx
    .update(offers)
    .set({ checkedAt: w.now(), obstacle })
    .where(
      and(eq(offers.id, offer.id), eq(offers.state, "offered"), offer.checkedAt ? undefined : isNull(offers.checkedAt)),
    );
}

function isUnchecked({ state, toId, checkedAt }: Offer, personId: string): boolean {
  return state === "offered" && toId === personId && checkedAt === null;
}
