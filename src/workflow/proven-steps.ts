import type { Entry } from "../audit/entry.ts";
import { grantKey } from "../core/access.ts";
import type { PlanRow } from "../store/cases.ts";
import type { Tx } from "../store/open.ts";
import type { Step } from "../store/steps.ts";
import type { Vouching } from "./person-record.ts";
import { listProvenEntries } from "./proven-entries.ts";

/** How a grant ended, and since when. */
export interface End {
  readonly state: "proven" | "attested" | "skipped";
  readonly at: Date;
}

/** What ends a grant or takes its end back. */
const ACTIONS = [
  "grant.revokeStarted",
  "grant.readBack",
  "grant.attested",
  "grant.skipped",
  "grant.retryAsked",
  "finding.raised",
] as const;

/**
 * How the grants of a case's plans ended, by key, as far as signed entries say so: a fresh read showed it gone, people gave
 * their word (two where it is privileged), or one left it. Rows of steps are not looked at. With `until`, up to that entry.
 */
export async function listProvenEnds(
  tx: Tx,
  w: Vouching,
  caseId: string,
  plans: readonly PlanRow[],
  until = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<string, End>> {
  const words = new Map<string, number>();
  for (const { key, grant } of plans.flatMap(({ plan }) => plan.steps)) words.set(key, grant.privileged ? 2 : 1);
  const ends = new Map<string, End>();
  const attested = new Map<string, Attested>();
  for (const entry of await listProvenEntries(tx, w, caseId, ACTIONS)) {
    if (entry.seq > until) break;
    const key = keyOf(entry);
    if (startsAnew(entry)) {
      ends.delete(key);
      attested.delete(key);
    }
    const word = heard(attested.get(key) ?? NOBODY, entry);
    attested.set(key, word);
    const at = new Date(entry.verification?.readAt ?? entry.at);
    const state =
      endOf(entry) ?? (word.unreadable && word.people.size >= (words.get(key) ?? 2) ? "attested" : undefined);
    if (state !== undefined && !ends.has(key)) ends.set(key, { state, at });
  }
  return ends;
}

/** Whether a step's row says of an end only what the log says. What has not ended claims nothing. */
export function isEndProven(step: Pick<Step, "state" | "grantKey">, ends: ReadonlyMap<string, End>): boolean {
  const claims = step.state === "proven" || step.state === "attested" || step.state === "skipped";
  return !claims || ends.get(step.grantKey)?.state === step.state;
}

/** Who gave their word since the last act, and whether a read said that no connector can see it. */
interface Attested {
  readonly people: ReadonlySet<string>;
  readonly unreadable: boolean;
}
const NOBODY: Attested = { people: new Set(), unreadable: false };

function heard(before: Attested, { action, actor, verification }: Entry): Attested {
  if (action === "grant.attested" && actor.kind === "person")
    return { ...before, people: new Set([...before.people, actor.id]) };
  if (action === "grant.readBack" && verification?.rung === "attested") return { ...before, unreadable: true };
  return before;
}

function endOf({ action, actor, outcome, verification }: Entry): "proven" | "skipped" | undefined {
  if (action === "grant.skipped" && actor.kind === "person") return "skipped";
  if (action !== "grant.readBack" || actor.kind !== "signoff" || outcome !== "success") return undefined;
  return verification?.state === "absent" ? "proven" : undefined;
}

/** A new act, a read that shows it, or a finding: what was said before counts no more. */
function startsAnew({ action, outcome, verification }: Entry): boolean {
  return (
    ["grant.revokeStarted", "grant.retryAsked", "finding.raised"].includes(action) ||
    (action === "grant.readBack" && outcome === "failure" && verification?.state === "present")
  );
}

/** Acts name the account and the grant; what people say, and findings, name the key. */
function keyOf({ target: { system = "", account, id } }: Entry): string {
  return account === undefined ? id : grantKey({ system, account, id });
}
