import { useEffect, useMemo, useRef, useState } from "react";
import { Beginning } from "./beginning.tsx";
import { isReply, personOf, titleOf, useChat } from "./chat.ts";
import { Composer } from "./composer.tsx";
import { Home, type Tab, Tabs } from "./home.tsx";
import { Hash, Lock, Menu, People } from "./icons.tsx";
import { Message } from "./message.tsx";
import { dateOfTs, dayKey, dayName } from "./time.ts";
import type { ChatMessage, Conversation } from "./types.ts";

interface ConversationProps {
  readonly conversation: Conversation;
  readonly offline: boolean;
  readonly onThread: (ts: string) => void;
  readonly onMenu: () => void;
  readonly onBecome: (handle: string) => void;
}

/** One conversation: its head, what was said, and where to write. */
export function ConversationView({ conversation, offline, onThread, onMenu, onBecome }: ConversationProps) {
  const { state, act, troubles, dismiss } = useChat();
  const [draft, setDraft] = useState("");
  const [tab, setTab] = useState<Tab>("messages");
  const name = titleOf(state, conversation);
  const messages = useMemo(() => mainMessages(conversation, state.ephemerals), [conversation, state.ephemerals]);
  const list = useStickToEnd();
  const newest = conversation.messages.at(-1)?.ts;
  const readTo = useRef(conversation.readTo);

  useEffect(() => {
    if (newest === undefined || newest <= readTo.current) return;
    readTo.current = newest;
    void act("read", { channel: conversation.id, ts: newest });
  }, [newest, act, conversation.id]);

  return (
    <main className="conversation" aria-label={name}>
      <header className="conversation-head">
        <button type="button" className="icon-button menu-button" aria-label="Conversations" onClick={onMenu}>
          <Menu />
        </button>
        <h1>
          {conversation.kind === "private" && <Lock />}
          {conversation.kind === "channel" && <Hash />}
          {name}
        </h1>
        <p className="topic">
          {conversation.kind === "direct" ? personOf(state, conversation.with ?? "").title : conversation.topic}
        </p>
        {conversation.kind !== "direct" && (
          <span className="member-count" title={conversation.members.map((id) => personOf(state, id).name).join(", ")}>
            <People />
            {conversation.members.length}
            <span className="unseen"> members</span>
          </span>
        )}
      </header>
      {state.home !== undefined && conversation.with === state.bot && <Tabs tab={tab} onTab={setTab} />}
      {offline && (
        <p className="strip" role="status">
          The sandbox does not answer. Trying again…
        </p>
      )}
      {tab === "home" ? (
        <Home />
      ) : (
        <div className="message-list" ref={list} role="log" aria-label={`Messages in ${name}`}>
          <div className="message-flow">
            <Beginning conversation={conversation} onBecome={onBecome} />
            {groupByDay(messages, state.you.zone).map((day) => (
              <section key={day.key} aria-label={day.name}>
                <div className="day">
                  <span>{day.name}</span>
                </div>
                {day.messages.map((message, at) => (
                  <Message
                    key={message.ts}
                    message={message}
                    conversation={conversation}
                    isContinued={isContinued(day.messages[at - 1], message)}
                    onThread={onThread}
                  />
                ))}
              </section>
            ))}
          </div>
        </div>
      )}
      {troubles
        .filter((one) => one.channel === conversation.id || one.channel === "")
        .map((one) => (
          <p key={one.id} className="strip strip-trouble" role="alert">
            {one.text}
            <button type="button" onClick={() => dismiss(one.id)}>
              Dismiss
            </button>
          </p>
        ))}
      {tab === "home" ? null : conversation.isReadOnly ? (
        <p className="strip">{name} takes no messages here. Type commands in a channel.</p>
      ) : (
        <>
          <Try conversation={conversation} onTry={setDraft} isEmpty={draft === ""} />
          <Composer
            conversation={conversation}
            draft={draft}
            onDraft={setDraft}
            label={conversation.kind === "direct" ? `Message ${name}` : `Message #${name}`}
          />
        </>
      )}
    </main>
  );
}

/** A first step for whoever has just arrived. */
function Try(props: {
  readonly conversation: Conversation;
  readonly onTry: (text: string) => void;
  readonly isEmpty: boolean;
}) {
  const { state } = useChat();
  if (props.conversation.with !== state.bot || !props.isEmpty || state.commands.length === 0) return null;
  const ideas = state.you.handle === "noor" ? ["/audit @alice"] : ["/offboard @alice", "/audit @alice"];
  return (
    <p className="try">
      Try{" "}
      {ideas
        .filter((idea) => state.commands.some((one) => idea.startsWith(one.command)))
        .map((idea) => (
          <button key={idea} type="button" onClick={() => props.onTry(idea)}>
            {idea}
          </button>
        ))}
    </p>
  );
}

function mainMessages(
  conversation: Conversation,
  ephemerals: readonly { readonly channel: string; readonly message: ChatMessage }[],
): ChatMessage[] {
  const own = ephemerals.filter((one) => one.channel === conversation.id).map((one) => one.message);
  return [
    ...conversation.messages.filter((one) => !isReply(one)),
    ...own.filter((one) => one.thread_ts === undefined),
  ].sort((a, b) => Number(a.ts.split(".")[0]) - Number(b.ts.split(".")[0]) || (a.ts < b.ts ? -1 : 1));
}

function groupByDay(messages: readonly ChatMessage[], zone: string) {
  const days: { key: string; name: string; messages: ChatMessage[] }[] = [];
  for (const message of messages) {
    const date = dateOfTs(message.ts);
    const key = dayKey(date, zone);
    const last = days.at(-1);
    if (last?.key === key) last.messages.push(message);
    else days.push({ key, name: dayName(date, zone, new Date()), messages: [message] });
  }
  return days;
}

function isContinued(before: ChatMessage | undefined, message: ChatMessage): boolean {
  if (before === undefined || before.user !== message.user || message.blocks !== undefined) return false;
  if (before.is_ephemeral === true || message.is_ephemeral === true) return false;
  return Number(message.ts) - Number(before.ts) < 300;
}

/** Keeps the newest message in sight, unless the reader has scrolled up. The list holds one child that grows. */
export function useStickToEnd() {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = list.current;
    const inner = box?.firstElementChild;
    if (box === null || inner === null || inner === undefined) return;
    let isAtEnd = true;
    const note = () => {
      isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    };
    const follow = new ResizeObserver(() => {
      if (isAtEnd) box.scrollTop = box.scrollHeight;
    });
    follow.observe(inner);
    follow.observe(box);
    box.addEventListener("scroll", note, { passive: true });
    return () => {
      follow.disconnect();
      box.removeEventListener("scroll", note);
    };
  }, []);
  return list;
}
