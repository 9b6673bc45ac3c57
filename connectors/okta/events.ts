import { isIP } from "node:net";
import { type Account, type ObservedEvent, SystemError } from "../connector.ts";
import { getStanding } from "./accounts.ts";
import type { Answer, Client } from "./client.ts";
import { LogEvent } from "./schema.ts";

// The System Log: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
// It is eventually consistent: an event shows seconds to minutes after it happened, also between two that showed before.

const LOG_DAYS = 90;
const DAY_MS = 86_400_000;
const AT = "/api/v1/logs";
/** What an id may be made of here: nothing that could end its quotes in a filter. */
const ID = /^[\w-]{1,100}$/;

/** How far back the log goes. */
export function logStart(now: Date): Date {
  return new Date(now.getTime() - LOG_DAYS * DAY_MS);
}

/** Whether an account did it, or it was done to the account. */
type Role = "actor.id" | "target.id";

/** Events of this account in this role from `since` to now, oldest first, each once. Complete or a SystemError. */
export async function* readEvents(
  client: Client,
  account: Account,
  role: Role,
  since: Date,
): AsyncGenerator<ObservedEvent, void> {
  const { id } = account;
  const until = client.call.now();
  if (!ID.test(id)) throw new SystemError({ code: "refused", reason: "this is no id of an Okta account" });
  if (since < logStart(until)) {
    throw new SystemError({ code: "refused", reason: `Okta's System Log goes back ${LOG_DAYS} days only` });
  }
  // To a lesser role the log may show a part, which would look whole.
  await getStanding(client);
  // Their clock may be ahead of ours. What is asked from then on comes later.
  if (since > until) return;
  const filter = `${role} eq "${id}"`;
  const query = {
    filter,
    since: since.toISOString(),
    // Without an end it would be a poll, whose last page links to itself, and which counts by when an event was stored.
    until: until.toISOString(),
    sortOrder: "ASCENDING",
    limit: "1000",
  };
  const seen = new Set<string>();
  for await (const page of client.pages(LogEvent, AT, query)) {
    for (const event of page.body) {
      const at = timeOf(event);
      // Filters compare as Okta likes, perhaps without regard to case: whose event it is, is decided here.
      if (seen.has(event.uuid) || at < since || !idsOf(event, role).includes(id)) continue;
      seen.add(event.uuid);
      yield observed(event, at, page, filter);
    }
  }
}

function idsOf(event: LogEvent, role: Role): readonly string[] {
  const named = role === "actor.id" ? [event.actor] : (event.target ?? []);
  return named.flatMap((one) => one?.id || []);
}

function timeOf(event: LogEvent): Date {
  const at = new Date(event.published);
  if (!Number.isNaN(at.getTime())) return at;
  throw new SystemError({ code: "unreachable" }, { message: `Okta answered ${AT} with an event without a time` });
}

/** Only ids and Okta's own words: messages, names and `debugContext` hold addresses of requests, tokens in them. */
function observed(event: LogEvent, at: Date, page: Answer<unknown>, filter: string): ObservedEvent {
  const { uuid: id, eventType: kind } = event;
  const [actor] = idsOf(event, "actor.id");
  const targets = idsOf(event, "target.id");
  const outcome = event.outcome?.result || undefined;
  const address = event.client?.ipAddress ?? "";
  const ip = isIP(address) === 0 ? undefined : address;
  const told = { ...(actor ? { actor } : {}), targets, ...(outcome ? { outcome } : {}), ...(ip ? { ip } : {}) };
  return {
    id,
    at,
    kind,
    ...told,
    evidence: {
      request: `GET ${AT}, ${filter}`,
      ...(page.requestId ? { requestId: page.requestId } : {}),
      answer: JSON.stringify({ uuid: id, published: event.published, eventType: kind, ...told }),
    },
  };
}
