import { jiraIdOf } from "../company.ts";
import { Avatar } from "./avatar.tsx";
import { personOf, titleOf, useChat } from "./chat.ts";
import type { Conversation } from "./types.ts";

interface BeginningProps {
  readonly conversation: Conversation;
  readonly onBecome: (handle: string) => void;
}

/** What stands above the first message. With the app it says how the story goes. */
export function Beginning({ conversation, onBecome }: BeginningProps) {
  const { state } = useChat();
  const name = titleOf(state, conversation);
  if (conversation.with !== state.bot) {
    return (
      <p className="beginning">
        This is where <b>{conversation.kind === "direct" ? `your conversation with ${name}` : `#${name}`}</b> begins.
      </p>
    );
  }
  const link = (handle: string) => {
    const person = state.members.find((one) => one.handle === handle);
    return person === undefined ? null : (
      <a
        href={`?as=${handle}`}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onBecome(handle);
        }}
      >
        {person.name}
      </a>
    );
  };
  return (
    <section className="welcome" aria-label="How to begin">
      <Avatar person={personOf(state, state.bot)} size="large" />
      <h2>{name}</h2>
      <p>Takes access away safely when someone leaves, hands their work over, and proves both.</p>
      <ol>
        <li>
          As {link("hana")}, HR, type <code>/offboard @alice</code>, say when Alice leaves, and that Bob takes over.
        </li>
        <li>
          As {link("sam")} and as {link("ivo")}, look at the plan in <b>#offboarding-approvals</b> and approve it. Jira
          hides her address, so name her account there: <code>{jiraIdOf("alice")}</code>
        </li>
        <li>
          As {link("bob")}, take what Alice leaves behind. It is offered here, in a direct message; with nobody named it
          goes to {link("mira")}, her manager.
        </li>
        <li>
          As {link("noor")}, the auditor, read what was done: <code>/audit @alice</code>
        </li>
      </ol>
    </section>
  );
}
