import { randomUUID } from "node:crypto";
import { and, desc, eq, inArray, isNull, lt, or } from "drizzle-orm";
import type { Person, Sight } from "../core/access.ts";
import { Round } from "../core/case.ts";
import { type Case, findCase, listReads, lockCase } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import { entries, reads } from "../store/schema.ts";
import { listShownKeys, readKeyedAgain, weighClaims } from "./claims.ts";
import { holdCase } from "./hold.ts";
import { getPerson, noteAccount } from "./known-people.ts";
import { wantCasePosts } from "./notices.ts";
import type { Job } from "./queues.ts";
import { type ReadKey, type ReadOutcome, readEntry, readInterrupted, readStarted } from "./read-entries.ts";
import { recover } from "./recover.ts";
import { type Seen, seePerson } from "./see-person.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { heedLimit, inTurn } from "./turn.ts";
import { NotVouched, prove, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** 2 Reads one system for one case: accounts, grants and work, or why it could not be seen. */
export async function takeInventory(
  w: Workflow,
  payload: { caseId: string; system: string; round: string },
): Promise<void> {
  const key: ReadKey = { ...payload, round: Round.parse(payload.round) };
  await inTurn(
    w,
    key.system,
    () => takeNow(w, key),
    (tx, at) =>
      tx
        .update(reads)
        .set({ nextAt: at })
        .where(and(isLine(key), eq(reads.state, "pending"), isNull(reads.lease))),
  );
}

async function takeNow(w: Workflow, key: ReadKey): Promise<void> {
  const taken = await lease(w, key);
  if (!taken) return;
  const started = w.now();
  const system = w.systems.get(key.system);
  try {
    const seen = system
      ? await seePerson(w, system, taken.person, { saidNone: taken.saidNone, round: key.round })
      : fail(`the system ${key.system} is not in the configuration any more`);
    await settle(w, key, taken, started, { kind: "seen", seen });
  } catch (cause) {
    await heedLimit(w, key.system, cause);
    await settle(w, key, taken, started, { kind: "failed", cause });
  }
}

/** What follows an answer: a containment cuts each system as it answers, everything else waits for the last one. */
export function afterAnswer(row: Case, round: Round, pending: boolean): Job[] {
  if (row.mode === "contain" && round === "first") return [{ queue: "contain", payload: { caseId: row.id } }];
  return pending ? [] : [afterRound(row.id, round)];
}

/** Which step follows when every system of a round has answered. */
function afterRound(caseId: string, round: Round): Job {
  switch (round) {
    case "first":
      return { queue: "propose-plan", payload: { caseId } };
    case "before-cut":
      return { queue: "revise-plan", payload: { caseId } };
    case "closing":
      return { queue: "close-case", payload: { caseId } };
    default:
      return round satisfies never;
  }
}

interface Taken {
  readonly lease: string;
  readonly tries: number;
  readonly person: Person;
  readonly saidNone: boolean;
}

function lease(w: Workflow, key: ReadKey): Promise<Taken | undefined> {
  const id = randomUUID();
  return transition<Taken | undefined>(w, async (tx) => {
    const row = await findCase(tx, key.caseId);
    if (!row) return { result: undefined };
    const before = (await listReads(tx, key.caseId, key.round)).find(({ system }) => system === key.system);
    const [leased] = await tx
      .update(reads)
      .set({
        lease: id,
        leaseUntil: new Date(w.now().getTime() + w.policy.leaseSeconds * 1000),
        tries: (before?.tries ?? 0) + 1,
      })
      .where(and(isLine(key), eq(reads.state, "pending"), or(isNull(reads.leaseUntil), lt(reads.leaseUntil, w.now()))))
      .returning({ tries: reads.tries });
    if (!before || !leased) return { result: undefined };
    try {
      await proveCase(tx, w, row);
    } catch (error) {
      if (error instanceof NotVouched) return holdCase(tx, w, row, error);
      throw error;
    }
    const known = await getPerson(tx, w, row.leaverId);
    const keyed = w.systems.get(key.system)?.keyed === true;
    const person = keyed ? { ...known, keys: await listShownKeys(tx, w, key.caseId) } : known;
    const entries: Said[] = [];
    if (before.lease !== null) entries.push(readInterrupted(key, before.tries));
    entries.push(readStarted(w, key, leased.tries));
    return { result: { lease: id, tries: leased.tries, person, saidNone: await wasSaidNone(tx, w, key) }, entries };
  });
}

async function settle(w: Workflow, key: ReadKey, taken: Taken, started: Date, outcome: ReadOutcome): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    // The case's lock first, so that of two systems that answer at once the later one sees the earlier.
    const row = await lockCase(tx, key.caseId);
    if (!row) return { result: undefined };
    const recovery = outcome.kind === "failed" ? recover(w, outcome.cause, taken.tries, w.policy.readTries) : undefined;
    const mine = and(isLine(key), eq(reads.lease, taken.lease));
    const free = { lease: null, leaseUntil: null };
    if (recovery?.next === "retry") {
      await tx
        .update(reads)
        .set({ ...free, nextAt: recovery.at, failure: recovery.why })
        .where(mine);
      return {
        result: undefined,
        entries: [readEntry(w, key, { attempt: taken.tries, started }, outcome)],
        next: await wantCasePosts(tx, row),
      };
    }
    if (outcome.kind === "seen" && (await isShownMore(tx, w, key, taken))) {
      await tx
        .update(reads)
        .set({ ...free, nextAt: null })
        .where(mine);
      const entry = readEntry(w, key, { attempt: taken.tries, started }, outcome);
      return { result: undefined, entries: [entry], next: [{ queue: "take-inventory", payload: { ...key } }] };
    }
    const claimed = outcome.kind === "seen" ? await claimAccounts(tx, w, key, taken.person, outcome.seen) : undefined;
    const seen = claimed?.seen;
    // What is stored is what the entry says: without the accounts that turned out to be somebody else's.
    const entry = readEntry(w, key, { attempt: taken.tries, started }, seen ? { kind: "seen", seen } : outcome);
    const changed = await tx
      .update(reads)
      .set(
        seen
          ? {
              ...free,
              state: seen.state,
              accounts: seen.accounts,
              grants: seen.grants,
              work: seen.work,
              sight: seen.sight,
              failure: seen.state === "unmatched" ? seen.why : null,
              readAt: w.now(),
              nextAt: null,
            }
          : {
              ...free,
              state: "failed",
              failure: recovery?.why ?? "it could not be read",
              readAt: w.now(),
              nextAt: null,
            },
      )
      .where(mine)
      .returning({ system: reads.system });
    if (changed.length === 0)
      return { result: undefined, entries: [{ ...entry, outcome: "unknown" }, ...(claimed?.said ?? [])] };
    const keys = (seen?.accounts ?? []).flatMap(({ publicKeys }) => publicKeys ?? []);
    const again = await readKeyedAgain(tx, w, key, keys);
    const pending = (await listReads(tx, key.caseId, key.round)).some(({ state }) => state === "pending");
    return {
      result: undefined,
      entries: [entry, ...(claimed?.said ?? [])],
      next: [...(await wantCasePosts(tx, row)), ...again, ...afterAnswer(row, key.round, pending)],
      seal: async (sealing, [seq]) => {
        await sealing
          .update(reads)
          .set({ seq: seq ?? null })
          .where(isLine(key));
      },
    };
  });
}

/** Whether another system has shown a key meanwhile that this one was not asked for. */
async function isShownMore(tx: Tx, w: Workflow, key: ReadKey, { person }: Taken): Promise<boolean> {
  if (w.systems.get(key.system)?.keyed !== true) return false;
  const asked = new Set((person.keys ?? []).map(({ fingerprint }) => fingerprint));
  return (await listShownKeys(tx, w, key.caseId)).some(({ fingerprint }) => !asked.has(fingerprint));
}

/**
 * Notes whose the found accounts are. One that is known as somebody else's is not hers: it is left out, and asked about.
 * A key is different, since several people can hold one: what is contested is shown with its reasons, for a human.
 */
async function claimAccounts(
  tx: Tx,
  w: Workflow,
  key: ReadKey,
  person: Person,
  all: Seen,
): Promise<{ seen: Seen; said: readonly Said[] }> {
  const said: Said[] = [];
  const system = w.systems.get(key.system);
  const weighed = system?.keyed
    ? await weighClaims(
        tx,
        w,
        system,
        person,
        all.accounts.map(({ id }) => id),
        all.others,
      )
    : undefined;
  const seen = weighed
    ? {
        ...all,
        sight: withFindings(all.sight, weighed.findings),
        grants: all.grants.map((grant) => {
          const contested = weighed.contested.get(grant.account);
          return contested ? { ...grant, contested } : grant;
        }),
      }
    : all;
  const strangers = new Set<string>();
  for (const account of seen.accounts) {
    if (weighed?.contested.has(account.id)) continue;
    const noted = await noteAccount(
      tx,
      w,
      { system: key.system, id: account.id, login: account.login },
      person.id,
      "inventory",
    );
    if (noted.kind === "taken") strangers.add(account.id);
    else said.push(...noted.said);
  }
  if (strangers.size === 0) return { seen, said };
  const accounts = seen.accounts.filter(({ id }) => !strangers.has(id));
  const own: Seen = {
    ...seen,
    state: accounts.length === 0 ? "unmatched" : seen.state,
    accounts,
    grants: seen.grants.filter(({ account }) => !strangers.has(account)),
    work: seen.work.filter(({ account }) => !strangers.has(account)),
    why: "an account that was found is known as somebody else's",
  };
  return { seen: own, said };
}

function withFindings(sight: Sight, findings: readonly string[]): Sight {
  if (findings.length === 0) return sight;
  return { ...(sight.kind === "partial" ? sight : { kind: "partial", blind: [] }), findings };
}

/** Whether a person said for this case that there is no account, and nobody named one since: the log has to say so too. */
async function wasSaidNone(tx: Tx, w: Workflow, key: ReadKey): Promise<boolean> {
  const [first] = await tx
    .select({ saidNone: reads.saidNone })
    .from(reads)
    .where(and(eq(reads.caseId, key.caseId), eq(reads.system, key.system), eq(reads.round, "first")));
  if (first?.saidNone !== true) return false;
  const [last] = await tx
    .select({ seq: entries.seq })
    .from(entries)
    .where(
      and(
        eq(entries.caseId, key.caseId),
        eq(entries.system, key.system),
        inArray(entries.action, ["account.saidNone", "account.named"]),
      ),
    )
    .orderBy(desc(entries.seq))
    .limit(1);
  try {
    await prove(tx, w, last?.seq ?? -1, "account.saidNone", key.caseId);
    return true;
  } catch (error) {
    if (!(error instanceof NotVouched)) throw error;
    w.log.error({ case: key.caseId, system: key.system }, "that there is no account was only written into a row");
    return false;
  }
}

function isLine(key: ReadKey) {
  return and(eq(reads.caseId, key.caseId), eq(reads.system, key.system), eq(reads.round, key.round));
}

function fail(why: string): never {
  throw new RangeError(why);
}
