import { useEffect, useRef, useState } from "react";
import { Avatar } from "./avatar.tsx";
import { useChat } from "./chat.ts";
import { Chevron } from "./icons.tsx";

/** Who you are, and everybody you could be. Each is a link, so that another tab can be another person. */
export function UserMenu({ onBecome }: { readonly onBecome: (handle: string) => void }) {
  const { state } = useChat();
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    box.current?.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
    const away = (event: MouseEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("mousedown", away);
    return () => removeEventListener("mousedown", away);
  }, [isOpen]);

  const move = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") {
      setOpen(false);
      button.current?.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = [...(box.current?.querySelectorAll<HTMLElement>("a") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys move within the links, which are interactive themselves
    <div className="user-menu" ref={box} onKeyDown={move}>
      <button
        type="button"
        ref={button}
        className="user-button"
        data-testid="user-menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Avatar person={state.you} size="medium" />
        <span className="user-name">
          <small>You are</small>
          <b>{state.you.name}</b>
          <small>{state.you.title}</small>
        </span>
        <Chevron />
      </button>
      {isOpen && (
        <div className="popover user-list">
          <p>Be someone else. Open one in a new tab to be two people at once.</p>
          <ul>
            {state.members
              .filter((one) => one.kind !== "bot")
              .map((one) => (
                <li key={one.id}>
                  <a
                    href={`?as=${one.handle}`}
                    aria-current={one.id === state.you.id}
                    data-testid={`be-${one.handle}`}
                    onClick={(event) => {
                      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                      event.preventDefault();
                      setOpen(false);
                      onBecome(one.handle);
                    }}
                  >
                    <Avatar person={one} size="medium" />
                    <span className="user-name">
                      <b>{one.name}</b>
                      <small>{one.title}</small>
                    </span>
                  </a>
                </li>
              ))}
          </ul>
        </div>
      )}
    </div>
  );
}
