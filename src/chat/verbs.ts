import type { Mention } from "./intent.ts";
import type { Ask } from "./message.ts";

/** The words that may follow `/offboard` instead of a person. Every surface reads them here, and `help` explains each. */
export const VERBS = ["list", "status", "cancel", "reschedule", "undo", "pause", "resume", "help"] as const;
export type Verb = (typeof VERBS)[number];

/** A note's greatest length; more is no reason but a letter. */
const NOTE = 200;

/**
 * What a verb and the text after it ask for. `undefined` if it is none, or if it stands where a name may stand as well: a
 * person called `list` is still a person. `whoOf` reads whom a text means.
 */
export function askOfVerb(
  verb: string,
  after: string,
  whoOf: (text: string) => { readonly who: Mention; readonly rest: string },
): Ask | undefined {
  const rest = after.trim();
  switch (verb.toLowerCase()) {
    case "list":
      return rest === "" ? { kind: "list-cases" } : undefined;
    case "status":
    case "show":
    // The case is shown with its button, which asks before it is done.
    case "cancel":
      return { kind: "case-status", who: whoOf(after).who };
    case "reschedule": {
      const said = whoOf(after);
      return { kind: "reschedule-of", who: said.who, ...(said.rest === "" ? {} : { words: said.rest.slice(0, NOTE) }) };
    }
    case "undo":
      return { kind: "undo-of", who: whoOf(after).who };
    case "pause":
      return { kind: "pause", ...(rest === "" ? {} : { note: rest.slice(0, NOTE) }) };
    case "resume":
      return rest === "" ? { kind: "resume" } : undefined;
    default:
      return undefined;
  }
}
