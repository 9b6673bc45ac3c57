import { Avatar } from "./avatar.tsx";
import { Blocks } from "./blocks.tsx";
import { isReply, personOf, useChat } from "./chat.ts";
import { Eye, Reply } from "./icons.tsx";
import { Mrkdwn } from "./mrkdwn.tsx";
import { MessageMenu } from "./shortcuts.tsx";
import { clock, dateOfTs, longTime } from "./time.ts";
import type { ChatMessage, Conversation, Source } from "./types.ts";

interface MessageProps {
  readonly message: ChatMessage;
  readonly conversation: Conversation;
  /** The one before is by the same person, just now: name and picture are left out. */
  readonly isContinued: boolean;
  /** Absent within a thread. */
  readonly onThread?: (ts: string) => void;
}

/** One message with what hangs on it. */
export function Message({ message, conversation, isContinued, onThread }: MessageProps) {
  const { state } = useChat();
  const by = personOf(state, message.user);
  const at = dateOfTs(message.ts);
  const source: Source =
    message.is_ephemeral === true
      ? { kind: "ephemeral", ts: message.ts }
      : {
          kind: "message",
          channel: conversation.id,
          ts: message.ts,
          ...(isReply(message) ? { thread: message.thread_ts } : {}),
        };
  const replies = conversation.messages.filter((one) => isReply(one) && one.thread_ts === message.ts);
  return (
    <article
      className="message"
      data-testid="message"
      data-ts={message.ts}
      data-key={`${conversation.id}:${message.ts}`}
      data-ephemeral={message.is_ephemeral === true}
      data-continued={isContinued}
      aria-label={`${by.name}, ${clock(at, state.you.zone)}`}
    >
      <div className="message-side">
        {isContinued ? (
          <time className="side-time" dateTime={at.toISOString()}>
            {clock(at, state.you.zone)}
          </time>
        ) : (
          <Avatar person={by} size="large" />
        )}
      </div>
      <div className="message-main">
        {message.is_ephemeral === true && (
          <p className="only-you">
            <Eye />
            Only visible to you
          </p>
        )}
        {!isContinued && (
          <p className="byline">
            <b>{by.name}</b>
            {by.kind === "bot" && <span className="tag">App</span>}
            {by.kind === "guest" && <span className="tag">Guest</span>}
            {by.kind === "external" && <span className="tag">External</span>}
            <time dateTime={at.toISOString()} title={longTime(at, state.you.zone)}>
              {clock(at, state.you.zone)}
            </time>
          </p>
        )}
        {message.blocks !== undefined && message.blocks.length > 0 ? (
          <Blocks blocks={message.blocks} source={source} />
        ) : (
          <div className="text">
            <Mrkdwn text={message.text ?? ""} />
            {message.edited !== undefined && message.edited !== null && <small className="edited"> (edited)</small>}
          </div>
        )}
        {onThread !== undefined && replies.length > 0 && (
          <Replies message={message} replies={replies} onThread={onThread} />
        )}
      </div>
      {onThread !== undefined && message.is_ephemeral !== true && (
        <div className="message-tools">
          <MessageMenu message={message} conversation={conversation} />
          <button
            type="button"
            className="icon-button"
            aria-label="Reply in thread"
            title="Reply in thread"
            onClick={() => onThread(message.ts)}
          >
            <Reply />
          </button>
        </div>
      )}
    </article>
  );
}

interface RepliesProps {
  readonly message: ChatMessage;
  readonly replies: readonly ChatMessage[];
  readonly onThread: (ts: string) => void;
}

function Replies({ message, replies, onThread }: RepliesProps) {
  const { state } = useChat();
  const people = [...new Set(replies.map((one) => one.user))].map((id) => personOf(state, id));
  const last = dateOfTs(replies.at(-1)?.ts ?? message.ts);
  return (
    <button type="button" className="replies" data-testid="replies" onClick={() => onThread(message.ts)}>
      {people.slice(0, 3).map((person) => (
        <Avatar key={person.id} person={person} size="small" />
      ))}
      <b>{replies.length === 1 ? "1 reply" : `${replies.length} replies`}</b>
      <span>last at {clock(last, state.you.zone)}</span>
    </button>
  );
}
