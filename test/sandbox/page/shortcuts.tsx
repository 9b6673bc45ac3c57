import { useState } from "react";
import { isReply, useChat } from "./chat.ts";
import { Bolt, More } from "./icons.tsx";
import type { ChatMessage, Conversation, Shortcut } from "./types.ts";

interface MenuProps {
  readonly label: string;
  readonly icon: React.ReactNode;
  readonly shortcuts: readonly Shortcut[];
  readonly onChoose: (id: string) => void;
}

/** Shortcuts behind a button; nothing if there are none. */
function Menu({ label, icon, shortcuts, onChoose }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  if (shortcuts.length === 0) return null;
  return (
    <span className="shortcuts" data-open={isOpen}>
      <button
        type="button"
        className="icon-button"
        aria-label={label}
        title={label}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {icon}
      </button>
      {isOpen && (
        <ul className="popover" onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
          {shortcuts.map(({ id, name }) => (
            <li key={id}>
              <button
                type="button"
                data-testid={`shortcut-${id}`}
                onClick={() => {
                  setOpen(false);
                  onChoose(id);
                }}
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </span>
  );
}

/** What an app can do with a message. */
export function MessageMenu({ message, conversation }: { message: ChatMessage; conversation: Conversation }) {
  const { state, act } = useChat();
  const at = { channel: conversation.id, ts: message.ts };
  return (
    <Menu
      label="More actions"
      icon={<More />}
      shortcuts={state.shortcuts.filter(({ type }) => type === "message")}
      onChoose={(callbackId) =>
        void act("shortcut", {
          callbackId,
          message: isReply(message) ? { ...at, thread: message.thread_ts } : at,
        })
      }
    />
  );
}

/** What an app can do wherever one is. */
export function ShortcutsMenu() {
  const { state, act } = useChat();
  return (
    <Menu
      label="Shortcuts"
      icon={<Bolt />}
      shortcuts={state.shortcuts.filter(({ type }) => type === "global")}
      onChoose={(callbackId) => void act("shortcut", { callbackId })}
    />
  );
}
