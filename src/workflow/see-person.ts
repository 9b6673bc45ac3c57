import { z } from "zod";
import type { SeenAccount, System } from "../../connectors/connector.ts";
import { Account, Grant, type Person, type Sight, WorkItem } from "../core/access.ts";
import { safeJson } from "../core/text.ts";
import { callFor } from "./call.ts";
import type { Workflow } from "./workflow.ts";

/** What one system shows of one person. */
export interface Seen {
  readonly state: "read" | "none" | "unmatched";
  readonly accounts: readonly Account[];
  readonly grants: readonly Grant[];
  readonly work: readonly WorkItem[];
  /** Without personal data: it stands in the entry. */
  readonly why: string;
  /** How each account was matched, with logins: kept beside the entry. */
  readonly found: readonly string[];
  /** What this reading could not see. */
  readonly sight: Sight;
  /** Accounts that it came across, whosever they are. */
  readonly others: readonly SeenAccount[];
}

/** Asks one system for everything of one person: complete, or it throws. `saidNone`: a person said there is no account. */
export async function seePerson(w: Workflow, system: System, person: Person, saidNone: boolean): Promise<Seen> {
  using call = callFor(w);
  const matches = await system.findAccounts(person, call);
  const accounts = [...new Map(matches.map(({ account }) => [account.id, account])).values()];
  if (accounts.length === 0) {
    const nothing = { accounts, grants: [], work: [], found: [], sight: system.sight, others: [] };
    // A manual system knows by itself whom it applies to.
    if (system.manual) return { ...nothing, state: "none", why: "it does not apply to this person" };
    if (saidNone) return { ...nothing, state: "none", why: "a person said that there is no account" };
    return { ...nothing, state: "unmatched", why: "no account is known by an exact identifier" };
  }
  const grants: Grant[] = [];
  const work: WorkItem[] = [];
  for (const account of accounts) {
    for await (const grant of system.listGrants(account, call)) grants.push(grant);
    if (system.work) for await (const item of system.work.list(account, call)) work.push(item);
  }
  const rules = [...new Set(matches.map(({ rule }) => rule))];
  // As they will be read from the row again, so that the entry is bound to just that.
  return safeJson({
    state: "read",
    accounts: z.array(Account).parse(accounts),
    grants: z.array(Grant).parse(grants),
    work: z.array(WorkItem).parse(work),
    why: `matched by ${rules.join(" and ")}`,
    found: matches.map(({ why }) => why),
    sight: system.sightOf?.(call) ?? system.sight,
    others: system.seenAccounts?.(call) ?? [],
  });
}
