import { z } from "zod";
import { SystemError } from "../../core/failure.ts";
import { reopening } from "../forms.ts";
import type { Message } from "../message.ts";
import { CHECKING, notTaken, TAKEN } from "../messages/trouble.ts";
import type { Reply } from "../surface.ts";
import { detailOf, isRefusal } from "./client.ts";
import { LIMITS } from "./limits.ts";
import { plain } from "./mrkdwn.ts";
import type { SubmissionReading, View } from "./read.ts";
import { ANSWER, renderForm, renderNotice } from "./render-form.ts";
import { type Desk, openDialog, sayPrivately } from "./reply.ts";

// A dialog waits for our acknowledgement, at most three seconds, and only with it can faults be shown at its fields. So
// what the core says first decides the acknowledgement. If that takes too long, the dialog turns into a notice and comes
// back with all that was typed when something is wrong: nothing typed is ever lost.

/** How long the core may take to say what is wrong before the dialog turns into a notice. Slack waits 3000. */
export const PATIENCE_MS = 2000;

type Ack = (response?: Record<string, unknown>) => Promise<void>;

/** Answers a submitted dialog. */
export interface SubmissionReply extends Reply {
  /** The core is through: closes the dialog if nothing was said. */
  done(): Promise<void>;
  /** Our side failed: says so in the dialog, which stays as it is, or by direct message if it is gone. */
  failed(message: Message): Promise<void>;
}

/** Starts the clock of one submission. `ack` is called exactly once. */
export function submissionReply(desk: Desk, reading: SubmissionReading, ack: Ack): SubmissionReply {
  const { view } = reading;
  /** `waiting`: Slack waits for us. `notice`: it shows the notice. `closed`: the dialog is gone or shows something else. */
  let state: "waiting" | "notice" | "closed" = "waiting";
  const answer = async (next: typeof state, response?: Record<string, unknown>) => {
    state = next;
    clearTimeout(timer);
    try {
      await ack(response);
    } catch (cause) {
      desk.log.warn({ surface: "slack", cause: String(cause) }, "a dialog could not be acknowledged");
    }
  };
  const timer = setTimeout(
    () => void answer("notice", { response_action: "update", view: renderNotice(CHECKING.title, CHECKING.text) }),
    PATIENCE_MS,
  );
  /** `false` if the person closed the dialog meanwhile. */
  const show = async (next: unknown): Promise<boolean> => {
    if (state !== "notice") return false;
    state = "closed";
    try {
      await desk.client.call("views.update", { view_id: view.id, view: next }, z.unknown());
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const gone = isRefusal(error, "not_found");
      desk.log[gone ? "info" : "error"](
        { surface: "slack", requestId: reading.requestId, cause: detailOf(error) },
        gone ? "a dialog was closed before its answer" : "a dialog could not be changed",
      );
      return false;
    }
  };
  const say: Reply["say"] = (message) => sayPrivately(desk, reading, message);
  const again = reading.form ? reopening(reading.form.kind, reading.form.carried) : undefined;

  /** Shows faults in the dialog; `otherwise` is said if it is gone. */
  const faulted = async (faults: Readonly<Record<string, string>>, otherwise: Message) => {
    if (state === "waiting") {
      return answer("closed", { response_action: "errors", errors: atInputs(faults, view) });
    }
    if (!(await show(refilled(view, faults)))) await say(otherwise);
  };
  return {
    reject: (faults) => faulted(faults, notTaken(faults, again)),
    async say(message) {
      if (state === "waiting") await answer("closed");
      else await show(renderNotice(TAKEN.title, message.summary));
      await say(message);
    },
    async ask(form) {
      if (state === "waiting") return answer("closed", { response_action: "update", view: renderForm(form) });
      if (!(await show(renderForm(form)))) await openDialog(desk, reading, form, say);
    },
    async done() {
      if (state === "waiting") await answer("closed");
      else await show(renderNotice(TAKEN.title, TAKEN.text));
    },
    failed: (message) => faulted({ "": message.summary }, message),
  };
}

/** Faults as Slack takes them: only at inputs that the dialog has, so that what belongs to none goes to the first. */
export function atInputs(faults: Readonly<Record<string, string>>, view: View): Record<string, string> {
  const inputs = view.blocks.flatMap((block) => (block.type === "input" && block.block_id ? [block.block_id] : []));
  const errors: Record<string, string> = {};
  for (const [field, text] of Object.entries(faults)) {
    const at = inputs.includes(field) ? field : inputs[0];
    if (at !== undefined) errors[at] = plain([errors[at], text].filter(Boolean).join(" "), LIMITS.fault);
  }
  return errors;
}

/** The dialog as it was submitted, with what was typed and what is wrong with it. */
function refilled(view: View, faults: Readonly<Record<string, string>>): Record<string, unknown> {
  const labels = new Map(view.blocks.map((block) => [block.block_id, block.label?.text]));
  const lines = Object.entries(faults).map(([field, text]) => [labels.get(field), text].filter(Boolean).join(": "));
  return {
    type: "modal",
    callback_id: view.callback_id,
    private_metadata: view.private_metadata,
    title: view.title,
    ...(view.submit ? { submit: view.submit } : {}),
    ...(view.close ? { close: view.close } : {}),
    blocks: [
      { type: "section", text: { type: "plain_text", text: plain(lines.join(" "), LIMITS.sectionText), emoji: false } },
      ...view.blocks.slice(0, LIMITS.viewBlocks - 1).map((block) => ({ ...block, ...refilledElement(block, view) })),
    ],
  };
}

function refilledElement(block: View["blocks"][number], view: View): { element?: Record<string, unknown> } {
  if (!block.element || block.block_id === undefined) return {};
  const typed = view.state.values[block.block_id]?.[ANSWER];
  if (!typed) return {};
  const initial = {
    ...(typed.value ? { initial_value: typed.value } : {}),
    ...(typed.selected_option ? { initial_option: chosen(block.element["options"], [typed.selected_option])[0] } : {}),
    ...(typed.selected_options?.length
      ? { initial_options: chosen(block.element["options"], typed.selected_options) }
      : {}),
    ...(typed.selected_user ? { initial_user: typed.selected_user } : {}),
    ...(typed.selected_date ? { initial_date: typed.selected_date } : {}),
    ...(typed.selected_time ? { initial_time: typed.selected_time } : {}),
  };
  return { element: { ...block.element, ...initial } };
}

/** Slack wants a chosen option exactly as the dialog offers it. */
function chosen(options: unknown, picked: readonly { value: string }[]): unknown[] {
  const values = picked.map(({ value }) => value);
  return (Array.isArray(options) ? options : []).filter((option: { value?: string }) =>
    values.includes(option?.value ?? ""),
  );
}
