import { useState } from "react";
import { Avatar } from "./avatar.tsx";
import { countUnread, personOf, titleOf, useChat } from "./chat.ts";
import { Hash, Lock, Plus } from "./icons.tsx";
import { ThemeButton } from "./theme.tsx";
import type { Conversation } from "./types.ts";
import { UserMenu } from "./user-menu.tsx";

interface SidebarProps {
  readonly current: string;
  readonly onOpen: (id: string) => void;
  readonly onBecome: (handle: string) => void;
  readonly onClose: () => void;
}

/** Conversations on the left, who you are above them. */
export function Sidebar({ current, onOpen, onBecome, onClose }: SidebarProps) {
  const { state } = useChat();
  const channels = state.conversations
    .filter((one) => one.kind !== "direct")
    .sort((a, b) => a.name.localeCompare(b.name));
  const direct = state.conversations.filter((one) => one.kind === "direct");
  const isApp = (one: Conversation) => personOf(state, one.with ?? "").kind === "bot";
  return (
    <>
      <button
        type="button"
        className="scrim"
        aria-label="Close the list of conversations"
        onClick={onClose}
        tabIndex={-1}
      />
      <nav className="sidebar" aria-label="Conversations">
        <header className="workspace">
          <span className="workspace-mark" aria-hidden="true">
            A
          </span>
          <span className="workspace-name">
            Acme <small>sandbox</small>
          </span>
          <ThemeButton />
        </header>
        <UserMenu onBecome={onBecome} />
        <div className="lists">
          <Section title="Channels">
            {channels.map((one) => (
              <Item key={one.id} conversation={one} isCurrent={one.id === current} onOpen={onOpen} />
            ))}
          </Section>
          <Section title="Direct messages" action={<NewMessage onOpen={onOpen} />}>
            {direct
              .filter((one) => !isApp(one))
              .map((one) => (
                <Item key={one.id} conversation={one} isCurrent={one.id === current} onOpen={onOpen} />
              ))}
          </Section>
          <Section title="Apps">
            {direct.filter(isApp).map((one) => (
              <Item key={one.id} conversation={one} isCurrent={one.id === current} onOpen={onOpen} />
            ))}
          </Section>
        </div>
        <p className="sidebar-note">Everyone and everything here is invented. Nothing leaves this machine.</p>
      </nav>
    </>
  );
}

function Section(props: {
  readonly title: string;
  readonly action?: React.ReactNode;
  readonly children: React.ReactNode;
}) {
  return (
    <section aria-label={props.title}>
      <h2>
        {props.title}
        {props.action}
      </h2>
      <ul>{props.children}</ul>
    </section>
  );
}

interface ItemProps {
  readonly conversation: Conversation;
  readonly isCurrent: boolean;
  readonly onOpen: (id: string) => void;
}

function Item({ conversation, isCurrent, onOpen }: ItemProps) {
  const { state } = useChat();
  const unread = isCurrent ? 0 : countUnread(state, conversation);
  const name = titleOf(state, conversation);
  return (
    <li>
      <button
        type="button"
        className="conversation-link"
        aria-current={isCurrent ? "page" : undefined}
        data-unread={unread > 0}
        data-testid={`conversation-${conversation.kind === "direct" ? personOf(state, conversation.with ?? "").handle : conversation.name}`}
        onClick={() => onOpen(conversation.id)}
      >
        {conversation.kind === "direct" ? (
          <Avatar person={personOf(state, conversation.with ?? "")} size="small" />
        ) : conversation.kind === "private" ? (
          <Lock />
        ) : (
          <Hash />
        )}
        <span className="conversation-name">{name}</span>
        {unread > 0 && (
          <span className="badge">
            {unread}
            <span className="unseen"> unread</span>
          </span>
        )}
      </button>
    </li>
  );
}

function NewMessage({ onOpen }: { readonly onOpen: (id: string) => void }) {
  const { state, act, reload } = useChat();
  const [isOpen, setOpen] = useState(false);
  const start = async (member: string) => {
    setOpen(false);
    const answer = await act("open-dm", { member });
    await reload();
    const channel = answer["channel"] as { id?: string } | undefined;
    if (channel?.id !== undefined) onOpen(channel.id);
  };
  return (
    <span className="new-message">
      <button
        type="button"
        className="icon-button"
        aria-label="New direct message"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Plus />
      </button>
      {isOpen && (
        <ul className="popover people" onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
          {state.members
            .filter((one) => one.kind !== "bot" && one.id !== state.you.id)
            .map((one) => (
              <li key={one.id}>
                <button type="button" onClick={() => void start(one.id)}>
                  <Avatar person={one} size="small" />
                  {one.name}
                </button>
              </li>
            ))}
        </ul>
      )}
    </span>
  );
}
