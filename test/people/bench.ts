import { newLogKey, readLogKey } from "../../src/audit/key.ts";
import { Policy } from "../../src/core/policy.ts";
import type { Store } from "../../src/store/open.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";

/** A workflow without systems, chat or jobs: enough to write to the directory and the log. */
export function quietWorkflow(store: Store): Workflow {
  const signer = readLogKey(newLogKey("test/people").key);
  const silent = () => {};
  return {
    store,
    boss: { send: async () => null },
    signer,
    verifier: signer.verifier,
    systems: new Map(),
    policy: Policy.parse({}),
    roles: {
      requester: [],
      approver: [],
      auditor: [],
      operator: [],
      "restricted-approver": [],
      restricted: [],
      protected: [],
    },
    now: () => new Date(),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    version: "0.0.0",
    configHash: "test",
    signal: new AbortController().signal,
    witness: silent,
  };
}
