import { z } from "zod";
import { type Account, type Reading, SystemError, type WorkItem } from "../connector.ts";
import { getLogin, type Standing } from "./accounts.ts";
import type { Client } from "./client.ts";
import { DUTIES } from "./duties.ts";
import { cannotTake, shown } from "./moved.ts";
import { Issue } from "./schema.ts";
import { ASSIGNABLE, isId, type LocatedDuty } from "./work.ts";

/**
 * Hands over what has no owner's field on GitHub: one issue in the repository, assigned to the taker, which says what
 * is to be done and nothing of the reason. Done twice it stays one issue. Success is what a fresh read shows.
 */
export async function takeOver(
  client: Client,
  item: WorkItem,
  at: LocatedDuty,
  to: Account,
  standing: Standing,
): Promise<Reading> {
  const where = { owner: client.org, repo: at.repo.name };
  if (at.repo.has_issues === false || at.repo.archived) {
    throw new SystemError({ code: "refused", reason: `${at.repo.full_name} takes no issues: hand it over by hand` });
  }
  const login = await getLogin(client, to.id);
  const allowed = await client.find(z.unknown(), ASSIGNABLE, { ...where, assignee: login });
  if (!allowed) throw cannotTake(login);
  const mark = `<!-- handover ${item.id} -->`;
  const read = async () => {
    const list = { ...where, creator: standing.own.login, state: "all" };
    const issues = await client.list(Issue, "GET /repos/{owner}/{repo}/issues", list);
    return issues.items.find((issue) => isId(String(standing.own.id))(issue.user) && issue.body?.includes(mark));
  };
  const before = await read();
  if (before?.state === "closed")
    return shown(client, item, "absent", { issue: String(before.number), state: "closed" });
  if (!before) {
    const facts = item.facts.map((fact) => `- ${fact}`).join("\n");
    const body = `@${login} takes this over. ${DUTIES[at.kind].ask}\n\n${facts}\n\n${mark}`;
    await client.send("POST /repos/{owner}/{repo}/issues", { ...where, title: item.title, body, assignees: [login] });
  } else if (!before.assignees?.some(isId(to.id))) {
    const route = "/repos/{owner}/{repo}/issues/{issue_number}/assignees";
    const others = before.assignees?.map((one) => one.login) ?? [];
    await client.send(`POST ${route}`, { ...where, issue_number: before.number, assignees: [login] });
    if (others.length > 0) {
      await client.send(`DELETE ${route}`, { ...where, issue_number: before.number, assignees: others });
    }
  }
  const after = await read();
  if (!after?.assignees?.some(isId(to.id))) throw cannotTake(login);
  return shown(client, item, "present", { issue: String(after.number), state: after.state, holder: to.id });
}
