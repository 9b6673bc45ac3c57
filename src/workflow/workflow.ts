import type { PgBoss } from "pg-boss";
import type { Log, System } from "../../connectors/connector.ts";
import type { Actor } from "../audit/entry.ts";
import type { LogSigner, LogVerifier } from "../audit/key.ts";
import type { Policy } from "../core/policy.ts";
import type { Lists } from "../core/rights.ts";
import type { Store } from "../store/open.ts";

/** Everything the workflow is lent. Made once by main.ts; tests make their own. */
export interface Workflow {
  readonly store: Store;
  readonly boss: Pick<PgBoss, "send">;
  readonly signer: LogSigner;
  readonly verifier: LogVerifier;
  /** By system id, in the order of the configuration. */
  readonly systems: ReadonlyMap<string, System>;
  readonly policy: Policy;
  /** As this process is configured. What counts is what the log says of it: roles.ts. */
  readonly roles: Lists;
  readonly now: () => Date;
  readonly log: Log;
  readonly version: string;
  /** Hash of the configuration, named by every entry of ours. */
  readonly configHash: string;
  /** Ends calls that are under way when the app stops. */
  readonly signal: AbortSignal;
  /** Called after each commit that wrote entries: the checkpoint leaves the database. */
  readonly witness: () => void;
}

/** Signoff itself as an actor. */
export function ourselves(w: Workflow): Actor {
  return { kind: "signoff", version: w.version, config: w.configHash };
}

/** The system of that id; throws if it is not configured any more, which a human has to see. */
export function systemOf(w: Workflow, id: string): System {
  const system = w.systems.get(id);
  if (!system) throw new RangeError(`the system ${id} is not in the configuration any more`);
  return system;
}
