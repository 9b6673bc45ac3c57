import { type Grant, SystemError } from "../connector.ts";
import { findById, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { isOpen } from "./grants.ts";
import { placeOf, readPlace } from "./read-back.ts";
import type { Answer } from "./transport.ts";

/** Gives a grant back to the same account. API tokens are gone for good; administration comes back with its group. */
export async function restore(client: Client, grant: Grant): Promise<void> {
  await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) throw refused("the account was deleted");
  if ((await readPlace(client, user, place)).state === "present") return;
  const account = user.accountId;
  switch (place.kind) {
    case "group": {
      const at = { groupId: place.id, accountId: account };
      return must(await client.send((jira, to) => jira.addUserToGroup(to, at)));
    }
    case "role": {
      if (place.group !== undefined) throw refused("it comes back with the group that gives it");
      const at = { projectIdOrKey: place.project, id: place.id, user: [account] };
      return must(await client.send((jira, to) => jira.addActorUsers(to, at)));
    }
    case "default-role": {
      const at = { id: Number(place.id), user: [account] };
      return must(await client.send((jira, to) => jira.addProjectRoleActorsToRole(to, at)));
    }
    case "account": {
      const { organization } = client;
      if (!organization)
        throw refused("access is restored at admin.atlassian.com: Signoff has no key of the organization");
      const closed = (await organization.findMemberships(account)).filter((held) => !isOpen(held));
      for (const { directoryId } of closed) must(await organization.restore(directoryId, account));
      return;
    }
    case "admin":
      throw refused("it comes back with the group that gave it");
    case "api-token":
      throw refused("Atlassian cannot give an API token back");
    default:
      return place satisfies never;
  }
}

function must(answer: Answer<unknown> | undefined): void {
  if (!answer) throw refused("what it belongs to was deleted");
}

function refused(reason: string): SystemError {
  return new SystemError({ code: "refused", reason });
}
