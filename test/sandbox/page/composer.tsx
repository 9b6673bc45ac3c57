import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Avatar } from "./avatar.tsx";
import { useChat } from "./chat.ts";
import { Send } from "./icons.tsx";
import { ShortcutsMenu } from "./shortcuts.tsx";
import type { Conversation, Person, State } from "./types.ts";

interface ComposerProps {
  readonly conversation: Conversation;
  readonly thread?: string;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly label: string;
}

interface Offer {
  readonly key: string;
  readonly title: string;
  readonly detail: string;
  readonly person?: Person;
  /** What the field holds after it is taken. */
  readonly result: string;
}

/** Where one writes: commands after `/`, people after `@`. Enter sends, Shift+Enter breaks the line. */
export function Composer({ conversation, thread, draft, onDraft, label }: ComposerProps) {
  const { state, act } = useChat();
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const [chosen, setChosen] = useState(0);
  const [closedFor, setClosedFor] = useState<string>();
  const offers = closedFor === draft ? [] : findOffers(draft, state, thread);
  const at = Math.min(chosen, offers.length - 1);

  useEffect(() => field.current?.focus(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const box = field.current;
    if (box === null) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 220)}px`;
  }, [draft]);

  const take = (offer: Offer) => {
    onDraft(offer.result);
    setChosen(0);
    field.current?.focus();
  };

  const send = () => {
    const text = draft.trim();
    if (text === "") return;
    onDraft("");
    const [, command, rest = ""] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
    if (command !== undefined && thread === undefined) {
      void act("command", { channel: conversation.id, command, text: rest });
    } else {
      void act("say", { channel: conversation.id, text, ...(thread === undefined ? {} : { thread }) });
    }
  };

  const onKey = (event: React.KeyboardEvent) => {
    const offer = offers[at];
    if (offer !== undefined) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        setChosen((at + (event.key === "ArrowDown" ? 1 : offers.length - 1)) % offers.length);
        return;
      }
      if (event.key === "Tab" || (event.key === "Enter" && offer.result.trim() !== draft.trim())) {
        event.preventDefault();
        take(offer);
        return;
      }
      if (event.key === "Escape") {
        setClosedFor(draft);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {offers.length > 0 && (
        <div className="popover offers" id={listId} role="listbox" aria-label="Suggestions">
          {offers.map((offer, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
              key={offer.key}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === at}
              className="offer"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(offer)}
            >
              {offer.person !== undefined && <Avatar person={offer.person} size="small" />}
              <b>{offer.title}</b>
              <span>{offer.detail}</span>
            </div>
          ))}
        </div>
      )}
      <textarea
        ref={field}
        rows={1}
        data-testid={thread === undefined ? "composer" : "thread-composer"}
        aria-label={label}
        placeholder={label}
        value={draft}
        role="combobox"
        aria-expanded={offers.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={offers.length > 0 ? `${listId}-${at}` : undefined}
        onChange={(event) => {
          onDraft(event.target.value);
          setChosen(0);
          setClosedFor(undefined);
        }}
        onKeyDown={onKey}
      />
      <div className="composer-foot">
        <span>
          <kbd>/</kbd> commands <kbd>@</kbd> people
        </span>
        <ShortcutsMenu />
        <button type="submit" className="send" aria-label="Send" disabled={draft.trim() === ""}>
          <Send />
        </button>
      </div>
    </form>
  );
}

function findOffers(draft: string, state: State, thread: string | undefined): Offer[] {
  const command = /^\/([\w-]*)$/.exec(draft);
  if (command !== null && thread === undefined) {
    return state.commands
      .filter((one) => one.command.startsWith(draft))
      .map((one) => ({
        key: one.command,
        title: one.command,
        detail: [one.hint, one.description].filter((text) => text !== "").join(" · "),
        result: `${one.command} `,
      }));
  }
  const mention = /(^|\s)@([\p{L}\p{N}._-]*)$/u.exec(draft);
  if (mention === null) return [];
  const wanted = (mention[2] ?? "").toLowerCase();
  const before = draft.slice(0, draft.length - wanted.length - 1);
  return state.members
    .filter(
      (one) =>
        one.handle.startsWith(wanted) ||
        one.name
          .toLowerCase()
          .split(/\s+/)
          .some((part) => part.startsWith(wanted)),
    )
    .slice(0, 8)
    .map((one) => ({
      key: one.id,
      title: one.name,
      detail: `@${one.handle} · ${one.title}`,
      person: one,
      result: `${before}@${one.handle} `,
    }));
}
