import type { Seen } from "./front.ts";
import { type Answer, fault, type Json, linkTo, paged } from "./okta-inside.ts";

interface Event {
  readonly uuid: string;
  readonly published: string;
  readonly eventType: string;
  readonly actor: Json;
  readonly target: readonly Json[];
  readonly outcome: Json;
  readonly [more: string]: unknown;
}

const TERMS: Record<string, (event: Event) => readonly unknown[]> = {
  eventType: (event) => [event.eventType],
  "actor.id": (event) => [event.actor["id"]],
  "target.id": (event) => event.target.map((one) => one["id"]),
  "outcome.result": (event) => [event.outcome["result"]],
};

/** The System Log, which shows events late. */
export class OktaLog {
  readonly #events: Event[] = [];
  /** Events that are published later than this (milliseconds since 1970) are not shown yet. */
  shownUntil = Number.POSITIVE_INFINITY;

  /** `more` are fields beside these, or in their place: `published`, `client`. */
  write(eventType: string, actor: string, targets: readonly string[], result = "SUCCESS", more: Json = {}): Event {
    // Strictly later than the last one, which the clock alone does not promise.
    const last = Date.parse(this.#events.at(-1)?.published ?? "") || 0;
    const event = {
      uuid: `event-${this.#events.length + 1}`,
      published: new Date(Math.max(Date.now(), last + 1)).toISOString(),
      eventType,
      actor: { id: actor, type: "User" },
      target: targets.map((id) => ({ id, type: "User" })),
      outcome: { result },
      ...more,
    };
    this.#events.push(event);
    return event;
  }

  /** Understands `a eq "b" and c eq "d"`, which is all that is asked here. */
  answer(seen: Seen): Answer {
    const filter = seen.query.get("filter");
    const terms = filter === null ? [] : filter.split(" and ").map((term) => /^([\w.]+) eq "([^"]*)"$/.exec(term));
    if (terms.some((term) => !(term && TERMS[term[1] ?? ""]))) return fault(400, "E0000053", "Invalid filter");
    const since = timeOf(seen, "since") ?? 0;
    const until = timeOf(seen, "until") ?? Number.POSITIVE_INFINITY;
    const shown = this.#events
      .filter((event) => {
        const at = Date.parse(event.published);
        const holds = terms.every((term) => TERMS[term?.[1] ?? ""]?.(event).includes(term?.[2]));
        return at >= since && at <= Math.min(until, this.shownUntil) && holds;
      })
      .toSorted((one, other) => Date.parse(one.published) - Date.parse(other.published));
    const descending = seen.query.get("sortOrder") === "DESCENDING";
    const page = paged(descending ? shown.reverse() : shown, seen, 100, 1000);
    // Ascending without an end is how a poll asks: its last page too links to what may come.
    const polls = !descending && !seen.query.has("until");
    return polls && page.status === 200 && !page.link ? { ...page, link: linkTo(seen, shown.length) } : page;
  }
}

function timeOf(seen: Seen, name: string): number | undefined {
  return Date.parse(seen.query.get(name) ?? "") || undefined;
}
