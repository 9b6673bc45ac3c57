import { type Grant, type Reading, SystemError } from "../connector.ts";
import { findById, getStanding, listRoles } from "./accounts.ts";
import { type Answer, type Client, path } from "./client.ts";
import { ACCOUNT, canSignIn, isDeactivated, LIFECYCLE, roleGrantId, SESSIONS } from "./grants.ts";
import { ApiToken, AppUser, Factor, Group, Role, type User } from "./schema.ts";
import { readSessions } from "./sessions.ts";

const SOON_MS = 15_000;

/** What a grant's id names. */
export interface Place {
  readonly kind: "sessions" | "account" | "lifecycle" | "factor" | "api-token" | "role" | "group" | "app";
  readonly id: string;
}

/** Reads `sessions`, `account`, `lifecycle`, `factor:…`, `api-token:…`, `role:…`, `group:…`, `app:…`. */
export function placeOf(grant: Grant): Place {
  if (grant.id === SESSIONS || grant.id === ACCOUNT || grant.id === LIFECYCLE) return { kind: grant.id, id: "" };
  const [, kind, id] =
    /^(?:(factor|api-token|group|app):([\w-]+)|(role):([\w@/-]+))$/.exec(grant.id)?.filter(Boolean) ?? [];
  switch (kind) {
    case "factor":
    case "api-token":
    case "role":
    case "group":
    case "app":
      if (id) return { kind, id };
      break;
  }
  throw new SystemError({ code: "refused", reason: `${grant.id} is no grant of Okta` });
}

/** Reads afresh, by the account's immutable id. The credential's rights come first: they make a 404 mean "gone". */
export async function readBack(client: Client, grant: Grant): Promise<Reading> {
  await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) {
    const seen = { request: `GET /api/v1/users/${grant.account}`, answer: { exists: false }, account: grant.account };
    return reading(client, false, undefined, seen);
  }
  return readPlace(client, user, place);
}

/** Reads one grant of an account that was just read. */
export async function readPlace(client: Client, user: User, place: Place): Promise<Reading> {
  switch (place.kind) {
    case "sessions":
      return readSessionsBack(client, user);
    case "account":
    case "lifecycle":
      return readStatus(client, user, place.kind);
    case "factor":
      return readList(client, user, place, path`/api/v1/users/${user.id}/factors`);
    case "role":
      return readList(client, user, place, path`/api/v1/users/${user.id}/roles`);
    case "group":
      return readList(client, user, place, path`/api/v1/users/${user.id}/groups`);
    case "api-token":
      return readList(client, user, place, "/api/v1/api-tokens");
    case "app":
      return readApp(client, user, place.id);
    default:
      return place.kind satisfies never;
  }
}

async function readSessionsBack(client: Client, user: User): Promise<Reading> {
  const read = await readSessions(client, user);
  const at = `/api/v1/users/${user.id}`;
  const answer = {
    status: user.status,
    refreshTokens: read.refreshTokens,
    lastSignIn: read.signedIn?.toISOString() ?? null,
    ended: read.ended?.at.toISOString() ?? null,
    endedBy: read.ended?.by ?? null,
  };
  const request = `GET ${at}, GET ${at}/clients/{id}/tokens, GET /api/v1/logs`;
  const shown = reading(client, read.open, undefined, { request, answer, account: user.id });
  return read.open || !read.ended || shown.state !== "absent" ? shown : { ...shown, theirTime: read.ended.at };
}

function readStatus(client: Client, user: User, of: "account" | "lifecycle"): Reading {
  const { status } = user;
  const next = user.transitioningToStatus ?? null;
  // Okta deactivates in the background: https://developer.okta.com/docs/reference/api/users/ (transitioningToStatus).
  if (next === "DEPROVISIONED")
    return { state: "not-yet", readAgainAfter: new Date(client.call.now().getTime() + SOON_MS) };
  const present = of === "account" ? canSignIn(user) : !isDeactivated(user);
  const answer = { status, transitioningToStatus: next, statusChanged: user.statusChanged ?? null };
  return reading(client, present, undefined, { request: `GET /api/v1/users/${user.id}`, answer, account: user.id });
}

/** Looks for one id in the complete list. */
async function readList(client: Client, user: User, place: Place, at: string): Promise<Reading> {
  const { items, pages, last } = await listOf(client, place, at, user);
  const listed = items.includes(place.id);
  const answer = { [place.kind]: place.id, listed, items: items.length, pages };
  return reading(client, listed, last, { request: `GET ${at}`, answer, account: user.id });
}

interface Ids {
  readonly items: readonly string[];
  readonly pages: number;
  readonly last: Answer<unknown>;
}

async function listOf(client: Client, place: Place, at: string, user: User): Promise<Ids> {
  switch (place.kind) {
    case "role": {
      const roles = await client.list(Role, at);
      return { ...roles, items: roles.items.map((role) => roleGrantId(role).slice("role:".length)) };
    }
    case "api-token": {
      const tokens = await client.list(ApiToken, at);
      return { ...tokens, items: tokens.items.filter((one) => one.userId === user.id).map((one) => one.id) };
    }
    default: {
      const any = await client.list(place.kind === "group" ? Group.pick({ id: true }) : Factor.pick({ id: true }), at);
      return { ...any, items: any.items.map((one) => one.id) };
    }
  }
}

async function readApp(client: Client, user: User, id: string): Promise<Reading> {
  const assigned = await findAssignment(client, user, id);
  const answer = { app: id, assigned: assigned !== undefined, scope: assigned?.body.scope ?? null };
  const request = `GET /api/v1/apps/${id}/users/${user.id}`;
  return reading(client, assigned !== undefined, assigned, { request, answer, account: user.id });
}

/** The account's assignment to an app; undefined when it has none, or the app is gone. */
export async function findAssignment(client: Client, user: User, id: string): Promise<Answer<AppUser> | undefined> {
  const answer = await client.find(AppUser, path`/api/v1/apps/${id}/users/${user.id}`);
  if (answer && answer.body.id !== user.id) {
    throw new SystemError({ code: "conflict", blockers: [`Okta answered for another account than id ${user.id}`] });
  }
  return answer;
}

/** The account's own role that this grant names; undefined when it has it no more. */
export async function findRole(client: Client, user: User, id: string): Promise<Role | undefined> {
  return (await listRoles(client, user.id)).find((role) => roleGrantId(role) === `role:${id}`);
}

interface Seen {
  readonly request: string;
  readonly account: string;
  /** Only what decided the reading. */
  readonly answer: Readonly<Record<string, string | number | boolean | null>>;
}

function reading(client: Client, present: boolean, last: Answer<unknown> | undefined, seen: Seen): Reading {
  return {
    state: present ? "present" : "absent",
    readAt: client.call.now(),
    ...(last?.theirTime ? { theirTime: last.theirTime } : {}),
    evidence: {
      request: seen.request,
      ...(last?.requestId ? { requestId: last.requestId } : {}),
      answer: JSON.stringify({ account: seen.account, ...seen.answer }),
    },
  };
}
