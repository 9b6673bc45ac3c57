import { z } from "zod";
import { SystemError } from "../../core/failure.ts";
import type { Secret } from "../../core/secret.ts";

export interface TokenOptions {
  readonly appId: string;
  readonly appPassword: Secret;
  readonly tenantId: string;
  /** Without a slash at the end. */
  readonly login: string;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

/** Gives a token for a scope, from memory while it is good for some minutes more. Throws `SystemError`. */
export type Tokens = (scope: string) => Promise<string>;

const Granted = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number() });
const Refused = z.object({ error: z.string() });
/** A token is asked for anew this long before it runs out. */
const EARLY_MS = 5 * 60_000;
const PATIENCE_MS = 10_000;

/**
 * Our own tokens, by the client credentials grant (RFC 6749, 4.4) of the tenant's own login
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
 */
export function tokensOf(options: TokenOptions): Tokens {
  const known = new Map<string, { readonly token: Promise<string>; goodUntil: number }>();
  return (scope) => {
    const kept = known.get(scope);
    if (kept && kept.goodUntil > options.now().getTime()) return kept.token;
    const fresh = { goodUntil: Number.POSITIVE_INFINITY, token: ask(options, scope).then(keep) };
    function keep({ access_token, expires_in }: z.infer<typeof Granted>): string {
      fresh.goodUntil = options.now().getTime() + expires_in * 1000 - EARLY_MS;
      return access_token;
    }
    // Whoever asks meanwhile waits for the same answer.
    known.set(scope, fresh);
    fresh.token.catch(() => known.delete(scope));
    return fresh.token;
  };
}

async function ask(options: TokenOptions, scope: string): Promise<z.infer<typeof Granted>> {
  const url = `${options.login}/${encodeURIComponent(options.tenantId)}/oauth2/v2.0/token`;
  let answer: Response;
  let body: unknown;
  try {
    answer = await options.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: options.appId,
        client_secret: options.appPassword.reveal(),
        scope,
      }).toString(),
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    body = await answer.json().catch(() => undefined);
  } catch (cause) {
    throw new SystemError({ code: "unreachable" }, { cause });
  }
  const granted = Granted.safeParse(body);
  if (answer.ok && granted.success) return granted.data;
  if (answer.status >= 500 || answer.status === 429) throw new SystemError({ code: "unreachable" });
  // `invalid_client`, `unauthorized_client`: never the description, which holds ids.
  throw new SystemError({ code: "forbidden", scope: Refused.safeParse(body).data?.error ?? `HTTP ${answer.status}` });
}
