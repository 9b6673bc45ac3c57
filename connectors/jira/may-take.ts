import type { Account, Taking, WorkItem } from "../connector.ts";
import { findById, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { Issue } from "./schema.ts";
import { isAssignable } from "./suggest.ts";
import { workOf } from "./work.ts";

/** Whether an account can be given an item: it is active, and may be assigned where that is asked. */
export async function mayTake(client: Client, item: WorkItem, to: Account): Promise<Taking> {
  await getStanding(client);
  const taker = await findById(client, to.id);
  const name = taker?.displayName ?? to.name ?? to.id;
  if (!taker || taker.active === false)
    return {
      may: false,
      why: `${name} has no active account`,
      access: `${name} needs an active account in ${client.site}: whoever administers the site can give it`,
    };
  const { kind, id: issueIdOrKey } = workOf(item);
  if (kind !== "issue") return { may: true };
  const issue = await client.find(Issue, (jira, via) => jira.getIssue(via, { issueIdOrKey, fields: ["status"] }));
  // Nothing is there to take; the move finds that out.
  if (!issue || (await isAssignable(client, issue.body.key, taker.accountId))) return { may: true };
  return {
    may: false,
    why: `${name} cannot be assigned in ${item.container}`,
    access: `${name} needs the permission Assignable User in ${item.container}: an administrator of the project can give it`,
  };
}
