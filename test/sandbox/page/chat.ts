import { createContext, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { Change, ChatMessage, Conversation, Json, Person, State } from "./types.ts";

/** What the page can ask the server to do for the person it shows. */
export interface Chat {
  readonly state: State;
  readonly troubles: readonly { readonly id: number; readonly channel: string; readonly text: string }[];
  act(kind: string, fields: Json): Promise<Json>;
  reload(): Promise<void>;
  dismiss(id: number): void;
}

export const ChatContext = createContext<Chat | undefined>(undefined);

/** The chat of the person shown; only below the provider. */
export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("useChat outside of the chat");
  return chat;
}

/** Loads one person's chat and keeps it live. */
export function useLiveChat(as: string): { chat: Chat | undefined; offline: boolean; unknown: boolean } {
  const [state, setState] = useState<State>();
  const [troubles, setTroubles] = useState<Chat["troubles"]>([]);
  const [offline, setOffline] = useState(false);
  const [unknown, setUnknown] = useState(false);
  const counter = useRef(0);

  const reload = useCallback(async () => {
    const answer = await fetch(`/api/state?as=${encodeURIComponent(as)}`);
    setUnknown(answer.status === 404);
    if (answer.ok) setState((await answer.json()) as State);
  }, [as]);

  const act = useCallback(
    async (kind: string, fields: Json): Promise<Json> => {
      const answer = await fetch(`/api/act?as=${encodeURIComponent(as)}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-acme-chat": "1" },
        body: JSON.stringify({ kind, ...fields }),
      });
      return (await answer.json()) as Json;
    },
    [as],
  );

  useEffect(() => {
    setState(undefined);
    setTroubles([]);
    let source: EventSource | undefined;
    const listen = () => {
      source = new EventSource(`/api/events?as=${encodeURIComponent(as)}`);
      // On each (re)connection everything is read anew, so that nothing said meanwhile is missed.
      source.onopen = () => {
        setOffline(false);
        void reload();
      };
      source.onerror = () => {
        setOffline(true);
        if (source?.readyState === EventSource.CLOSED) void reload();
      };
      source.onmessage = (event) => {
        const change = JSON.parse(String(event.data)) as Change;
        if (change.kind === "trouble") {
          counter.current += 1;
          const id = counter.current;
          setTroubles((old) => [...old, { id, channel: change.channel, text: change.text }]);
        } else if (change.kind === "reload") {
          void reload();
        } else {
          setState((old) => {
            if (old === undefined) return old;
            const known = !("channel" in change) || old.conversations.some((one) => one.id === change.channel);
            if (!known) void reload();
            return applyChange(old, change);
          });
        }
      };
    };
    // A browser keeps at most six connections to a server, so a tab that nobody looks at gives its own back.
    const follow = () => {
      if (document.hidden) {
        source?.close();
        source = undefined;
      } else if (source === undefined) listen();
    };
    follow();
    if (document.hidden) void reload();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
    };
  }, [as, reload]);

  const dismiss = useCallback((id: number) => setTroubles((old) => old.filter((one) => one.id !== id)), []);
  return { chat: state === undefined ? undefined : { state, troubles, act, reload, dismiss }, offline, unknown };
}

function applyChange(state: State, change: Exclude<Change, { kind: "trouble" | "reload" }>): State {
  switch (change.kind) {
    case "message":
      return inConversation(state, change.channel, (messages) => upsert(messages, change.message));
    case "deleted":
      return inConversation(state, change.channel, (messages) => messages.filter((one) => one.ts !== change.ts));
    case "ephemeral": {
      const others = state.ephemerals.filter((one) => one.message.ts !== change.message.ts);
      return { ...state, ephemerals: [...others, { channel: change.channel, message: change.message }] };
    }
    case "ephemeral-gone":
      return { ...state, ephemerals: state.ephemerals.filter((one) => one.message.ts !== change.ts) };
    case "view":
      return { ...state, view: change.view };
    case "home":
      return { ...state, home: change.view };
    default:
      return change satisfies never;
  }
}

function inConversation(
  state: State,
  id: string,
  change: (messages: readonly ChatMessage[]) => readonly ChatMessage[],
): State {
  return {
    ...state,
    conversations: state.conversations.map((one) => (one.id === id ? { ...one, messages: change(one.messages) } : one)),
  };
}

function upsert(messages: readonly ChatMessage[], message: ChatMessage): readonly ChatMessage[] {
  const others = messages.filter((one) => one.ts !== message.ts);
  return [...others, message].sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

/** The person behind a member id. */
export function personOf(state: State, id: string): Person {
  return (
    state.members.find((one) => one.id === id) ?? {
      id,
      handle: id,
      name: "Someone",
      title: "",
      zone: "UTC",
      kind: "member",
    }
  );
}

/** What a conversation is called by the person who looks at it. */
export function titleOf(state: State, conversation: Conversation): string {
  if (conversation.kind !== "direct") return conversation.name;
  return personOf(state, conversation.with ?? "").name;
}

/** Whether something was said that this person has not seen. */
export function countUnread(state: State, conversation: Conversation): number {
  return conversation.messages.filter(
    (message) => message.ts > conversation.readTo && message.user !== state.you.id && !isReply(message),
  ).length;
}

export function isReply(message: ChatMessage): boolean {
  return message.thread_ts !== undefined && message.thread_ts !== message.ts;
}
