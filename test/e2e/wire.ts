import { z } from "zod";
import { SIGNOFF_BOT } from "../sandbox/company.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { waitUntil } from "./wait.ts";

// The same people without a browser: what Slack would send for them, through the gate to the app's real endpoint.

/** What of a sandbox is its chat. */
export type Chat = Pick<Sandbox, "gate" | "slack">;

const Element = z.looseObject({
  type: z.string(),
  action_id: z.string().optional(),
  text: z.looseObject({ text: z.string() }).optional(),
  accessibility_label: z.string().optional(),
});
const Block = z.looseObject({ type: z.string(), block_id: z.string(), elements: z.array(z.unknown()).optional() });
const Message = z.looseObject({
  ts: z.string(),
  text: z.string().optional(),
  user: z.string().optional(),
  blocks: z.array(Block).optional(),
  thread_ts: z.string().optional(),
});
export type Message = z.infer<typeof Message>;

/** Where a message is looked for: a channel by name, or the app's direct messages. */
export type Place =
  | { readonly channel: string }
  | { readonly direct: true }
  | { readonly threadOf: string; readonly channel: string };

/** Everything of a place that the app keeps up to date there, oldest first. */
export async function listSaid(box: Chat, who: string, place: Place): Promise<Message[]> {
  const thread = "threadOf" in place ? await parentOf(box, who, place) : undefined;
  const said = await listAll(box, who, place);
  return said.filter(({ blocks, ts }) => blocks?.[0]?.block_id.startsWith("signoff:") && ts !== thread);
}

/** Everything of a place, oldest first. */
async function listAll(box: Chat, who: string, place: Place): Promise<Message[]> {
  const channel = await channelOf(box, who, place);
  if (channel === undefined) return [];
  const thread = "threadOf" in place ? await parentOf(box, who, place) : undefined;
  if ("threadOf" in place && thread === undefined) return [];
  const answer =
    thread === undefined
      ? await box.slack.ask("conversations.history", { channel, limit: 1000 }, who)
      : await box.slack.ask("conversations.replies", { channel, ts: thread, limit: 1000 }, who);
  return z
    .array(Message)
    .parse(answer["messages"] ?? [])
    .toReversed();
}

/** All text of a message. */
export function wordsOf(message: Message): string {
  return JSON.stringify([message.text, message.blocks]);
}

/** Presses a button, again until `done` says that it had its effect: the app may be down just then. */
export async function press(
  box: Chat,
  who: string,
  place: Place,
  label: string,
  about: string,
  done: () => Promise<boolean>,
): Promise<void> {
  await waitUntil(async () => {
    if (await done()) return true;
    const channel = await channelOf(box, who, place);
    for (const message of await listSaid(box, who, place)) {
      const found = findButton(message, label, about);
      if (!found || channel === undefined || !wordsOf(message).includes(about)) continue;
      const thread =
        message.thread_ts === undefined || message.thread_ts === message.ts ? {} : { thread: message.thread_ts };
      await box.gate.interactions
        .press({
          userId: idOf(box, who),
          source: { kind: "message", channel, ts: message.ts, ...thread },
          ...found,
          chosen: {},
          values: {},
        })
        .catch(() => {});
      await pause(1500);
      return done();
    }
    return false;
  });
}

/** An approver names the leaver's account in a system that asks for it, and confirms what was found. */
export async function nameAccount(
  box: Chat,
  who: string,
  place: Place,
  system: string,
  account: string,
): Promise<void> {
  const user = idOf(box, who);
  const asked = async () => (await listAll(box, who, { direct: true })).some((one) => findButton(one, "Confirm"));
  const dialog = async () => (await asked()) || box.gate.views.top(user) !== undefined;
  // A machine that is busy may let Slack's three seconds pass: then a person sees trouble, and sends the dialog again.
  for (let again = 0; again < 3 && !(await asked()); again += 1) {
    await press(box, who, place, `Name account: ${system}`, "Alice Nguyen", dialog);
    await submit(box, who, { account: { type: "plain_text_input", value: account } }).catch(() => {});
    await waitUntil(asked, 10_000).catch(() => {});
  }
  // What a dialog finds is said in a direct message.
  await waitUntil(async () => {
    const channel = await channelOf(box, who, { direct: true });
    const message = (await listAll(box, who, { direct: true })).findLast((one) => findButton(one, "Confirm"));
    const found = message && findButton(message, "Confirm");
    if (channel === undefined || !message || !found) return false;
    const source = { kind: "message", channel, ts: message.ts } as const;
    await box.gate.interactions.press({ userId: user, source, ...found, chosen: {}, values: {} });
    return true;
  });
}

/** Types a command in #general. */
export async function command(box: Chat, who: string, name: string, text: string): Promise<void> {
  await box.gate.interactions.command({
    userId: idOf(box, who),
    channel: box.slack.channels["general"] ?? "",
    command: name,
    text,
  });
}

/** Fills the dialog that lies before a person and sends it; what is not given stays as it was proposed. */
export async function submit(box: Chat, who: string, answers: Readonly<Record<string, unknown>>): Promise<void> {
  const user = idOf(box, who);
  await waitUntil(async () => box.gate.views.top(user) !== undefined);
  const open = box.gate.views.top(user);
  if (!open) throw new Error(`${who} has no dialog`);
  const blocks = z
    .array(z.looseObject({ type: z.string(), block_id: z.string(), element: Element.optional() }))
    .parse(open.view["blocks"]);
  const values: Record<string, Record<string, unknown>> = {};
  for (const { type, block_id: id, element } of blocks) {
    if (type === "input" && element?.action_id) values[id] = { [element.action_id]: answers[id] ?? proposed(element) };
  }
  const sent = await box.gate.interactions.submit({ userId: user, viewId: open.id, values: values as never });
  if (!("done" in sent)) throw new Error(JSON.stringify(sent));
}

/** A member's id. */
export function idOf(box: Chat, who: string): string {
  const id = box.slack.ids[who];
  if (id === undefined) throw new Error(`nobody is called ${who}`);
  return id;
}

/** What stands in an input before anybody touches it, as Slack sends it. */
function proposed(element: z.infer<typeof Element>): unknown {
  const { type } = element;
  switch (type) {
    case "radio_buttons":
    case "static_select":
      return { type, selected_option: element["initial_option"] ?? null };
    case "checkboxes":
      return { type, selected_options: element["initial_options"] ?? [] };
    case "datepicker":
      return { type, selected_date: element["initial_date"] ?? null };
    case "timepicker":
      return { type, selected_time: element["initial_time"] ?? null };
    case "users_select":
      return { type, selected_user: element["initial_user"] ?? null };
    default:
      return { type, value: element["initial_value"] ?? null };
  }
}

/** The button with this label on a message. Where there are several, what they are about stands in their spoken label. */
export function findButton(
  message: Message,
  label: string,
  about = "",
): { blockId: string; actionId: string } | undefined {
  for (const block of message.blocks ?? []) {
    for (const element of z.array(Element.catch({ type: "unknown" })).parse(block.elements ?? [])) {
      if (element.type !== "button" || element.text?.text !== label || !element.action_id) continue;
      const spoken = element.accessibility_label;
      if (spoken !== undefined && !spoken.includes(about)) continue;
      return { blockId: block.block_id, actionId: element.action_id };
    }
  }
  return undefined;
}

async function channelOf(box: Chat, who: string, place: Place): Promise<string | undefined> {
  if ("channel" in place) return box.slack.channels[place.channel];
  const answer = await box.slack.ask("conversations.list", { types: "im", limit: 1000 }, who);
  const direct = z
    .array(z.looseObject({ id: z.string(), user: z.string().optional(), members: z.array(z.string()).optional() }))
    .parse(answer["channels"] ?? []);
  return direct.find(({ user, members }) => user === SIGNOFF_BOT.userId || members?.includes(SIGNOFF_BOT.userId))?.id;
}

async function parentOf(
  box: Chat,
  who: string,
  place: { threadOf: string; channel: string },
): Promise<string | undefined> {
  return (await listSaid(box, who, { channel: place.channel })).find((message) =>
    wordsOf(message).includes(place.threadOf),
  )?.ts;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
