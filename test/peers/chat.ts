import { SystemError } from "../../connectors/connector.ts";
import type { Intent, Member } from "../../src/chat/intent.ts";
import type { Button, Form, Message, Part, Rich, Span } from "../../src/chat/message.ts";
import type { Audience, ChatSurface, Posted, Reply } from "../../src/chat/surface.ts";

/** A message as it stands in the chat. */
export interface Standing extends Posted {
  readonly key: string;
  readonly thread: string | undefined;
  message: Message;
  updates: number;
}

/** A chat in memory that remembers, and fails when told to. */
export interface MemoryChat extends ChatSurface {
  readonly posts: Standing[];
  readonly members: Map<string, Member>;
  readonly channels: Map<string, { private: boolean; members: string[] }>;
  /** The next call of this kind is done, and then this is thrown: the answer is lost. */
  loseAnswerOf: { call: "post" | "update"; error: Error } | undefined;
  /** Every call throws this while it is set. */
  broken: Error | undefined;
  /** How often each call was made. */
  readonly calls: Record<"post" | "update" | "findPost" | "publishHome", number>;
  /** Each member's own page. */
  readonly homes: Map<string, Message>;
  add(member: Partial<Member> & { id: string }): Member;
  /** Messages in a member's direct messages. */
  dm(memberId: string): Standing[];
}

/** A chat with one private channel `C1` that nobody is in. */
export function memoryChat(): MemoryChat {
  const posts: Standing[] = [];
  let clock = 0;
  const chat: MemoryChat = {
    id: "slack",
    posts,
    members: new Map(),
    channels: new Map([["C1", { private: true, members: [] }]]),
    loseAnswerOf: undefined,
    broken: undefined,
    calls: { post: 0, update: 0, findPost: 0, publishHome: 0 },
    homes: new Map(),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    add(given) {
      const member: Member = { surface: "slack", name: given.id, kind: "member", ...given };
      chat.members.set(member.id, member);
      return member;
    },
    dm: (memberId) => posts.filter(({ channel }) => channel === `D-${memberId}`),
    async post(to, message, key) {
      chat.calls.post += 1;
      answer();
      clock += 1;
      const posted: Standing = { ...place(to), ts: String(clock), key, message, updates: 0 };
      posts.push(posted);
      lose("post");
      return { channel: posted.channel, ts: posted.ts };
    },
    async update(at, message) {
      chat.calls.update += 1;
      answer();
      const found = posts.find(({ channel, ts }) => channel === at.channel && ts === at.ts);
      if (!found) throw new SystemError({ code: "refused", reason: "message_not_found" });
      found.message = message;
      found.updates += 1;
      lose("update");
    },
    async publishHome(memberId, message) {
      chat.calls.publishHome += 1;
      answer();
      chat.homes.set(memberId, message);
    },
    async findPost(to, key) {
      chat.calls.findPost += 1;
      answer();
      const { channel, thread } = place(to);
      return posts.find((post) => post.key === key && post.channel === channel && post.thread === thread);
    },
    async getMember(id) {
      answer();
      return chat.members.get(id);
    },
    async findMember(email) {
      answer();
      return [...chat.members.values()].find((member) => member.email === email && member.kind !== "deactivated");
    },
    async getChannel(id) {
      answer();
      const channel = chat.channels.get(id);
      if (!channel) throw new SystemError({ code: "refused", reason: "channel_not_found" });
      return channel;
    },
  };
  const answer = () => {
    if (chat.broken) throw chat.broken;
  };
  const lose = (call: "post" | "update") => {
    const lost = chat.loseAnswerOf;
    if (lost?.call !== call) return;
    chat.loseAnswerOf = undefined;
    throw lost.error;
  };
  return chat;
}

function place(to: Audience): { channel: string; thread: string | undefined } {
  switch (to.kind) {
    case "channel":
      return { channel: to.channelId, thread: undefined };
    case "member":
      return { channel: `D-${to.memberId}`, thread: undefined };
    case "thread":
      return { channel: to.parent.channel, thread: to.parent.ts };
    default:
      return to satisfies never;
  }
}

/** What somebody was answered. */
export interface Heard extends Reply {
  readonly said: Message[];
  readonly asked: Form[];
  readonly faults: Record<string, string>[];
}

/** A reply that remembers. */
export function hear(): Heard {
  const heard: Heard = {
    said: [],
    asked: [],
    faults: [],
    say: async (message) => void heard.said.push(message),
    ask: async (form) => void heard.asked.push(form),
    reject: async (faults) => void heard.faults.push(faults),
  };
  return heard;
}

/** Everything a reader sees, as one text. */
export function textOf(message: Message | undefined): string {
  return (message?.parts ?? []).map(partText).join("\n");
}

/** The labels of a message's buttons. */
export function labels(message: Message | undefined): string[] {
  return buttonsOf(message).map(({ label }) => label);
}

/** What the button with this label asks for, as this person's act. */
export function press(message: Message | undefined, label: string, by: Member, requestId: string): Intent {
  const found = buttonsOf(message).find((button) => button.label === label);
  if (!found) throw new Error(`there is no button “${label}”, only ${labels(message).join(", ")}`);
  return { ...found.ask, by, requestId };
}

function buttonsOf(message: Message | undefined): Button[] {
  return (message?.parts ?? []).flatMap((part) => (part.kind === "actions" ? [...part.buttons] : []));
}

function partText(part: Part): string {
  switch (part.kind) {
    case "heading":
      return part.text;
    case "text":
    case "note":
      return rich(part.text);
    case "fields":
      return part.fields.map(({ label, value }) => `${label}: ${rich(value)}`).join("\n");
    case "list":
      return [...(part.title ? [rich(part.title)] : []), ...part.items.map((item) => `• ${rich(item)}`)].join("\n");
    case "actions":
      return part.buttons.map(({ label }) => `[${label}]`).join(" ");
    case "divider":
      return "";
    default:
      return part satisfies never;
  }
}

function rich(spans: Rich): string {
  return spans.map(span).join("");
}

function span(one: Span): string {
  if (typeof one === "string") return one;
  if ("bold" in one) return one.bold;
  if ("code" in one) return one.code;
  if ("quiet" in one) return one.quiet;
  if ("link" in one) return one.text;
  if ("time" in one) return `${one.time.toISOString()} ${one.zone}`;
  return one.name;
}
