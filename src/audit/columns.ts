import { safeText } from "../core/text.ts";
import type { Actor, Entry } from "./entry.ts";

/** The columns that repeat a part of an entry, for queries only. They prove nothing; `verify` compares them. */
export interface Columns {
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly caseId: string | null;
  readonly actorId: string;
  readonly targetKind: string;
  readonly targetId: string;
  readonly system: string | null;
}

/** An entry's columns, in stored form (`safeText`): whoever asks by them makes what they ask for safe first. */
export function columnsOf(entry: Entry): Columns {
  return {
    at: safeText(entry.at),
    action: safeText(entry.action),
    outcome: entry.outcome,
    caseId: entry.case === null ? null : safeText(entry.case),
    actorId: safeText(actorId(entry.actor)),
    targetKind: safeText(entry.target.kind),
    targetId: safeText(entry.target.id),
    system: entry.target.system === undefined ? null : safeText(entry.target.system),
  };
}

/** One text for an actor: a person's id as it is, the others with what they are. */
export function actorId(actor: Actor): string {
  switch (actor.kind) {
    case "person":
      return actor.id;
    case "signoff":
      return "signoff";
    case "operator":
      return `operator:${actor.user}`;
    case "account":
      return `account:${actor.system}:${actor.id}`;
    default:
      return actor satisfies never;
  }
}
