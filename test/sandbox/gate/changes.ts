import type { Json } from "./problems.ts";

/** What happened in the chat, for the page. Who may see it is decided by who reads it: the page's server. */
export type Change =
  /** Posted or changed. */
  | { readonly kind: "message"; readonly channel: string; readonly message: Json }
  | { readonly kind: "deleted"; readonly channel: string; readonly ts: string }
  /** Shown to one person only, until they reload their client or it is replaced. */
  | { readonly kind: "ephemeral"; readonly userId: string; readonly channel: string; readonly message: Json }
  | { readonly kind: "ephemeral-gone"; readonly userId: string; readonly channel: string; readonly ts: string }
  /** The view on top before this person, or none. */
  | { readonly kind: "view"; readonly userId: string; readonly view: Json | null }
  /** The person's Home tab with the app. */
  | { readonly kind: "home"; readonly userId: string; readonly view: Json }
  /** What the client says when the app did not answer. */
  | { readonly kind: "trouble"; readonly userId: string; readonly channel: string; readonly text: string }
  /** Something else about this conversation: read it again. */
  | { readonly kind: "reload"; readonly channel: string };

/** Tells listeners, and keeps what nobody else keeps: the messages that only one person sees. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #ephemerals = new Map<string, { userId: string; channel: string; message: Json }>();

  tell(change: Change): void {
    if (change.kind === "ephemeral") {
      const { userId, channel, message } = change;
      this.#ephemerals.set(String(message["ts"]), { userId, channel, message });
    }
    if (change.kind === "ephemeral-gone") this.#ephemerals.delete(change.ts);
    for (const listener of this.#listeners) listener(change);
  }

  /** Returns the function that ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ephemeralsOf(userId: string): { readonly channel: string; readonly message: Json }[] {
    return [...this.#ephemerals.values()].filter((one) => one.userId === userId);
  }

  findEphemeral(userId: string, ts: string): { readonly channel: string; readonly message: Json } | undefined {
    const found = this.#ephemerals.get(ts);
    return found?.userId === userId ? found : undefined;
  }
}
