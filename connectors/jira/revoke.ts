import { type Blocker, type Grant, type Revoked, SystemError } from "../connector.ts";
import { findById, getStanding, listAdminGroups, listGroups } from "./accounts.ts";
import type { Client } from "./client.ts";
import { isOpen } from "./grants.ts";
import { type Place, placeOf, readPlace } from "./read-back.ts";
import { User } from "./schema.ts";
import type { Answer } from "./transport.ts";

/** Takes one grant away. A fresh read comes first, so that what is gone already is told from what cannot be seen. */
export async function revoke(client: Client, grant: Grant): Promise<Revoked> {
  const { own } = await getStanding(client);
  const place = placeOf(grant);
  const user = await findById(client, grant.account);
  if (!user) return { status: "already-gone" };
  const before = await readPlace(client, user, place);
  if (before.state === "absent") return { status: "already-gone" };
  if (own.accountId === user.accountId) {
    return { status: "blocked", by: [{ what: "our own API token belongs to this account: give Signoff another one" }] };
  }
  return act(client, user, place, own);
}

async function act(client: Client, user: User, place: Place, own: User): Promise<Revoked> {
  const account = user.accountId;
  switch (place.kind) {
    case "group":
      return leaveGroup(client, user, place, own);
    case "role": {
      if (place.group !== undefined) return { status: "elsewhere", where: "the Jira group that gives this role" };
      const at = { projectIdOrKey: place.project, id: place.id, user: account };
      return removed(client, user, place, await client.send((jira, to) => jira.deleteActor(to, at)));
    }
    case "default-role": {
      const at = { id: Number(place.id), user: account };
      return removed(
        client,
        user,
        place,
        await client.send((jira, to) => jira.deleteProjectRoleActorsFromRole(to, at)),
      );
    }
    case "api-token":
      return removed(client, user, place, await client.organization?.removeToken(account, place.id));
    case "admin":
      return {
        status: "elsewhere",
        where: `the account still administers Jira by a group that is filled elsewhere or an organization role: admin.atlassian.com, the user, roles`,
      };
    case "account":
      return suspend(client, account);
    default:
      return place satisfies never;
  }
}

async function leaveGroup(client: Client, user: User, place: Place & { kind: "group" }, own: User): Promise<Revoked> {
  const admins = await listAdminGroups(client);
  const { id: groupId } = place;
  if (admins.site.has(groupId)) {
    const last = await lastMember(client, groupId, user.accountId);
    if (last) return { status: "blocked", by: [last] };
  }
  try {
    const at = { groupId, accountId: user.accountId };
    return await removed(client, user, place, await client.send((jira, to) => jira.removeUserFromGroup(to, at)));
  } catch (error) {
    if (!(error instanceof SystemError) || error.failure.code !== "forbidden") throw error;
    // A site administrator is refused only where the group is not Jira's to change.
    const ours = await listGroups(client, own.accountId);
    if (ours.some((group) => admins.site.has(group.groupId))) {
      return { status: "elsewhere", where: "the identity provider that fills this group, or admin.atlassian.com" };
    }
    throw new SystemError(
      { code: "forbidden", scope: "site administration (a group of site administrators)" },
      { cause: error },
    );
  }
}

async function lastMember(client: Client, groupId: string, accountId: string): Promise<Blocker | undefined> {
  const members = await client.list(User, (startAt, jira, to) =>
    jira.getUsersFromGroup(to, { groupId, startAt, maxResults: 50 }),
  );
  if (members.items.some((member) => member.accountId !== accountId)) return undefined;
  return {
    what: "the account is the last site administrator: add another one first",
    url: "https://admin.atlassian.com",
  };
}

/** Suspends in every directory that lets the account in; without the organization's key a human does it. */
async function suspend(client: Client, account: string): Promise<Revoked> {
  const { organization } = client;
  const held = ((await organization?.findMemberships(account)) ?? []).filter(isOpen);
  if (!organization || held.length === 0) {
    const where = `admin.atlassian.com, Directory, Users, account ${account}: suspend access. Signoff has no key of the organization that could`;
    return { status: "elsewhere", where };
  }
  let answer: Answer<unknown> | undefined;
  for (const { directoryId } of held) answer = await organization.suspend(directoryId, account);
  return receipt(answer);
}

/** 404 says that it is gone, or was never shown: a read decides. */
async function removed(
  client: Client,
  user: User,
  place: Place,
  answer: Answer<unknown> | undefined,
): Promise<Revoked> {
  if (answer) return receipt(answer);
  const reading = await readPlace(client, user, place);
  if (reading.state === "absent") return { status: "already-gone" };
  throw new SystemError({ code: "refused", reason: "Jira lists it and does not find it" });
}

function receipt(answer: Answer<unknown> | undefined): Revoked {
  return { status: "revoked", ...(answer?.requestId ? { receipt: answer.requestId } : {}) };
}
