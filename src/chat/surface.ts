import type { Intent, Member } from "./intent.ts";
import type { Form, Message } from "./message.ts";

/** Answers one interaction, privately to who asked. */
export interface Reply {
  say(message: Message): Promise<void>;
  ask(form: Form): Promise<void>;
  /** Faults by field id, shown in the dialog that was sent; nothing is lost. */
  reject(faults: Readonly<Record<string, string>>): Promise<void>;
}

export type Audience =
  | { readonly kind: "member"; readonly memberId: string }
  | { readonly kind: "channel"; readonly channelId: string }
  | { readonly kind: "thread"; readonly parent: Posted };

/** Where a message stands. */
export interface Posted {
  readonly channel: string;
  readonly ts: string;
}

/** One place where people talk to us. Slack and Teams differ only behind this. */
export interface ChatSurface {
  readonly id: "slack" | "teams";
  /** Acknowledges within the vendor's limit by itself, then calls `handle`. */
  start(handle: (intent: Intent, reply: Reply) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
  /** Posts a message marked with `key`. */
  post(to: Audience, message: Message, key: string): Promise<Posted>;
  /** Replaces a message posted before. */
  update(at: Posted, message: Message, key: string): Promise<void>;
  /**
   * Replaces the page that this person, and nobody else, sees in our own place there. Absent where there is none: then what
   * it would show is asked for by command.
   */
  publishHome?(memberId: string, message: Message): Promise<void>;
  /** After a crash between posting and noting it: the message marked with `key`, if it was posted. */
  findPost(to: Audience, key: string): Promise<Posted | undefined>;
  /** Reads an account afresh; `undefined` if there is none. */
  getMember(id: string): Promise<Member | undefined>;
  findMember(email: string): Promise<Member | undefined>;
  /** Whether a channel is private and who is in it: a case is never said where its leaver reads. */
  /** Account ids of everybody in a group of members, such as a user group; complete or an error. */
  readonly listGroup?: (id: string) => Promise<readonly string[]>;
  getChannel(id: string): Promise<{ readonly private: boolean; readonly members: readonly string[] }>;
}
