/** Where a conversation can be written to, as the Bot Connector told us. Ids only: no word that was said. */
export interface Conversation {
  /** The Bot Connector's id of it: `a:…`, `19:…@thread.v2`, `19:…@thread.tacv2`. */
  readonly id: string;
  readonly serviceUrl: string;
  readonly kind: "personal" | "group" | "channel";
  /** The team a channel is in: needed to ask whether it is private. */
  readonly teamId?: string;
}

/** What we know of conversations; kept in our database, so that we can speak first after a restart. */
export interface Conversations {
  /** The personal conversation with somebody, by Entra object id. */
  findPersonal(memberId: string): Promise<Conversation | undefined>;
  find(id: string): Promise<Conversation | undefined>;
  /** With `memberId` it is the personal conversation of that member. */
  save(conversation: Conversation, memberId?: string): Promise<void>;
  /** The app was removed there, or nobody reads it any more. */
  forget(id: string): Promise<void>;
}
