import { z } from "zod";
import { FIELDS, type ReadAnswers, readAnswers } from "../forms.ts";
import { Asked } from "../intent.ts";
import type { Answers, Ask, FormKind } from "../message.ts";
import { type Activity, mentionsOf, rootOf } from "./activity.ts";
import { readCommand } from "./command.ts";
import { objectId } from "./members.ts";

// What the Bot Connector sends, parsed, as what a person asks for. Teams sends an activity again that it thinks was not
// answered, with the same id and another time; `requestId` is made of the id, so that the database takes it once.

/** Routes a card's action; without a verb nothing of it arrives. */
export const VERBS = { ask: "signoff.ask", form: "signoff.form", refresh: "signoff.refresh" } as const;

/** One thing that somebody did in Teams. */
export interface Reading {
  /** Entra object id. */
  readonly memberId: string;
  readonly requestId: string;
  readonly place: Place;
  /** `undefined`: a button of another version of ours, or none of ours. */
  readonly ask: Ask | undefined;
  /** The dialog it comes from. */
  readonly form?: FormReading;
  /** How it is answered: by a message, in the card, in a dialog. `refresh` changes nothing and is asked for by Teams itself. */
  readonly by: "message" | "card" | "refresh" | "dialog" | "submission";
}

export interface FormReading {
  readonly kind: FormKind;
  readonly carried: Readonly<Record<string, string>>;
  readonly answers: Answers;
  readonly read: ReadAnswers;
}

/** Where it was said. */
export interface Place {
  readonly conversationId: string;
  readonly serviceUrl: string;
  readonly personal: boolean;
  /** The message that the card stands in. */
  readonly messageId?: string;
}

const Ours = z.object({
  signoff: z.union([
    z.object({ ask: z.unknown() }),
    z.object({
      form: z.string(),
      carried: z.record(z.string(), z.string()).default({}),
      many: z.array(z.string()).default([]),
    }),
  ]),
});
const Execute = z.object({
  action: z.object({ verb: z.string().nullish(), data: z.unknown().optional() }),
  trigger: z.string().nullish(),
});
const Dialog = z.object({ data: z.unknown().optional() });

/** What somebody did; `undefined` for what is nothing that anybody asks us. */
export function readActivity(activity: Activity): Reading | undefined {
  const memberId = objectId(activity.from.aadObjectId);
  if (memberId === undefined || !activity.id) return undefined;
  const reading = {
    memberId,
    requestId: ["teams", rootOf(activity.conversation.id), activity.id, memberId].join(":"),
    place: placeOf(activity),
  };
  if (activity.type === "message") return { ...reading, ...ofMessage(activity) };
  if (activity.type !== "invoke") return undefined;
  switch (activity.name) {
    case "adaptiveCard/action": {
      const action = Execute.safeParse(activity.value).data;
      const by = action?.action.verb === VERBS.refresh ? "refresh" : "card";
      const known = Object.values<string>(VERBS).includes(action?.action.verb ?? "");
      return { ...reading, by, ...(known ? ofData(action?.action.data) : { ask: undefined }) };
    }
    case "task/fetch":
      return { ...reading, by: "dialog", ...ofData(Dialog.safeParse(activity.value).data?.data) };
    case "task/submit":
      return { ...reading, by: "submission", ...ofData(Dialog.safeParse(activity.value).data?.data) };
    default:
      return undefined;
  }
}

/** Where an activity happened. */
export function placeOf(activity: Activity): Place {
  return {
    conversationId: activity.conversation.id,
    serviceUrl: activity.serviceUrl,
    personal: activity.conversation.conversationType === "personal",
    ...(activity.replyToId ? { messageId: activity.replyToId } : {}),
  };
}

function ofMessage(activity: Activity): Pick<Reading, "by" | "ask" | "form"> {
  // A card of a client that knows no Action.Execute sends its data as a message.
  if (Ours.safeParse(activity.value).success) return { by: "message", ...ofData(activity.value) };
  return { by: "message", ask: readCommand(activity.text ?? "", mentionsOf(activity), activity.recipient.id) };
}

function ofData(data: unknown): Pick<Reading, "ask" | "form"> {
  const ours = Ours.safeParse(data).data?.signoff;
  if (!ours) return { ask: undefined };
  if ("ask" in ours) return { ask: Asked.safeParse(ours.ask).data };
  if (!isFormKind(ours.form)) return { ask: undefined };
  const answers = answersOf(ours.form, data as Record<string, unknown>, ours.many);
  const read = readAnswers(ours.form, ours.carried, answers);
  const form = { kind: ours.form, carried: ours.carried, answers, read };
  return { ask: read.kind === "ask" ? read.ask : undefined, form };
}

function isFormKind(kind: string): kind is FormKind {
  return Object.hasOwn(FIELDS, kind);
}

/** Several answers of one field come as one text. */
function answersOf(kind: FormKind, data: Record<string, unknown>, many: readonly string[]): Answers {
  return Object.fromEntries(
    Object.values<string>(FIELDS[kind]).map((field) => {
      const said = data[field];
      if (typeof said !== "string" || said === "") return [field, undefined];
      return [field, many.includes(field) ? said.split(",") : said];
    }),
  );
}
