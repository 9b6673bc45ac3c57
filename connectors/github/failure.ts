import { z } from "zod";
import { SystemError } from "../connector.ts";

/** What Octokit throws: an answer with a bad status, or no answer at all. */
const Thrown = z.object({
  status: z.number(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()), data: z.unknown() }).optional(),
});
type Thrown = z.infer<typeof Thrown>;

/** The envelope of a GraphQL answer, which says its failures with status 200. */
export const GraphQl = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ type: z.string().optional(), message: z.string() })).optional(),
});

/** https://docs.github.com/en/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api */
export function graphQlError(
  errors: readonly { readonly type?: string | undefined; readonly message: string }[],
  now: Date,
): SystemError {
  const types = errors.map((error) => error.type ?? "");
  if (types.includes("RATE_LIMITED")) {
    return new SystemError({ code: "rate-limited", retryAt: new Date(now.getTime() + 60_000) });
  }
  if (types.some((type) => /FORBIDDEN|INSUFFICIENT_SCOPES|NOT_FOUND/.test(type))) {
    return new SystemError({ code: "forbidden", scope: "Contents and Administration, read, of every repository" });
  }
  return new SystemError({ code: "unreachable" }, { message: "GitHub could not answer a GraphQL query" });
}

/** Says whether GitHub answered 404, which it also does for what a credential may not see. */
export function isNotFound(error: unknown): boolean {
  const thrown = Thrown.safeParse(error);
  return thrown.success && thrown.data.status === 404 && thrown.data.response !== undefined;
}

/**
 * Any error as a SystemError. The cause keeps status and request id only: Octokit's own error holds the whole request.
 * Limits come as 403 or 429 and are told from missing rights by header or text
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
export function asSystemError(error: unknown, now: Date): SystemError {
  if (error instanceof SystemError) return error;
  const parsed = Thrown.safeParse(error);
  if (!parsed.success) {
    // The throttling plugin throws a limit of GraphQL as an answer without a status.
    const inGraphQl = z.object({ response: z.object({ data: GraphQl }) }).safeParse(error);
    if (inGraphQl.success) return graphQlError(inGraphQl.data.response.data.errors ?? [], now);
    if (error instanceof URIError) return new SystemError({ code: "refused", reason: "a name cannot be sent" });
    return new SystemError({ code: "unreachable" });
  }
  const thrown = parsed.data;
  const cause = new Error(`GitHub answered ${thrown.status}, request ${header(thrown, "x-github-request-id") ?? "?"}`);
  if (!thrown.response) return new SystemError({ code: "unreachable" });
  const retryAt = limitEnds(thrown, now);
  if (retryAt) return new SystemError({ code: "rate-limited", retryAt }, { cause });
  switch (thrown.status) {
    case 401:
      return new SystemError({ code: "forbidden", scope: "a valid token" }, { cause });
    case 403:
    case 404:
      return new SystemError({ code: "forbidden", ...missingScope(thrown) }, { cause });
    case 409:
      return new SystemError({ code: "conflict", blockers: [reasonOf(thrown)] }, { cause });
    default:
      return thrown.status >= 500
        ? new SystemError({ code: "unreachable" }, { cause })
        : new SystemError({ code: "refused", reason: reasonOf(thrown) }, { cause });
  }
}

function limitEnds(thrown: Thrown, now: Date): Date | undefined {
  if (thrown.status !== 403 && thrown.status !== 429) return undefined;
  const after = header(thrown, "retry-after");
  if (after && Number(after) >= 0) return new Date(now.getTime() + Math.max(1, Number(after)) * 1000);
  const reset = Number(header(thrown, "x-ratelimit-reset"));
  if (header(thrown, "x-ratelimit-remaining") === "0" && reset > 0) {
    return new Date(Math.max(reset * 1000, now.getTime()) + 1000);
  }
  const limited = thrown.status === 429 || /secondary rate|rate limit|abuse detection/i.test(reasonOf(thrown));
  return limited ? new Date(now.getTime() + 60_000) : undefined;
}

function missingScope(thrown: Thrown): { scope?: string } {
  if (header(thrown, "x-github-sso")?.startsWith("required"))
    return { scope: "single sign-on authorisation of the token" };
  const accepted = header(thrown, "x-accepted-github-permissions") ?? header(thrown, "x-accepted-oauth-scopes");
  return accepted ? { scope: accepted } : {};
}

function reasonOf(thrown: Thrown): string {
  const said = z.object({ message: z.string() }).safeParse(thrown.response?.data);
  return said.success ? said.data.message.slice(0, 300) : `status ${thrown.status}`;
}

function header(thrown: Thrown, name: string): string | undefined {
  const value = thrown.response?.headers[name];
  return value === undefined ? undefined : String(value);
}
