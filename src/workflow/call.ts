import type { Call } from "../../connectors/connector.ts";
import type { Workflow } from "./workflow.ts";

/** What a connector's call is lent. It ends with the app, with the policy's limit, or when the block is left. */
export function callFor(w: Workflow): Call & Disposable {
  const own = new AbortController();
  const signal = AbortSignal.any([w.signal, own.signal, AbortSignal.timeout(w.policy.callSeconds * 1000)]);
  return { signal, log: w.log, now: w.now, [Symbol.dispose]: () => own.abort() };
}
