import { type Client, path } from "./client.ts";
import { logStart } from "./events.ts";
import { LogEvent, OAuthClient, RefreshToken, type User } from "./schema.ts";

// Okta cannot list somebody's sessions. What can be read: refresh tokens one by one, the last sign-in, and in the
// System Log when all sessions were cleared. Together they tell whether a session may be open.

/** What Okta shows about one account's sessions. */
export interface SessionsRead {
  readonly open: boolean;
  readonly refreshTokens: number;
  /** The last sign-in, from the account and from the log. */
  readonly signedIn?: Date;
  /** The last time that all sessions ended: cleared, or the account was deactivated. */
  readonly ended?: { readonly at: Date; readonly by: string };
}

/**
 * Whether a session may be open: a refresh token is left, or a sign-in is not followed by an end of all sessions.
 * Proof of an end is the event `user.session.clear` about this account, or its deactivation.
 */
export async function readSessions(client: Client, user: User): Promise<SessionsRead> {
  const refreshTokens = await countRefreshTokens(client, user.id);
  const start = await lastEvent(client, "user.session.start", "actor.id", user.id);
  const clear = await lastEvent(client, "user.session.clear", "target.id", user.id);
  const signedIn = latest([dateOf(user.lastLogin), dateOf(start?.published)]);
  const cleared = dateOf(clear?.published);
  const deactivated =
    user.status === "DEPROVISIONED" && !user.transitioningToStatus ? dateOf(user.statusChanged) : undefined;
  const at = latest([cleared, deactivated]);
  const by = at === cleared ? `user.session.clear ${clear?.uuid ?? ""}` : "deactivation";
  // In the same instant counts as after: the log says nothing about the order.
  const open = refreshTokens > 0 || (signedIn !== undefined && (at === undefined || signedIn >= at));
  return {
    open,
    refreshTokens,
    ...(signedIn ? { signedIn } : {}),
    ...(at ? { ended: { at, by } } : {}),
  };
}

async function countRefreshTokens(client: Client, id: string): Promise<number> {
  let count = 0;
  for (const { client_id } of (await client.list(OAuthClient, path`/api/v1/users/${id}/clients`)).items) {
    const at = path`/api/v1/users/${id}/clients/${client_id}/tokens`;
    // 404: the client lost its last token since it was listed.
    const first = await client.find(RefreshToken.array(), at, { limit: "200" });
    count += first?.body.length ?? 0;
  }
  return count;
}

async function lastEvent(
  client: Client,
  eventType: "user.session.start" | "user.session.clear",
  role: "actor.id" | "target.id",
  id: string,
): Promise<LogEvent | undefined> {
  const query = {
    filter: `eventType eq "${eventType}" and ${role} eq "${id}" and outcome.result eq "SUCCESS"`,
    since: logStart(client.call.now()).toISOString(),
    sortOrder: "DESCENDING",
    limit: "1",
  };
  const [event] = (await client.get(LogEvent.array(), "/api/v1/logs", query)).body;
  if (!event || event.eventType !== eventType) return undefined;
  const about = role === "actor.id" ? [event.actor] : (event.target ?? []);
  return about.some((one) => one?.id === id) && event.outcome?.result === "SUCCESS" ? event : undefined;
}

function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.reduce((last, date) => (date && (!last || date > last) ? date : last), undefined);
}

function dateOf(text: string | null | undefined): Date | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}
