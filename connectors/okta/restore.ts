import { z } from "zod";
import { type Grant, SystemError } from "../connector.ts";
import { findById, getStanding } from "./accounts.ts";
import { type Client, path, type Sending } from "./client.ts";
import { findAssignment, findRole, placeOf } from "./read-back.ts";
import type { User } from "./schema.ts";

const Profile = z.record(z.string(), z.unknown());

/**
 * Gives a grant back to the same account. Factors, API tokens and a deactivated account cannot be given back; ended
 * sessions need nothing: who may sign in, signs in.
 */
export async function restore(client: Client, grant: Grant): Promise<void> {
  await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) throw new SystemError({ code: "refused", reason: "the account was deleted" });
  if (user.status === "DEPROVISIONED") throw new SystemError({ code: "refused", reason: "the account is deactivated" });
  switch (place.kind) {
    case "sessions":
      return;
    case "account":
      // Not idempotent on Okta's side, so only where it is needed.
      if (user.status === "SUSPENDED") await must(client, "POST", path`/api/v1/users/${user.id}/lifecycle/unsuspend`);
      return;
    case "group":
      await must(client, "PUT", path`/api/v1/groups/${place.id}/users/${user.id}`);
      return;
    case "app":
      await restoreApp(client, grant, user, place.id);
      return;
    case "role":
      await restoreRole(client, grant, user, place.id);
      return;
    case "factor":
    case "api-token":
    case "lifecycle":
      throw new SystemError({ code: "refused", reason: `Okta cannot give back ${grant.resource}` });
    default:
      place.kind satisfies never;
  }
}

async function restoreApp(client: Client, grant: Grant, user: User, id: string): Promise<void> {
  if (await findAssignment(client, user, id)) return;
  const userName = grant.before?.["userName"];
  const profile = Profile.parse(JSON.parse(grant.before?.["profile"] ?? "{}"));
  const body = {
    id: user.id,
    scope: "USER",
    ...(userName ? { credentials: { userName } } : {}),
    ...(Object.keys(profile).length > 0 ? { profile } : {}),
  };
  await must(client, "POST", path`/api/v1/apps/${id}/users`, { body });
}

async function restoreRole(client: Client, grant: Grant, user: User, id: string): Promise<void> {
  if (grant.reversible === "never" || id.includes("@")) {
    throw new SystemError({ code: "refused", reason: `what ${grant.resource} was narrowed to is not known any more` });
  }
  if (await findRole(client, user, id)) return;
  const { type = "", role, resourceSet } = grant.before ?? {};
  const body = role ? { type, role, "resource-set": resourceSet } : { type };
  await must(client, "POST", path`/api/v1/users/${user.id}/roles`, { query: { disableNotifications: "true" }, body });
}

async function must(client: Client, method: "POST" | "PUT", at: string, sending: Sending = {}): Promise<void> {
  const answer = await client.send(method, at, sending);
  if (!answer) throw new SystemError({ code: "refused", reason: "what it belongs to was deleted" });
}
