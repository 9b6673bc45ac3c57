import { type Grant, type Revoked, SystemError } from "../connector.ts";
import { consoleUrl, findById, getStanding } from "./accounts.ts";
import { type Answer, type Client, path, type Sending } from "./client.ts";
import { isDeactivated, isOwnRole } from "./grants.ts";
import { findAssignment, findRole, type Place, placeOf, readPlace } from "./read-back.ts";
import { Group, type User } from "./schema.ts";

// The System Log shows an event seconds to minutes after it happened.
const LOG_LAG_MS = 10_000;
const TRANSITION_MS = 30_000;

/** Takes one grant away. A fresh read comes first, so that what is gone already is told from what cannot be seen. */
export async function revoke(client: Client, grant: Grant): Promise<Revoked> {
  const { own } = await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) return { status: "already-gone" };
  const before = await readPlace(client, user, place);
  if (before.state === "absent") return { status: "already-gone" };
  if (before.state === "not-yet") return { status: "accepted", readBackAfter: before.readAgainAfter };
  if (own.id === user.id) {
    const url = consoleUrl(client.domain, "/admin/access/api/tokens");
    return { status: "blocked", by: [{ what: "our own Okta token belongs to this account", ...url }] };
  }
  return act(client, user, place);
}

async function act(client: Client, user: User, place: Place): Promise<Revoked> {
  const { id } = place;
  switch (place.kind) {
    case "sessions":
      return clearSessions(client, user);
    case "factor":
      return removed(client, user, place, path`/api/v1/users/${user.id}/factors/${id}`);
    case "api-token":
      return removed(client, user, place, path`/api/v1/api-tokens/${id}`);
    case "role":
      return removeRole(client, user, place);
    case "group":
      return leaveGroup(client, user, place);
    case "app":
      return leaveApp(client, user, place);
    case "account":
      return suspend(client, user);
    case "lifecycle":
      return deactivate(client, user);
    default:
      return place.kind satisfies never;
  }
}

async function clearSessions(client: Client, user: User): Promise<Revoked> {
  const query = { oauthTokens: "true", forgetDevices: "true" };
  const answer = await client.send("DELETE", path`/api/v1/users/${user.id}/sessions`, { query });
  if (!answer) throw new SystemError({ code: "refused", reason: "Okta has no sessions for this account" });
  return { status: "accepted", readBackAfter: soon(client, LOG_LAG_MS) };
}

async function removeRole(client: Client, user: User, place: Place): Promise<Revoked> {
  const role = await findRole(client, user, place.id);
  if (!role) return { status: "already-gone" };
  if (!isOwnRole(role)) return { status: "elsewhere", where: "the Okta group that gives this role" };
  return removed(client, user, place, path`/api/v1/users/${user.id}/roles/${role.id}`);
}

async function leaveGroup(client: Client, user: User, place: Place): Promise<Revoked> {
  const group = await client.find(Group, path`/api/v1/groups/${place.id}`);
  if (!group) return { status: "already-gone" };
  const { type, profile } = group.body;
  if (type === "BUILT_IN")
    return { status: "elsewhere", where: `nobody can leave ${profile.name} but by deactivation` };
  if (type !== "OKTA_GROUP") {
    return { status: "elsewhere", where: `the directory or app that ${profile.name} is imported from` };
  }
  return removed(client, user, place, path`/api/v1/groups/${place.id}/users/${user.id}`);
}

async function leaveApp(client: Client, user: User, place: Place): Promise<Revoked> {
  const assigned = await findAssignment(client, user, place.id);
  if (!assigned) return { status: "already-gone" };
  if (assigned.body.scope === "GROUP") return { status: "elsewhere", where: "the Okta group that gives this app" };
  const query = { sendEmail: "false" };
  return removed(client, user, place, path`/api/v1/apps/${place.id}/users/${user.id}`, { query });
}

/** Only active accounts can be suspended; the others go by deactivation, or by hand. */
async function suspend(client: Client, user: User): Promise<Revoked> {
  if (user.status !== "ACTIVE") {
    const what = `the account is ${user.status}, and Okta suspends active accounts only: deactivate it, or make it active first`;
    const url = consoleUrl(client.domain, `/admin/user/profile/view/${encodeURIComponent(user.id)}`);
    return { status: "blocked", by: [{ what, ...url }] };
  }
  return receipt(await must(client, path`/api/v1/users/${user.id}/lifecycle/suspend`));
}

/** Never by DELETE: a second one would delete the account. No mail goes out. */
async function deactivate(client: Client, user: User): Promise<Revoked> {
  const sending = { query: { sendEmail: "false" }, headers: { prefer: "respond-async" } };
  const answer = await must(client, path`/api/v1/users/${user.id}/lifecycle/deactivate`, sending);
  const after = await findById(client, user.id);
  if (!after || isDeactivated(after)) return receipt(answer);
  return { status: "accepted", readBackAfter: soon(client, TRANSITION_MS) };
}

async function must(client: Client, at: string, sending: Sending = {}): Promise<Answer<unknown>> {
  const answer = await client.send("POST", at, sending);
  if (!answer) throw new SystemError({ code: "refused", reason: "Okta has this account no more" });
  return answer;
}

/** 404 says that it is gone, or was never shown: a read decides. */
async function removed(client: Client, user: User, place: Place, at: string, sending: Sending = {}): Promise<Revoked> {
  const answer = await client.send("DELETE", at, sending);
  if (answer) return receipt(answer);
  const reading = await readPlace(client, user, place);
  if (reading.state === "absent") return { status: "already-gone" };
  throw new SystemError({ code: "refused", reason: "Okta lists it and does not find it" });
}

function receipt(answer: Answer<unknown>): Revoked {
  return { status: "revoked", ...(answer.requestId ? { receipt: answer.requestId } : {}) };
}

function soon(client: Client, ms: number): Date {
  return new Date(client.call.now().getTime() + ms);
}
