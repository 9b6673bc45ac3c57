import { z } from "zod";
import type { System } from "../../connectors/connector.ts";
import { Account, Grant, type Person, WorkItem } from "../core/access.ts";
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
}

/** Asks one system for everything of one person: complete, or it throws. `saidNone`: a person said there is no account. */
export async function seePerson(w: Workflow, system: System, person: Person, saidNone: boolean): Promise<Seen> {
  using call = callFor(w);
  const matches = await system.findAccounts(person, call);
  const accounts = [...new Map(matches.map(({ account }) => [account.id, account])).values()];
  if (accounts.length === 0) {
    // A manual system knows by itself whom it applies to.
    if (system.manual)
      return { state: "none", accounts, grants: [], work: [], found: [], why: "it does not apply to this person" };
    if (saidNone)
      return {
        state: "none",
        accounts,
        grants: [],
        work: [],
        found: [],
        why: "a person said that there is no account",
      };
    return {
      state: "unmatched",
      accounts,
      grants: [],
      work: [],
      found: [],
      why: "no account is known by an exact identifier",
    };
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
  });
}
