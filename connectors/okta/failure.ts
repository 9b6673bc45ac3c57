import { type Secret, SystemError } from "../connector.ts";
import { ErrorAnswer } from "./schema.ts";

/** Okta answered 404. */
export class NotFound extends SystemError {}

/**
 * A refusal of Okta as a SystemError. Its cause keeps status, code and request id only.
 * Codes: https://developer.okta.com/docs/reference/error-codes/
 */
export function failureOf(
  response: { readonly status: number; readonly headers: Headers },
  body: unknown,
  now: Date,
  token: Secret,
): SystemError {
  const { status, headers } = response;
  const said = ErrorAnswer.safeParse(body);
  const code = said.success ? (said.data.errorCode ?? "") : "";
  const summary = (said.success && said.data.errorSummary) || `status ${status}`;
  const reason = summary.replaceAll(token.reveal(), "[secret]").slice(0, 300);
  const requestId = headers.get("x-okta-request-id") ?? "?";
  const cause = new Error(`Okta answered ${status} ${code.slice(0, 20)}, request ${requestId}`);
  if (status === 429) return new SystemError({ code: "rate-limited", retryAt: limitEnds(headers, now) }, { cause });
  if (status === 401) return new SystemError({ code: "forbidden", scope: "a valid token" }, { cause });
  if (status === 403) return new SystemError({ code: "forbidden", scope: reason }, { cause });
  if (status === 404) return new NotFound({ code: "refused", reason: "Okta does not have it" }, { cause });
  if (status === 409) return new SystemError({ code: "conflict", blockers: [reason] }, { cause });
  if (status >= 500) return new SystemError({ code: "unreachable" }, { cause });
  return new SystemError({ code: "refused", reason }, { cause });
}

/**
 * When a limit ends: `x-rate-limit-reset` holds seconds since 1970. The limit on concurrent requests, which is also 429,
 * names the same header (https://developer.okta.com/docs/reference/rl-best-practices/). A minute where none is told.
 */
function limitEnds(headers: Headers, now: Date): Date {
  const reset = Number(headers.get("x-rate-limit-reset"));
  if (Number.isFinite(reset) && reset > 0) return new Date(Math.max(reset * 1000, now.getTime()) + 1000);
  const after = Number(headers.get("retry-after"));
  return new Date(now.getTime() + (Number.isFinite(after) && after > 0 ? after * 1000 : 60_000));
}
