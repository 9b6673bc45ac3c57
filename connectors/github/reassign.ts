import { z } from "zod";
import { type Account, type Reading, SystemError, type WorkItem } from "../connector.ts";
import { getLogin, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { cannotTake, shown } from "./moved.ts";
import { Comment, Issue, Pull, type SimpleUser } from "./schema.ts";
import { takeOver } from "./take-over.ts";
import { ASSIGNABLE, isId, isNumbered, type Located, locate } from "./work.ts";

/**
 * Makes `to` the assignee, or the reviewer where a review was asked for, and says so in one neutral comment; whoever
 * had it before is taken off. Done twice it changes nothing more. GitHub drops assignees it does not accept without a
 * word, so success is what a fresh read shows. A pull request keeps its author: GitHub cannot change that.
 */
export async function reassign(client: Client, item: WorkItem, to: Account): Promise<Reading> {
  const standing = await getStanding(client);
  const at = await locate(client, item);
  if (!at) return shown(client, item, "absent", { repository: "gone" });
  if (!isNumbered(at)) return takeOver(client, item, at, to, standing);
  const where = { owner: client.org, repo: at.repo.name };
  const before = await readState(client, at);
  if (before.state !== "open") return shown(client, item, "absent", { state: before.state });
  const login = await getLogin(client, to.id);
  const holders = (state: Pull | Issue) =>
    at.kind === "review-request" ? reviewersOf(state) : (state.assignees ?? []);
  if (!holders(before).some(isId(to.id))) {
    const allowed = await client.find(z.unknown(), ASSIGNABLE, { ...where, assignee: login });
    if (!allowed) throw cannotTake(login);
    await give(client, at, login);
    if (!holders(await readState(client, at)).some(isId(to.id))) throw cannotTake(login);
  }
  const leaver = holders(before).find(isId(item.account));
  if (leaver && to.id !== item.account) await takeOff(client, at, await getLogin(client, item.account));
  await commentOnce(client, at, item, { id: to.id, login }, String(standing.own.id));
  const after = await readState(client, at);
  if (!holders(after).some(isId(to.id))) throw cannotTake(login);
  if (to.id !== item.account && holders(after).some(isId(item.account))) {
    throw new SystemError({ code: "refused", reason: "the one who had it before is still on it" });
  }
  return shown(client, item, "present", { state: after.state, holder: to.id });
}

async function give(client: Client, at: Located, login: string): Promise<void> {
  const where = { owner: client.org, repo: at.repo.name };
  if (at.kind === "review-request") {
    const route = "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";
    await client.send(route, { ...where, pull_number: at.number, reviewers: [login] });
  } else {
    const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/assignees";
    await client.send(route, { ...where, issue_number: at.number, assignees: [login] });
  }
}

async function takeOff(client: Client, at: Located, login: string): Promise<void> {
  const where = { owner: client.org, repo: at.repo.name };
  if (at.kind === "review-request") {
    const route = "DELETE /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";
    await client.send(route, { ...where, pull_number: at.number, reviewers: [login] });
  } else {
    const route = "DELETE /repos/{owner}/{repo}/issues/{issue_number}/assignees";
    await client.send(route, { ...where, issue_number: at.number, assignees: [login] });
  }
}

/** The comment carries the item and the taker in a hidden mark, by which a second try knows that it is there. */
async function commentOnce(
  client: Client,
  at: Located,
  item: WorkItem,
  to: { readonly id: string; readonly login: string },
  own: string,
): Promise<void> {
  const where = { owner: client.org, repo: at.repo.name, issue_number: at.number };
  const mark = `<!-- handover ${item.id} to ${to.id} -->`;
  const route = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  const comments = await client.list(Comment, `GET ${route}`, where);
  if (comments.items.some((comment) => isId(own)(comment.user) && comment.body?.includes(mark))) return;
  const what = at.kind === "review-request" ? "this review" : at.kind === "issue" ? "this issue" : "this pull request";
  await client.send(`POST ${route}`, { ...where, body: `@${to.login} takes over ${what}.\n\n${mark}` });
}

async function readState(client: Client, at: Located): Promise<Pull | Issue> {
  const where = { owner: client.org, repo: at.repo.name };
  if (at.kind === "issue") {
    const route = "GET /repos/{owner}/{repo}/issues/{issue_number}";
    return (await client.get(Issue, route, { ...where, issue_number: at.number })).body;
  }
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  return (await client.get(Pull, route, { ...where, pull_number: at.number })).body;
}

function reviewersOf(state: Pull | Issue): readonly SimpleUser[] {
  return "requested_reviewers" in state ? (state.requested_reviewers ?? []) : [];
}
