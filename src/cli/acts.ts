import { userInfo } from "node:os";
import { actorName } from "../chat/acts-content.ts";
import { isRefusal } from "../chat/desk.ts";
import { actsAnswer } from "../chat/messages/acts.ts";
import { type PauseAnswer, pauseActs, pauseActsHere, resumeActs } from "../workflow/pause.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { type AsOptions, answer, refuse, requestHere } from "./as.ts";
import type { Terminal } from "./say.ts";

/** What `pause` takes: a brake needs no name, lifting it does. */
export interface PauseOptions {
  readonly as?: string;
  readonly note?: string;
  readonly json?: boolean;
}

/** `signoff pause`. @returns the exit code */
export async function pauseCommand(w: Workflow, options: PauseOptions, terminal: Terminal): Promise<number> {
  const paused =
    options.as === undefined
      ? await pauseActsHere(w, userInfo().username, options.note)
      : await pauseActs(w, requestHere({ as: options.as }), options.note);
  if (isRefusal(paused)) return refuse(terminal, options, paused);
  const message = actsAnswer(paused.kind === "paused" ? paused : await already(w, paused));
  return answer(terminal, options, { ok: true, message, json: { kind: paused.kind } });
}

/** `signoff resume`: by another person than who paused. @returns the exit code */
export async function resumeCommand(w: Workflow, options: AsOptions, terminal: Terminal): Promise<number> {
  const resumed = await resumeActs(w, requestHere(options));
  if (isRefusal(resumed)) return refuse(terminal, options, resumed);
  const ok = resumed.kind === "resumed" || resumed.kind === "running";
  return answer(terminal, options, { ok, message: actsAnswer(resumed), json: { kind: resumed.kind } });
}

async function already(w: Workflow, { by, at }: Extract<PauseAnswer, { kind: "already-paused" }>) {
  const name = await w.store.db.transaction((tx) => actorName(tx, w, by));
  return { kind: "already-paused", by: name, at } as const;
}
