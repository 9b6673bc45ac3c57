import { reopening } from "../forms.ts";
import type { Intent, Member, Mention } from "../intent.ts";
import type { Ask, Form } from "../message.ts";
import { unknownButton, wentWrong } from "../messages/trouble.ts";
import type { Reply } from "../surface.ts";
import type { Invoked } from "./invoke.ts";
import type { Desk } from "./posts.ts";
import type { Reading } from "./read.ts";
import { invokeReply, messageReply } from "./reply.ts";
import { readMentioned } from "./rosters.ts";

/** One thing that somebody did, and what doing it needs. */
export interface Doing {
  readonly desk: Desk;
  readonly reading: Reading;
  readonly handle: ((intent: Intent, reply: Reply) => Promise<void>) | undefined;
  readonly whoIs: () => Promise<Member>;
  /** Names a failure for who reads the log. */
  readonly reference: () => string;
}

/** Does what somebody asks for. Never rejects: whatever goes wrong is logged and said. Answers what Teams waits for. */
export async function perform(doing: Doing): Promise<Invoked | undefined> {
  if (doing.reading.by === "message") {
    await run(doing, messageReply(doing.desk, doing.reading));
    return undefined;
  }
  const reply = invokeReply(doing.desk, doing.reading, () => reopen(doing));
  void run(doing, reply).then(reply.done);
  return reply.answer;
}

async function run(doing: Doing, reply: Reply): Promise<void> {
  const { desk, reading } = doing;
  try {
    const { form, ask } = reading;
    if (form?.read.kind === "faults") return await reply.reject(form.read.faults);
    if (!ask) {
      desk.log.warn({ surface: "teams", requestId: reading.requestId }, "a button that is not known was pressed");
      return await reply.say(unknownButton());
    }
    await hand(doing, ask, reading.requestId, reply);
  } catch (error) {
    const reference = doing.reference();
    desk.log.error(
      { surface: "teams", reference, requestId: reading.requestId, ask: reading.ask?.kind, err: error },
      "an interaction failed",
    );
    await reply
      .say(reading.ask ? wentWrong(reading.ask, reference) : unknownButton())
      .catch((cause: unknown) =>
        desk.log.error({ surface: "teams", reference, cause: String(cause) }, "nor could the person be told"),
      );
  }
}

async function hand(doing: Doing, ask: Ask, requestId: string, reply: Reply): Promise<void> {
  if (!doing.handle) throw new TypeError("nobody listens");
  const by = await doing.whoIs();
  await doing.handle({ ...(await named(doing, ask)), by, requestId }, reply);
}

/** Whom a mention means: a conversation names people by ids of its own, and only its member list says whose they are. */
async function named({ desk, reading }: Doing, ask: Ask): Promise<Ask> {
  if (!("who" in ask) || ask.who.kind !== "member") return ask;
  const { conversationId: id, serviceUrl } = reading.place;
  const found = await readMentioned(desk, { id, serviceUrl }, ask.who.id);
  const who: Mention = { kind: "member", id: found ?? ask.who.id };
  return { ...ask, who };
}

/** The dialog from which a submission came, made anew: Teams sends back only what was typed. */
async function reopen(doing: Doing): Promise<Form | undefined> {
  const { form, requestId } = doing.reading;
  const ask = form && reopening(form.kind, form.carried);
  if (!ask) return undefined;
  let found: Form | undefined;
  const ignore = async () => {};
  const keep: Reply = {
    say: ignore,
    reject: ignore,
    ask: async (shown) => {
      found = shown;
    },
  };
  await hand(doing, ask, `${requestId}:again`, keep);
  return found;
}
