/** What went wrong with a system, as a value: one place (workflow/recover.ts) decides what follows from it. */
export type Failure =
  | { readonly code: "rate-limited"; readonly retryAt: Date }
  | { readonly code: "unreachable" }
  | { readonly code: "forbidden"; readonly scope?: string }
  | { readonly code: "conflict"; readonly blockers: readonly string[] }
  | { readonly code: "refused"; readonly reason: string };

/** Thrown by connectors; carries the failure and keeps the cause. Its message never holds a secret. */
export class SystemError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: { cause?: unknown; message?: string }) {
    super(options?.message ?? describeFailure(failure), options?.cause === undefined ? {} : { cause: options.cause });
    this.name = "SystemError";
    this.failure = failure;
  }
}

/** A failure in one calm sentence for people. */
export function describeFailure(failure: Failure): string {
  switch (failure.code) {
    case "rate-limited":
      return `the system asks us to wait until ${failure.retryAt.toISOString()}`;
    case "unreachable":
      return "the system did not answer";
    case "forbidden":
      return failure.scope
        ? `our credential may not do this: ${failure.scope} is missing`
        : "our credential may not do this";
    case "conflict":
      return `something stands in the way: ${failure.blockers.join(", ")}`;
    case "refused":
      return `the system refused: ${failure.reason}`;
    default:
      return failure satisfies never;
  }
}

/** The words of what an error comes from in the end, whatever was wrapped around it. Never throws, whatever was thrown. */
export function rootMessage(error: unknown): string {
  let at = error;
  // Causes can be made into a ring.
  for (let depth = 0; depth < 8; depth += 1) {
    const below = causeOf(at);
    if (below === undefined) break;
    at = below;
  }
  if (typeof at !== "object" || at === null) return String(at);
  const { message, code } = at as { message?: unknown; code?: unknown };
  return [message, code].find((one) => typeof one === "string" && one !== "")?.toString() ?? "an error without words";
}

/** An `AggregateError` of several addresses says nothing itself: the first one's words are as good as the others'. */
function causeOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  return cause ?? (Array.isArray(errors) ? errors[0] : undefined);
}
