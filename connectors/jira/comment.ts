import { SystemError, type WorkItem } from "../connector.ts";
import { findById } from "./accounts.ts";
import type { Client } from "./client.ts";
import type { User } from "./schema.ts";
import { listComments } from "./suggest.ts";

/** Where a comment of ours carries what it is about; a second try knows it by that. */
const PROPERTY = "signoff.handover";

/**
 * One comment on a ticket that says from whom it went to whom, and nothing of why. Gives whether it is there: a ticket that
 * moved is not held up by a comment that may not be written.
 */
export async function handOverComment(client: Client, item: WorkItem, taker: User, own: User): Promise<boolean> {
  const issueIdOrKey = item.id.slice(item.id.indexOf(":") + 1);
  const mark = `${item.id} from ${item.account} to ${taker.accountId}`;
  const comments = await listComments(client, issueIdOrKey);
  const isOurs = comments.some(
    ({ author, properties }) =>
      author?.accountId === own.accountId &&
      properties?.some((one) => one.key === PROPERTY && markOf(one.value) === mark),
  );
  if (isOurs) return true;
  const from = await findById(client, item.account);
  const body = documentOf(nameOf(from), taker);
  const properties = [{ key: PROPERTY, value: { mark } }];
  try {
    return (await client.send((jira, to) => jira.addComment(to, { issueIdOrKey, body, properties }))) !== undefined;
  } catch (error) {
    if (!(error instanceof SystemError) || error.failure.code !== "forbidden") throw error;
    client.call.log.warn(
      { item: item.id },
      "the handover could not be commented: the permission Add comments is missing",
    );
    return false;
  }
}

/** Atlassian's document format. The new owner is mentioned, so that Jira tells them; the one before is only named. */
function documentOf(from: string, taker: User) {
  const mention = { type: "mention", attrs: { id: taker.accountId, text: `@${nameOf(taker)}` } };
  const content = [{ type: "text", text: `Handed over from ${from} to ` }, mention, { type: "text", text: "." }];
  return { type: "doc" as const, version: 1, content: [{ type: "paragraph", content }] };
}

function nameOf(user: User | undefined): string {
  const name = (user?.displayName ?? "").toWellFormed().replace(/\p{C}/gu, "").trim();
  return name || "the owner before";
}

function markOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "mark" in value ? value.mark : undefined;
}
