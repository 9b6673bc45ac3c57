import { createHash } from "node:crypto";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Config } from "../config.ts";
import type { Policy } from "../core/policy.ts";
import { LISTS, type Lists } from "../core/rights.ts";

/** Parts of the configuration that decide what happens, without secrets; names of people are in `roles` alone. */
export interface Described {
  readonly systems: readonly string[];
  readonly roles: Config["roles"];
  readonly policy: Readonly<Record<string, string | number>>;
  readonly chat: string;
}

/** Without a surface more than before, so that an installation that changed nothing says nothing new. */
function chatWords(chat: Config["chat"]): string {
  const { slack, teams, approversChannels: at } = chat ?? {};
  const said = [
    ...(slack ? [`slack ${slack.mode.kind} ${at?.slack ?? "none"}`] : []),
    ...(teams ? [`teams ${teams.appId} ${teams.tenantId} ${at?.teams ?? "none"}`] : []),
  ];
  return said.join(", ") || "none";
}

/** What a start says of its configuration, and the hash that every entry names. `ids` are those of the systems. */
export function describeConfig(config: Config, ids: readonly string[]): { is: Described; hash: string } {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  const is: Described = {
    systems: sorted(ids),
    roles: Object.fromEntries(LISTS.map((list) => [list, sorted(config.roles[list])])) as Record<keyof Lists, string[]>,
    policy: policyOf(config.policy),
    chat: chatWords(config.chat),
  };
  return {
    is,
    hash: createHash("sha256")
      .update(canonicalBytes({ ...is }))
      .digest("hex"),
  };
}

/** The policy without names: who is away and when is nobody's business in a log that is never erased. */
function policyOf({ workDays, absences, ...rest }: Policy): Described["policy"] {
  return { ...rest, workDays: workDays.join(","), absences: absences.length };
}
