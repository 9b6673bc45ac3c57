import { useCallback, useEffect, useMemo, useState } from "react";
import { ChatContext, titleOf, useLiveChat } from "./chat.ts";
import { ConversationView } from "./conversation.tsx";
import { Dialog } from "./dialog.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Thread } from "./thread.tsx";
import type { Conversation, State } from "./types.ts";

const FIRST_PERSON = "hana";

/** The whole client for one person, who is named in the address: several tabs are several people. */
export function App() {
  const [as, setAs] = useState(() => new URLSearchParams(location.search).get("as") ?? FIRST_PERSON);
  const { chat, offline, unknown } = useLiveChat(as);
  const [wanted, setWanted] = useState(() => location.hash.slice(1));
  const [thread, setThread] = useState<string>();
  const [menuOpen, setMenuOpen] = useState(false);

  useEffect(() => {
    const follow = () => {
      setAs(new URLSearchParams(location.search).get("as") ?? FIRST_PERSON);
      setWanted(location.hash.slice(1));
    };
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);

  const open = useCallback((id: string) => {
    setWanted(id);
    setThread(undefined);
    setMenuOpen(false);
    history.replaceState(null, "", `${location.search}#${id}`);
  }, []);

  const become = useCallback((handle: string) => {
    history.pushState(null, "", `?as=${handle}`);
    setAs(handle);
    setWanted("");
    setThread(undefined);
    setMenuOpen(false);
  }, []);

  const current = useMemo(() => (chat === undefined ? undefined : choose(chat.state, wanted)), [chat, wanted]);

  useEffect(() => {
    if (chat !== undefined && current !== undefined) {
      document.title = `${titleOf(chat.state, current)} · ${chat.state.you.name} · Acme chat`;
    }
  }, [chat, current]);

  if (unknown) {
    return (
      <main className="blank">
        <p>There is nobody called “{as}” at Acme.</p>
        <button type="button" className="button button-primary" onClick={() => become(FIRST_PERSON)}>
          Be Hana Park
        </button>
      </main>
    );
  }
  if (chat === undefined || current === undefined) {
    return (
      <main className="blank" aria-busy="true">
        <span className="spinner" />
        <p>Opening Acme…</p>
      </main>
    );
  }
  return (
    <ChatContext value={chat}>
      <div
        className="app"
        data-thread={thread === undefined ? "closed" : "open"}
        data-menu={menuOpen ? "open" : "closed"}
      >
        <Sidebar current={current.id} onOpen={open} onBecome={become} onClose={() => setMenuOpen(false)} />
        <ConversationView
          key={`${as} ${current.id}`}
          conversation={current}
          offline={offline}
          onThread={setThread}
          onMenu={() => setMenuOpen(true)}
          onBecome={become}
        />
        {thread !== undefined && (
          <Thread key={thread} conversation={current} parent={thread} onClose={() => setThread(undefined)} />
        )}
      </div>
      {chat.state.view !== null && <Dialog key={chat.state.view.id} view={chat.state.view} />}
    </ChatContext>
  );
}

// Approvers start where plans are decided, everybody else with the app.
function choose(state: State, wanted: string): Conversation | undefined {
  return (
    state.conversations.find((one) => one.id === wanted) ??
    state.conversations.find((one) => one.kind === "private") ??
    state.conversations.find((one) => one.with === state.bot) ??
    state.conversations[0]
  );
}
