import { z } from "zod";
import { type Suggestion, SystemError, type WorkItem } from "../connector.ts";
import { accountOf, findById, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { Commit, Pull, Review, type SimpleUser } from "./schema.ts";
import { ASSIGNABLE, isId, isNumbered, locate } from "./work.ts";

const MOST = 3;

/**
 * Up to three people who know the item: asked reviewers, those who reviewed, other assignees, recent committers of the
 * repository. Never bots, never the one who has it, and only who can be assigned there.
 */
export async function suggestOwners(client: Client, item: WorkItem): Promise<Suggestion[]> {
  await getStanding(client);
  const at = await locate(client, item);
  if (!at) return [];
  const where = { owner: client.org, repo: at.repo.name };
  const why = new Map<string, string>();
  let author: SimpleUser | null | undefined;
  const consider = (user: SimpleUser | null | undefined, reason: string) => {
    if (user?.type !== "User" || user.login.endsWith("[bot]") || isId(item.account)(user)) return;
    // Nobody can review a pull request of their own.
    if (at.kind === "review-request" && author && user.id === author.id) return;
    if (!why.has(String(user.id))) why.set(String(user.id), reason);
  };
  if (isNumbered(at) && at.kind !== "issue") {
    const numbered = { ...where, pull_number: at.number };
    const pull = (await client.get(Pull, "GET /repos/{owner}/{repo}/pulls/{pull_number}", numbered)).body;
    author = pull.user;
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
    for (const review of (await client.list(Review, route, numbered)).items) consider(review.user, "reviewed it");
    for (const user of pull.requested_reviewers ?? []) consider(user, "is asked to review it");
    for (const user of pull.assignees ?? []) consider(user, "is assigned to it");
  }
  // A hundred commits are enough to know who works here; this is advice and not an inventory.
  const commits = await readCommits(client, where);
  const counts = new Map<number, { user: SimpleUser; commits: number }>();
  for (const { author: by } of commits) {
    if (by) counts.set(by.id, { user: by, commits: (counts.get(by.id)?.commits ?? 0) + 1 });
  }
  for (const { user, commits: count } of [...counts.values()].sort((a, b) => b.commits - a.commits)) {
    consider(user, `${count} of the last ${commits.length} commits in ${at.repo.full_name}`);
  }
  const suggestions: Suggestion[] = [];
  for (const [id, reason] of why) {
    if (suggestions.length === MOST) break;
    const user = await findById(client, id);
    const account = user && accountOf(client, user);
    if (!account) continue;
    const parameters = { ...where, assignee: account.login };
    const allowed = await client.find(z.unknown(), ASSIGNABLE, parameters);
    if (allowed) suggestions.push({ account, why: reason });
  }
  return suggestions;
}

async function readCommits(client: Client, where: Record<string, string>): Promise<Commit[]> {
  try {
    return (await client.get(Commit.array(), "GET /repos/{owner}/{repo}/commits", { ...where, per_page: 100 })).body;
  } catch (error) {
    // An empty repository answers 409.
    if (error instanceof SystemError && error.failure.code === "conflict") return [];
    throw error;
  }
}
