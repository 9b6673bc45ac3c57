import { createHash } from "node:crypto";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Account, Grant, WorkItem } from "../core/access.ts";
import type { Round } from "../core/case.ts";
import { listReads, type Read } from "../store/cases.ts";
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
