import { type Reading, SystemError, type WorkItem } from "../connector.ts";
import type { Client } from "./client.ts";

/** GitHub drops an assignee without access in silence. */
export function cannotTake(login: string): SystemError {
  return new SystemError({ code: "refused", reason: `${login} cannot be assigned: has no access` });
}

/** What was read of an item after it moved. */
export function shown(
  client: Client,
  item: WorkItem,
  state: "present" | "absent",
  answer: Readonly<Record<string, string>>,
): Reading {
  return {
    state,
    readAt: client.call.now(),
    evidence: { request: `GET ${item.id} in ${item.container}`, answer: JSON.stringify({ item: item.id, ...answer }) },
  };
}
