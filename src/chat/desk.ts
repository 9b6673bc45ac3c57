import type { Log } from "../../connectors/connector.ts";
import type { Witness } from "../audit/verify.ts";
import type { Refusal, Request } from "../workflow/ask.ts";
import type { ChatAccount } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import type { Intent, Member } from "./intent.ts";
import type { LiveHomes } from "./live-homes.ts";
import { refusalMessage } from "./messages/answers.ts";
import type { ChatSurface, Reply } from "./surface.ts";

/** What answering people needs. */
export interface Deps {
  readonly workflow: Workflow;
  readonly surfaces: ReadonlyMap<ChatSurface["id"], ChatSurface>;
  readonly log: Log;
  /** Pages that are looked at, so that they follow what happens. */
  readonly homes?: LiveHomes;
  /** Checkpoints kept outside the database, such as the file beside it. */
  readonly readWitnesses?: () => Promise<readonly Witness[]>;
}

/** Where an intent came from. */
export function surfaceOf(deps: Deps, intent: Pick<Intent, "by">): ChatSurface {
  const surface = deps.surfaces.get(intent.by.surface);
  if (!surface) throw new RangeError(`nothing listens on ${intent.by.surface}`);
  return surface;
}

/** A chat account as the workflow takes it. */
export function accountOf({ surface, id, name, email, kind }: Member): ChatAccount {
  return { surface, id, name, kind, ...(email === undefined ? {} : { email }) };
}

/** An intent's who and which. */
export function requestOf(intent: Pick<Intent, "by" | "requestId">): Request {
  return { by: accountOf(intent.by), requestId: intent.requestId };
}

/** Says why nothing was done. A re-delivery stays unanswered. */
export async function sayRefusal(reply: Reply, refusal: Refusal): Promise<void> {
  const message = refusalMessage(refusal);
  if (message) await reply.say(message);
}

/** Tells refusals from the answers of an act. */
export function isRefusal<T extends { readonly kind: string }>(
  answer: T | Refusal,
): answer is Extract<T | Refusal, Refusal> {
  return ["stranger", "forbidden", "repeated", "missing"].includes(answer.kind);
}
