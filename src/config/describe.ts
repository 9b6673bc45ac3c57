import { createHash } from "node:crypto";
import { canonicalBytes } from "../audit/canonical.ts";
import type { Config } from "../config.ts";
import type { Policy } from "../core/policy.ts";

/** Parts of the configuration that decide what happens, without secrets; names of people are in `roles` alone. */
export interface Described {
  readonly systems: readonly string[];
  readonly roles: Config["roles"];
  readonly policy: Policy;
  readonly chat: string;
}

/** What a start says of its configuration, and the hash that every entry names. `ids` are those of the systems. */
export function describeConfig(config: Config, ids: readonly string[]): { is: Described; hash: string } {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  const { requester, approver, auditor, operator } = config.roles;
  const is: Described = {
    systems: sorted(ids),
    roles: {
      requester: sorted(requester),
      approver: sorted(approver),
      auditor: sorted(auditor),
      operator: sorted(operator),
    },
    policy: config.policy,
    chat: config.chat ? `slack ${config.chat.slack.mode.kind} ${config.chat.approversChannel}` : "none",
  };
  return {
    is,
    hash: createHash("sha256")
      .update(canonicalBytes({ ...is }))
      .digest("hex"),
  };
}
