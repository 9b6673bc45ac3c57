import { sql } from "drizzle-orm";
import { LogRefused } from "../audit/append.ts";
import { type Report, verifyLog, type Witness } from "../audit/verify.ts";
import { readLog } from "../store/log.ts";
import { ask, byPerson, denied, type Refusal, type Request } from "./ask.ts";
import { transition } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

/** What verifying found, or that somebody else's is still under way. */
export type Verified = { readonly kind: "verified"; readonly report: Report } | { readonly kind: "busy" };

/** Held while the log is read whole: one at a time, however many processes there are. */
const LOCK = sql<{ free: boolean }>`select pg_try_advisory_xact_lock(7346563303) as free`;

/**
 * Reads the whole log and verifies every entry, note and hash, as `signoff audit verify` does. What was found is an
 * entry, unless the log is so broken that nothing can be appended: that is said all the same. It is our own key that
 * vouches here; whoever does not trust this process verifies from outside, with a fingerprint kept outside.
 */
export async function verifyWholeLog(
  w: Workflow,
  request: Request,
  readWitnesses: () => Promise<readonly Witness[]>,
  /** Called once it is clear that they may, before the reading that takes its time. */
  started: () => Promise<void>,
): Promise<Verified | Refusal> {
  const asked = await ask(w, request, async (_, asker) => {
    const noRight = denied(asker, "verify-log", null);
    if (noRight) return noRight;
    return { result: { kind: "may" as const, by: byPerson(request, asker) } };
  });
  if (asked.kind !== "may") return asked;
  await started();
  // Read before the log: the app writes on meanwhile, and the log is only ever longer.
  const witnesses = await readWitnesses();
  const report = await w.store.db.transaction(
    async (tx) => {
      const [lock] = await tx.execute<{ free: boolean }>(LOCK);
      return lock?.free ? verifyLog(readLog(tx), { key: w.verifier, witnesses }) : undefined;
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
  if (!report) return { kind: "busy" };
  await note(w, asked.by, report);
  return { kind: "verified", report };
}

async function note(w: Workflow, actor: ReturnType<typeof byPerson>, report: Report): Promise<void> {
  const found = {
    size: report.size,
    root: Buffer.from(report.root).toString("base64"),
    ...(report.firstBad ? { firstBad: report.firstBad.seq, what: report.firstBad.what } : {}),
  };
  if (!report.ok) w.log.error(found, "the log is not good");
  try {
    await transition<void>(w, async () => ({
      result: undefined,
      entries: [
        {
          actor,
          action: "log.verified",
          outcome: report.ok ? "success" : "failure",
          target: { kind: "log", id: w.verifier.name },
          case: null,
          detail: found,
        },
      ],
    }));
  } catch (cause) {
    // Nothing is appended to a log that is not as we left it; who asked must hear of it nevertheless.
    if (!(cause instanceof LogRefused) || report.ok) throw cause;
  }
}
