import { type Reading, SystemError, type WorkItem } from "../connector.ts";
import { getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { shown } from "./moved.ts";
import { Issue } from "./schema.ts";
import { isNumbered, locate } from "./work.ts";

/** Kinds that GitHub closes, and whoever may can open again. */
export const CLOSABLE = ["pull-request", "issue"] as const;

/** Closes an issue or pull request and reads it back. Closed already is a success. */
export async function close(client: Client, item: WorkItem): Promise<Reading> {
  await getStanding(client);
  const at = await locate(client, item);
  if (!at) return shown(client, item, "absent", { repository: "gone" });
  if (!isNumbered(at)) throw new SystemError({ code: "refused", reason: `${item.kind} cannot be closed` });
  const where = { owner: client.org, repo: at.repo.name };
  const [path, numbered] =
    at.kind === "issue"
      ? ["/repos/{owner}/{repo}/issues/{issue_number}", { ...where, issue_number: at.number }]
      : ["/repos/{owner}/{repo}/pulls/{pull_number}", { ...where, pull_number: at.number }];
  const read = async () => (await client.get(Issue, `GET ${path}`, numbered)).body;
  if ((await read()).state === "open") await client.send(`PATCH ${path}`, { ...numbered, state: "closed" });
  const { state } = await read();
  return shown(client, item, state === "closed" ? "absent" : "present", { state });
}
