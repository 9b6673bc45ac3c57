import type { Form, Message } from "../message.ts";
import { ANSWERED_DIRECTLY, dialogReady, NO_OWN_CHAT, REST_DIRECTLY } from "../messages/surface-words.ts";
import { CHECKING, notTaken } from "../messages/trouble.ts";
import type { Reply } from "../surface.ts";
import { isRefusal } from "./client.ts";
import {
  cardAnswer,
  dialogForm,
  dialogLine,
  dialogMessage,
  formAnswer,
  type Invoked,
  lineAnswer,
  lineOf,
} from "./invoke.ts";
import { type Desk, tell, UNREACHABLE, write, writeLine } from "./posts.ts";
import type { Reading } from "./read.ts";

/** How long the core may take before Teams gets a first answer: from 10 seconds on it shows a failure. */
export const PATIENCE_MS = 4000;

/** Answers what was written to the bot. What it says is for who asked, so elsewhere than in their own chat it goes there. */
export function messageReply(desk: Desk, reading: Reading): Reply {
  let noted = false;
  const note = async (text: string) => {
    if (noted) return;
    noted = true;
    const { conversationId: id, serviceUrl } = reading.place;
    await writeLine(desk, { id, serviceUrl }, text);
  };
  const say = async (message: Message) => {
    if (reading.place.personal) return void (await sayHere(desk, reading, message));
    try {
      await tell(desk, reading.memberId, message);
    } catch (error) {
      if (!isRefusal(error, UNREACHABLE)) throw error;
      return note(NO_OWN_CHAT);
    }
    await note(ANSWERED_DIRECTLY);
  };
  return {
    say,
    ask: (form) => say(reading.ask ? dialogReady(form, reading.ask) : notTaken({}, undefined)),
    reject: (faults) => say(notTaken(faults, undefined)),
  };
}

function sayHere(desk: Desk, { place }: Reading, message: Message) {
  return write(desk, { id: place.conversationId, serviceUrl: place.serviceUrl }, message);
}

/** Answers a button or a dialog, for which Teams waits. */
export interface InvokeReply extends Reply {
  /** What Teams is answered: the first that is said, or that it is being worked on. */
  readonly answer: Promise<Invoked>;
  /** The core is through: answers if nothing was said. */
  done(): void;
}

/** `reopen` makes the dialog anew from which a submission came, so that it comes back with what was typed. */
export function invokeReply(desk: Desk, reading: Reading, reopen: () => Promise<Form | undefined>): InvokeReply {
  const inDialog = reading.by === "dialog" || reading.by === "submission";
  const first = Promise.withResolvers<Invoked>();
  let answered = false;
  const answer = (invoked: Invoked) => {
    answered = true;
    clearTimeout(timer);
    first.resolve(invoked);
  };
  const line = (text: string) => answer(inDialog ? dialogLine(text) : lineAnswer(text));
  const timer = setTimeout(() => line(CHECKING.text), PATIENCE_MS);

  const say = async (message: Message): Promise<void> => {
    if (answered) return void (await tell(desk, reading.memberId, message));
    if (reading.by === "refresh") return answer(cardAnswer(message));
    const short = lineOf(message);
    if (short !== undefined) return line(short);
    if (inDialog) return answer(dialogMessage(message));
    // A card in a channel is everybody's: what is more than a line goes to who pressed.
    line(`${message.summary} ${REST_DIRECTLY}`);
    await tell(desk, reading.memberId, message);
  };
  return {
    answer: first.promise,
    say,
    async ask(form) {
      if (!answered) return answer(inDialog ? dialogForm(form) : formAnswer(form));
      await say(reading.ask ? dialogReady(form, reading.ask) : notTaken({}, undefined));
    },
    async reject(faults) {
      const form = answered || !reading.form ? undefined : await reopen();
      if (!form || !reading.form || answered) return say(notTaken(faults, undefined));
      const filled = { answers: reading.form.answers, faults };
      answer(inDialog ? dialogForm(form, filled) : formAnswer(form, filled));
    },
    done: () => {
      if (!answered) line(CHECKING.text);
    },
  };
}
