import { z } from "zod";
import type { Account, Taking, WorkItem } from "../connector.ts";
import { getLogin, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { Pull } from "./schema.ts";
import { ASSIGNABLE, isId, isNumbered, locate } from "./work.ts";

/** Whether an account can be given an item now. Nobody reviews a pull request of their own, and GitHub assigns only who has access. */
export async function mayTake(client: Client, item: WorkItem, to: Account): Promise<Taking> {
  await getStanding(client);
  const at = await locate(client, item);
  // Nothing is there to take; the move finds that out and ends it.
  if (!at) return { may: true };
  const where = { owner: client.org, repo: at.repo.name };
  if (isNumbered(at) && at.kind === "review-request") {
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
    const pull = (await client.find(Pull, route, { ...where, pull_number: at.number }))?.body;
    if (isId(to.id)(pull?.user)) return { may: false, why: "it is a review of their own pull request" };
  }
  const login = await getLogin(client, to.id);
  if (await client.find(z.unknown(), ASSIGNABLE, { ...where, assignee: login })) return { may: true };
  return {
    may: false,
    why: `${login} has no access to ${at.repo.full_name}`,
    access: `${login} needs access to ${at.repo.full_name}: an administrator of the repository can give it`,
  };
}
