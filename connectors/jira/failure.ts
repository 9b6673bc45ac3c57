import { type Secret, SystemError } from "../connector.ts";
import { ErrorAnswer } from "./schema.ts";

/** Jira answered 404: gone, or hidden from our credential. */
export class NotFound extends SystemError {}

/** A refusal of Jira as a SystemError. Its cause keeps status and request id only. */
export function failureOf(
  response: { readonly status: number; readonly headers: Headers },
  body: unknown,
  now: Date,
  secrets: readonly Secret[],
): SystemError {
  const { status, headers } = response;
  const reason = reasonOf(body, status, secrets);
  const cause = new Error(`Jira answered ${status}, request ${requestIdOf(headers) ?? "?"}`);
  const limited = limitEnds(headers, now);
  // Some 503 are limits too, and say so by the same header.
  if (status === 429 || (status === 503 && limited)) {
    return new SystemError({ code: "rate-limited", retryAt: limited ?? new Date(now.getTime() + 60_000) }, { cause });
  }
  if (status === 401) return new SystemError({ code: "forbidden", scope: `a valid credential (${reason})` }, { cause });
  if (status === 403) return new SystemError({ code: "forbidden", scope: reason }, { cause });
  if (status === 404) return new NotFound({ code: "refused", reason: `Jira does not have it: ${reason}` }, { cause });
  if (status === 409) return new SystemError({ code: "conflict", blockers: [reason] }, { cause });
  if (status >= 500) return new SystemError({ code: "unreachable" }, { cause });
  return new SystemError({ code: "refused", reason }, { cause });
}

/** The id that Atlassian's support asks for. */
export function requestIdOf(headers: Headers): string | undefined {
  return headers.get("x-arequestid") ?? headers.get("atl-traceid") ?? undefined;
}

/**
 * When a limit ends: `Retry-After` in seconds, else `X-RateLimit-Reset` as a time
 * (https://developer.atlassian.com/cloud/jira/platform/rate-limiting/).
 */
function limitEnds(headers: Headers, now: Date): Date | undefined {
  const seconds = Number(headers.get("retry-after"));
  if (Number.isFinite(seconds) && seconds > 0) return new Date(now.getTime() + seconds * 1000);
  const reset = Date.parse(headers.get("x-ratelimit-reset") ?? "");
  return Number.isNaN(reset) ? undefined : new Date(Math.max(reset, now.getTime()) + 1000);
}

function reasonOf(body: unknown, status: number, secrets: readonly Secret[]): string {
  const said = ErrorAnswer.safeParse(body);
  const { errorMessages, errors, message } = said.success ? said.data : {};
  const told = [...(errorMessages ?? []), ...Object.values(errors ?? {}).map(String), ...(message ? [message] : [])];
  const text = told.join("; ") || `status ${status}`;
  return secrets.reduce((kept, secret) => kept.replaceAll(secret.reveal(), "[secret]"), text).slice(0, 300);
}

/** 404 as undefined. */
export async function found<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
