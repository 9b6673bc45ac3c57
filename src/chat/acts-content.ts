import type { Actor } from "../audit/entry.ts";
import type { Tx } from "../store/open.ts";
import { namesOf } from "../workflow/known-people.ts";
import { type ActsState, readActs, type Turn } from "../workflow/pause.ts";
import type { Workflow } from "../workflow/workflow.ts";
import type { ActsView, TurnView } from "./messages/acts.ts";

/** What the log says of pausing, with names. */
export async function loadActs(tx: Tx, w: Workflow): Promise<ActsView> {
  const state = await readActs(tx, w);
  const turn = turnOf(state);
  return turn ? { kind: state.kind, turn: await named(tx, w, turn) } : { kind: state.kind };
}

/** Who an actor is, for people. */
export async function actorName(tx: Tx, w: Workflow, actor: Actor): Promise<string> {
  switch (actor.kind) {
    case "person":
      return (await namesOf(tx, w, [actor.id])).get(actor.id) ?? actor.id;
    case "operator":
      return `${actor.user} on the command line`;
    case "signoff":
      return "Signoff";
    case "account":
      return `${actor.system} account ${actor.id}`;
    default:
      return actor satisfies never;
  }
}

function turnOf(state: ActsState): Turn | undefined {
  if (state.kind === "paused") return state.paused;
  return state.kind === "running" ? state.resumed : undefined;
}

async function named(tx: Tx, w: Workflow, { by, at }: Turn): Promise<TurnView> {
  return { by: await actorName(tx, w, by), at };
}
