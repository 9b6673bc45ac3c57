import { randomUUID } from "node:crypto";
import { and, eq, isNull, lt, lte, or } from "drizzle-orm";
import { grantKey, type Person, type Sight } from "../core/access.ts";
import { findCase, lockCase, type Read } from "../store/cases.ts";
import { type FoundLater, findLook, type Look } from "../store/looks.ts";
import type { Tx } from "../store/open.ts";
import { looks } from "../store/schema.ts";
import { listShownKeys } from "./claims.ts";
import { getPerson } from "./known-people.ts";
import { wantThreadPost } from "./notices.ts";
import { type Seen, seePerson } from "./see-person.ts";
import { type Change, type Said, transition } from "./transition.ts";
import { NotVouched, proveCase } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

// A case does not wait for ever for a host that is down. What had not answered when it was closed is looked at again on later
// days until it does. A look takes nothing: what it finds is a finding, told to the approvers.

interface Key {
  readonly caseId: string;
  readonly system: string;
}

/** Notes, as a case closes, every system that did not show all of itself. */
export async function wantLooks(tx: Tx, w: Workflow, caseId: string, lines: readonly Read[]): Promise<void> {
  for (const { system, state, sight, failure } of lines) {
    const unanswered = state === "failed" ? [failure ?? "all of it"] : unansweredIn(sight);
    if (unanswered.length === 0) continue;
    await tx
      .insert(looks)
      .values({ caseId, system, state: "waiting", unanswered, nextAt: nextLook(w) })
      .onConflictDoNothing();
  }
}

/** Looks at a system once more for a closed case. */
export async function lookAgain(w: Workflow, key: Key): Promise<void> {
  const taken = await lease(w, key);
  if (!taken) return;
  const started = w.now();
  let seen: Seen | undefined;
  try {
    const system = w.systems.get(key.system);
    if (system) seen = await seePerson(w, system, taken.person, { saidNone: false, round: "closing" });
  } catch (error) {
    w.log.info({ case: key.caseId, system: key.system, error: String(error) }, "a system still does not answer");
  }
  await settle(w, key, taken, started, seen);
}

interface Taken {
  readonly lease: string;
  readonly look: Look;
  readonly person: Person;
}

function lease(w: Workflow, key: Key): Promise<Taken | undefined> {
  const id = randomUUID();
  return transition<Taken | undefined>(w, async (tx) => {
    const row = await findCase(tx, key.caseId);
    if (row?.state !== "closed") return { result: undefined };
    try {
      await proveCase(tx, w, row);
    } catch (error) {
      if (!(error instanceof NotVouched)) throw error;
      w.log.error({ case: row.id }, "a look for a case that the log does not vouch for is not taken");
      return { result: undefined };
    }
    const [leased] = await tx
      .update(looks)
      .set({ lease: id, leaseUntil: new Date(w.now().getTime() + w.policy.leaseSeconds * 1000) })
      .where(
        and(
          isLook(key),
          eq(looks.state, "waiting"),
          lte(looks.nextAt, w.now()),
          or(isNull(looks.leaseUntil), lt(looks.leaseUntil, w.now())),
        ),
      )
      .returning({ system: looks.system });
    const look = leased && (await findLook(tx, key.caseId, key.system));
    if (!look) return { result: undefined };
    const known = await getPerson(tx, w, row.leaverId);
    const keyed = w.systems.get(key.system)?.keyed === true;
    const person = keyed ? { ...known, keys: await listShownKeys(tx, w, key.caseId) } : known;
    const entries: Said[] = [{ ...about(key), action: "system.lookStarted", outcome: "success" }];
    return { result: { lease: id, look, person }, entries };
  });
}

async function settle(w: Workflow, key: Key, taken: Taken, started: Date, seen: Seen | undefined): Promise<void> {
  await transition<void>(w, async (tx): Promise<Change<void>> => {
    const row = await lockCase(tx, key.caseId);
    if (!row) return { result: undefined };
    const { look } = taken;
    const unanswered = seen ? unansweredIn(seen.sight) : look.unanswered;
    const answered = seen !== undefined && unanswered.length === 0;
    const grants = (seen?.grants ?? []).map((grant) => ({ key: grantKey(grant), resource: grant.resource, grant }));
    const before = new Set(look.found.map((one) => one.key));
    const fresh = grants.filter((one) => !before.has(one.key));
    const found: FoundLater[] = seen ? grants.map(({ key: of, resource }) => ({ key: of, resource })) : [...look.found];
    const changed = await tx
      .update(looks)
      .set({
        state: answered ? "answered" : "waiting",
        unanswered,
        found,
        looks: look.looks + 1,
        nextAt: nextLook(w),
        lease: null,
        leaseUntil: null,
      })
      .where(and(isLook(key), eq(looks.lease, taken.lease)))
      .returning({ system: looks.system });
    if (changed.length === 0) return { result: undefined };
    const entries: Said[] = [
      {
        ...about(key),
        action: "system.lookedAgain",
        outcome: answered ? "success" : "failure",
        act: {
          connector: w.systems.get(key.system)?.connector ?? "none",
          attempt: look.looks + 1,
          startedAt: started.toISOString(),
          endedAt: w.now().toISOString(),
          result: answered ? "answered" : seen ? "answered-in-part" : "failed",
        },
        detail: { unanswered: [...unanswered], grants: grants.length },
      },
      ...fresh.map(
        ({ grant }): Said => ({
          action: "finding.raised",
          outcome: "failure",
          target: { kind: "grant", id: grant.id, system: key.system, account: grant.account },
          case: key.caseId,
          detail: { what: "found when the system answered after the case was closed" },
        }),
      ),
    ];
    const notice = { kind: "looked-again", ...key } as const;
    const news = answered || fresh.length > 0;
    const next = news ? [await wantThreadPost(tx, key.caseId, `looked-again:${key.caseId}:${key.system}`, notice)] : [];
    return { result: undefined, entries, next };
  });
}

function about({ caseId, system }: Key): Pick<Said, "target" | "case"> {
  return { target: { kind: "system", id: system, system }, case: caseId };
}

function unansweredIn(sight: Sight | null): readonly string[] {
  return sight?.kind === "partial" ? (sight.unanswered ?? []) : [];
}

function nextLook(w: Workflow): Date {
  return new Date(w.now().getTime() + w.policy.lookAgainHours * 3_600_000);
}

function isLook({ caseId, system }: Key) {
  return and(eq(looks.caseId, caseId), eq(looks.system, system));
}
