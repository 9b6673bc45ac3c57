import { createHash } from "node:crypto";
import { z } from "zod";
import { askWithin, FIELDS, type ReadAnswers, readAnswers } from "../forms.ts";
import { Asked } from "../intent.ts";
import type { Answers, Ask, FormKind } from "../message.ts";
import { askOfVerb } from "../verbs.ts";
import { readMention } from "./mention.ts";
import { ANSWER } from "./render-form.ts";

// What Slack sends, parsed, as what a person asks for. `requestId` is the same for every delivery of one act and different
// for another act, so that the database can keep it unique. Slack's own retry counter is no such thing: the same envelope
// comes twice over a socket, both times as the first try.

/** One thing that somebody did in Slack. */
export interface Reading {
  readonly memberId: string;
  readonly requestId: string;
  /** Where a private answer can be sent, while Slack allows it. */
  readonly responseUrl?: string;
  /** Opens one dialog, within three seconds. */
  readonly triggerId?: string;
  /** The dialog in which the button was pressed: what it opens takes that one's place. */
  readonly viewId?: string;
  /** `undefined`: a button of another version of ours, or none of ours. */
  readonly ask: Ask | undefined;
}

const Command = z.object({
  command: z.string(),
  text: z.string().default(""),
  user_id: z.string(),
  trigger_id: z.string(),
  response_url: z.string().optional(),
});

/**
 * A slash command. Its trigger id is made anew for each time somebody sends it, and is the same when Slack delivers that
 * time again.
 */
export function readCommand(body: unknown): Reading {
  const command = Command.parse(body);
  return {
    memberId: command.user_id,
    requestId: `slack:command:${command.trigger_id}`,
    triggerId: command.trigger_id,
    ...(command.response_url ? { responseUrl: command.response_url } : {}),
    ask: askOfCommand(command.command, command.text),
  };
}

function askOfCommand(command: string, text: string): Ask {
  if (/^\s*(help|\?)\s*$/i.test(text)) return { kind: "help", command };
  // A word of its own: `pause@acme.example` is somebody.
  const [, verb = "", after = ""] = /^\s*([a-z]+)(?=\s|$)(.*)$/is.exec(text) ?? [];
  const asked = command === "/offboard" ? askOfVerb(verb, after, readMention) : undefined;
  if (asked) return asked;
  const { who, rest } = readMention(text);
  switch (command) {
    case "/offboard":
      return { kind: "start-case", who, ...(rest === "" ? {} : { words: rest.slice(0, 200) }) };
    case "/audit":
      return { kind: "history", who, ...(rest === "" ? {} : { filter: rest.slice(0, 200) }) };
    default:
      return { kind: "help", command };
  }
}

const Press = z.object({
  user: z.object({ id: z.string() }),
  trigger_id: z.string().optional(),
  response_url: z.string().optional(),
  container: z.object({ message_ts: z.string().optional(), view_id: z.string().optional() }).optional(),
  message: z.object({ ts: z.string().optional() }).optional(),
  view: z.object({ id: z.string(), type: z.string().optional() }).optional(),
  actions: z
    .array(z.object({ action_id: z.string(), action_ts: z.string().default(""), value: z.string().optional() }))
    .min(1),
});

/**
 * A pressed button. The instant, the person, the message and the button say which press it was: the same button pressed
 * twice is two acts, and the core lets one of them win.
 */
export function readPress(body: unknown): Reading {
  const press = Press.parse(body);
  const [action] = press.actions;
  const viewId = press.view?.id ?? press.container?.view_id;
  const place = press.container?.message_ts ?? press.message?.ts ?? viewId ?? "";
  return {
    memberId: press.user.id,
    requestId: ["slack:press", place, action?.action_ts, press.user.id, action?.action_id].join(":"),
    ...(press.trigger_id ? { triggerId: press.trigger_id } : {}),
    ...(press.response_url ? { responseUrl: press.response_url } : {}),
    // The Home tab is a view too: it is nothing that a dialog could take the place of.
    ...(viewId === undefined || press.view?.type === "home" ? {} : { viewId }),
    ask: askInDialog(body, askOfValue(action?.value)),
  };
}

const InDialog = z.object({ view: z.lazy(() => View) });

/** A button within a dialog of ours knows what was entered in it. */
function askInDialog(body: unknown, ask: Ask | undefined): Ask | undefined {
  const view = InDialog.safeParse(body).data?.view;
  const form = view && formOf(view);
  return ask && view && form ? askWithin(form.kind, form.carried, answersOf(view), ask) : ask;
}

function askOfValue(value: string | undefined): Ask | undefined {
  if (value === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  return Asked.safeParse(json).data;
}

const Options = z.array(z.object({ value: z.string() }));
const Answer = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  selected_options: Options.nullish(),
  selected_user: z.string().nullish(),
  selected_date: z.string().nullish(),
  selected_time: z.string().nullish(),
});

/** A block of a dialog as Slack sends it back; what is not named here is kept. */
const ViewBlock = z.looseObject({
  type: z.string(),
  block_id: z.string().optional(),
  label: z.looseObject({ text: z.string() }).optional(),
  element: z.looseObject({ type: z.string(), action_id: z.string().optional() }).optional(),
});

/** A dialog as Slack sends it back. */
export const View = z.object({
  id: z.string(),
  hash: z.string().default(""),
  callback_id: z.string(),
  private_metadata: z.string().default(""),
  title: z.unknown(),
  submit: z.unknown().optional(),
  close: z.unknown().optional(),
  blocks: z.array(ViewBlock),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), Answer)) }),
});
export type View = z.infer<typeof View>;

const Submission = z.object({ user: z.object({ id: z.string() }), trigger_id: z.string().optional(), view: View });

/** A submitted dialog. */
export interface SubmissionReading extends Reading {
  readonly view: View;
  readonly form: { readonly kind: FormKind; readonly carried: Readonly<Record<string, string>> } | undefined;
  readonly answers: ReadAnswers | undefined;
}

/**
 * A submitted dialog. View and hash say which showing of it, and the answers are added since a corrected submission
 * comes from the same showing.
 */
export function readSubmission(body: unknown): SubmissionReading {
  const { user, trigger_id, view } = Submission.parse(body);
  const typed = createHash("sha256").update(JSON.stringify(view.state.values)).digest("hex").slice(0, 16);
  const form = formOf(view);
  const answers = form ? readAnswers(form.kind, form.carried, answersOf(view)) : undefined;
  return {
    memberId: user.id,
    requestId: `slack:submission:${view.id}:${view.hash}:${typed}`,
    ...(trigger_id ? { triggerId: trigger_id } : {}),
    view,
    form,
    answers,
    ask: answers?.kind === "ask" ? answers.ask : undefined,
  };
}

function formOf(view: View): SubmissionReading["form"] {
  if (!isFormKind(view.callback_id)) return undefined;
  try {
    return { kind: view.callback_id, carried: Carried.parse(JSON.parse(view.private_metadata)) };
  } catch {
    return undefined;
  }
}

const Carried = z.record(z.string(), z.string());

function isFormKind(kind: string): kind is FormKind {
  return Object.hasOwn(FIELDS, kind);
}

function answersOf(view: View): Answers {
  return Object.fromEntries(
    Object.entries(view.state.values).map(([field, elements]) => [field, answerOf(elements[ANSWER])]),
  );
}

function answerOf(answer: z.infer<typeof Answer> | undefined): Answers[string] {
  if (!answer) return undefined;
  if (answer.selected_options) return answer.selected_options.map((option) => option.value);
  return (
    answer.value ??
    answer.selected_option?.value ??
    answer.selected_user ??
    answer.selected_date ??
    answer.selected_time ??
    undefined
  );
}
