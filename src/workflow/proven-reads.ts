import { createHash } from "node:crypto";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Account, Grant, WorkItem } from "../core/access.ts";
import type { Round } from "../core/case.ts";
import { listReads, type Read } from "../store/cases.ts";
import { newestEntryOf } from "../store/log.ts";
import type { Tx } from "../store/open.ts";
import { NotVouched, prove } from "./vouched.ts";
import type { Workflow } from "./workflow.ts";

/** What a reading says, as far as anything follows from it. */
export interface Reading {
  readonly system: string;
  readonly round: Round;
  readonly state: Read["state"];
  readonly accounts: readonly Account[];
  readonly grants: readonly Grant[];
  readonly work: readonly WorkItem[];
}

/** What the entry of a reading is bound to: SHA-256 of its canonical JSON, in hexadecimal. */
export function hashOfReading({ system, round, state, accounts, grants, work }: Reading): string {
  return createHash("sha256").update(canonicalBytes({ system, round, state, accounts, grants, work })).digest("hex");
}

/**
 * The lines of a round, each held against the entry that was signed when the system was read. A line that somebody wrote
 * or changed counts as not read: it is a gap, and neither its grants nor its silence is believed.
 */
export async function listProvenReads(tx: Tx, w: Workflow, caseId: string, round: Round): Promise<readonly Read[]> {
  const lines = await listReads(tx, caseId, round);
  const proven: Read[] = [];
  for (const line of lines) {
    if (line.state === "pending" || line.state === "failed") {
      // Nothing was seen, so nothing is taken from it, whatever stands in the row.
      if (w.systems.has(line.system)) proven.push({ ...line, accounts: [], grants: [], work: [] });
      continue;
    }
    proven.push((await isProven(tx, w, caseId, line)) ? line : notRead(w, line));
  }
  return proven;
}

/**
 * The lines of a round from which something follows now: proven, and each system's newest reading, taken after what the
 * round is there to look at. An older one that somebody put back, however genuine, counts as not read.
 */
export async function listFreshReads(tx: Tx, w: Workflow, caseId: string, round: Round): Promise<readonly Read[]> {
  const lines = await listProvenReads(tx, w, caseId, round);
  const since = (await newestEntryOf(tx, caseId, SINCE[round])) ?? -1;
  const fresh: Read[] = [];
  for (const line of lines) {
    const settled = line.state !== "pending" && line.state !== "failed";
    fresh.push(!settled || (await isNewest(tx, line, since)) ? line : notRead(w, line));
  }
  // A line that was taken away is no silence of its system: at the end each system must have answered.
  const asked = new Set(lines.map(({ system }) => system));
  if (round === "closing")
    for (const system of w.systems.keys()) if (!asked.has(system)) fresh.push(missing(caseId, system, round));
  return fresh;
}

function missing(caseId: string, system: string, round: Round): Read {
  const nothing = { readAt: null, nextAt: null, lease: null, seq: null, sight: null, tries: 0 };
  const seen = { accounts: [], grants: [], work: [] };
  return { caseId, system, round, state: "failed", failure: "it was not read", ...seen, ...nothing };
}

/** What a reading of a round must be younger than. */
const SINCE: Readonly<Record<Round, readonly string[]>> = {
  first: ["case.opened"],
  "before-cut": ["case.cutStarted"],
  // Whatever brings a case to its closing inventory: an act on a grant, a plan of what appeared, a finding, an end of the cut.
  closing: [
    "case.cutStarted",
    "case.accessGone",
    "finding.raised",
    "plan.proposed",
    "plan.extended",
    "plan.approved",
    "plan.rejected",
    "grant.revokeStarted",
    "grant.revoked",
    "grant.readBack",
    "grant.attested",
    "grant.skipped",
    "grant.retryAsked",
    "grant.expired",
  ],
};

/** A person said something that a system has to be read again for. */
const ASKED_AGAIN = ["account.named", "account.saidNone", "system.readAsked"];

async function isNewest(tx: Tx, line: Read, since: number): Promise<boolean> {
  const newest = await newestEntryOf(tx, line.caseId, ["system.read"], line.system);
  const asked = (await newestEntryOf(tx, line.caseId, ASKED_AGAIN, line.system)) ?? -1;
  return line.seq !== null && line.seq === newest && line.seq > Math.max(since, asked);
}

async function isProven(tx: Tx, w: Workflow, caseId: string, line: Read): Promise<boolean> {
  try {
    const entry = await prove(tx, w, line.seq ?? -1, "system.read", caseId);
    const own = line.grants.every(
      (grant) => grant.system === line.system && line.accounts.some(({ id }) => id === grant.account),
    );
    return own && entry.actor.kind === "signoff" && entry.detail?.["reading"] === hashOfReading(line);
  } catch (error) {
    if (error instanceof NotVouched) return false;
    throw error;
  }
}

function notRead(w: Workflow, line: Read): Read {
  w.log.error({ case: line.caseId, system: line.system }, "a reading that the log does not hold is not believed");
  return {
    ...line,
    state: "failed",
    accounts: [],
    grants: [],
    work: [],
    failure: "the log does not hold this reading",
  };
}
