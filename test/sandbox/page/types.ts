// What the page's server sends. Block Kit comes as the app made it, so each renderer looks before it reads.

export type Json = Readonly<Record<string, unknown>>;

export interface Person {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly title: string;
  readonly zone: string;
  readonly kind: "member" | "guest" | "external" | "bot";
}

export interface ChatMessage {
  readonly ts: string;
  readonly user: string;
  readonly text?: string;
  readonly blocks?: readonly Block[];
  readonly thread_ts?: string;
  readonly edited?: unknown;
  readonly is_ephemeral?: boolean;
}

export interface Conversation {
  readonly id: string;
  readonly kind: "channel" | "private" | "direct";
  readonly name: string;
  readonly topic: string;
  readonly with?: string;
  readonly members: readonly string[];
  readonly messages: readonly ChatMessage[];
  readonly readTo: string;
  readonly isReadOnly: boolean;
}

export interface Command {
  readonly command: string;
  readonly description: string;
  readonly hint: string;
}

export interface State {
  readonly you: Person;
  readonly members: readonly Person[];
  readonly bot: string;
  readonly commands: readonly Command[];
  readonly conversations: readonly Conversation[];
  readonly ephemerals: readonly { readonly channel: string; readonly message: ChatMessage }[];
  readonly view: View | null;
  /** What the app shows on its Home tab; absent if it has none. */
  readonly home?: Pick<View, "id" | "blocks"> | null;
  readonly shortcuts: readonly Shortcut[];
}

export interface Shortcut {
  readonly id: string;
  readonly name: string;
  readonly type: "global" | "message";
}

export type Change =
  | { readonly kind: "message"; readonly channel: string; readonly message: ChatMessage }
  | { readonly kind: "deleted"; readonly channel: string; readonly ts: string }
  | { readonly kind: "ephemeral"; readonly channel: string; readonly message: ChatMessage }
  | { readonly kind: "ephemeral-gone"; readonly channel: string; readonly ts: string }
  | { readonly kind: "view"; readonly view: View | null }
  | { readonly kind: "home"; readonly view: Pick<View, "id" | "blocks"> }
  | { readonly kind: "trouble"; readonly channel: string; readonly text: string }
  | { readonly kind: "reload"; readonly channel: string };

export interface Text {
  readonly type: "plain_text" | "mrkdwn";
  readonly text: string;
}

export interface Option {
  readonly text: Text;
  readonly value: string;
  readonly description?: Text;
}

export interface Confirm {
  readonly title: Text;
  readonly text: Text;
  readonly confirm: Text;
  readonly deny: Text;
  readonly style?: "primary" | "danger";
}

export interface Element {
  readonly type: string;
  readonly action_id: string;
  readonly text?: Text | string;
  readonly value?: string;
  readonly url?: string;
  readonly style?: "primary" | "danger";
  readonly confirm?: Confirm;
  readonly accessibility_label?: string;
  readonly placeholder?: Text;
  readonly options?: readonly Option[];
  readonly option_groups?: readonly { readonly label: Text; readonly options: readonly Option[] }[];
  readonly initial_option?: Option;
  readonly initial_options?: readonly Option[];
  readonly initial_user?: string;
  readonly initial_date?: string;
  readonly initial_time?: string;
  readonly initial_value?: string;
  readonly multiline?: boolean;
  readonly max_length?: number;
  readonly min_query_length?: number;
  readonly focus_on_load?: boolean;
  readonly image_url?: string;
  readonly alt_text?: string;
}

export interface Block {
  readonly type: string;
  readonly block_id: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly accessory?: Element;
  readonly elements?: readonly Element[];
  readonly element?: Element;
  readonly label?: Text;
  readonly hint?: Text;
  readonly optional?: boolean;
  readonly dispatch_action?: boolean;
}

export interface View {
  readonly id: string;
  readonly title: Text;
  readonly submit?: Text | null;
  readonly close?: Text | null;
  readonly blocks: readonly Block[];
  readonly hash: string;
}

export type Source =
  | { readonly kind: "message"; readonly channel: string; readonly ts: string; readonly thread?: string | undefined }
  | { readonly kind: "ephemeral"; readonly ts: string }
  | { readonly kind: "view"; readonly viewId: string };

/** Answers by block and action, in Slack's shape. */
export type Values = Readonly<Record<string, Readonly<Record<string, Json>>>>;
