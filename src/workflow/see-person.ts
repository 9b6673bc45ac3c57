import { z } from "zod";
import type { SeenAccount, System } from "../../connectors/connector.ts";
import { Account, Grant, type Person, type Sight, WorkItem } from "../core/access.ts";
import type { Round } from "../core/case.ts";
import { safeJson } from "../core/text.ts";
import { callFor } from "./call.ts";
import { recover } from "./recover.ts";
import { heedLimit } from "./turn.ts";
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

/** How long a system is asked who knows its work best, in milliseconds: advice is not worth a late reading. */
const SUGGEST_MS = 20_000;
const SUGGEST_AT_ONCE = 4;

/** Asks one system for everything of one person: complete, or it throws. `saidNone`: a person said there is no account. */
export async function seePerson(
  w: Workflow,
  system: System,
  person: Person,
  { saidNone, round }: { readonly saidNone: boolean; readonly round: Round },
): Promise<Seen> {
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
  const advised = round === "closing" ? work : await withSuggestions(w, system, work);
  const rules = [...new Set(matches.map(({ rule }) => rule))];
  // As they will be read from the row again, so that the entry is bound to just that.
  return safeJson({
    state: "read",
    accounts: z.array(Account).parse(accounts),
    grants: z.array(Grant).parse(grants),
    work: z.array(WorkItem).parse(advised),
    why: `matched by ${rules.join(" and ")}`,
    found: matches.map(({ why }) => why),
    sight: system.sightOf?.(call) ?? system.sight,
    others: system.seenAccounts?.(call) ?? [],
  });
}

/**
 * Who the system says knows each item best. Asked before memberships go, since many a system shows no history to or of who
 * is gone. It is advice: an item nobody could be asked about simply has none.
 */
async function withSuggestions(w: Workflow, system: System, items: readonly WorkItem[]): Promise<WorkItem[]> {
  const until = w.now().getTime() + SUGGEST_MS;
  const advised: WorkItem[] = [];
  for (let at = 0; at < items.length; at += SUGGEST_AT_ONCE) {
    const some = items.slice(at, at + SUGGEST_AT_ONCE);
    const late = w.now().getTime() > until;
    advised.push(...(late ? some : await Promise.all(some.map((item) => withSuggestion(w, system, item)))));
  }
  return advised;
}

async function withSuggestion(w: Workflow, system: System, item: WorkItem): Promise<WorkItem> {
  try {
    using call = callFor(w);
    const suggested = (await system.work?.suggestOwners(item, call)) ?? [];
    return suggested.length === 0 ? item : { ...item, suggested: [...suggested] };
  } catch (error) {
    await heedLimit(w, system.id, error);
    w.log.warn(
      { system: system.id, why: recover(w, error, 1, 1).why },
      "a system did not say who knows a piece of work",
    );
    return item;
  }
}
