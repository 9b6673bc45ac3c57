import type { Round } from "../core/case.ts";
import { hashOfReading } from "./proven-reads.ts";
import { recover } from "./recover.ts";
import type { Seen } from "./see-person.ts";
import type { Said } from "./transition.ts";
import type { Workflow } from "./workflow.ts";

// What is written of reading a system: before, after, and when whoever read it died.

/** Which line of a case's inventory. */
export interface ReadKey {
  readonly caseId: string;
  readonly system: string;
  readonly round: Round;
}

/** How reading a system ended. */
export type ReadOutcome =
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "failed"; readonly cause: unknown };

/** The entry before a read. */
export function readStarted(w: Workflow, key: ReadKey, attempt: number): Said {
  return {
    action: "system.readStarted",
    outcome: "success",
    target: { kind: "system", id: key.system, system: key.system },
    case: key.caseId,
    act: {
      connector: w.systems.get(key.system)?.connector ?? "none",
      attempt,
      startedAt: w.now().toISOString(),
      result: "started",
    },
    detail: { round: key.round },
  };
}

/** The entry after a read. */
export function readEntry(
  w: Workflow,
  key: ReadKey,
  act: { readonly attempt: number; readonly started: Date },
  outcome: ReadOutcome,
): Said {
  const system = w.systems.get(key.system);
  const seen = outcome.kind === "seen" ? outcome.seen : undefined;
  const sight = seen?.sight ?? system?.sight;
  return {
    action: "system.read",
    outcome: seen ? "success" : "failure",
    target: { kind: "system", id: key.system, system: key.system },
    case: key.caseId,
    act: {
      connector: system?.connector ?? "none",
      attempt: act.attempt,
      startedAt: act.started.toISOString(),
      endedAt: w.now().toISOString(),
      result: seen?.state ?? "failed",
    },
    scope: {
      round: key.round,
      inScope: true,
      why: seen?.why ?? "it could not be read",
      accounts: seen?.accounts.map(({ id }) => id) ?? [],
      discovered: "connector",
      discoveredAt: w.now().toISOString(),
      blind: sight?.kind === "partial" ? [...sight.blind] : [],
      ...(sight?.kind === "partial" && sight.findings ? { findings: [...sight.findings] } : {}),
      grants: (seen?.grants ?? []).map((grant) => ({
        id: grant.id,
        account: grant.account,
        kind: grant.kind,
        resource: grant.resource,
        privileged: grant.privileged,
        outlivesSignOn: grant.outlivesSignOn,
        ...(grant.role === undefined ? {} : { role: grant.role }),
        ...(grant.lastUsedAt === undefined ? {} : { lastUsedAt: grant.lastUsedAt }),
        ...(grant.contested === undefined ? {} : { contested: [...grant.contested] }),
      })),
      work: seen?.work.length ?? 0,
      secrets: seen?.grants.flatMap(({ secrets }) => secrets) ?? [],
    },
    ...(seen && seen.found.length > 0 ? { personal: { found: [...seen.found] } } : {}),
    ...(seen ? { detail: { reading: hashOfReading({ ...key, ...seen }) } } : {}),
    ...(outcome.kind === "failed"
      ? { detail: { failure: recover(w, outcome.cause, act.attempt, w.policy.readTries).why } }
      : {}),
  };
}

/** The entry of a read that nobody finished. */
export function readInterrupted(key: ReadKey, tries: number): Said {
  return {
    action: "system.readInterrupted",
    outcome: "unknown",
    target: { kind: "system", id: key.system, system: key.system },
    case: key.caseId,
    detail: { round: key.round, attempt: tries },
  };
}
