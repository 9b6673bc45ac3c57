import { useEffect, useRef, useState } from "react";
import { isReply, titleOf, useChat } from "./chat.ts";
import { Composer } from "./composer.tsx";
import { useStickToEnd } from "./conversation.tsx";
import { Close } from "./icons.tsx";
import { Message } from "./message.tsx";
import type { Conversation } from "./types.ts";

interface ThreadProps {
  readonly conversation: Conversation;
  readonly parent: string;
  readonly onClose: () => void;
}

/** A message and its replies beside the conversation. */
export function Thread({ conversation, parent, onClose }: ThreadProps) {
  const { state } = useChat();
  const [draft, setDraft] = useState("");
  const close = useRef<HTMLButtonElement>(null);
  const first = conversation.messages.find((one) => one.ts === parent);
  const own = state.ephemerals
    .filter((one) => one.channel === conversation.id && one.message.thread_ts === parent)
    .map((one) => one.message);
  const replies = [...conversation.messages.filter((one) => isReply(one) && one.thread_ts === parent), ...own];
  const list = useStickToEnd();

  useEffect(() => close.current?.focus(), []);

  return (
    <aside className="thread" aria-label="Thread" data-testid="thread">
      <header className="conversation-head">
        <h1>Thread</h1>
        <p className="topic">
          {conversation.kind === "direct" ? titleOf(state, conversation) : `#${conversation.name}`}
        </p>
        <button type="button" ref={close} className="icon-button" aria-label="Close thread" onClick={onClose}>
          <Close />
        </button>
      </header>
      <div className="message-list" ref={list} role="log" aria-label="Replies">
        <div className="message-flow">
          {first !== undefined && <Message message={first} conversation={conversation} isContinued={false} />}
          <div className="day">
            <span>{replies.length === 1 ? "1 reply" : `${replies.length} replies`}</span>
          </div>
          {replies.map((message) => (
            <Message key={message.ts} message={message} conversation={conversation} isContinued={false} />
          ))}
        </div>
      </div>
      <Composer conversation={conversation} thread={parent} draft={draft} onDraft={setDraft} label="Reply" />
    </aside>
  );
}
