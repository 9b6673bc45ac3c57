import { describeFailure, type Failure, SystemError } from "../core/failure.ts";
import type { Workflow } from "./workflow.ts";

/** What follows from a failure: wait, try again, or ask a human. The only place that decides it. */
export type Recovery =
  | { readonly next: "retry"; readonly at: Date; readonly why: string }
  | { readonly next: "ask-human"; readonly why: string };

/**
 * @param tries how often it was tried, this time included
 * @param limit how often it may be tried before a human is asked
 */
export function recover(w: Workflow, cause: unknown, tries: number, limit: number): Recovery {
  const failure = failureOf(cause);
  // No connector named it, so it may be a fault of ours: shown as not answered, and told to the operator as what it is.
  if (!(cause instanceof SystemError))
    w.log.error({ error: errorText(cause) }, "a connector failed in a way it does not name");
  const why = cause instanceof SystemError && cause.message ? cause.message : describeFailure(failure);
  switch (failure.code) {
    case "rate-limited":
      // Waiting as told is no failed attempt, but it must not go on for ever.
      return tries >= limit * 4 ? { next: "ask-human", why } : { next: "retry", at: failure.retryAt, why };
    case "unreachable":
      return tries >= limit ? { next: "ask-human", why } : { next: "retry", at: backoff(w, tries), why };
    case "forbidden":
    case "conflict":
    case "refused":
      // The same question would get the same answer.
      return { next: "ask-human", why };
    default:
      return failure satisfies never;
  }
}

/** Any error as a failure; what no connector named counts as not answered, so that it is tried again and then shown. */
export function failureOf(cause: unknown): Failure {
  return cause instanceof SystemError ? cause.failure : { code: "unreachable" };
}

/** The instant of the next try: doubles from the policy's first pause up to five minutes. */
export function backoff(w: Workflow, tries: number): Date {
  const seconds = Math.min(300, w.policy.backoffSeconds * 2 ** Math.max(0, tries - 1));
  return new Date(w.now().getTime() + seconds * 1000);
}

/** An error without its message, which may quote what was sent: its kind, code and place in our code. */
function errorText(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause;
  const code = "code" in cause && typeof cause.code === "string" ? ` ${cause.code}` : "";
  return `${cause.name}${code} ${
    cause.stack
      ?.split("\n")
      .find((line) => line.includes("/src/") || line.includes("/connectors/"))
      ?.trim() ?? ""
  }`;
}
