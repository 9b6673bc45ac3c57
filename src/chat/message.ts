import type { Intent } from "./intent.ts";

// What is said, without any vendor's blocks. Surfaces render, truncate and page; they choose no words.

/** A run of text. A plain string is shown as it is, never as mark-up. */
export type Span =
  | string
  | { readonly bold: string }
  | { readonly code: string }
  | { readonly link: string; readonly text: string }
  | { readonly quiet: string }
  /** Shown with the reader's own clock where the surface can, and always with `zone` and UTC. */
  | { readonly time: Date; readonly zone: string }
  /** A chat account of this surface; `name` is what other surfaces show. Never pings by itself. */
  | { readonly member: string; readonly name: string };
export type Rich = readonly Span[];
/** A span by itself: what follows stands on a new line. Within other text a line break shows as a space. */
export const BREAK = "\n";

export type Part =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: Rich }
  | { readonly kind: "fields"; readonly fields: readonly { readonly label: string; readonly value: Rich }[] }
  | { readonly kind: "list"; readonly title?: Rich; readonly items: readonly Rich[] }
  | { readonly kind: "note"; readonly text: Rich }
  | { readonly kind: "actions"; readonly buttons: readonly Button[] }
  | { readonly kind: "divider" };

/** What a button asks for, without who and when: the surface adds both. */
export type Ask = DistributiveOmit<Intent, "by" | "requestId">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export interface Button {
  readonly label: string;
  readonly ask: Ask;
  readonly style?: "primary" | "danger";
  /** The same button stands more than once: which one this is, for readers who hear it. */
  readonly spoken?: string;
  /** Asked before it is done. */
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string; readonly no: string };
}

export interface Message {
  /** One line for notifications and readers that show no parts. */
  readonly summary: string;
  readonly parts: readonly Part[];
  /** What shows it as it stands now, to whoever looks: a surface that can asks for it by itself. */
  readonly again?: Ask;
}

export type Field = {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly optional?: boolean;
} & (
  | { readonly input: "text"; readonly lines: "one" | "many"; readonly initial?: string; readonly max?: number }
  | {
      readonly input: "choice";
      readonly look: "menu" | "radio";
      readonly options: readonly { readonly value: string; readonly label: string; readonly hint?: string }[];
      readonly initial?: string;
    }
  | {
      readonly input: "check";
      readonly options: readonly { readonly value: string; readonly label: string }[];
      readonly initial?: readonly string[];
    }
  | { readonly input: "person"; readonly initial?: string }
  | { readonly input: "date"; readonly initial?: string }
  | { readonly input: "time"; readonly initial?: string }
);

/** A dialog. Its answers come back as the intent that `FORMS` in intent.ts makes of them. */
export interface Form {
  readonly kind: FormKind;
  readonly title: string;
  /** Without one the dialog only shows something. */
  readonly submit?: string;
  readonly intro?: readonly Part[];
  readonly fields: readonly Field[];
  /** Kept by the surface and given back with the answers: ids only. */
  readonly carried: Readonly<Record<string, string>>;
}
export type FormKind =
  | "pick-leaver"
  | "open-case"
  | "reschedule"
  | "approve-gaps"
  | "note"
  | "name-account"
  | "pass-offer"
  | "decline-offer"
  | "snooze-offer"
  | "return-offer"
  | "attest-secret"
  | "note-work"
  | "review"
  | "keep-grants"
  | "settle-breaks";

/** Answers of a form: one string a field, several for checks, absent where nothing was given. */
export type Answers = Readonly<Record<string, string | readonly string[] | undefined>>;
