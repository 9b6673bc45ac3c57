import type { EmulatorContext } from "emulate";
import type { JiraState, JiraUser } from "./jira-state.ts";

// How the stand-in answers: Jira's shapes, and its refusals.

/** What a part of the stand-in is mounted on. */
export type Site = Pick<EmulatorContext<JiraState>, "app" | "state">;
/** One request, as a handler sees it. */
export type Context = Parameters<Parameters<Site["app"]["get"]>[1]>[0];

/** An error as Jira writes it. */
export function refuse(c: Context, status: number, message: string): Response {
  return c.json({ errorMessages: [message], errors: {} }, status);
}

/** A refusal unless the credential's account has this permission; Jira says 403, or 404 where it hides things. */
export function lacks(c: Context, { state }: Site, permission: string, status = 403): Response | undefined {
  if (state.credential.permissions.includes(permission)) return undefined;
  return refuse(
    c,
    status,
    status === 403 ? "You do not have permission to do this." : "It does not exist or is hidden.",
  );
}

/** A refusal unless the credential's account is in a group of site administrators. */
export function lacksSiteAdmin(c: Context, { state }: Site): Response | undefined {
  const admins = state.groups.filter((group) => group.accessType === "site-admin").flatMap((group) => group.members);
  return admins.includes(state.credential.accountId) ? undefined : refuse(c, 403, "Site administrators only.");
}

export function findUser(state: JiraState, accountId: string | undefined): JiraUser | undefined {
  return state.users.find((user) => user.accountId === accountId);
}

/** A user as Jira shows them: hidden addresses are empty, as in Jira. */
export function shownUser(state: JiraState, accountId: string | undefined): object | undefined {
  const user = findUser(state, accountId);
  if (!user) return undefined;
  return {
    self: `https://${state.site}/rest/api/3/user?accountId=${encodeURIComponent(user.accountId)}`,
    accountId: user.accountId,
    accountType: user.accountType,
    ...(user.emailHidden ? {} : { emailAddress: user.emailAddress }),
    displayName: user.displayName,
    active: user.active && !user.suspended,
  };
}

/** One page of a list that counts from `startAt`; Jira lowers `maxResults` as it likes, here to 50. */
export function page(c: Context, items: readonly unknown[], most = 50): Response {
  const startAt = Number(c.req.query("startAt") ?? 0);
  const maxResults = Math.min(Number(c.req.query("maxResults") ?? 50), most);
  const values = items.slice(startAt, startAt + maxResults);
  return c.json({ startAt, maxResults, total: items.length, isLast: startAt + values.length >= items.length, values });
}

/** Jira writes times with an offset without a colon. */
export function jiraTime(): string {
  return new Date().toISOString().replace("Z", "+0000");
}
