import { type Reading, SystemError, type WorkItem } from "../connector.ts";
import { getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { shown } from "./read-back.ts";
import { Issue, Transitions } from "./schema.ts";
import { workOf } from "./work.ts";

/** Kinds that can be closed. Filters and dashboards would have to be deleted, and nobody could open them again. */
export const CLOSABLE = ["issue"] as const;

/** Moves a ticket to a status that its project counts as done, and reads it back. Done already is a success. */
export async function close(client: Client, item: WorkItem): Promise<Reading> {
  await getStanding(client);
  const { kind, id: issueIdOrKey } = workOf(item);
  if (kind !== "issue") throw refused(`a ${kind} cannot be closed`);
  const fields = ["status"];
  const read = async () => {
    const issue = await client.find(Issue, (jira, to) => jira.getIssue(to, { issueIdOrKey, fields }));
    if (!issue) throw refused("Jira shows this ticket no more: deleted, or hidden from our credential");
    return issue.body.fields.status?.statusCategory?.key;
  };
  if ((await read()) !== "done") {
    const { transitions } = (await client.get(Transitions, (jira, to) => jira.getTransitions(to, { issueIdOrKey })))
      .body;
    const done = transitions.find((one) => one.to?.statusCategory?.key === "done");
    if (!done) throw refused("its workflow has no step from here to a status that counts as done");
    await client.send((jira, to) => jira.doTransition(to, { issueIdOrKey, transition: { id: done.id } }));
  }
  const category = await read();
  const request = `GET /rest/api/3/issue/${issueIdOrKey}`;
  // `shown` says whether it needs an owner: what is done needs none.
  return shown(client, category !== "done", request, { item: item.id, category: category ?? null });
}

function refused(reason: string): SystemError {
  return new SystemError({ code: "refused", reason });
}
